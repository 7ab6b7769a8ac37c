"""Pointwise: metrics of other frameworks as evaluators, whose model calls pass through the hub at hand.

One answer is scored by a rubric, without another to compare it with. Such a judge has no licence, so its key `judge:NAME` is
shown by a gate and never gates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from seatrial.canonical import canonical_json
from seatrial.evidence.schema import POINTWISE
from seatrial.model.chat import chat_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.language_models.chat_models import BaseChatModel

F = TypeVar("F", bound="Callable[..., Any]")


def hub_chat(model: str, **options: Any) -> BaseChatModel:
    """A LangChain chat model whose every call passes through the hub at hand: its budget, kill switch, limits and cassettes.

    Args:
        model: `provider:model`.
        options: passed on to the provider.
    """

    def no_rules(_system: str, _user: str) -> str:
        raise ValueError("a judge is a model: `builtin` has no rules to judge by")

    return chat_model(model, no_rules, **options)


def pointwise_key(name: str) -> str:
    """The key that a pointwise judge's scores carry."""
    return f"{POINTWISE}{name}"


def named(function: F, key: str) -> F:
    """The function under the name that its scores carry."""
    function.__name__ = key
    return function


def as_words(value: Any) -> str:
    """A value as a metric's prompt shows it: a text as it is, of a mapping with one text that text, else canonical JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        (only,) = value.values()
        if isinstance(only, str):
            return only
    return "" if value is None else canonical_json(value)
