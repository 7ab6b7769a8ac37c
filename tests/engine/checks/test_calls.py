"""Tool calls: every provider's form reads as the same call; what is not understood is never "no call"."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.load import dumpd
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage, messages_to_dict

from seatrial.checks import tool_calls
from seatrial.checks.calls import Call, UnknownForm, UnreadableCall, calls_of
from seatrial.dataset import Example
from seatrial.graph.run import Run
from seatrial.graph.state import plain
from seatrial.scoring import Score, bind

ARGS = {"n": 1}
TEXT = '{"n": 1}'
CALL = Call("delete_account", ARGS)
NAME = CALL.name
OURS = {"name": NAME, "args": ARGS, "id": "t"}
OPENAI = {"id": "t", "type": "function", "function": {"name": NAME, "arguments": TEXT}}
TOOL_USE = {"type": "tool_use", "id": "t", "name": NAME, "input": ARGS}
CONVERSE = {"toolUse": {"toolUseId": "t", "name": NAME, "input": ARGS}}


@dataclass
class ToolCallPart:
    """A framework's own object, without pydantic."""

    tool_name: str
    args: dict[str, Any]
    part_kind: str = "tool-call"


def assistant(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


FORMS: dict[str, Any] = {
    "openai chat": assistant(None, tool_calls=[OPENAI]),
    "openai chat, legacy": assistant(None, function_call={"name": NAME, "arguments": TEXT}),
    "openai chat, response": {"object": "chat.completion", "choices": [{"message": assistant(None, tool_calls=[OPENAI])}]},
    "openai responses": {"type": "function_call", "id": "fc", "call_id": "t", "name": NAME, "arguments": TEXT},
    "openai responses, response": {
        "object": "response",
        "tools": [{"type": "function", "name": NAME, "parameters": {"type": "object", "properties": {}}}],
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "call_id": "t", "name": NAME, "arguments": TEXT},
            {"type": "function_call_output", "call_id": "t", "output": "ok"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}]},
        ],
    },
    "openai responses, mcp": {"type": "mcp_call", "id": "t", "server_label": "s", "name": NAME, "arguments": TEXT},
    "openai agents sdk": {"type": "tool_call_item", "raw_item": {"type": "function_call", "name": NAME, "arguments": TEXT}},
    "openai assistants": {"required_action": {"submit_tool_outputs": {"tool_calls": [OPENAI]}, "type": "submit_tool_outputs"}},
    "openai harmony": assistant(TEXT, recipient=f"functions.{NAME}", channel="commentary"),
    "anthropic": assistant([{"type": "text", "text": "I will"}, TOOL_USE]),
    "anthropic, response": {"type": "message", "role": "assistant", "stop_reason": "tool_use", "content": [TOOL_USE]},
    "anthropic, server tool": assistant([{**TOOL_USE, "type": "server_tool_use"}]),
    "anthropic, mcp": assistant([{**TOOL_USE, "type": "mcp_tool_use", "server_name": "s"}]),
    "gemini": {"role": "model", "parts": [{"text": "I will"}, {"functionCall": {"name": NAME, "args": ARGS}}]},
    "gemini, python": {"role": "model", "parts": [{"text": None, "function_call": {"id": None, "name": NAME, "args": ARGS}}]},
    "gemini, response": {
        "candidates": [{"content": {"role": "model", "parts": [{"functionCall": {"name": NAME, "args": ARGS}}]}}]
    },
    "google adk": {"author": "agent", "content": {"role": "model", "parts": [{"function_call": {"name": NAME, "args": ARGS}}]}},
    "bedrock converse": assistant([{"text": "I will"}, CONVERSE]),
    "bedrock converse, response": {"output": {"message": assistant([CONVERSE])}, "stopReason": "tool_use"},
    "langchain": {"type": "ai", "content": "", "tool_calls": [OURS], "invalid_tool_calls": []},
    "langchain, content": {"type": "ai", "content": [TOOL_USE], "tool_calls": [OURS]},
    "langchain, content alone": {"type": "ai", "content": [TOOL_USE], "tool_calls": []},
    "langchain, streamed content": {"type": "ai", "content": [{**TOOL_USE, "input": {}, "partial_json": TEXT}]},
    "langchain, additional_kwargs": {"type": "ai", "content": "", "additional_kwargs": {"tool_calls": [OPENAI]}},
    "langchain, additional_kwargs, legacy": {
        "type": "ai",
        "content": "",
        "additional_kwargs": {"function_call": {"name": NAME, "arguments": TEXT}},
    },
    "langchain, both": {"type": "ai", "content": "", "tool_calls": [OURS], "additional_kwargs": {"tool_calls": [OPENAI]}},
    "langchain, standard content": {"type": "ai", "content": [{"type": "tool_call", **OURS}]},
    "langchain, server tool": {"type": "ai", "content": [{"type": "server_tool_call", **OURS}]},
    "langchain, non standard": {"type": "ai", "content": [{"type": "non_standard", "value": TOOL_USE}]},
    "langchain, message": AIMessage([TOOL_USE], tool_calls=[OURS]),
    "langchain, message of openai responses": AIMessage(
        [{"type": "function_call", "id": "fc", "call_id": "t", "name": NAME, "arguments": TEXT}], tool_calls=[OURS]
    ),
    "langchain, dumped": dumpd(AIMessage("", tool_calls=[OURS])),
    "langchain, messages_to_dict": messages_to_dict([HumanMessage("x"), AIMessage("", tool_calls=[OURS])]),
    "langchain, agent action": {"type": "AgentAction", "tool": NAME, "tool_input": ARGS, "log": "I will"},
    "langchain, intermediate steps": [[{"tool": NAME, "tool_input": ARGS, "log": ""}, "deleted"]],
    "langgraph, state": {"messages": [HumanMessage("x"), AIMessage("", tool_calls=[OURS])]},
    "langgraph, updates": {"agent": {"messages": [AIMessage("", tool_calls=[OURS])]}},
    "mcp": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": NAME, "arguments": ARGS}},
    "mcp, sampling": assistant(TOOL_USE),
    "vercel ai sdk": assistant([{"type": "tool-call", "toolCallId": "t", "toolName": NAME, "input": ARGS}]),
    "vercel ai sdk, version 4": assistant([{"type": "tool-call", "toolCallId": "t", "toolName": NAME, "args": ARGS}]),
    "vercel ai sdk, ui": {
        "role": "assistant",
        "parts": [{"type": "step-start"}, {"type": f"tool-{NAME}", "toolCallId": "t", "state": "output-available", "input": ARGS}],
    },
    "vercel ai sdk, dynamic": {"role": "assistant", "parts": [{"type": "dynamic-tool", "toolName": NAME, "input": ARGS}]},
    "vercel ai sdk, ui 4": assistant(
        "",
        parts=[{"type": "tool-invocation", "toolInvocation": {"toolCallId": "t", "toolName": NAME, "args": ARGS}}],
        toolInvocations=[{"toolCallId": "t", "toolName": NAME, "args": ARGS}],
    ),
    "vercel ai sdk, result": {"text": "", "toolCalls": [{"toolName": NAME, "input": ARGS}], "toolResults": [{"output": 1}]},
    "pydantic-ai": {
        "kind": "response",
        "parts": [{"part_kind": "text", "content": "x"}, {"part_kind": "tool-call", "tool_name": NAME, "args": TEXT}],
    },
    "pydantic-ai, built in": {
        "kind": "response",
        "parts": [{"part_kind": "builtin-tool-call", "tool_name": NAME, "args": ARGS}],
    },
    "dataclass": ToolCallPart(NAME, ARGS),
    "autogen": {"type": "ToolCallRequestEvent", "source": "a", "content": [{"id": "t", "name": NAME, "arguments": TEXT}]},
    "autogen, model message": {"type": "AssistantMessage", "content": [{"id": "t", "name": NAME, "arguments": TEXT}]},
    "crewai": {"tool_name": NAME, "arguments": ARGS},
    "crewai, action": {"thought": "I will", "tool": NAME, "tool_input": TEXT, "text": ""},
    "strands": {"role": "assistant", "content": [CONVERSE]},
    "llamaindex": {"tool_id": "t", "tool_name": NAME, "tool_kwargs": ARGS},
    "llamaindex, blocks": {
        "role": "assistant",
        "blocks": [{"block_type": "text", "text": "x"}, {"block_type": "tool_call", "tool_name": NAME, "tool_kwargs": ARGS}],
    },
    "haystack": assistant([{"text": "x"}, {"tool_call": {"tool_name": NAME, "arguments": ARGS, "id": "t"}}]),
    "semantic kernel": {
        "role": "assistant",
        "items": [{"content_type": "function_call", "id": "t", "name": NAME, "arguments": TEXT}],
    },
    "smolagents": {"id": "t", "type": "function", "function": {"name": NAME, "arguments": ARGS}},
    "cohere": {"text": "x", "tool_calls": [{"name": NAME, "parameters": ARGS}]},
    "cohere, version 2": {"message": assistant(None, tool_plan="I will", tool_calls=[OPENAI])},
    "mistral": assistant("", tool_calls=[{"id": "t", "function": {"name": NAME, "arguments": TEXT}, "index": 0}]),
    "ollama": {"model": "m", "message": assistant("", tool_calls=[{"function": {"name": NAME, "arguments": ARGS}}])},
    "sharegpt": {"from": "function_call", "value": json.dumps({"name": NAME, "arguments": ARGS})},
    "a field nobody names": assistant("", tool_requests=[{"name": NAME, "arguments": ARGS}]),
    "bfcl": {NAME: TEXT},
}  # fmt: skip


