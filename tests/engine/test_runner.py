"""The runner: whatever fails, planned rows are rows."""

from __future__ import annotations

import asyncio
import errno
import gc
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, cast

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages

import seatrial
from seatrial.dataset import Example, identity
from seatrial.errors import ConfigError, DataError, UsageError
from seatrial.evidence import content_hash, read_evidence
from seatrial.evidence.schema import NAMES
from seatrial.graph.invoke import graph_target
from seatrial.graph.runtime import Compiled, needs_loop
from seatrial.graph.spec import GraphSpec
from seatrial.graph.stdout import captured_stdout
from seatrial.graph.target import callable_target
from seatrial.graph.thread_id import ThreadIds
from seatrial.model.context import repetition_here
from seatrial.pool import process_loop
from seatrial.pool.row_log import BACKGROUND, EACH, GROUP_S, OWN_GROUPS, Patience, RowLog
from seatrial.runner import RunPlan, RunResult, run
from seatrial.runner.record import COUNTED, parse
from seatrial.scoring import Bound, Score, bind, evaluator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@evaluator(version="3")
def right(run: Any, example: Any) -> bool:
    return bool(run.outputs["n"] == example.inputs["n"])


@evaluator()
def small(run: Any, example: Any) -> Score:
    return Score("small", 1.0 if run.outputs["n"] < 3 else 0.25, "it was looked at")


def echo(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"n": inputs["n"]}


def example(n: int, **metadata: Any) -> Example:
    return Example(f"e{n}", {"n": n}, metadata=metadata, tags=("tier:free",))


def plan(n: int = 4, **changes: Any) -> RunPlan:
    given = {"examples": tuple(example(i) for i in range(n)), "version_config": {"prompt": "p1"}, **changes}
    return RunPlan("r1", "g", "v1", "golden", "hash", **given)


def go(
    folder: Path,
    what: RunPlan | None = None,
    function: Callable[[Any], Any] = echo,
    evaluators: tuple[Callable[..., Any], ...] = (right, small),
    **options: Any,
) -> RunResult:
    bound = tuple(bind(one) for one in evaluators)
    return run(what or plan(), callable_target(function), bound, lambda e: {"tier": "free"}, folder, **options)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / "evidence.parquet").to_pylist()
    return rows


def cells(folder: Path) -> dict[tuple[str, int, str], tuple[str, str | None, float | None]]:
    found = {
        (row["example_id"], row["repetition"], row["key"]): (row["outcome"], row["error_kind"], row["score"])
        for row in rows_of(folder)
    }
    assert len(found) == len(rows_of(folder))
    return found


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in (folder / "rows.jsonl").read_text().splitlines()]


def test_an_evaluator_changes_nothing_for_another_one_or_another_run(tmp_path: Path) -> None:
    def greedy(run: Any, example: Any) -> bool:
        for kept in (run.outputs, run.inputs, example.inputs, example.outputs, example.metadata):
            kept.clear()
        return True

    def modest(run: Any, example: Any) -> bool:
        return bool(
            run.outputs == run.inputs == example.inputs == {"n": {"deep": [1]}}
            and example.outputs == {"right": [1]}
            and example.metadata == {"from": {"a": 1}}
        )

    one = Example("e0", {"n": {"deep": [1]}}, {"right": [1]}, {"from": {"a": 1}})
    go(tmp_path / "r1", plan(examples=(one,), repetitions=2), evaluators=(greedy, modest))
    assert [row["score"] for row in rows_of(tmp_path / "r1")] == [1.0] * 4
    assert lines(tmp_path / "r1")[0]["warnings"] == [
        "evaluator greedy changed the run or the example it was given; the other evaluators were given both unchanged"
    ]
    assert (one.inputs, one.outputs, one.metadata) == ({"n": {"deep": [1]}}, {"right": [1]}, {"from": {"a": 1}})


@pytest.mark.parametrize("value", [1.0, True, [1], (1,), {"a": 1}, Decimal(1)])
def test_a_value_of_another_type_is_a_change_and_undone(tmp_path: Path, value: Any) -> None:
    def rounding(run: Any, example: Any) -> bool:  # equal to what was there, or nothing that JSON knows
        example.outputs["right"] = value
        run.extra["seen"] = True
        return True

    def strict(run: Any, example: Any) -> bool:
        return type(example.outputs["right"]) is int and not run.extra

    go(tmp_path / "r", plan(examples=(Example("e", {"n": 1}, {"right": 1}),)), evaluators=(rounding, strict))
    assert [row["score"] for row in rows_of(tmp_path / "r")] == [1.0, 1.0]
    assert "rounding changed" in lines(tmp_path / "r")[0]["warnings"][0]


def test_values_that_cannot_be_compared_are_copied_for_each_evaluator(tmp_path: Path) -> None:
    def greedy(run: Any, example: Any) -> bool:
        example.metadata["of"].clear()
        return True

    def modest(run: Any, example: Any) -> bool:
        return bool(example.metadata["of"] == {1, 2})

    one = Example("e", {"n": 1}, metadata={"of": {1, 2}, "at": Decimal(1), "np": np.arange(2)})
    go(tmp_path / "r", plan(examples=(one,)), evaluators=(greedy, modest))
    assert [row["score"] for row in rows_of(tmp_path / "r")] == [1.0, 1.0]
    assert one.metadata["of"] == {1, 2}


