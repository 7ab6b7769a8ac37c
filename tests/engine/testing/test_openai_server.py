"""OpenAIServer: what is on the wire, and what it refuses as the real service would."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from seatrial.errors import UsageError
from seatrial.testing import OpenAIServer
from seatrial.testing.openai_server import MODES

HELLO = {"model": "gpt-x", "messages": [{"role": "user", "content": "one two"}]}


def ask(
    server: OpenAIServer,
    body: Any,
    *,
    method: str = "POST",
    path: str = "/v1/chat/completions",
    key: str | None = "Bearer test",
) -> tuple[int, Any]:
    """Status and parsed body of one request, without any client's help."""
    port = int(server.url.split(":")[2].split("/")[0])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, raw, {"Authorization": key} if key else {})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, json.loads(text)


def test_an_answer_has_the_fields_of_a_chat_completion() -> None:
    with OpenAIServer(lambda _: "a b c") as server:
        status, body = ask(server, HELLO)
    assert status == 200
    assert body == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-x",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "a b c", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5},
    }


def test_words_are_counted_in_lists_of_parts_too() -> None:
    parts = [{"type": "text", "text": "one two three"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    with OpenAIServer(lambda _: "") as server:
        _, body = ask(server, {**HELLO, "messages": [{"role": "user", "content": parts}]})
    assert body["usage"] == {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}


@pytest.mark.parametrize("key", [None, "Bearer", "Bearer ", "Basic dGVzdA=="])
def test_without_a_bearer_key_it_is_401(key: str | None) -> None:
    with OpenAIServer(lambda _: "") as server:
        status, body = ask(server, HELLO, key=key)
    assert (status, body["error"]["type"]) == (401, "invalid_request_error")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"not json", None),
        ([HELLO], None),
        ({"messages": HELLO["messages"]}, "model"),
        ({"model": "gpt-x"}, "messages"),
        ({**HELLO, "messages": []}, "messages"),
        ({**HELLO, "messages": ["hi"]}, "messages[0].role"),
        ({**HELLO, "messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
        ({**HELLO, "messages": [*HELLO["messages"], {"role": "user"}]}, "messages[1].content"),
        ({**HELLO, "messages": [{"role": "assistant", "content": None}]}, "messages[0].content"),
        ({**HELLO, "stream": True}, "stream"),
    ],
)
def test_a_request_the_service_would_refuse_is_400_and_names_the_parameter(body: Any, param: str | None) -> None:
    with OpenAIServer(lambda _: "") as server:
        status, answer = ask(server, body)
    assert (status, answer["error"]["param"]) == (400, param)


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/responses"), ("GET", "/v1/chat/completions")])
def test_another_address_is_404(method: str, path: str) -> None:
    with OpenAIServer(lambda _: "") as server:
        assert ask(server, HELLO, method=method, path=path)[0] == 404


def test_a_reply_function_that_raises_is_a_500_that_says_so() -> None:
    def broken(_: Any) -> str:
        raise KeyError("route")

    with OpenAIServer(broken) as server:
        status, body = ask(server, HELLO)
    assert (status, body["error"]["message"]) == (500, "the reply function raised KeyError: 'route'")


def test_every_request_is_recorded_refused_ones_too() -> None:
    with OpenAIServer(lambda _: "") as server:
        ask(server, HELLO)
        ask(server, HELLO, key=None)
        server.mode = "rate_limited"
        ask(server, HELLO)
    assert [request.status for request in server.requests] == [200, 401, 429]
    assert server.requests[0].body == HELLO


def test_an_unknown_mode_lists_the_modes() -> None:
    with pytest.raises(UsageError, match=f"'hasty' is unknown; choose one of: {', '.join(MODES)}"):
        OpenAIServer(lambda _: "", mode="hasty")
    with OpenAIServer(lambda _: "") as server, pytest.raises(UsageError, match="choose one of"):
        server.mode = "hasty"


def test_after_the_context_the_port_is_closed() -> None:
    with OpenAIServer(lambda _: "") as server:
        pass
    with pytest.raises(ConnectionRefusedError):
        ask(server, HELLO)


def test_two_servers_run_side_by_side() -> None:
    with OpenAIServer(lambda _: "one") as one, OpenAIServer(lambda _: "two") as two:
        reported = [ask(server, HELLO)[1]["choices"][0]["message"]["content"] for server in (one, two)]
    assert reported == ["one", "two"]
