"""Families: a provider is not one, and what is not certain is an error."""

from __future__ import annotations

import pytest

from seatrial.model import UnknownFamily, family_of
from seatrial.model.family import NAMES


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("builtin", "rules"),
        ("openai:gpt-4o-mini", "openai"),
        ("openai:ft:gpt-4o-mini:house::abc", "openai"),
        ("openai:o3-mini", "openai"),
        ("groq:openai/gpt-oss-120b", "openai"),
        ("anthropic:claude-sonnet-4-5", "anthropic"),
        ("bedrock:eu.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic"),
        ("bedrock_converse:us.amazon.nova-pro-v1:0", "amazon"),
        ("google_vertexai:publishers/anthropic/models/claude-opus-4", "anthropic"),
        ("google_genai:gemini-2.5-pro", "google"),
        ("ollama:gemma3:12b", "google"),
        ("openrouter:meta-llama/llama-3.3-70b-instruct", "meta"),
        ("fireworks:accounts/fireworks/models/llama-v3p1-405b-instruct", "meta"),
        ("openai:mistralai/mixtral-8x22b", "mistral"),
        ("together:Qwen/Qwen2.5-72B-Instruct", "alibaba"),
        ("openai:deepseek-chat", "deepseek"),  # an OpenAI-compatible gateway: the provider says nothing
        ("xai:grok-4", "xai"),
        ("bedrock:cohere.command-r-plus-v1:0", "cohere"),
    ],
)
def test_the_family_is_read_from_the_models_id_whoever_provides_it(model, family):
    assert family_of(model) == family


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("openai:house-7b", "its id is no maker's that we know"),
        ("openai:default", "no maker's"),
        ("openai:gpt-neo-20b", "no maker's"),
        ("openrouter:auto", "no maker's"),
        ("openrouter:nousresearch/hermes-3-llama-3.1-405b", "no maker's"),
        ("groq:deepseek-r1-distill-llama-70b", "more than one: deepseek, meta"),
        ("nvidia:nvidia/llama-3.1-nemotron-70b", "more than one: meta, nvidia"),
        ("azure_openai:gpt-4o", "azure_openai calls a model what its owner called the deployment"),
        ("", "no maker's"),
    ],
)
def test_what_is_not_certain_is_an_error_that_says_how_to_declare_it(model, why):
    with pytest.raises(UnknownFamily, match=why) as error:
        family_of(model)
    assert f'[tool.seatrial.model.families]: "{model}" = ' in str(error.value)


def test_what_is_declared_goes_before_everything():
    declared = {"azure_openai:prod": "openai", "openai:house-7b": "own:house", "openai:gpt-4o": "anthropic"}
    assert [family_of(model, declared) for model in declared] == ["openai", "own:house", "anthropic"]


@pytest.mark.parametrize("family", ["opneai", "own:", ""])
def test_a_declared_family_that_is_none_is_refused_and_the_choices_are_listed(family):
    with pytest.raises(UnknownFamily, match=r"choose one of: ai21, .*, or own:NAME"):
        family_of("openai:x", {"openai:x": family})


def test_the_families_are_sorted_and_unique():
    assert list(NAMES) == sorted(set(NAMES))
