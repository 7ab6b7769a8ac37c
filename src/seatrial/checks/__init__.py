"""Stock checks, one idea a file: pure factories that return `(run, example) -> Score`, each with its key and version.

    from seatrial.checks import exact, no_pii, tool_calls

    SUITES = {"my_graph": (exact("label"), tool_calls(mode="unordered")), "*": (no_pii(),)}

The SQL checks stand in `seatrial.checks.sql`.
"""

from __future__ import annotations

from seatrial.checks.budget import latency, tokens
from seatrial.checks.match import band, close, exact, json_equal, label
from seatrial.checks.pii import no_pii
from seatrial.checks.schema import matches_schema
from seatrial.checks.text import contains, forbids, length, matches, starts_with
from seatrial.checks.trajectory import node_path, tool_calls

__all__ = [
    "band",
    "close",
    "contains",
    "exact",
    "forbids",
    "json_equal",
    "label",
    "latency",
    "length",
    "matches",
    "matches_schema",
    "no_pii",
    "node_path",
    "starts_with",
    "tokens",
    "tool_calls",
]
