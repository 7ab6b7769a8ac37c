"""Rules for calls: forbidden, in order, not repeated, approved; over the messages of several providers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from seatrial.checks import approved_calls, call_order, forbids_calls, no_repeated_calls
from seatrial.checks.steps import steps_of
from seatrial.dataset import Example
from seatrial.errors import ConfigError, UsageError
from seatrial.graph.run import Run
from seatrial.graph.state import plain
from seatrial.scoring import Score, bind


def judge(check: Any, messages: Any) -> Score:
    (score,) = bind(check)(Run("r", {}, {"messages": messages}), Example("e", {}))
    return score


def call(name: str, call_id: str = "", **args: Any) -> dict[str, Any]:
    asked = {"id": call_id or name, "type": "function", "function": {"name": name, "arguments": json.dumps(args)}}
    return {"role": "assistant", "content": None, "tool_calls": [asked]}


def result(name: str, said: str = "ok", call_id: str = "", **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id or name, "content": said, **more}


GOOD, BAD = {"status": "success"}, {"status": "error"}
UNKNOWN = [{"role": "assistant", "content": [{"type": "widget"}]}]

RESULTS: dict[str, tuple[Any, bool | None]] = {
    "langchain": (ToolMessage("ok", tool_call_id="t", status="success"), True),
    "langchain, failed": (ToolMessage("no", tool_call_id="t", status="error"), False),
    "openai": ({"role": "tool", "tool_call_id": "t", "content": "ok"}, None),
    "openai, an error as JSON": ({"role": "tool", "tool_call_id": "t", "content": '{"error": "no"}'}, False),
    "openai responses": ({"type": "function_call_output", "call_id": "t", "output": "ok", "status": "completed"}, True),
    "anthropic": ({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]}, None),
    "anthropic, failed": (
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": True}]},
        False,
    ),
    "bedrock": ({"role": "user", "content": [{"toolResult": {"toolUseId": "t", "status": "success"}}]}, True),
    "gemini": ({"role": "user", "parts": [{"functionResponse": {"name": "a", "response": {"result": 1}}}]}, None),
    "gemini, failed": ({"role": "user", "parts": [{"functionResponse": {"name": "a", "response": {"error": "no"}}}]}, False),
    "autogen": (
        {"type": "ToolCallExecutionEvent", "content": [{"call_id": "t", "name": "a", "content": "ok", "is_error": False}]},
        True,
    ),
    "pydantic-ai": ({"kind": "request", "parts": [{"part_kind": "tool-return", "tool_call_id": "t", "content": 1}]}, None),
    "vercel, failed": ({"role": "tool", "content": [{"type": "tool-error", "toolCallId": "t", "error": "no"}]}, False),
}  # fmt: skip


@pytest.mark.parametrize("title", RESULTS)
def test_a_call_has_succeeded_when_its_result_says_so(title: str) -> None:
    message, succeeded = RESULTS[title]
    for messages in ([HumanMessage("x"), call("a", "t"), message], plain([call("a", "t"), message])):
        (step,) = steps_of(messages)
        assert (step.call.name, step.succeeded, step.ended_at) == ("a", succeeded, 1)


def test_calls_and_results_of_one_message_are_told_apart() -> None:
    content = [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
        {"type": "tool_use", "id": "t", "name": "pay", "input": {}},
    ]
    steps = steps_of([AIMessage(content, tool_calls=[{"name": "pay", "args": {}, "id": "t"}])])
    assert {step.call.name: step.ended_at is not None for step in steps} == {"web_search": True, "pay": False}


def test_a_part_that_is_a_call_and_its_result_is_both() -> None:
    part = {"type": "tool-a", "toolCallId": "t", "state": "output-error", "input": {}, "errorText": "no"}
    for form in ([{"role": "assistant", "parts": [part]}], [part]):
        (step,) = steps_of(form)
        assert step.succeeded is False


def test_a_forbidden_call_scores_0_and_names_it() -> None:
    check = forbids_calls("drop_table", "delete_account")
    assert judge(check, [call("lookup"), call("delete_account", n=1)]) == Score(
        "forbidden_calls", 0.0, "called delete_account(n=1)"
    )
    assert judge(check, [call("lookup")]).score == 1.0
    assert judge(check, UNKNOWN).score is None
    assert judge(check, "I deleted it").score is None
    assert bind(check)(Run("r", {}, {}), Example("e", {}))[0].score == 0.0


@pytest.mark.parametrize(
    ("messages", "score", "sentence"),
    [
        ([call("check"), result("check", **GOOD), call("pay")], 1.0, "pay was called after check succeeded"),
        ([call("check"), result("check", **BAD), call("pay")], 0.0, "pay() was called though check() failed"),
        ([call("pay")], 0.0, "pay() was called without check before it"),
        ([call("pay"), call("check"), result("check", **GOOD)], 0.0, "without check before it"),
        ([call("check"), call("pay"), result("check", **GOOD)], 0.0, "though check() had not ended"),
        ([call("check"), result("check"), call("pay")], None, "does not say whether it succeeded"),
        ([call("check"), call("pay")], None, "there is no result of check()"),
        (
            [call("check"), result("check", **BAD), call("check", "2"), result("", call_id="2", **GOOD), call("pay")],
            1.0,
            "",
        ),
        ([call("check")], 1.0, "pay was not called"),
        (UNKNOWN, None, "no known form"),
    ],
)
def test_the_later_call_needs_the_success_of_the_earlier(messages: Any, score: Any, sentence: str) -> None:
    found = judge(call_order("pay", after="check"), messages)
    assert found.score == score
    assert sentence in found.reason


def test_a_pattern_of_failures_decides_where_results_say_nothing() -> None:
    check = call_order("pay", after="check", failure=r"(?i)^error")
    assert judge(check, [call("check"), result("check", "42"), call("pay")]).score == 1.0
    assert judge(check, [call("check"), result("check", "Error: no order"), call("pay")]).score == 0.0
    assert judge(check, [call("check"), result("check", "Error: no order", **GOOD), call("pay")]).score == 0.0


def test_order_alone_can_be_enough() -> None:
    assert judge(call_order("pay", after="check", require="call"), [call("check"), call("pay")]).score == 1.0
    assert judge(call_order("pay", after="check", require="call"), [call("pay")]).score == 0.0


@pytest.mark.parametrize(
    ("messages", "score", "retried"),
    [
        ([call("a", n=1), call("a", n=2)], 1.0, 1.0),
        ([call("a", n=1), call("a", n=1.0)], 0.0, None),
        ([call("a", "1"), result("", call_id="1", **BAD), call("a", "2"), result("", call_id="2", **GOOD)], 0.0, 1.0),
        ([call("a", "1"), result("", call_id="1", **GOOD), call("a", "2"), result("", call_id="2", **GOOD)], 0.0, 0.0),
        ([call("a", "1"), result("", call_id="1"), call("a", "2"), result("", call_id="2")], 0.0, None),
        ([], 1.0, 1.0),
        (UNKNOWN, None, None),
    ],
)
def test_the_same_call_again_is_a_repetition(messages: Any, score: Any, retried: Any) -> None:
    assert judge(no_repeated_calls(), messages).score == score
    assert judge(no_repeated_calls(retries=True), messages).score == retried


def test_only_the_named_tools_may_not_repeat_and_so_often_as_allowed() -> None:
    messages = [call("poll"), call("poll"), call("poll")]
    assert judge(no_repeated_calls("pay"), messages).score == 1.0
    assert judge(no_repeated_calls(at_most=3), messages).score == 1.0
    assert judge(no_repeated_calls(at_most=2), messages) == Score(
        "repeated_calls", 0.0, "poll() was made 3 times, allowed are 2"
    )


@pytest.mark.parametrize(
    ("messages", "score"),
    [
        ([call("ask"), result("ask", "approved"), call("pay")], 1.0),
        ([call("ask"), result("ask", '{"approved": true}'), call("pay")], 1.0),
        ([call("ask"), result("ask", '{"type": "approve"}'), call("pay")], 1.0),
        ([call("ask"), result("ask", "not approved"), call("pay")], 0.0),
        ([call("ask"), result("ask", '{"approved": false}'), call("pay")], 0.0),
        ([call("ask"), result("ask", "approved", **BAD), call("pay")], 0.0),
        ([call("ask"), result("ask", "approved if she agrees"), call("pay")], None),
        ([call("ask"), call("pay")], None),
        ([call("pay"), call("ask"), result("ask", "approved")], 0.0),
        ([call("ask"), call("pay"), result("ask", "approved")], 0.0),
        ([call("ask"), result("ask", "approved"), call("pay", "1"), call("pay", "2")], 0.0),
        ([call("ask"), result("ask", "no")], 1.0),
        ([call("lookup")], 1.0),
        (UNKNOWN, None),
    ],
)
def test_an_irreversible_call_needs_an_approval_of_its_own_before_it(messages: Any, score: Any) -> None:
    assert judge(approved_calls("pay", approval="ask"), messages).score == score


@pytest.mark.parametrize(
    "wrong",
    [
        forbids_calls,
        lambda: no_repeated_calls(at_most=0),
        lambda: call_order("a", after="b", failure="("),
        lambda: approved_calls("a", approval="a"),
        lambda: approved_calls("a", approval="b", yes="("),
    ],
)
def test_wrong_arguments_are_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError):
        wrong()


def test_unknown_requirements_list_the_choices() -> None:
    with pytest.raises(UsageError, match="success, call"):
        call_order("a", after="b", require="luck")