def test_a_run_leaves_rows_evidence_and_a_summary(tmp_path: Path) -> None:
    begun = datetime(2026, 1, 2, tzinfo=UTC)
    result = go(tmp_path / "r1", plan(2, repetitions=2), now=lambda: begun)
    assert (result.complete, result.planned, result.done) == (True, 4, 4)
    assert len(rows_of(tmp_path / "r1")) == 2 * 2 * 2
    row = rows_of(tmp_path / "r1")[0]
    assert set(NAMES) <= set(row)
    assert {row[name] for name in COUNTED} == {None}, "no model was called"
    expected = {
        "example_id": "e0",
        "version": "v1",
        "key": "right",
        "repetition": 0,
        "outcome": "scored",
        "score": 1.0,
        "cluster": "e0",
        "dataset": "golden",
        "dataset_hash": "hash",
        "graph": "g",
        "evaluator_version": "3",
        "evaluator_hash": bind(right).hash,
        "example_hash": identity(example(0))[:16],
        "prompt_version": "p1",
        "segment.tier": "free",
        "output_hash": content_hash({"n": 0}),
    }
    assert {name: row[name] for name in expected} == expected
    line = lines(tmp_path / "r1")[0]
    assert (line["outputs"], line["output_hash"]) == ({"n": 0}, content_hash({"n": 0}))
    assert line["results"] == {"right": [["right", 1.0, ""]], "small": [["small", 1.0, "it was looked at"]]}
    summary = json.loads((tmp_path / "r1" / "run.json").read_text())
    expected = {
        "schema": "seatrial/run/1",
        "run_id": "r1",
        "graph": "g",
        "version": "v1",
        "version_config": {"prompt": "p1"},
        "dataset": {"name": "golden", "version": "1", "hash": "hash"},
        "evaluators": [
            {"key": bound.key, "version": bound.version, "hash": bound.hash} for bound in (bind(right), bind(small))
        ],
        "repetitions": 2,
        "planned": 4,
        "done": 4,
        "system_failures": 0,
        "measurement_failures": 0,
        "tokens": {"input": None, "output": None},
        "started": begun.isoformat(),
        "warnings": [],
        "complete": True,
    }
    assert {name: summary[name] for name in expected} == expected
    assert summary["rows"]["scored"] == 8


def test_our_own_reader_takes_the_evidence(tmp_path: Path) -> None:
    go(tmp_path / "r1")
    assert len(read_evidence(tmp_path / "r1" / "evidence.parquet")) == 8


