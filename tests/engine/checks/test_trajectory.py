"""Trajectory: call forms, the four modes over calls, arguments and alternatives, loose texts, node paths."""

from __future__ import annotations

import json
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from seatrial.checks import node_path, tool_calls
from seatrial.checks.arguments import ARGUMENTS, Comparison, difference, same_value
from seatrial.checks.calls import Call, UnreadableCall, calls_of
from seatrial.checks.trajectory import MODES, match_calls
from seatrial.dataset import Example
from seatrial.errors import UsageError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind

A = Call("a", {"x": 1})
B = Call("b", {"y": 2})
C = Call("c", {})


def judge(check: Any, got: Any, want: Any) -> Score:
    (score,) = bind(check)(Run("r", {}, {"tool_calls": got}), Example("e", {}, {"tool_calls": want}))
    return score


OURS = {"name": "a", "args": {"x": 1}}
OPENAI = {"id": "call_1", "type": "function", "function": {"name": "a", "arguments": '{"x": 1}'}}


@pytest.mark.parametrize(
    "form",
    [
        OURS,
        {"name": "a", "arguments": {"x": 1}},
        {"name": "a", "args": {"x": 1}, "id": "call_1", "type": "tool_call"},
        OPENAI,
        {"type": "tool_use", "id": "1", "name": "a", "input": {"x": 1}},
        {"type": "function_call", "call_id": "1", "name": "a", "arguments": '{"x": 1}'},
        {"a": {"x": 1}},
        {"a": '{"x": 1}'},
        [OURS],
        {"role": "assistant", "content": None, "tool_calls": [OPENAI]},
        [
            {"role": "user", "content": "do a"},
            {"role": "assistant", "tool_calls": [OPENAI]},
            {"role": "tool", "content": "1"},
        ],
        AIMessage("", tool_calls=[{"name": "a", "args": {"x": 1}, "id": "1"}]),
        [HumanMessage("do a"), AIMessage("", tool_calls=[{**OURS, "id": "1"}]), ToolMessage("1", tool_call_id="1")],
        SimpleNamespace(tool_calls=[OURS]),
    ],
)
def test_every_form_reads_as_the_same_call(form: Any) -> None:
    assert calls_of(form) == (A,)


@pytest.mark.parametrize(
    "form", [None, [], {"role": "assistant", "content": "hi"}, AIMessage("hi"), [HumanMessage("x")]]
)
def test_no_call_is_no_call(form: Any) -> None:
    assert calls_of(form) == ()


@pytest.mark.parametrize("args", ["", None, {}, "{}"])
def test_empty_arguments_are_no_arguments(args: Any) -> None:
    assert calls_of({"name": "c", "args": args}) == (C,)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ("I would call a(x=1).", "'I would call a(x=1).' is no tool call"),
        ([OURS, "then stop"], "'then stop' is no tool call"),
        ({}, "{} is no tool call"),
        (5, "5 is no tool call"),
        ({"a": "{oops"}, "the arguments of a are no JSON: '{oops'"),
        ({"a": "[1]"}, "the arguments of a are [1], not an object"),
        ({"name": "a", "args": [1]}, "the arguments of a are [1], not an object"),
    ],
)
def test_what_is_no_call_says_what_it_is(form: Any, sentence: str) -> None:
    with pytest.raises(UnreadableCall) as caught:
        calls_of(form)
    assert sentence in str(caught.value)


# found, wanted -> (strict, unordered, subset, superset)
TABLE: list[tuple[tuple[Call, ...], tuple[Call, ...], tuple[bool, bool, bool, bool]]] = [
    ((A, B), (A, B), (True, True, True, True)),
    ((B, A), (A, B), (False, True, True, True)),
    ((A,), (A, B), (False, False, True, False)),
    ((A, B, C), (A, B), (False, False, False, True)),
    ((A, C), (A, B), (False, False, False, False)),
    ((A, A), (A,), (False, False, False, True)),
    ((A,), (A, A), (False, False, True, False)),
    ((), (), (True, True, True, True)),
    ((), (A,), (False, False, True, False)),
    ((A,), (), (False, False, False, True)),
]


@pytest.mark.parametrize(("found", "wanted", "expected"), TABLE)
def test_the_four_modes(found: Any, wanted: Any, expected: Any) -> None:
    assert tuple(match_calls(found, wanted, mode).matched for mode in MODES) == expected


# found, wanted arguments -> (exact, subset, superset, ignore)
@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        ({"x": 1}, {"x": 1}, (True, True, True, True)),
        ({"x": 1}, {"x": 1, "y": 2}, (False, True, False, True)),
        ({"x": 1, "y": 2}, {"x": 1}, (False, False, True, True)),
        ({"x": 2}, {"x": 1}, (False, False, False, True)),
        ({}, {"x": 1}, (False, True, False, True)),
    ],
)
def test_the_four_ways_to_compare_arguments(found: Any, wanted: Any, expected: Any) -> None:
    got = tuple(not difference(Call("f", found), Call("f", wanted), Comparison(arguments=how)) for how in ARGUMENTS)
    assert got == expected


