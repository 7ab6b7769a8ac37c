"""Our call matching against a checker nobody here wrote: BFCL's verdicts on 3,450 answers of three models.

Every disagreement must fall into a kind that docs/explanation/tool-call-agreement.md explains; the counts there are the counts here.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from seatrial.checks import tool_calls
from seatrial.checks.calls import Call, calls_of
from seatrial.dataset import Example
from seatrial.graph.run import Run
from seatrial.scoring import bind

REPO_ROOT = Path(__file__).resolve().parents[3]
OUTCOMES = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data" / "outcomes"

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(
        not (OUTCOMES / "bfcl_toolcalls.jsonl").is_file(),
        reason=f"the BFCL extract is not at {OUTCOMES}; set SEATRIAL_SHARED to the folder that holds data/",
    ),
]

SOURCE_TEXT = ("java", "javascript")
"""Segments whose tools take source text: a value arrives spelled, as "true" or "30"."""

AGREEMENTS = 3406
EXPLAINED = {
    "a value whose source text is not of the declared Java type": 23,
    "a whole number where the schema says a list of floats": 12,
    "a reference whose tool is not the one in the schema": 4,
    "a formula spelled another way": 3,
    "JavaScript source that is not JSON": 1,
    "an argument that the schema requires and the reference lets omit": 1,
}


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (OUTCOMES / name).read_text(encoding="utf-8").splitlines()]


def tools_of(schema: Any) -> dict[str, Any]:
    return {tool["name"]: tool for tool in (schema if isinstance(schema, list) else [schema])}


def reference(gold: dict[str, Any], tools: dict[str, Any]) -> list[dict[str, Any]]:
    """BFCL numbers calls of one tool (`play_1`, `play 2`); one reference holds a default where arguments belong."""
    calls = []
    for name, args in gold["gold_calls"].items():
        base = re.sub(r"[ _]\d+$", "", name)
        known = name if name in tools or base not in tools else base
        calls.append({"name": known, "args": args if isinstance(args, dict) else {}})
    return calls


def kind(row: dict[str, Any], wanted: list[dict[str, Any]], tools: dict[str, Any], ours: float) -> str:
    if ours:
        if row["segment"] == "java" and row["error_type"] == "type_error:simple":
            return "a value whose source text is not of the declared Java type"
        if "missing_required" in row["error_type"]:
            return "an argument that the schema requires and the reference lets omit"
        if any(whole_number_for_floats(call, tools) for call in calls_of(row["output"])):
            return "a whole number where the schema says a list of floats"
    elif any(call["name"] not in tools for call in wanted):
        return "a reference whose tool is not the one in the schema"
    elif any("^" in str(call["args"]) for call in wanted):
        return "a formula spelled another way"
    elif row["segment"] == "javascript" and any("['" in str(call.args) for call in calls_of(row["output"])):
        return "JavaScript source that is not JSON"
    return f"unexplained: {row['segment']} {row['item']} {row['model']}"


def whole_number_for_floats(call: Call, tools: dict[str, Any]) -> bool:
    for name, tool in tools.items():
        if re.sub(r"\.", "_", name) != call.name:
            continue
        for argument, value in call.args.items():
            declared = tool["parameters"]["properties"].get(argument, {})
            floats = declared.get("items", {}).get("type") == "float"
            if floats and isinstance(value, list) and any(type(one) is int for one in value):
                return True
    return False


def test_our_matching_agrees_with_bfcl_and_every_disagreement_is_explained() -> None:
    gold = {(row["segment"], row["item"]): row for row in rows("bfcl_tasks_gold.jsonl")}
    schemas = json.loads((OUTCOMES / "bfcl_function_schemas.json").read_text(encoding="utf-8"))
    checks = {
        spelled: bind(tool_calls(mode="unordered", alternatives=True, loose=True, spelled=spelled))
        for spelled in (True, False)
    }
    agreements, kinds = 0, Counter[str]()
    for row in rows("bfcl_toolcalls.jsonl"):
        tools = tools_of(schemas[f"{row['segment']}/{row['item']}"])
        wanted = reference(gold[row["segment"], row["item"]], tools)
        run, example = Run("r", {}, {"tool_calls": row["output"]}), Example("e", {}, {"tool_calls": wanted})
        (score,) = checks[row["segment"] in SOURCE_TEXT](run, example)
        if score.score == float(row["valid"]):
            agreements += 1
        else:
            kinds[kind(row, wanted, tools, float(score.score or 0))] += 1
    assert dict(kinds) == EXPLAINED
    assert agreements == AGREEMENTS
    assert agreements + sum(EXPLAINED.values()) == 3450