def test_a_target_that_fails_carries_its_error_on_every_key(tmp_path: Path) -> None:
    result = go(tmp_path / "r", plan(2), function=lambda inputs: {"n": 1 // inputs["n"]})
    assert {key: cells(tmp_path / "r")["e0", 0, key] for key in ("right", "small")} == {
        "right": ("target_error", "exception", None),
        "small": ("target_error", "exception", None),
    }
    assert rows_of(tmp_path / "r")[0]["reason"] == "ZeroDivisionError: integer division or modulo by zero"
    assert (result.system_failures, result.measurement_failures, result.rows["scored"]) == (2, 0, 2)


@pytest.mark.parametrize(
    ("returned", "outcome", "kind"),
    [
        (math.nan, "evaluator_error", "exception"),
        (7, "evaluator_error", "exception"),
        ("good", "evaluator_error", "exception"),
        ([], "evaluator_error", "exception"),
        (None, "unparsed", None),
    ],
)
def test_an_evaluators_nonsense_is_no_score(tmp_path: Path, returned: Any, outcome: str, kind: str | None) -> None:
    def odd(run: Any, example: Any) -> Any:
        return returned

    result = go(tmp_path / "r", plan(1), evaluators=(odd, small))
    assert cells(tmp_path / "r") == {("e0", 0, "odd"): (outcome, kind, None), ("e0", 0, "small"): ("scored", None, 1.0)}
    assert (result.system_failures, result.measurement_failures) == (0, 1)
    assert all(row["reason"] for row in rows_of(tmp_path / "r"))


@pytest.mark.parametrize("state", [{"n": object()}, {"n": "\ud800"}])
def test_a_state_that_is_no_json_is_the_targets_error(tmp_path: Path, state: Any) -> None:
    go(tmp_path / "r", plan(1), function=lambda _: state)
    assert set(cells(tmp_path / "r").values()) == {("target_error", "invalid_output", None)}


def test_reasons_that_are_no_text_do_not_lose_the_run(tmp_path: Path) -> None:
    def odd(run: Any, example: Any) -> Score:
        return Score("odd", 1.0, "\ud800" if example.inputs["n"] else 5)  # type: ignore[arg-type]  # that is the point

    go(tmp_path / "r", plan(2), evaluators=(odd,))
    assert [row["reason"] for row in rows_of(tmp_path / "r")] == ["5", "\\ud800"]


def test_keys_an_evaluator_returned_elsewhere_are_completed(tmp_path: Path) -> None:
    def many(run: Any, example: Any) -> list[Score]:
        return [Score("a", 1.0)] + ([Score("b", 0.0)] if example.inputs["n"] == 1 else [])

    def function(inputs: Any) -> Any:
        return 5 if inputs["n"] == 2 else inputs

    go(tmp_path / "r", plan(3), function=function, evaluators=(many,))
    assert cells(tmp_path / "r") == {
        ("e0", 0, "a"): ("scored", None, 1.0),
        ("e0", 0, "b"): ("evaluator_error", "invalid_output", None),
        ("e1", 0, "a"): ("scored", None, 1.0),
        ("e1", 0, "b"): ("scored", None, 0.0),
        ("e2", 0, "a"): ("target_error", "invalid_output", None),
        ("e2", 0, "b"): ("target_error", "invalid_output", None),
    }


def test_a_key_belongs_to_one_evaluator(tmp_path: Path) -> None:
    def thief(run: Any, example: Any) -> Score:
        return Score("small", 0.0)

    go(tmp_path / "r", plan(1), evaluators=(thief, small))
    assert cells(tmp_path / "r") == {
        ("e0", 0, "thief"): ("evaluator_error", "exception", None),
        ("e0", 0, "small"): ("scored", None, 1.0),
    }
    assert rows_of(tmp_path / "r")[0]["reason"] == "it returned the key 'small', which belongs to 'small'; rename one"


def test_evaluators_need_a_key_each(tmp_path: Path) -> None:
    for evaluators in ((), (right, right)):
        with pytest.raises(ConfigError, match="a key of its own"):
            go(tmp_path / "r", evaluators=evaluators)


FATES = ("fine", "boom", "exit", "list", "nan")
WORDS = ("true", "none", "boom", "nan", "many", "empty")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(FATES), st.sampled_from(WORDS), st.sampled_from(WORDS)), min_size=1, max_size=6),
    st.integers(1, 2),
    st.sampled_from([1, 3]),
)
def test_every_planned_row_has_exactly_one_outcome(
    fates: list[tuple[str, str, str]], repetitions: int, concurrency: int
) -> None:
    def target(inputs: Mapping[str, Any]) -> Any:
        match fates[inputs["n"]][0]:
            case "boom":
                raise RuntimeError
            case "exit":
                raise SystemExit
            case "list":
                return []
            case "nan":
                return {"n": "\ud800"}
        return {"n": 1}

    def judge(place: int) -> Bound:
        def call(run: Any, example: Any) -> Any:
            match fates[example.inputs["n"]][place]:
                case "none":
                    return None
                case "boom":
                    raise RuntimeError
                case "nan":
                    return math.nan
                case "many":
                    return [Score(f"x{place}", 1.0), Score(f"y{place}", None)]
                case "empty":
                    return []
            return True

        return Bound(f"k{place}", "1", call)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "r"
        what = plan(len(fates), repetitions=repetitions)
        result = run(what, callable_target(target), (judge(1), judge(2)), lambda e: {}, folder, concurrency=concurrency)
        found = cells(folder)
    keys = {key for _, _, key in found}
    assert set(found) == {(e.id, r, key) for e in what.examples for r in range(repetitions) for key in keys}
    assert all((score is not None) == (outcome == "scored") for outcome, _, score in found.values())
    assert sum(result.rows.values()) == len(found)
    assert result.rows["scored"] + result.system_failures + result.measurement_failures == len(found)
    for number, fate in enumerate(fates):
        failed = {outcome for (e, _, _), (outcome, _, _) in found.items() if e == f"e{number}"} == {"target_error"}
        assert failed == (fate[0] != "fine")


