"""A schema is bound the provider's own way, and a reply that was cut short keeps its text and its counts."""

from __future__ import annotations

import pytest

from seatrial.model import Hub
from seatrial.testing import AnthropicServer, OpenAIServer

SCHEMA = {
    "title": "verdict",
    "type": "object",
    "properties": {"preference": {"type": "number"}},
    "required": ["preference"],
    "additionalProperties": False,
}


def test_openai_is_given_a_strict_response_format():
    with OpenAIServer(lambda _: '{"preference": 1}') as server:
        Hub().call("which?", model="openai:gpt-x", schema=SCHEMA, base_url=server.url, api_key="test")
    bound = server.requests[0].body["response_format"]["json_schema"]
    assert bound["strict"] is True
    assert bound["schema"]["required"] == ["preference"]


def test_anthropic_is_given_an_output_format():
    with AnthropicServer(lambda _: '{"preference": 1}') as server:
        Hub().call("which?", model="anthropic:claude-x", schema=SCHEMA, base_url=server.url, api_key="test")
    assert server.requests[0].body["output_config"]["format"]["schema"]["required"] == ["preference"]


@pytest.mark.parametrize(
    ("server_class", "model"), [(OpenAIServer, "openai:gpt-x"), (AnthropicServer, "anthropic:claude-x")]
)
def test_a_bound_reply_that_was_cut_short_keeps_its_text_and_counts(server_class, model):
    with server_class(lambda _: '{"preference": 1} and more', mode="cut_short") as server:
        reply = Hub().call("which?", model=model, schema=SCHEMA, base_url=server.url, api_key="test")
    assert (reply.cut_short, reply.text, len(server.requests)) == (True, '{"preference"', 1)
    assert reply.output_tokens == 1


def test_a_schema_is_part_of_the_question():
    with OpenAIServer(lambda _: "1") as server:
        hub = Hub()
        for schema in (SCHEMA, SCHEMA, None):
            hub.call("which?", model="openai:gpt-x", schema=schema, base_url=server.url, api_key="test")
    assert len(server.requests) == 2
