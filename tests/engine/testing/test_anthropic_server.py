"""AnthropicServer: what is on the wire, and what it refuses as the real service would."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from seatrial.errors import UsageError
from seatrial.testing import MODES, Allowance, AnthropicServer, OpenAIServer, ToolCall

HELLO = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "one two"}]}
KEYED = {"x-api-key": "test", "anthropic-version": "2023-06-01"}


def ask(server: Any, body: Any = HELLO, headers: dict[str, str] | None = None, path: str = "/v1/messages") -> Any:
    """Status, headers and parsed body of one request, without any client's help."""
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.split(":")[2].split("/")[0]), timeout=10)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", path, raw, KEYED if headers is None else headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, response.headers, json.loads(text)


def test_an_answer_has_the_fields_of_a_message():
    with AnthropicServer(lambda _: "a b c") as server:
        status, _, body = ask(server, {**HELLO, "system": "be brief"})
    assert status == 200
    assert body == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [{"type": "text", "text": "a b c"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 4, "output_tokens": 3},
    }


def test_a_tool_call_is_a_block_of_its_own():
    with AnthropicServer(lambda _: ToolCall("route", {"desk": "billing"})) as server:
        _, _, body = ask(server)
    assert body["content"] == [{"type": "tool_use", "id": "toolu_1", "name": "route", "input": {"desk": "billing"}}]
    assert body["stop_reason"] == "tool_use"


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"anthropic-version": "2023-06-01"}, 401, "authentication_error"),
        ({"x-api-key": " ", "anthropic-version": "2023-06-01"}, 401, "authentication_error"),
        ({"x-api-key": "test"}, 400, "invalid_request_error"),
        ({"authorization": "Bearer test", "anthropic-version": "2023-06-01"}, 200, None),
    ],
)
def test_a_key_and_a_version_are_asked_for(headers, status, kind):
    with AnthropicServer(lambda _: "yes") as server:
        found, _, body = ask(server, headers=headers)
    assert (found, body.get("error", {}).get("type")) == (status, kind)


@pytest.mark.parametrize(
    ("body", "reported"),
    [
        (b"not json", "not valid JSON"),
        ([HELLO], "not valid JSON"),
        ({**HELLO, "model": ""}, "model"),
        ({**HELLO, "max_tokens": 0}, "max_tokens"),
        ({**HELLO, "max_tokens": True}, "max_tokens"),
        ({**HELLO, "stream": True}, "stream"),
        ({**HELLO, "messages": []}, "messages"),
        ({**HELLO, "messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
        ({**HELLO, "messages": [*HELLO["messages"], {"role": "user", "content": ""}]}, "messages.1.content"),
    ],
)
def test_a_request_the_service_would_refuse_is_400_and_says_what_is_wrong(body, reported):
    with AnthropicServer(lambda _: "yes") as server:
        status, _, answer = ask(server, body)
    assert (status, answer["type"]) == (400, "error")
    assert reported in answer["error"]["message"]


@pytest.mark.parametrize(
    ("mode", "status", "kind"),
    [
        ("rate_limited", 429, "rate_limit_error"),
        ("overloaded", 529, "overloaded_error"),
        ("server_error", 500, "api_error"),
        ("wrong_key", 401, "authentication_error"),
    ],
)
def test_a_failing_service_sends_its_envelope(mode, status, kind):
    with AnthropicServer(lambda _: "never", mode=mode) as server:
        found, headers, body = ask(server)
    assert (found, body["type"], body["error"]["type"]) == (status, "error", kind)
    assert headers["Retry-After"] is None


@pytest.mark.parametrize(
    ("mode", "stop"), [("cut_short", "max_tokens"), ("refusal", "refusal"), ("normal", "end_turn")]
)
def test_why_it_stopped_is_said(mode, stop):
    with AnthropicServer(lambda _: "one two", mode=mode) as server:
        assert ask(server)[2]["stop_reason"] == stop


def test_a_script_is_played_once_and_then_the_mode():
    with AnthropicServer(lambda _: "yes", script=["rate_limited", "server_error"], retry_after="7") as server:
        found = [(status, headers["Retry-After"]) for status, headers, _ in (ask(server) for _ in range(3))]
    assert found == [(429, "7"), (500, None), (200, None)]
    assert [request.status for request in server.requests] == [429, 500, 200]


def test_a_body_that_is_dropped_ends_early():
    with AnthropicServer(lambda _: "yes", mode="dropped") as server, pytest.raises(http.client.IncompleteRead):
        ask(server)


def test_half_a_body_comes_whole():
    with (
        AnthropicServer(lambda _: "yes", mode="truncated") as server,
        pytest.raises(ValueError, match=r"Unterminated|Expecting"),
    ):
        ask(server)


def test_a_rate_is_enforced_by_the_clock():
    now = [0.0]
    with AnthropicServer(lambda _: "yes", allowance=Allowance(2, 10.0), clock=lambda: now[0]) as server:
        found = []
        for moment in (0.0, 4.0, 5.0, 9.9, 10.0, 10.5):
            now[0] = moment
            status, headers, _ = ask(server)
            found.append((status, headers["Retry-After"]))
    # Two in any ten seconds: those at 0 and 4 count; the window is free again at 10 and full until 14.
    assert found == [(200, None), (200, None), (429, "5.000"), (429, "0.100"), (200, None), (429, "3.500")]


def test_a_wrong_word_in_a_script_lists_the_modes():
    with pytest.raises(UsageError, match=f"AnthropicServer mode 'hasty' is unknown; choose one of: {', '.join(MODES)}"):
        AnthropicServer(lambda _: "", script=["hasty"])


def test_openai_says_the_same_in_its_own_words():
    with OpenAIServer(lambda _: ToolCall("route", {"desk": "billing"}), script=["overloaded"]) as server:
        keyed = {"Authorization": "Bearer test"}
        first = ask(server, HELLO, keyed, "/v1/chat/completions")
        second = ask(server, HELLO, keyed, "/v1/chat/completions")
    assert (first[0], first[2]["error"]["type"]) == (503, "server_error")
    choice = second[2]["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "route", "arguments": '{"desk": "billing"}'}


def test_a_connection_serves_several_requests_only_when_it_is_asked_to():
    for kept in (False, True):
        with AnthropicServer(lambda _: "yes", keep_alive=kept) as server:
            assert (ask(server)[1]["Connection"] == "close") is not kept
