"""Outcomes: a model that did not answer is not a graph that failed."""

from __future__ import annotations

import pytest
from langgraph.graph import END, START, StateGraph

from seatrial.model import InvalidReply, KeyRefused, KillSwitch, Outage, OverBudget, Unrecorded, outcome_of
from seatrial.model.context import Calls


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KillSwitch("x"), "kill_switch"),
        (OverBudget("x"), "budget"),
        (Outage("x"), "outage"),
        (KeyRefused("x"), "outage"),
        (Unrecorded("x"), "unrecorded"),
    ],
)
def test_a_call_nobody_answered_makes_the_run_skipped(error, kind):
    assert outcome_of(error) == ("skipped", kind, "x")


def test_a_reply_nobody_can_read_is_the_systems_own_invalid_output():
    assert outcome_of(InvalidReply("x")) == ("target_error", "invalid_output", "x")


def test_any_other_error_is_not_the_models():
    assert outcome_of(KeyError("x")) is None
    assert outcome_of(None) is None


def test_what_a_graph_made_of_it_does_not_hide_it():
    def ask() -> None:
        raise KillSwitch("off")

    def node(_: dict) -> dict:
        try:
            ask()
        except KillSwitch as error:
            raise ValueError("no label") from error

    graph = StateGraph(dict)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    graph.add_edge("node", END)
    with pytest.raises(ValueError, match="no label") as error:
        graph.compile().invoke({})
    assert outcome_of(error.value) == ("skipped", "kill_switch", "off")


@pytest.mark.parametrize(
    ("skipped", "hidden"),
    [(KillSwitch("x"), False), (OverBudget("x"), False), (Unrecorded("x"), False), (Outage("x"), True)],
)
def test_a_graph_may_fall_back_in_an_outage_but_not_answer_past_a_switch(skipped, hidden):
    calls = Calls()
    calls.skipped = skipped
    assert (outcome_of(None, calls) is None) == hidden
    assert outcome_of(ValueError("graph's"), calls) is not None