@pytest.mark.parametrize("title", FORMS)
def test_a_call_is_read_in_every_form(title: str) -> None:
    assert calls_of(FORMS[title]) == (CALL,)
    assert calls_of([HumanMessage("delete it"), FORMS[title], ToolMessage("ok", tool_call_id="t", name="x")]) == (CALL,)


@pytest.mark.parametrize("title", FORMS)
def test_the_plain_form_that_evidence_keeps_reads_the_same(title: str) -> None:
    assert calls_of(plain({"x": FORMS[title]})["x"]) == (CALL,)


@pytest.mark.parametrize(
    ("block", "call"),
    [
        ({"type": "web_search_call", "id": "w", "status": "completed", "action": {"type": "search", "query": "q"}}, Call("web_search", {"type": "search", "query": "q"})),
        ({"type": "file_search_call", "id": "w", "queries": ["q"], "results": None}, Call("file_search", {"queries": ["q"]})),
        ({"type": "code_interpreter_call", "id": "w", "code": "1/0", "container_id": "c", "outputs": []}, Call("code_interpreter", {"code": "1/0"})),
        ({"type": "local_shell_call", "call_id": "w", "action": {"type": "exec", "command": ["rm"]}}, Call("local_shell", {"type": "exec", "command": ["rm"]})),
        ({"type": "custom_tool_call", "call_id": "w", "name": "run", "input": "drop table"}, Call("run", {"input": "drop table"})),
        ({"id": "w", "type": "custom", "custom": {"name": "run", "input": "drop table"}}, Call("run", {"input": "drop table"})),
        ({"executableCode": {"language": "PYTHON", "code": "1"}}, Call("code_execution", {"language": "PYTHON", "code": "1"})),
        ({"tool": "run", "tool_input": "drop table", "log": ""}, Call("run", {"input": "drop table"})),
    ],
)  # fmt: skip
def test_tools_without_a_name_or_an_object_of_arguments_are_calls_too(block: Any, call: Call) -> None:
    assert calls_of([block]) == (call,)
    assert calls_of(assistant([block])) == (call,)


