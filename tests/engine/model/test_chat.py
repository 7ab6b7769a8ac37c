"""chat_model: the built-in rules and a real client over loopback, by one name; no hidden retry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from seatrial.errors import ConfigError, MissingExtra, UsageError
from seatrial.model import Cassettes, Hub, chat_model, use
from seatrial.testing import OpenAIServer


def answer(system: str, user: str) -> str:
    return f"{len(system)} {len(user)}"


def over(server: OpenAIServer, **options: Any) -> Any:
    return chat_model("openai:gpt-x", answer, base_url=server.url, api_key="test", **options)


def test_the_built_in_model_answers_by_its_rules_and_counts_words() -> None:
    reply = chat_model("builtin", answer).invoke([SystemMessage("be brief"), HumanMessage("one two three")])
    assert reply.text == "8 13"
    assert reply.usage_metadata == {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}  # 2 + 3 words in, 2 out
    assert reply.response_metadata["model_name"] == "builtin"


def test_the_built_in_model_loads_no_provider() -> None:
    code = (
        "from seatrial.model import chat_model; chat_model('builtin', str); import sys; print('openai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_real_client_gets_text_and_usage_over_loopback() -> None:
    with OpenAIServer(lambda messages: f"you said {messages[-1]['content']}") as server:
        reply = over(server, temperature=0).invoke([SystemMessage("be brief"), HumanMessage("good morning")])
    assert reply.text == "you said good morning"
    usage = reply.usage_metadata
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (4, 4, 8)
    assert reply.response_metadata["model_name"] == "gpt-x"
    (request,) = server.requests
    assert request.headers["authorization"] == "Bearer test"
    assert (request.body or {})["temperature"] == 0


def test_a_refusal_has_no_text() -> None:
    with OpenAIServer(lambda _: "yes", mode="refusal") as server:
        reply = over(server).invoke("hello")
    assert (reply.text, bool(reply.additional_kwargs["refusal"])) == ("", True)


@pytest.mark.parametrize("name", ["", "gpt-4o", "openai:", ":gpt-4o", "Builtin"])
def test_a_name_that_is_no_provider_and_model_says_how_to_write_one(name: str) -> None:
    with pytest.raises(UsageError, match="is unknown; choose 'builtin', or write provider:model"):
        chat_model(name, answer)


def test_an_unknown_provider_lists_the_choices() -> None:
    with pytest.raises(
        ConfigError, match=r"^model 'openia:gpt-x' cannot be set up: .*'openia'.* anthropic, .*openai, .*$"
    ):
        chat_model("openia:gpt-x", answer)


def test_a_provider_that_is_not_installed_names_its_package() -> None:
    with pytest.raises(
        MissingExtra, match=r"model 'upstage:x' needs langchain-upstage, .*pip install langchain-upstage$"
    ):
        chat_model("upstage:x", answer)


def test_a_missing_key_names_the_variable_that_holds_it() -> None:
    with pytest.raises(ConfigError, match=r"model 'openai:gpt-x' cannot be set up: .*OPENAI_API_KEY"):
        chat_model("openai:gpt-x", answer)


def test_an_option_of_the_wrong_type_is_named_and_the_key_is_not_repeated() -> None:
    with pytest.raises(ConfigError, match="temperature: Input should be a valid number") as error:
        chat_model("openai:gpt-x", answer, api_key="k-1234", temperature="hot")
    assert "k-1234" not in str(error.value)


def test_hidden_retries_cannot_be_switched_on() -> None:
    with pytest.raises(UsageError, match="take max_retries out of its options"):
        chat_model("openai:gpt-x", answer, api_key="test", max_retries=2)


def test_replaying_needs_no_key(tmp_path: Path) -> None:
    with use(Hub(mode="replay", cassettes=Cassettes(tmp_path))):
        model = chat_model("openai:gpt-x", answer)
    assert type(model).__name__ == "ChatOpenAI"