def test_ignoring_arguments_does_not_ignore_the_name() -> None:
    assert difference(Call("f", {}), Call("g", {}), Comparison(arguments="ignore")) == "called f, expected g"


ALTERNATIVES = Comparison(alternatives=True)


@pytest.mark.parametrize(
    ("found", "same"),
    [
        ({"unit": "km", "n": 5}, True),
        ({"unit": "kilometre", "n": 5}, True),
        ({"unit": "km"}, True),
        ({"unit": "mile", "n": 5}, False),
        ({"n": 5}, False),
        ({"unit": "km", "n": 6}, False),
        ({"unit": "km", "more": 1}, False),
    ],
)
def test_an_argument_may_have_alternatives_and_may_be_left_out(found: Any, same: bool) -> None:
    wanted = Call("f", {"unit": ["km", "kilometre"], "n": [5, ""]})
    assert (difference(Call("f", found), wanted, ALTERNATIVES) == "") == same


def test_alternatives_reach_into_objects() -> None:
    wanted = Call("f", {"who": [{"name": ["Ann", "Anna"], "age": [3, ""]}]})
    assert difference(Call("f", {"who": {"name": "Anna"}}), wanted, ALTERNATIVES) == ""
    assert difference(Call("f", {"who": {"name": "Bob"}}), wanted, ALTERNATIVES) != ""


def test_a_greedy_pairing_would_miss_this_one() -> None:
    # The first wanted call takes anything; greedily it takes found[0], and nothing is left for the second.
    wanted = (Call("f", {"x": [1, 2]}), Call("f", {"x": [1]}))
    found = (Call("f", {"x": 1}), Call("f", {"x": 2}))
    assert match_calls(found, wanted, "unordered", ALTERNATIVES).matched


EXACT = Comparison()
LOOSE = Comparison(loose=True)


@pytest.mark.parametrize(
    ("one", "other", "exact", "loose"),
    [
        (5, 5.0, True, True),
        (0.1 + 0.2, 0.3, True, True),
        (True, 1, False, False),
        (None, None, True, True),
        (None, "", False, False),
        ("5", 5, False, False),
        ("New York", "new york", False, True),
        ("New York, NY", "New York NY", False, True),
        ("Washington D.C.", "Washington DC", False, True),
        ("well-known", "well known", False, True),
        ("2022/01/05", "2022-01-05", False, True),
        ("1,000", "1000", False, True),
        ("x**2", "x^2", False, True),
        ("don't", "dont", False, True),
        ("April 1, 2024", "april 1 2024", False, True),
        ("No. 5", "no 5", False, True),
        ("(48.85, 2.29)", "48.85,2.29", False, True),
        ("1.5", "15", False, False),
        (".5", "5", False, False),
        ("1, 2", "12", False, False),
        ("1,5", "15", False, False),
        ("10:30", "1030", False, False),
        ("1/2", "12", False, False),
        ("-5", "5", False, False),
        ("x - 1", "x + 1", False, False),
        ("x - 1", "x1", False, False),
        ("?", "!", False, False),
        ([1, 2], (1, 2.0), True, True),
        ([1, 2], [2, 1], False, False),
        (["A b"], ["ab"], False, True),
        ({"a": 1}, {"a": 1.0}, True, True),
        ({"a": 1}, {"a": 1, "b": 2}, False, False),
    ],
)
def test_when_two_values_are_the_same(one: Any, other: Any, exact: bool, loose: bool) -> None:
    assert (same_value(one, other, EXACT), same_value(other, one, EXACT)) == (exact, exact)
    assert (same_value(one, other, LOOSE), same_value(other, one, LOOSE)) == (loose, loose)


def test_a_loose_name_takes_dots_and_dashes_for_underscores() -> None:
    found, wanted = Call("math_gcd", {}), Call("math.gcd", {})
    assert difference(found, wanted, LOOSE) == ""
    assert difference(found, wanted, EXACT) == "called math_gcd, expected math.gcd"


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        ("30", 30, True),
        ("true", True, True),
        ("[1, 2]", [1, 2], True),
        ("null", None, True),
        ("3x", 3, False),
        (30, "30", False),
    ],
)
def test_a_text_may_spell_the_reference(found: Any, wanted: Any, same: bool) -> None:
    assert same_value(found, wanted, Comparison(spelled=True)) == same
    assert not same_value(found, wanted, EXACT)


def test_prose_where_a_call_was_due_is_a_wrong_answer() -> None:
    assert judge(tool_calls(), "I cannot do that", [OURS]) == Score(
        "tool_calls", 0.0, "'I cannot do that' is no tool call"
    )