def test_langchain_s_tools_of_the_provider_are_calls() -> None:
    search = {"type": "web_search_call", "id": "w", "action": {"query": "q"}}
    assert calls_of(AIMessage("x", additional_kwargs={"tool_outputs": [search]})) == (
        Call("web_search", {"query": "q"}),
    )


def test_two_equal_calls_of_one_message_are_two() -> None:
    twice = [{**OURS, "id": "1"}, {**OURS, "id": "2"}]
    content = [{**TOOL_USE, "id": "1"}, {**TOOL_USE, "id": "2"}]
    assert calls_of({"type": "ai", "content": content, "tool_calls": twice}) == (CALL, CALL)
    assert calls_of({"type": "ai", "content": content}) == (CALL, CALL)


def test_a_call_in_the_content_that_the_field_lacks_is_added() -> None:
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}}
    message = {"type": "ai", "content": [search, TOOL_USE], "tool_calls": [OURS]}
    assert calls_of(message) == (CALL, Call("web_search", {"query": "q"}))


@pytest.mark.parametrize(
    "form",
    [
        assistant([{"type": "text", "text": "hi"}]),
        assistant([{"type": "thinking", "thinking": "...", "signature": "x"}, "hi"]),
        assistant([{"type": "output_text", "text": "hi", "annotations": []}]),
        assistant([{"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "web_search_result"}]}]),
        assistant([{"tool_call_result": {"result": "ok", "origin": {"tool_name": NAME, "arguments": ARGS}}}]),
        {"role": "model", "parts": [{"text": "hi", "thought": None, "function_call": None, "inline_data": None}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "widget"}]}]},
        {"role": "user", "content": [{"type": "widget", "url": "x"}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"json": {"name": "x"}}]}}]},
        {"role": "tool", "content": [{"type": "widget", "name": "x", "args": {}}]},
        {"kind": "request", "parts": [{"part_kind": "tool-return", "tool_name": NAME, "content": "ok"}]},
        {"type": "ToolCallExecutionEvent", "content": [{"name": NAME, "call_id": "t", "content": "ok"}]},
        {"type": "function_call_output", "call_id": "t", "output": "ok"},
        SystemMessage([{"type": "text", "text": "hi"}]),
        assistant('{"name": "Ada", "parameters": 3} is the type: "tool_use" of old. Action: none'),
        AIMessage([{"type": "text", "text": "hi"}, {"type": "reasoning", "reasoning": "..."}]),
        assistant("hi", annotations=[], refusal=None, audio=None, tool_calls=None, function_call=None),
    ],
)
def test_text_and_results_are_no_calls(form: Any) -> None:
    assert calls_of(form) == ()
    assert calls_of([form]) == ()


