"""What all stock checks share: a sorted public list, a key, a version, a signature `bind` takes, and a light import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import seatrial.checks
from seatrial.checks import (
    approved_calls,
    band,
    call_order,
    capped,
    capped_call,
    close,
    contains,
    cost,
    exact,
    forbids,
    forbids_calls,
    grounded,
    json_equal,
    label,
    latency,
    length,
    matches,
    matches_schema,
    mrr,
    ndcg_at,
    no_pii,
    no_repeated_calls,
    node_path,
    recall_at,
    refusal,
    starts_with,
    tokens,
    tool_calls,
)
from seatrial.dataset import Example
from seatrial.graph.run import Run
from seatrial.scoring import bind

SRC = Path(seatrial.checks.__file__).resolve().parents[2]

ALL: dict[str, Any] = {
    "approved_calls": approved_calls("pay", approval="ask", field="x"),
    "call_order": call_order("pay", after="ask", field="x"),
    "capped": capped("x", 15),
    "capped_call": capped_call("pay", "amount", 15, field="x"),
    "cost": cost(1, {"m": (1, 1)}),
    "forbids_calls": forbids_calls("pay", field="x"),
    "mrr": mrr("x"),
    "ndcg_at": ndcg_at(3, "x"),
    "no_repeated_calls": no_repeated_calls(field="x"),
    "recall_at": recall_at(3, "x"),
    "band": band("x", {"a": (0, 1)}),
    "close": close("x", absolute=1),
    "contains": contains("x", "a"),
    "exact": exact("x"),
    "forbids": forbids("x", "a"),
    "grounded": grounded("x", passages="x"),
    "refusal": refusal("x", expected=False),
    "json_equal": json_equal("x"),
    "label": label("x"),
    "latency": latency(1),
    "length": length("x", at_most=1),
    "matches": matches("x", "a"),
    "matches_schema": matches_schema(int, "x"),
    "no_pii": no_pii("x"),
    "node_path": node_path(["a"]),
    "starts_with": starts_with("x", "a"),
    "tokens": tokens(1),
    "tool_calls": tool_calls("x"),
}


def test_the_public_list_is_sorted_and_every_name_on_it_is_tested_here() -> None:
    assert seatrial.checks.__all__ == sorted(ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_check_carries_key_and_version_and_says_a_sentence(name: str) -> None:
    bound = bind(ALL[name])
    value: Any = [{"a": {}}] if name == "tool_calls" else "a"
    run, example = Run("r", {}, {"x": value}), Example("e", {}, {"x": value})
    (score,) = bound(run, example)
    assert score.key == bound.key
    assert bound.version.isdigit()
    assert score.reason
    assert bound(run, example) == (score,)


def test_importing_the_checks_loads_nothing_heavy() -> None:
    heavy = ("duckdb", "langgraph", "numpy", "pandas", "pydantic", "sqlglot")
    code = f"import seatrial.checks, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(SRC)}
    )
    assert done.stdout.strip() == "[]"