@pytest.mark.parametrize("options", [{"concurrency": 4}, {"concurrency": 4, "timeout_s": 30.0}, {"timeout_s": 30.0}])
def test_concurrent_results_equal_serial_ones(tmp_path: Path, options: dict[str, Any]) -> None:
    def function(inputs: Mapping[str, Any]) -> dict[str, Any]:
        print("row", inputs["n"])
        return {"n": 10 // (inputs["n"] % 5)}

    what = plan(40, repetitions=2)
    go(tmp_path / "serial", what, function)
    go(tmp_path / "pool", what, function, **options)

    def comparable(folder: Path) -> list[dict[str, Any]]:
        return [{**row, "latency_ms": None, "thread_id": None} for row in rows_of(folder)]

    assert comparable(tmp_path / "pool") == comparable(tmp_path / "serial")
    printed = {(line["example_id"], line["stdout"]) for line in lines(tmp_path / "pool")}
    assert printed == {(f"e{n}", f"row {n}\n") for n in range(40)}


def test_what_was_killed_mid_way_is_resumed(tmp_path: Path) -> None:
    ran: list[int] = []

    def function(inputs: Mapping[str, Any]) -> dict[str, Any]:
        ran.append(inputs["n"])
        return echo(inputs)

    go(tmp_path / "whole", plan(6))
    folder = tmp_path / "r"
    go(folder, plan(6), function)
    complete = (folder / "rows.jsonl").read_bytes().splitlines(keepends=True)
    # A kill: three rows reached the disk, the fourth is torn in its middle, nothing else was written.
    (folder / "rows.jsonl").write_bytes(b"".join(complete[:3]) + complete[3][:40])
    (folder / "evidence.parquet").unlink()
    ran.clear()
    result = go(folder, plan(6), function, resume=True)
    assert (result.complete, ran) == (True, [3, 4, 5])
    assert cells(folder) == cells(tmp_path / "whole")
    assert [line["example_id"] for line in lines(folder)] == [f"e{n}" for n in range(6)]


def test_a_resume_of_a_complete_run_runs_nothing(tmp_path: Path) -> None:
    go(tmp_path / "r")
    before = cells(tmp_path / "r")
    result = go(tmp_path / "r", function=lambda _: pytest.fail("it ran"), resume=True)
    assert (result.complete, cells(tmp_path / "r")) == (True, before)


def test_failed_measurements_run_again_only_on_request(tmp_path: Path) -> None:
    broken = [True]

    def flaky(run: Any, example: Any) -> bool:
        if broken[0] and example.inputs["n"] == 1:
            raise ConnectionError
        return True

    def function(inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {"n": 1 // inputs["n"]}  # e0 is the system's failure: it stands

    go(tmp_path / "r", plan(3), function, (flaky,))
    broken[0] = False
    assert go(tmp_path / "r", plan(3), function, (flaky,), resume=True).measurement_failures == 1
    result = go(tmp_path / "r", plan(3), function, (flaky,), resume=True, retry_errors=True)
    assert (result.measurement_failures, result.system_failures, result.rows["scored"]) == (0, 1, 2)
    assert [line["example_id"] for line in lines(tmp_path / "r")] == ["e0", "e1", "e2", "e1"]


@evaluator(version="4")
def right_again(run: Any, example: Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("what", "evaluators", "named"),
    [
        (plan(version_config={"prompt": "p2"}), (right, small), "version_config"),
        (RunPlan("r1", "g", "v1", "golden", "other", plan().examples, {"prompt": "p1"}), (right, small), "dataset"),
        (plan(), (right_again, small), "evaluators"),
    ],
)
def test_a_resume_of_something_else_is_refused(
    tmp_path: Path, what: RunPlan, evaluators: tuple[Any, ...], named: str
) -> None:
    go(tmp_path / "r")
    with pytest.raises(UsageError, match=f"cannot be resumed: its {named} was"):
        go(tmp_path / "r", what, evaluators=evaluators, resume=True)


def test_a_run_is_neither_overwritten_nor_resumed_out_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run to resume"):
        go(tmp_path / "r", resume=True)
    go(tmp_path / "r")
    with pytest.raises(UsageError, match="already holds a run"):
        go(tmp_path / "r")


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    go(tmp_path / "r")
    rows = (tmp_path / "r" / "rows.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "r" / "rows.jsonl").write_bytes(rows[0] + b"{]\n" + rows[1])
    with pytest.raises(DataError, match=r"rows\.jsonl line 2 cannot be read"):
        go(tmp_path / "r", resume=True)


def test_an_interrupted_run_keeps_its_rows_and_says_so(tmp_path: Path) -> None:
    def function(inputs: Mapping[str, Any]) -> dict[str, Any]:
        if inputs["n"] == 2:
            raise KeyboardInterrupt
        return echo(inputs)

    result = go(tmp_path / "r", function=function)
    assert (result.complete, result.done, result.planned) == (False, 2, 4)
    assert result.warnings == ("stopped after 2 of 4 runs; resume it to run the rest",)
    assert [line["example_id"] for line in lines(tmp_path / "r")] == ["e0", "e1"]
    assert not (tmp_path / "r" / "evidence.parquet").exists()
    assert json.loads((tmp_path / "r" / "run.json").read_text())["complete"] is False
    assert go(tmp_path / "r", resume=True).complete


def test_stop_ends_a_run_early(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert go(tmp_path / "r", stop=stop).done == 0


def test_a_limit_keeps_the_examples_that_must_not_be_missing(tmp_path: Path) -> None:
    go(tmp_path / "r", plan(5, must=frozenset({"e4"})), limit=2)
    assert {row["example_id"] for row in rows_of(tmp_path / "r")} == {"e0", "e1", "e4"}


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    reported: list[tuple[int, int]] = []
    go(tmp_path / "r", progress=lambda done, planned: reported.append((done, planned)))
    assert reported[-1] == (4, 4)


def test_a_hung_evaluator_is_not_the_targets_fault(tmp_path: Path) -> None:
    release = threading.Event()

    def hangs(run: Any, example: Any) -> bool:
        return release.wait(30) if example.inputs["n"] == 1 else True

    go(tmp_path / "r", plan(2), evaluators=(hangs, small), timeout_s=0.1)
    release.set()
    assert cells(tmp_path / "r") == {
        ("e0", 0, "hangs"): ("scored", None, 1.0),
        ("e0", 0, "small"): ("scored", None, 1.0),
        ("e1", 0, "hangs"): ("evaluator_error", "timeout", None),
        ("e1", 0, "small"): ("evaluator_error", "timeout", None),
    }


def test_every_run_has_a_thread_id_of_its_own_whatever_became_of_it(tmp_path: Path) -> None:
    hold = threading.Event()

    def odd(inputs: Mapping[str, Any]) -> dict[str, Any]:
        if inputs["n"] == 1:
            hold.wait(10)  # it never comes back in time
        if inputs["n"] == 2:
            raise ValueError("no")
        return {"n": inputs["n"]}

    go(tmp_path / "r", plan(4, repetitions=2), odd, timeout_s=0.1, concurrency=2)
    hold.set()
    by_run = {(row["example_id"], row["repetition"]): row["thread_id"] for row in rows_of(tmp_path / "r")}
    kinds = {row["error_kind"] for row in rows_of(tmp_path / "r")}
    assert kinds == {None, "timeout", "exception"}
    assert None not in by_run.values()
    assert len(set(by_run.values())) == 8
    assert {row["thread_id"] for row in lines(tmp_path / "r")} == set(by_run.values())


def test_the_thread_id_in_evidence_is_the_one_the_graph_ran_under(tmp_path: Path) -> None:
    def node(state: Any, config: RunnableConfig) -> dict[str, Any]:
        return {"seen": config["configurable"]["thread_id"]}

    class Seen(TypedDict, total=False):
        n: int
        seen: str

    made = StateGraph(Seen).add_node("node", node).add_edge(START, "node").compile()
    spec = GraphSpec("g", module="m")
    target = graph_target(Compiled(spec, spec.version(), made, needs_loop(made)))
    run(plan(3), target, (bind(lambda run, example: True),), lambda e: {}, tmp_path / "r")
    seen = {row["example_id"]: row["outputs"]["seen"] for row in lines(tmp_path / "r")}
    assert seen == {row["example_id"]: row["thread_id"] for row in rows_of(tmp_path / "r")}
    assert len(set(seen.values())) == 3


def test_a_run_that_is_begun_anew_gets_another_thread() -> None:
    ids = ThreadIds()
    first = ids.of(7)
    assert ids.of(7) == first
    ids.renew(7)
    assert ids.of(7) != first
    assert ids.of(8) not in (first, ids.of(7))
    assert ThreadIds().of(7) != first


def test_the_evaluators_have_the_timeout_to_themselves(tmp_path: Path) -> None:
    def slow(inputs: Mapping[str, Any]) -> dict[str, Any]:
        time.sleep(0.7)
        return echo(inputs)

    def slow_too(run: Any, example: Any) -> bool:
        time.sleep(0.7)
        return True

    # 0.7 + 0.7 s is more than 1 s and its grace of 0.25 s; each alone is less.
    assert go(tmp_path / "r", plan(1), slow, (slow_too,), timeout_s=1.0).rows["scored"] == 1


def test_examples_that_cannot_be_run_are_refused_before_anything_runs(tmp_path: Path) -> None:
    odd = [Example("e0", {"n": value}) for value in (math.nan, {1}, "\ud800")]
    odd.append(Example("e0", {"n": 1}, {"n": math.nan}))
    for bad in (*odd, Example("e0", {"n": 1}, metadata={"resume": "yes"})):
        with pytest.raises(DataError, match="example 'e0'"):
            go(tmp_path / "r", plan(examples=(bad,)), function=lambda _: pytest.fail("it ran"))
    with pytest.raises(UsageError, match="holds an example id twice"):
        plan(examples=(example(1), example(1)))


def test_of_many_examples_the_one_that_is_no_json_is_named(tmp_path: Path) -> None:
    given = (*(example(i) for i in range(2_100)), Example("odd", {"n": math.inf}), example(2_101))
    with pytest.raises(DataError, match=r"example 'odd': its inputs are no JSON \(ValueError: "):
        go(tmp_path / "r", plan(examples=given), function=lambda _: pytest.fail("it ran"))


def test_a_finished_row_is_on_disk_before_the_next_is_done(tmp_path: Path) -> None:
    lines: list[int] = []

    def slow(inputs: Mapping[str, Any]) -> dict[str, Any]:
        lines.append((tmp_path / "r" / "rows.jsonl").read_bytes().count(b"\n"))
        time.sleep(0.3)  # a kill here loses this row only; those too fast to be written at once have 50 ms
        lines.append((tmp_path / "r" / "rows.jsonl").read_bytes().count(b"\n"))
        return echo(inputs)

    go(tmp_path / "r", plan(3), slow)
    assert lines == [0, 0, 1, 1, 2, 2]  # it is there when the next begins: nobody had to wait for a thread


def test_an_interrupt_while_a_group_is_written_neither_doubles_nor_loses_a_line(tmp_path: Path) -> None:
    class Interrupted:
        """A file at whose first flush the user strikes, when all is written."""

        def __init__(self, beneath: Any) -> None:
            self.beneath, self.struck = beneath, False

        def __getattr__(self, name: str) -> Any:
            return getattr(self.beneath, name)

        def flush(self) -> None:
            self.beneath.flush()
            if not self.struck:
                self.struck = True
                raise KeyboardInterrupt

    path = tmp_path / "rows.jsonl"
    with suppress(KeyboardInterrupt), RowLog(path, patience=OWN_GROUPS) as log:
        log._written = time.perf_counter() + 60.0  # two rows have to wait
        log.append(b"one\n")
        log.append(b"two\n")
        log._written, log._file = 0.0, cast("Any", Interrupted(log._file))
        log.append(b"three\n")
    assert path.read_bytes().split() == [b"one", b"two", b"three"]


def test_what_counts_as_done_has_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append = RowLog.append

    def interrupted(log: RowLog, text: bytes) -> None:
        if b'"e2"' in text:
            raise KeyboardInterrupt
        append(log, text)

    monkeypatch.setattr(RowLog, "append", interrupted)
    result = go(tmp_path / "r", plan(4))
    assert (result.done, result.complete) == (2, False)
    assert (tmp_path / "r" / "rows.jsonl").read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("patience", [EACH, OWN_GROUPS, BACKGROUND])
@pytest.mark.parametrize("progress", [None, lambda: None])
def test_whoever_lets_a_row_wait_nobody_has_to_come_for_it(
    tmp_path: Path, patience: Patience, progress: Callable[[], None] | None
) -> None:
    path = tmp_path / "rows.jsonl"
    with RowLog(path, progress, patience=patience) as log:
        for pause in (0.0, 0.0, 0.2, 0.0, 0.03, 0.0):
            time.sleep(pause)
            log.append(b"row\n")
        time.sleep(0.3)  # a kill here loses nothing
        assert path.read_bytes().count(b"\n") == 6


def test_a_log_ends_while_its_thread_is_writing(tmp_path: Path) -> None:
    writes, ended = threading.Event(), threading.Event()

    class Slow:
        """A file on a slow disk."""

        def __init__(self, beneath: Any) -> None:
            self.beneath = beneath

        def __getattr__(self, name: str) -> Any:
            return getattr(self.beneath, name)

        def flush(self) -> None:
            writes.set()
            time.sleep(0.2)
            self.beneath.flush()

    def open_and_close() -> None:
        with RowLog(tmp_path / "rows.jsonl", patience=BACKGROUND) as log:
            log._file, log._written = cast("Any", Slow(log._file)), time.perf_counter()
            log.append(b"row\n")  # left to the thread: the last ones were written only now
            assert not writes.is_set()
            writes.wait(10)
        ended.set()

    threading.Thread(target=open_and_close, daemon=True).start()
    assert ended.wait(10)  # the last call was once forgotten by a thread on its way back to sleep
    assert (tmp_path / "rows.jsonl").read_bytes() == b"row\n"


def test_several_threads_write_themselves_where_the_background_gets_no_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RowLog, "_keep_writing", lambda log: log._closing.wait())
    path = tmp_path / "rows.jsonl"
    with RowLog(path, patience=BACKGROUND) as log:
        log.append(b"row\n")  # long after the last one: there was none
        for wait in (0.0, GROUP_S):
            time.sleep(wait)
            log.append(b"row\n")
        assert path.read_bytes().count(b"\n") == 3


def test_a_disk_that_is_full_for_a_moment_leaves_no_line_twice_and_none_torn(tmp_path: Path) -> None:
    class Full(io.RawIOBase):
        """A disk with room for half a line, then for nothing, then for all."""

        def __init__(self) -> None:
            self.kept, self.writes = bytearray(), 0

        def writable(self) -> bool:
            return True

        def write(self, text: Any) -> int:
            self.writes += 1
            if self.writes == 2:
                raise OSError(errno.ENOSPC, "no space left on device")
            taken = bytes(text)[: 9 if self.writes == 1 else None]
            self.kept += taken
            return len(taken)

    disk = Full()
    log = RowLog(tmp_path / "rows.jsonl", patience=BACKGROUND)
    log._file.close()
    log._file, log._written = cast("Any", io.BufferedWriter(disk)), time.perf_counter()
    log.__enter__()
    for number in range(3):
        log.append(b"row %d\n" % number)
    log._thread.join(10)
    with pytest.raises(OSError, match="no space left"):
        log.__exit__(None, None, None)
    assert disk.kept == b"row 0\nrow 1\nrow 2\n"


def test_rows_too_fast_to_be_written_one_by_one_do_not_wait_for_the_next(tmp_path: Path) -> None:
    after: list[int] = []

    def fast(inputs: Mapping[str, Any]) -> dict[str, Any]:
        if inputs["n"] == 2_999:
            time.sleep(0.5)
            after.append((tmp_path / "r" / "rows.jsonl").read_bytes().count(b"\n"))
        return echo(inputs)

    go(tmp_path / "r", plan(3_000), fast)
    assert after == [2_999]


class Chat(TypedDict):
    n: int
    messages: Annotated[list[AnyMessage], add_messages]


def test_a_graph_of_messages_is_scored_on_what_the_evidence_holds(tmp_path: Path) -> None:
    graph = StateGraph(Chat)
    graph.add_node("talk", lambda state: {"messages": [AIMessage("hello")]})
    graph.add_edge(START, "talk")
    graph.add_edge("talk", END)
    made = graph.compile()
    spec = GraphSpec("g", module="m")
    target = graph_target(Compiled(spec, spec.version(), made, needs_loop(made)))

    def says_hello(run: Any, example: Any) -> bool:
        return bool(run.outputs["messages"][-1]["content"] == "hello")

    run(plan(3, repetitions=2), target, (bind(says_hello),), lambda e: {}, tmp_path / "r", concurrency=2)
    rows = rows_of(tmp_path / "r")
    assert {row["score"] for row in rows} == {1.0}
    by_example = {(row["example_id"], row["output_hash"]) for row in rows}
    assert len(by_example) == 3  # the same answer hashes the same in both repetitions
    assert lines(tmp_path / "r")[0]["path"] == ["talk"]


def test_a_hung_graph_holds_up_neither_the_run_nor_the_exit(tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from typing import TypedDict
from langgraph.graph import END, START, StateGraph
from seatrial.dataset import Example
from seatrial.scoring import bind
from seatrial.graph.invoke import graph_target
from seatrial.graph.runtime import Compiled
from seatrial.graph.spec import GraphSpec
from seatrial.runner import RunPlan, run

class State(TypedDict, total=False):
    n: int

def node(state):
    if state["n"] == 1:
        time.sleep(60)
    return {}

def fine(run, example):
    return True

graph = StateGraph(State)
graph.add_node("node", node)
graph.add_edge(START, "node")
graph.add_edge("node", END)
spec = GraphSpec("g", module="m")
target = graph_target(Compiled(spec, spec.version(), graph.compile(), False))
plan = RunPlan("r", "g", "v1", "d", "h", tuple(Example(f"e{n}", {"n": n}) for n in range(3)))
result = run(plan, target, (bind(fine),), lambda e: {}, Path(sys.argv[1]), timeout_s=0.3)
print(result.rows["scored"], result.rows["target_error"], result.complete)
"""
    source = str(Path(seatrial.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "r")],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("2 1 True\n", "", 0)
    assert cells(tmp_path / "r")["e1", 0, "fine"] == ("target_error", "timeout", None)


@pytest.fixture(autouse=True)
def _other_tests_lost_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_loop, "_missing", [])


def awaited_graph(node: Any) -> Any:
    graph = StateGraph(Given)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    graph.add_edge("node", END)
    made, spec = graph.compile(), GraphSpec("g", module="m")
    return graph_target(Compiled(spec, spec.version(), made, needs_loop(made)))


class Given(TypedDict, total=False):
    n: int


def test_an_async_graph_shares_a_loop_and_is_recorded_as_ever(tmp_path: Path) -> None:
    threads: set[int] = set()

    async def node(state: Given) -> Given:
        threads.add(threading.get_ident())
        print("row", state["n"])
        await asyncio.sleep(0.001)
        return {"n": 10 // (state["n"] % 5)}

    what, bound = plan(40, repetitions=2), (bind(right), bind(small))
    for name, concurrency in (("serial", 1), ("shared", 8)):
        threads.clear()
        run(what, awaited_graph(node), bound, lambda e: {}, tmp_path / name, concurrency=concurrency, timeout_s=30.0)
        assert len(threads) == 1

    def comparable(folder: Path) -> list[dict[str, Any]]:
        return [{**row, "latency_ms": None, "thread_id": None} for row in rows_of(folder)]

    assert comparable(tmp_path / "shared") == comparable(tmp_path / "serial")
    printed = {(line["example_id"], line["stdout"]) for line in lines(tmp_path / "shared")}
    assert printed == {(f"e{n}", f"row {n}\n") for n in range(40)}


def test_a_row_that_blocks_the_loop_is_the_only_timeout(tmp_path: Path) -> None:
    release = threading.Event()

    async def node(state: Given) -> Given:
        if state["n"] == 1:
            release.wait(30)
        await asyncio.sleep(0.2)
        return {}

    result = run(
        plan(6), awaited_graph(node), (bind(right),), lambda e: {}, tmp_path / "r", concurrency=3, timeout_s=0.5
    )
    release.set()
    assert (result.complete, result.rows["scored"]) == (True, 5)
    assert cells(tmp_path / "r")["e1", 0, "right"] == ("target_error", "timeout", None)


def test_an_async_graph_that_hangs_is_cancelled_and_the_others_keep_their_loop(tmp_path: Path) -> None:
    async def node(state: Given) -> Given:
        await asyncio.sleep(60 if state["n"] == 1 else 0)
        return {}

    run(plan(4), awaited_graph(node), (bind(right),), lambda e: {}, tmp_path / "r", concurrency=2, timeout_s=0.3)
    found = cells(tmp_path / "r")
    assert found.pop(("e1", 0, "right")) == ("target_error", "timeout", None)
    assert set(found.values()) == {("scored", None, 1.0)}


async def quick(state: Given) -> Given:
    return {}


def test_an_evaluator_that_hangs_after_an_async_graph_is_the_only_timeout(tmp_path: Path) -> None:
    release = threading.Event()

    def patient(run: Any, example: Example) -> bool:
        return example.id != "e2" or release.wait(30)

    run(plan(6), awaited_graph(quick), (bind(patient),), lambda e: {}, tmp_path / "r", concurrency=3, timeout_s=0.3)
    release.set()
    found = cells(tmp_path / "r")
    assert found.pop(("e2", 0, "patient")) == ("evaluator_error", "timeout", None)
    assert set(found.values()) == {("scored", None, 1.0)}


def test_an_evaluator_of_an_async_graph_knows_which_repetition_it_judges(tmp_path: Path) -> None:
    def knows(run: Any, example: Example) -> bool:
        return run.id == f"{example.id}#{repetition_here()}"

    run(plan(5, repetitions=3), awaited_graph(quick), (bind(knows),), lambda e: {}, tmp_path / "r", concurrency=4)
    assert set(cells(tmp_path / "r").values()) == {("scored", None, 1.0)}


def test_an_interrupt_leaves_print_and_the_collector_as_they_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def function(inputs: Mapping[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    before = (gc.get_threshold(), gc.get_freeze_count())
    assert not go(tmp_path / "r", function=function).complete
    with captured_stdout():
        print("heard")
    assert capsys.readouterr().out == "heard\n"
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


@pytest.mark.parametrize(("young", "during"), [(700, 2_000), (5_000, 5_000), (0, 0)])
def test_the_collector_looks_less_often_during_a_run_and_never_where_it_never_did(
    tmp_path: Path, young: int, during: int
) -> None:
    before, seen = gc.get_threshold(), []
    gc.set_threshold(young, *before[1:])
    try:
        go(tmp_path / "r", plan(1), lambda inputs: seen.append(gc.get_threshold()[0]) or echo(inputs))
        assert (seen, gc.get_threshold()[0]) == ([during], young)
    finally:
        gc.set_threshold(*before)


def test_text_that_is_no_unicode_does_not_lose_the_run(tmp_path: Path) -> None:
    def boom(inputs: Mapping[str, Any]) -> dict[str, Any]:
        raise ValueError("\ud800")

    assert go(tmp_path / "r", plan(1), boom).complete
    assert rows_of(tmp_path / "r")[0]["reason"] == "ValueError: \\ud800"


def test_an_answer_that_changes_under_our_hands_is_read_every_time(tmp_path: Path) -> None:
    class Number:
        value = 0.0

        def __float__(self) -> float:
            self.value += 0.25
            return self.value

    number = Number()
    go(tmp_path / "r", plan(3), evaluators=(bind(Bound("k", "1", lambda run, example: number)),))
    assert [row["score"] for row in rows_of(tmp_path / "r")] == [0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    "damage",
    [
        {"repetition": -1},
        {"repetition": "0"},
        {"repetition": 0.0},
        {"example_id": ["ex-0"]},
        {"outcome": "skored"},
        {"latency_ms": "fast"},
        {"input_tokens": 1e30},
        {"output_tokens": "many"},
        {"model": ["a"]},
        {"output_hash": 7},
        {"warnings": [[1]]},
        {"results": {"right": [["right", "1.0", ""]]}},
        {"results": {"right": [["right", True, ""]]}},
        {"results": {"right": [["right", 7, ""]]}},
        {"results": {"right": [["right", 1.0, 5]]}},
        {"results": {"right": {"outcome": "broken", "error_kind": None, "reason": ""}}},
    ],
    ids=str,
)
def test_a_line_that_holds_what_nobody_writes_is_named_and_not_gone_on_with(damage):
    complete = {
        "example_id": "ex-0",
        "repetition": 0,
        "outcome": "scored",
        "latency_ms": 1.5,
        "results": {"right": [["right", 1, "ok"]]},
    }
    assert parse(json.dumps(complete).encode(), ["right"])[2].results == ((("right", 1.0, "ok"),),)
    with pytest.raises((TypeError, ValueError)):
        parse(json.dumps(complete | damage).encode(), ["right"])


def test_an_evaluator_that_a_service_failed_is_asked_again_beside_graphs_on_the_loop(tmp_path, monkeypatch):
    monkeypatch.setattr("seatrial.runner.retry.PAUSE_STEP_S", 0.001)
    tries = Counter()

    def served(run, example):
        tries[example.id] += 1
        if tries[example.id] % 2:
            raise TimeoutError("no answer")
        return True

    result = run(plan(4), awaited_graph(quick), (bind(served),), lambda e: {}, tmp_path / "r", concurrency=2)
    assert (result.rows["scored"], result.measurement_failures) == (4, 0)
