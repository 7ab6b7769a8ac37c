"""An evaluator written for LangSmith in our runner."""

import asyncio
import json

import pyarrow.parquet as pq
import pytest
from langsmith import run_trees
from langsmith.evaluation import EvaluationResult, EvaluationResults, RunEvaluator

from seatrial.adapters.langsmith import from_langsmith
from seatrial.dataset import Example
from seatrial.errors import ConfigError
from seatrial.graph.run import Run
from seatrial.graph.target import callable_target
from seatrial.runner import RunPlan, run
from seatrial.scoring import Score

from .conftest import dataset_of, example

RUN = Run("e1#0", {"q": "hi"}, {"a": "HI"}, latency_ms=1500.0, input_tokens=3)
EXAMPLE = Example("e1", {"q": "hi"}, {"a": "HI"}, {"note": 1}, ("tier:pro",), "train")


def scores(evaluator, **more):
    return from_langsmith(evaluator, **more)(RUN, EXAMPLE)


def by_pair(run, example):
    return {"key": "same", "score": run.outputs == example.outputs, "comment": "compared"}


def by_name(inputs, outputs, reference_outputs):
    return outputs == reference_outputs and inputs == {"q": "hi"}


async def awaited(outputs):
    await asyncio.sleep(0)
    return {"score": 0.5, "comment": "slept"}


def as_object(run, example):
    return EvaluationResult(key="obj", score=0.25, comment="why")


def as_list(run, example):
    return [{"key": "a", "score": 1}, {"key": "b", "score": None, "comment": "cannot say"}]


class Batch(RunEvaluator):
    def evaluate_run(self, run, example=None, evaluator_run_id=None):
        return EvaluationResults(results=[EvaluationResult(key="x", score=True), EvaluationResult(key="y", score=0)])


class OnlyAsync(RunEvaluator):
    async def aevaluate_run(self, run, example=None, evaluator_run_id=None):
        return EvaluationResult(key="later", score=1)


@pytest.mark.parametrize(
    ("evaluator", "expected"),
    [
        (by_pair, (Score("same", 1.0, "compared"),)),
        (by_name, (Score("by_name", 1.0),)),
        (awaited, (Score("awaited", 0.5, "slept"),)),
        (as_object, (Score("obj", 0.25, "why"),)),
        (as_list, (Score("a", 1.0), Score("b", None, "cannot say"))),
        (Batch(), (Score("x", 1.0), Score("y", 0.0))),
        (OnlyAsync(), (Score("later", 1.0),)),
    ],
)
def test_every_form_langsmith_takes_arrives_as_scores(evaluator, expected):
    assert scores(evaluator) == expected


def test_a_category_is_an_abstention_that_says_what_was_said():
    assert scores(lambda run, example: "good", key="tone") == (
        Score("tone", None, "it said 'good', which is no score"),
    )


def test_the_key_is_of_results_that_name_none():
    assert [one.key for one in scores(by_name, key="exact")] == ["exact"]
    assert [one.key for one in scores(by_pair, key="exact")] == ["same"]
    assert (from_langsmith(by_pair, key="exact", version="3").key, from_langsmith(Batch()).key) == ("exact", "Batch")


def test_the_evaluator_sees_objects_of_langsmiths():
    def looks(run, example):
        seen = (
            run.latency,
            run.child_runs,
            run.prompt_tokens,
            example.metadata["note"],
            example.metadata["dataset_split"],
        )
        return {"score": 1, "comment": repr((type(run).__module__, seen, str(example.id) == str(example.id)))}

    (one,) = scores(looks)
    assert one.reason == "('langsmith.schemas', (1.5, [], 3, 1, ['train']), True)"


def test_what_it_raises_passes_through_and_what_langsmith_refuses_is_raised():
    def breaks(run, example):
        raise RuntimeError("no judge")

    with pytest.raises(RuntimeError, match="no judge"):
        scores(breaks)
    with pytest.raises(ValueError, match="Expected an EvaluationResult"):
        scores(lambda run, example: {"key": "k", "score": 1, "reason": "ours"})
    with pytest.raises(Exception, match="it broke"):
        scores(lambda run, example: EvaluationResult(key="k", comment="it broke", extra={"error": True}))


def test_what_is_no_evaluator_to_langsmith_is_refused_by_name():
    with pytest.raises(ConfigError, match="'odd' is no LangSmith evaluator"):
        from_langsmith(named_odd())


def named_odd():
    def odd(a, b, c):
        return True

    return odd


def test_in_an_event_loop_that_runs_an_async_one_is_waited_for():
    bound = from_langsmith(awaited)

    async def inside():
        return bound(RUN, EXAMPLE)

    assert asyncio.run(inside()) == (Score("awaited", 0.5, "slept"),)


def test_in_our_runner_each_of_them_is_its_outcome(tmp_path):
    def breaks_on_two(run, example):
        if run.inputs["q"] == "two":
            raise RuntimeError("no judge")
        return {"score": 1}

    data = dataset_of(example("e1", "one", "ONE"), example("e2", "two", "TWO"))
    plan = RunPlan("r", "greeter", "v1", data.name, data.hash, data.examples)
    target = callable_target(lambda inputs: {"a": inputs["q"].upper()})
    evaluators = [from_langsmith(breaks_on_two), from_langsmith(as_list), from_langsmith(by_pair)]
    result = run(plan, target, evaluators, lambda _: {}, tmp_path / "r")
    assert result.complete
    table = pq.read_table(tmp_path / "r" / "evidence.parquet").to_pylist()
    assert {(row["example_id"], row["key"]): row["outcome"] for row in table} == {
        ("e1", "breaks_on_two"): "scored",
        ("e2", "breaks_on_two"): "evaluator_error",
        ("e1", "a"): "scored",
        ("e2", "a"): "scored",
        ("e1", "b"): "unparsed",
        ("e2", "b"): "unparsed",
        ("e1", "same"): "scored",
        ("e2", "same"): "scored",
    }
    assert json.loads((tmp_path / "r" / "run.json").read_text())["measurement_failures"] == 3


def test_langsmiths_tracing_is_off_while_it_works(tracing_on, fresh_client):
    assert scores(by_pair)
    # Asked for, a client would be made, and a new one asks its server who that is, in a thread of its own.
    assert run_trees._CLIENT is None
    assert tracing_on.requests == ()
