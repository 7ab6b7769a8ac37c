"""An evaluation of LangSmith's becomes evidence that the gate can judge, with nothing dropped."""

import asyncio
import warnings
from typing import TypedDict

import pytest
from langgraph.graph import StateGraph
from langgraph.types import interrupt
from langsmith import aevaluate, evaluate
from langsmith.evaluation import EvaluationResult

from seatrial import Score, evaluator
from seatrial.adapters.langsmith import evaluate_locally, evidence_of, for_langsmith, offline
from seatrial.adapters.langsmith.row import to_their_example
from seatrial.errors import DataError, UsageError
from seatrial.evidence.combine import combine
from seatrial.gate.merge import check
from seatrial.gate.policy import Policy
from seatrial.verdict import Verdict

from .conftest import example

THREE = [
    example("e1", "one", "ONE", tags=("tier:pro",)),
    example("e2", "two", "TWO", tags=("tier:free",)),
    example("e3", "three", "THREE", tags=("tier:free",)),
]


def shout(inputs):
    if inputs["q"] == "two":
        raise ValueError("no\nway")
    return {"a": inputs["q"].upper()}


def right(run, example):
    return {"key": "right", "score": run.outputs == example.outputs, "comment": "compared"}


def lenient(run, example):
    """What LangSmith's users write: it scores a crashed run as well as any."""
    return {"key": "lenient", "score": 1}


@evaluator(version="4")
def moody(run, example):
    if example.id == "e1":
        raise KeyError("label")
    return [Score("calm", None, "cannot say"), Score("loud", True)]


def tier(example):
    return {"tier": example.tags[0].removeprefix("tier:")}


def outcomes(evidence):
    return {
        (row["example_id"], row["key"], row["repetition"]): (row["outcome"], row["score"]) for row in evidence.rows()
    }


def test_every_example_has_a_row_on_every_key_and_each_failure_is_its_outcome():
    results = evaluate_locally(shout, THREE, [right, lenient, moody])
    evidence = evidence_of(results, version="v1", segments=tier, graph="greeter", dataset="golden")
    assert outcomes(evidence) == {
        ("e1", "right", 0): ("scored", 1.0),
        ("e1", "lenient", 0): ("scored", 1.0),
        ("e1", "calm", 0): ("evaluator_error", None),
        ("e1", "loud", 0): ("evaluator_error", None),
        ("e2", "right", 0): ("target_error", None),
        ("e2", "lenient", 0): ("target_error", None),
        ("e2", "calm", 0): ("target_error", None),
        ("e2", "loud", 0): ("target_error", None),
        ("e3", "right", 0): ("scored", 1.0),
        ("e3", "lenient", 0): ("scored", 1.0),
        ("e3", "calm", 0): ("unparsed", None),
        ("e3", "loud", 0): ("scored", 1.0),
    }
    rows = {(row["example_id"], row["key"]): row for row in evidence.rows()}
    assert rows["e2", "right"]["reason"] == "ValueError: no way"
    assert rows["e2", "right"]["error_kind"] == "exception"
    assert rows["e1", "loud"]["reason"] == "KeyError: 'label'"
    assert rows["e3", "calm"]["reason"] == "cannot say"
    assert rows["e1", "right"]["reason"] == "compared"
    assert (rows["e1", "loud"]["evaluator_version"], rows["e1", "right"]["evaluator_version"]) == ("4", None)
    assert [rows[name, "right"]["segment.tier"] for name in ("e1", "e2", "e3")] == ["pro", "free", "free"]
    assert {(row["graph"], row["dataset"], row["version"]) for row in rows.values()} == {("greeter", "golden", "v1")}
    assert all(row["latency_ms"] >= 0 for row in rows.values())


def test_the_hash_of_an_output_is_the_one_our_runner_writes():
    evidence = evidence_of(evaluate_locally(lambda inputs: {"b": 1, "a": "ü"}, THREE, [right]), version="v1")
    # sha256 of {"a":"ü","b":1} in UTF-8, first 16 hex digits
    assert set(evidence.values("output_hash")) == {"4e7ff4080b1a00ac"}


def test_what_langsmiths_own_evaluate_drops_is_there_again():
    crashes = lambda run, example: {"key": "gone", "score": 1 / 0}  # noqa: E731
    with offline() as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [to_their_example(one, "d") for one in THREE]
        results = evaluate(shout, data=theirs, evaluators=[right, crashes], upload_results=False, client=client)
    assert sorted(evidence_of(results, version="v1").keys) == ["right"]
    found = outcomes(evidence_of(results, version="v1", keys=["right", "gone"]))
    assert len(found) == 3 * 2
    assert found["e1", "gone", 0] == ("evaluator_error", None)
    assert found["e2", "gone", 0] == ("target_error", None)


def test_a_key_that_one_run_lacks_is_a_failure_there():
    def sometimes(run, example):
        return [{"key": "a", "score": 1}] + ([{"key": "b", "score": 1}] if run.outputs["a"] == "ONE" else [])

    found = outcomes(evidence_of(evaluate_locally(shout, THREE, [sometimes]), version="v1"))
    assert found["e3", "a", 0] == ("scored", 1.0)
    assert found["e3", "b", 0] == ("evaluator_error", None)


