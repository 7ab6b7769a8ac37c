"""families_of: every family an id belongs to; an id that names no maker is an error, never an empty set."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from seatrial.model import UnknownFamily, families_of

SHARED = Path(os.environ.get("SEATRIAL_SHARED", Path(__file__).parents[4] / "shared"))

LISTED = """
openai:gpt-4.1=openai
openai:gpt-4o-2024-08-06=openai
openai:chatgpt-4o-latest=openai
openai:o4-mini=openai
openai:ft:gpt-4o-mini-2024-07-18:acme::x1=openai
openrouter:openai/gpt-5-mini=openai
groq:openai/gpt-oss-20b=openai
together:openai/gpt-oss-120b=openai
ollama:gpt-oss:20b=openai
anthropic:claude-3-5-haiku-20241022=anthropic
anthropic:claude-opus-4-1=anthropic
bedrock:anthropic.claude-3-haiku-20240307-v1:0=anthropic
bedrock_converse:apac.anthropic.claude-sonnet-4-20250514-v1:0=anthropic
bedrock_converse:global.anthropic.claude-haiku-4-5-20251001-v1:0=anthropic
google_vertexai:claude-sonnet-4@20250514=anthropic
openrouter:anthropic/claude-3.7-sonnet:thinking=anthropic
google_genai:gemini-2.0-flash-lite-001=google
google_vertexai:publishers/google/models/gemini-1.5-pro-002=google
openrouter:google/gemma-2-9b-it:free=google
huggingface:google/gemma-3-4b-it=google
bedrock:us.meta.llama3-3-70b-instruct-v1:0=meta
together:meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8=meta
groq:llama-3.1-8b-instant=meta
ollama:llama3.2:3b=meta
ollama:codellama:13b=meta
fireworks:accounts/fireworks/models/llama-v3p1-8b-instruct=meta
mistralai:codestral-latest=mistral
mistralai:ministral-8b-2410=mistral
bedrock:mistral.mixtral-8x7b-instruct-v0:1=mistral
openrouter:mistralai/magistral-medium=mistral
ollama:mistral-nemo=mistral
deepseek:deepseek-reasoner=deepseek
openrouter:deepseek/deepseek-chat-v3-0324=deepseek
together:deepseek-ai/DeepSeek-R1=deepseek
openrouter:qwen/qwen3-235b-a22b=alibaba
groq:qwen/qwen3-32b=alibaba
ollama:qwq=alibaba
together:Qwen/QVQ-72B-Preview=alibaba
xai:grok-3-mini-fast=xai
openrouter:x-ai/grok-4-fast=xai
cohere:command-a-03-2025=cohere
bedrock:cohere.command-r-v1:0=cohere
huggingface:CohereForAI/aya-expanse-32b=cohere
bedrock:ai21.jamba-1-5-large-v1:0=ai21
bedrock_converse:us.amazon.nova-lite-v1:0=amazon
bedrock:amazon.titan-text-premier-v1:0=amazon
ollama:phi4=microsoft
huggingface:microsoft/Phi-3.5-mini-instruct=microsoft
ibm:ibm/granite-3-8b-instruct=ibm
openrouter:moonshotai/kimi-k2=moonshot
openrouter:z-ai/glm-4.5=zhipu
openrouter:minimax/minimax-m1=minimax
huggingface:tiiuae/falcon-40b-instruct=tii
databricks:databricks/dbrx-instruct=databricks
huggingface:allenai/OLMo-2-1124-13B=allenai
groq:deepseek-r1-distill-llama-70b=deepseek+meta
ollama:deepseek-r1-distill-qwen:14b=alibaba+deepseek
nvidia:nvidia/llama-3.1-nemotron-70b-instruct=meta+nvidia
openrouter:deepseek/deepseek-r1-0528-qwen3-8b=alibaba+deepseek
huggingface:mistralai/Mistral-7B-llama-merge=meta+mistral
reported:meta.llama3-3-70b-instruct-v1:0=meta
reported:gpt-4o-mini-2024-07-18=openai
openai:my-deployment=unknown
azure_openai:gpt-4o=unknown
azure_openai:claude-prod=unknown
openrouter:openrouter/auto=unknown
openai:default=unknown
openai:best-model=unknown
openrouter:nousresearch/hermes-3-llama-3.1-405b=unknown
"""


def _found(model: str) -> str:
    try:
        return "+".join(sorted(families_of(model)))
    except UnknownFamily:
        return "unknown"


@pytest.mark.parametrize("case", LISTED.split())
def test_an_id_belongs_to_every_family_that_it_names(case):
    model, _, families = case.rpartition("=")
    assert _found(model) == families


@pytest.mark.external
def test_the_collected_ids_are_resolved_as_they_were_annotated():
    cases = json.loads((SHARED / "data" / "judge" / "family_cases.json").read_text(encoding="utf-8"))["cases"]
    assert {model: _found(model) for model, _ in cases} == {m: families.replace("|", "+") for m, families in cases}


def test_a_model_may_be_declared_to_belong_to_several_families():
    assert families_of("openai:merge", {"openai:merge": "meta+own:house"}) == {"meta", "own:house"}
    with pytest.raises(UnknownFamily, match="choose one of"):
        families_of("openai:merge", {"openai:merge": "meta+"})