@pytest.mark.parametrize(
    "form",
    [
        assistant([{"type": "widget", "do": NAME}]),
        assistant([{"widget": {"name": 1}}]),
        assistant([5]),
        assistant(5),
        assistant([[{"type": "text", "text": "hi"}]]),
        assistant([{"type": "tool_call_chunk", "name": NAME, "args": '{"n"', "index": 0}]),
        {"choices": [{"delta": assistant(None, tool_calls=[OPENAI])}]},
        assistant(f'<tool_call>{{"name": "{NAME}", "arguments": {{}}}}</tool_call>'),
        assistant([{"type": "text", "text": f"[TOOL_CALLS] [{{}}] {NAME}"}]),
        assistant(json.dumps([TOOL_USE])),
        assistant(str([TOOL_USE])),
        assistant(f"Thought: close it\nAction: {NAME}\nAction Input: {{}}"),
        assistant(f'```json\n{{"name": "{NAME}", "parameters": {{"n": 1}}}}\n```'),
        assistant("", actions=[{"do": NAME}]),
        {"role": "user", "content": [TOOL_USE]},
        [{"type": "widget", "do": NAME}],
        AIMessage([{"type": "widget", "do": NAME}]),
        assistant([{"type": "non_standard", "value": {"type": "widget"}}]),
        {"tool_calls": [object()]},
    ],
)
def test_what_is_not_understood_is_an_abstention_in_answers_and_in_references(form: Any) -> None:
    with pytest.raises(UnknownForm):
        calls_of(form)
    for got, want in ((form, []), ([], form)):
        score = judge(got, want)
        assert score.score is None
        assert len(score.reason) > 20


@pytest.mark.parametrize("mode", ["strict", "subset"])
def test_a_call_inside_content_is_not_taken_for_none(mode: str) -> None:
    assert judge([assistant([TOOL_USE])], [], mode).score == 0.0


def test_a_broken_call_inside_content_is_a_wrong_answer() -> None:
    with pytest.raises(UnreadableCall, match="could not be parsed"):
        calls_of(assistant([{"type": "invalid_tool_call", "name": NAME, "args": "{oops", "error": "x"}]))
    assert judge([assistant([{**TOOL_USE, "input": "{oops"}])], []).score == 0.0


def judge(got: Any, want: Any, mode: str = "strict") -> Score:
    run, example = Run("r", {}, {"messages": got}), Example("e", {}, {"messages": want})
    (score,) = bind(tool_calls("messages", mode=mode))(run, example)
    return score