def test_a_crash_belongs_to_the_keys_the_evaluator_has_elsewhere():
    nameless = lambda run, example: {"key": "made", "score": 1 / (run.outputs["a"] != "ONE")}  # noqa: E731
    found = outcomes(evidence_of(evaluate_locally(shout, THREE, [nameless]), version="v1"))
    assert found == {
        ("e1", "made", 0): ("evaluator_error", None),
        ("e2", "made", 0): ("target_error", None),
        ("e3", "made", 0): ("scored", 1.0),
    }


def test_repetitions_are_counted_and_a_planned_example_without_a_row_is_skipped():
    results = evaluate_locally(shout, [THREE[0], THREE[2]], [right], repetitions=2)
    found = outcomes(evidence_of(list(results)[:3], version="v1", examples=THREE))
    assert found == {
        ("e1", "right", 0): ("scored", 1.0),
        ("e1", "right", 1): ("scored", 1.0),
        ("e2", "right", 0): ("skipped", None),
        ("e2", "right", 1): ("skipped", None),
        ("e3", "right", 0): ("scored", 1.0),
        ("e3", "right", 1): ("skipped", None),
    }


@pytest.mark.parametrize("score", [7, -0.1, float("nan")])
def test_a_score_outside_0_to_1_is_a_failure_of_the_evaluator(score):
    def wild(run, example):
        return EvaluationResult(key="wild", score=score)

    assert outcomes(evidence_of(evaluate_locally(shout, THREE[:1], [wild]), version="v1")) == {
        ("e1", "wild", 0): ("evaluator_error", None)
    }


class GraphRecursionError(Exception):
    """Named as LangGraph names it."""


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (TimeoutError("1 s"), "timeout", "TimeoutError: 1 s"),
        (GraphRecursionError("25"), "recursion_limit", "GraphRecursionError: 25"),
        (KeyError(("a", 1)), "exception", "KeyError(('a', 1))"),
    ],
)
def test_why_a_run_failed_has_the_words_our_runner_uses(error, kind, reason):
    def fails(inputs):
        raise error

    (row,) = evidence_of(evaluate_locally(fails, THREE[:1], [right]), version="v1").rows()
    assert (row["outcome"], row["error_kind"], row["reason"]) == ("target_error", kind, reason)


def test_a_category_is_unparsed():
    evidence = evidence_of(evaluate_locally(shout, THREE[:1], [lambda run, example: "good"]), version="v1")
    (row,) = evidence.rows()
    assert (row["outcome"], row["reason"]) == ("unparsed", "it said 'good', which is no score")


class State(TypedDict):
    q: str
    a: str


def asking(state):
    return {"a": interrupt("really?")}


def test_a_graph_that_stopped_to_ask_is_interrupted_and_not_a_finished_answer():
    made = StateGraph(State)
    made.add_node("only", asking)
    made.add_edge("__start__", "only")
    evidence = evidence_of(evaluate_locally(made.compile(), THREE[:1], [lenient, for_langsmith(moody)]), version="v1")
    assert set(outcomes(evidence).values()) == {("interrupted", None)}
    assert "really?" in evidence.values("reason")[0]


def test_the_gate_judges_two_of_them_and_a_crash_counts_against_the_candidate():
    many = [example(f"e{i}", f"q{i}", f"Q{i}") for i in range(80)]

    def good(inputs):
        return {"a": inputs["q"].upper()}

    def crashes_often(inputs):
        if int(inputs["q"][1:]) % 3 == 0:
            raise ValueError("no")
        return good(inputs)

    arms = [
        evidence_of(evaluate_locally(target, many, [right]), version=name)
        for name, target in (("v1", good), ("v2", crashes_often))
    ]
    report = check(combine(arms, "both"), Policy(), baseline="v1", candidate="v2", critical=[])
    assert report.verdict is Verdict.FAIL
    same = combine([arms[0], arms[0].named("v2")], "both")
    assert check(same, Policy(), baseline="v1", candidate="v2", critical=[]).verdict is Verdict.PASS


def test_what_is_no_result_is_refused_in_a_sentence():
    with pytest.raises(DataError, match="no rows"):
        evidence_of([], version="v1")
    with pytest.raises(DataError, match="no row of LangSmith's results"):
        evidence_of([{"run": 1}], version="v1")
    with offline() as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        silent = evaluate(
            shout, data=[to_their_example(THREE[0], "d")], evaluators=[], upload_results=False, client=client
        )
    with pytest.raises(DataError, match="no feedback"):
        evidence_of(silent, version="v1")
    assert outcomes(evidence_of(silent, version="v1", keys=["k"])) == {("e1", "k", 0): ("evaluator_error", None)}


def test_results_of_aevaluate_are_awaited_first():
    async def answer(inputs):
        return {"a": inputs["q"].upper()}

    async def complete():
        return await aevaluate(
            answer, data=[to_their_example(THREE[0], "d")], evaluators=[right], upload_results=False, client=client
        )

    async def rows(results):
        return [row async for row in results]

    with offline() as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = asyncio.run(complete())
        with pytest.raises(UsageError, match="async for"):
            evidence_of(results, version="v1")
        read = asyncio.run(rows(results))
    assert outcomes(evidence_of(read, version="v1")) == {("e1", "right", 0): ("scored", 1.0)}