def test_calls_that_langchain_could_not_parse_are_not_the_same_as_no_calls() -> None:
    broken = {"name": "a", "args": "{oops", "id": "1", "error": None, "type": "invalid_tool_call"}
    message = AIMessage("", invalid_tool_calls=[broken])
    score = judge(tool_calls(), [message], [])
    assert score.score == 0.0
    assert "could not be parsed as tool calls" in score.reason


def test_the_reference_may_stand_at_another_field() -> None:
    run = Run("r", {}, {"messages": [HumanMessage("do a"), AIMessage("", tool_calls=[{**OURS, "id": "1"}])]})
    check = bind(tool_calls("messages", reference_field="calls"))
    assert check(run, Example("e", {}, {"calls": [OURS]}))[0].score == 1.0
    assert check(run, Example("e", {}, {"messages": []}))[0].reason == "the reference has no field 'calls'"


def test_a_reference_that_cannot_be_read_is_never_a_wrong_answer() -> None:
    score = judge(tool_calls(), [OURS], "call a")
    assert (score.score, score.reason) == (None, "the reference cannot be read: 'call a' is no tool call")


def test_no_call_expected_and_none_made_is_right() -> None:
    assert judge(tool_calls(), [], []).score == 1.0
    assert judge(tool_calls(), [OURS], []).score == 0.0


def test_a_missing_reference_abstains_and_a_missing_answer_is_wrong() -> None:
    check = bind(tool_calls())
    assert check(Run("r", {}, {"tool_calls": []}), Example("e", {}))[0].score is None
    assert check(Run("r", {}, {}), Example("e", {}, {"tool_calls": []}))[0].score == 0.0


@pytest.mark.parametrize(
    ("mode", "got", "want", "reason"),
    [
        ("strict", [OURS], [{"a": {"x": 2}}], "step 1: a(x=1), expected 2"),
        ("strict", [OURS], [OURS, OURS], "1 steps, expected 2"),
        ("unordered", [OURS], [{"a": {"z": 1}}], "a lacks the argument z"),
        ("unordered", [], [OURS, OURS], "2 of 2 missing, the first is a(x=1)"),
        ("unordered", [OURS, OURS], [OURS], "1 of 2 not expected, the first is a(x=1)"),
        ("superset", [OURS, {"b": {}}], [OURS], "1 of 1 found"),
    ],
)
def test_the_sentence_names_the_first_difference(mode: str, got: Any, want: Any, reason: str) -> None:
    assert judge(tool_calls(mode=mode), got, want).reason == reason


@pytest.mark.parametrize(
    ("mode", "path", "score"),
    [
        ("strict", ("plan", "act", "end"), 1.0),
        ("strict", ("act", "plan", "end"), 0.0),
        ("unordered", ("act", "plan", "end"), 1.0),
        ("subset", ("plan",), 1.0),
        ("subset", ("plan", "plan"), 0.0),
        ("superset", ("plan", "look", "act", "end"), 1.0),
        ("superset", ("plan", "act"), 0.0),
    ],
)
def test_node_paths_have_the_same_modes(mode: str, path: Any, score: float) -> None:
    run = Run("r", {}, {}, path=path)
    expected = ("plan", "act", "end")
    assert bind(node_path(expected, mode=mode))(run, Example("e", {}))[0].score == score
    assert bind(node_path(mode=mode))(run, Example("e", {}, {"path": list(expected)}))[0].score == score


def test_a_node_path_s_sentence_names_the_step() -> None:
    run = Run("r", {}, {}, path=("plan", "look"))
    assert bind(node_path(["plan", "act"]))(run, Example("e", {}))[0].reason == "step 2: look, expected act"
    assert bind(node_path())(run, Example("e", {}, {}))[0].score is None


def test_unknown_options_list_the_choices() -> None:
    with pytest.raises(UsageError, match="choose one of: strict, unordered, subset, superset"):
        tool_calls(mode="any")
    with pytest.raises(UsageError, match="choose one of: exact, subset, superset, ignore"):
        tool_calls(arguments="some")
    with pytest.raises(UsageError, match="choose one of: strict"):
        node_path(mode="loose")


CALLS = st.lists(st.builds(Call, st.sampled_from("ab"), st.dictionaries(st.just("x"), st.integers(0, 2))), max_size=4)


@settings(max_examples=80)
@given(CALLS, CALLS)
def test_unordered_is_subset_and_superset_and_order_is_no_matter(found: list[Call], wanted: list[Call]) -> None:
    strict, unordered, subset, superset = (match_calls(found, wanted, mode).matched for mode in MODES)
    assert unordered == (subset and superset) == any(list(one) == wanted for one in permutations(found))
    assert not strict or unordered
    assert subset == match_calls(wanted, found, "superset").matched


@settings(max_examples=40)
@given(CALLS)
def test_every_form_says_the_same_calls(calls: list[Call]) -> None:
    openai = [{"function": {"name": one.name, "arguments": json.dumps(dict(one.args))}} for one in calls]
    assert calls_of(openai) == calls_of([{one.name: one.args} for one in calls]) == tuple(calls)
