"""Families: whose model it is, read from the model's id; a provider is not a family.

    family_of("anthropic:claude-sonnet-4-5")                              # anthropic
    family_of("bedrock:eu.anthropic.claude-haiku-4-5-20251001-v1:0")      # anthropic
    family_of("openrouter:meta-llama/llama-3.3-70b-instruct")             # meta
    family_of("azure_openai:prod-judge")                                  # UnknownFamily: a deployment has any name
    family_of("openai:house-7b", {"openai:house-7b": "own:house"})        # own:house

    families_of("groq:deepseek-r1-distill-llama-70b")                     # frozenset({"deepseek", "meta"})

A judge must not come from the family it judges, so a wrong family here is a wrong verdict later: what is not certain is
an error. A distilled or merged model belongs to every family its id names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from seatrial.model.outcome import UnknownFamily

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES = "rules"
OWN = "own:"
"""Prefix of a declared family that is nobody's else: a model trained from scratch, or one we do not list."""


class Family(NamedTuple):
    """One maker's models.

    Attributes:
        name: the maker's.
        starts: how a part of a model id begins that only this maker's have.
    """

    name: str
    starts: str


FAMILIES = (
    Family("ai21", r"jamba|jurassic|j2-"),
    Family("alibaba", r"qwen|qwq|qvq"),
    Family("allenai", r"olmo"),
    Family("amazon", r"nova-(?:micro|lite|pro|premier|\d)|titan-"),
    Family("anthropic", r"claude"),
    Family("baidu", r"ernie"),
    Family("cohere", r"command(?:-|$)|c4ai-|aya-"),
    Family("databricks", r"dbrx"),
    Family("deepseek", r"deepseek"),
    Family("google", r"gemini|gemma|palm-|(?:chat|text)-bison"),
    Family("ibm", r"granite"),
    Family("meta", r"llama|meta-llama|codellama"),
    Family("microsoft", r"phi-?\d|mai-\d|wizardlm"),
    Family("minimax", r"minimax|abab\d"),
    Family("mistral", r"mistral|mixtral|magistral|ministral|codestral|devstral|pixtral"),
    Family("moonshot", r"kimi|moonshot"),
    Family("nvidia", r"nemotron"),
    Family("openai", r"gpt-(?:\d|oss)|chatgpt|o[1-9](?:-|$)|davinci|babbage"),
    Family("reka", r"reka"),
    Family("snowflake", r"snowflake-arctic"),
    Family("stability", r"stablelm|stable-"),
    Family("tencent", r"hunyuan"),
    Family("tii", r"falcon"),
    Family("upstage", r"solar-"),
    Family("writer", r"palmyra"),
    Family("xai", r"grok"),
    Family("yi", r"yi-(?:\d|large|medium|lightning)"),
    Family("zhipu", r"glm-|chatglm"),
)
NAMES = tuple(family.name for family in FAMILIES)

# A part begins the id or follows a slash, a dot or a colon; after a hyphen a name proves an ancestor, not a maker.
_ANY = tuple((family.name, re.compile(rf"(?:^|[/.:])(?:{family.starts})")) for family in FAMILIES)
_ANCESTOR = tuple(
    (family.name, re.compile(rf"(?:^|[/.:_-])(?:{family.starts})")) for family in FAMILIES if family.name != "cohere"
)
_NAMED_BY_ITS_USER = ("azure_openai", "azure_ai", "azure")
"""Providers whose ids are names of deployments: `gpt-4o` may stand before anything."""


def family_of(model: str, declared: Mapping[str, str] | None = None) -> str:
    """The family of a model that has exactly one.

    Args:
        model: `provider:model`, or `builtin`.
        declared: model -> family, as `[tool.seatrial.model.families]` says; it goes before everything.

    Raises:
        UnknownFamily: the id names no family, or more than one, or a declared family is none.
    """
    found = families_of(model, declared)
    if len(found) > 1:
        raise UnknownFamily(_ask(model, f"its id names more than one: {', '.join(sorted(found))}"))
    return next(iter(found))


def families_of(model: str, declared: Mapping[str, str] | None = None) -> frozenset[str]:
    """Every family a model belongs to: its maker's, and those of the models it was distilled, merged or tuned from.

    Gateways, regions, fine-tune prefixes and dates in an id change nothing.

    Args:
        model: `provider:model`, a bare model id as a provider reports it, or `builtin`.
        declared: model -> family, or several joined by `+`; it goes before everything.

    Raises:
        UnknownFamily: the id names no maker, or a declared family is none. There is no empty answer: it would be disjoint
            from every family.
    """
    if declared and model in declared:
        return families_declared(model, declared[model])
    if model == "builtin":
        return frozenset({RULES})
    provider, colon, name = model.partition(":")
    name = (name if colon else model).lower()
    if colon and provider in _NAMED_BY_ITS_USER:
        raise UnknownFamily(_ask(model, f"{provider} calls a model what its owner called the deployment"))
    makers = frozenset(family for family, pattern in _ANY if pattern.search(name))
    if not makers:
        raise UnknownFamily(_ask(model, "its id is no maker's that we know"))
    return makers | {family for family, pattern in _ANCESTOR if pattern.search(name)}


def families_declared(model: str, families: str) -> frozenset[str]:
    """The families of a declaration `a` or `a+b`.

    Raises:
        UnknownFamily: one of them is none.
    """
    return frozenset(_declared(model, family.strip()) for family in families.split("+"))


def _declared(model: str, family: str) -> str:
    if family in (*NAMES, RULES) or (family.startswith(OWN) and len(family) > len(OWN)):
        return family
    raise UnknownFamily(
        f"model {model!r} is declared to be of family {family!r}, which is none; "
        f"choose one of: {', '.join(NAMES)}, or {OWN}NAME for one of your own making"
    )


def _ask(model: str, why: str) -> str:
    return (
        f"the family of model {model!r} is unknown: {why}; declare it in pyproject.toml under "
        f'[tool.seatrial.model.families]: "{model}" = "openai", say (one of: {", ".join(NAMES)}, or {OWN}NAME)'
    )
