"""An evaluator of ours inside `langsmith.evaluate`, on LangSmith's real SDK."""

import inspect
from typing import TypedDict

import pytest
from langgraph.graph import StateGraph
from langsmith.evaluation import EvaluationResult

from seatrial import Score, evaluator
from seatrial.adapters.langsmith import evaluate_locally, for_langsmith
from seatrial.checks import node_path
from seatrial.errors import ConfigError

from .conftest import example


def shout(inputs):
    return {"a": inputs["q"].upper()}


ONE = (example("e1"),)


def feedback(evaluators, target=shout, examples=ONE):
    rows = list(evaluate_locally(target, examples, evaluators))
    return [one for row in rows for one in row["evaluation_results"]["results"]]


def test_the_reason_becomes_the_comment():
    def right(run, example):
        return Score("right", run.outputs == example.outputs, "letter by letter")

    (one,) = feedback([for_langsmith(right)])
    assert isinstance(one, EvaluationResult)
    assert (one.key, one.score, one.comment) == ("right", 1.0, "letter by letter")
    assert (one.extra or {}).get("error") is None


def test_a_dict_with_a_reason_which_langsmith_alone_would_reject_is_taken():
    def right(outputs, reference_outputs):
        return {"key": "right", "score": outputs == reference_outputs, "reason": "same"}

    (one,) = feedback([for_langsmith(right)])
    assert (one.score, one.comment) == (1.0, "same")
    (refused,) = feedback([right])
    assert refused.score is None
    assert refused.extra == {"error": True}


def test_several_scores_of_one_evaluator_all_arrive():
    def both(run, example):
        return [Score("a", 0.25, "x"), Score("b", True)]

    assert [(one.key, one.score, one.comment) for one in feedback([for_langsmith(both)])] == [
        ("a", 0.25, "x"),
        ("b", 1.0, None),
    ]


def test_an_abstention_is_feedback_without_a_score_and_no_error():
    def shy(run, example):
        return None

    (one,) = feedback([for_langsmith(shy)])
    assert (one.score, one.comment, one.extra) == (None, "the evaluator abstained", None)


def broken(run, example):
    raise KeyError("label")


def nonsense(run, example):
    return 7


@pytest.mark.parametrize(("crashing", "reported"), [(broken, "KeyError: 'label'"), (nonsense, "outside 0..1")])
def test_a_crash_is_feedback_marked_as_an_error_and_never_a_score(crashing, reported):
    (one,) = feedback([for_langsmith(crashing)])
    assert (one.key, one.score, one.extra) == (crashing.__name__, None, {"error": True})
    assert reported in one.comment


def test_a_run_that_failed_is_not_evaluated():
    requested = []

    def curious(run, example):
        requested.append(run)
        return True

    def fails(inputs):
        raise ValueError("no\nway")

    (one,) = feedback([for_langsmith(curious)], fails)
    assert requested == []
    assert (one.score, one.extra) == (None, {"error": True})
    assert one.comment == "not evaluated: the run did not finish: ValueError: no way"


def test_our_attributes_are_there_beside_theirs():
    @evaluator(version="7")
    def looks(run, example):
        seen = (example.id, example.tags, example.split, run.latency_ms >= 0, run.child_runs, run.name)
        return Score("looks", 1, repr(seen))

    (one,) = feedback([looks], examples=[example("e1", tags=("tier:pro",), split="train")])
    assert one.comment == "('e1', ('tier:pro',), 'train', True, [], 'Target')"
    assert one.evaluator_info == {"seatrial": {"evaluator": "looks", "version": "7"}}


class State(TypedDict):
    q: str


def graph():
    made = StateGraph(State)
    made.add_node("first", lambda state: {"q": state["q"] + "!"})
    made.add_node("second", lambda state: {})
    made.add_edge("__start__", "first")
    made.add_edge("first", "second")
    return made.compile()


def test_the_path_of_a_graph_is_known_from_its_child_runs():
    (one,) = feedback([for_langsmith(node_path(["first", "second"]))], graph())
    assert one.score == 1.0


def test_a_path_nobody_knows_is_a_failure_and_not_an_empty_path():
    (one,) = feedback([for_langsmith(node_path([]))])
    assert (one.score, one.extra) == (None, {"error": True})
    assert "its path is not known" in one.comment


def test_the_function_is_what_langsmith_takes_a_function_of_run_and_example_to_be():
    made = for_langsmith(broken)
    assert list(inspect.signature(made).parameters) == ["run", "example"]
    assert made.__name__ == "broken"


def test_what_is_no_evaluator_is_refused():
    with pytest.raises(ConfigError, match="takes"):
        for_langsmith(lambda one, two, three: True)
