"""Stock checks, one idea a file: pure factories that return `(run, example) -> Score`, each with its key and version.

    from seatrial.checks import exact, no_pii, tool_calls

    SUITES = {"my_graph": (exact("label"), tool_calls(mode="unordered")), "*": (no_pii(),)}

The SQL checks stand in `seatrial.checks.sql`.
"""

from __future__ import annotations

from seatrial.checks.approval import approved_calls
from seatrial.checks.budget import latency, tokens
from seatrial.checks.call_rules import call_order, forbids_calls, no_repeated_calls
from seatrial.checks.cap import capped, capped_call
from seatrial.checks.cost import cost
from seatrial.checks.grounding import grounded
from seatrial.checks.match import band, close, exact, json_equal, label
from seatrial.checks.pii import no_pii
from seatrial.checks.ranking import mrr, ndcg_at, recall_at
from seatrial.checks.refusal import refusal
from seatrial.checks.schema import matches_schema
from seatrial.checks.text import contains, forbids, length, matches, starts_with
from seatrial.checks.trajectory import node_path, tool_calls

__all__ = [
    "approved_calls",
    "band",
    "call_order",
    "capped",
    "capped_call",
    "close",
    "contains",
    "cost",
    "exact",
    "forbids",
    "forbids_calls",
    "grounded",
    "json_equal",
    "label",
    "latency",
    "length",
    "matches",
    "matches_schema",
    "mrr",
    "ndcg_at",
    "no_pii",
    "no_repeated_calls",
    "node_path",
    "recall_at",
    "refusal",
    "starts_with",
    "tokens",
    "tool_calls",
]
