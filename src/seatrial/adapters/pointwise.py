"""Pointwise: a rubric's word on one answer, by whatever framework, as an evaluator whose model calls pass through the hub at hand.

    @pointwise_judge("concise", model="openai:gpt-4o-mini", prompt=PROMPT)
    def concise(inputs, outputs):
        reply = hub_chat("openai:gpt-4o-mini").invoke(PROMPT.format(answer=outputs["answer"]))
        return {"key": "judge:concise", "score": "yes" in reply.text.lower()}

The key `judge:NAME` gates under a licence only (`seatrial judge pointwise`, `seatrial judge agreement --licence`). A reply by
another model than the one asked for, or by one that does not say its name, is no score.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

from seatrial.canonical import canonical_json
from seatrial.errors import ConfigError, ExitCode, SeatrialError
from seatrial.evidence.schema import POINTWISE
from seatrial.model.chat import chat_model
from seatrial.model.context import listen, silence
from seatrial.scoring import Bound, NotAScore, Score
from seatrial.scoring.rubric import Rubric
from seatrial.verdict import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.language_models.chat_models import BaseChatModel

F = TypeVar("F", bound="Callable[..., Any]")


class OtherModelAnswered(SeatrialError):
    """Another model answered a judge's call than the one asked for, or none said its name: that is no score."""

    exit_code = ExitCode.COULD_NOT_TELL


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


def pointwise_judge(
    name: str, *, model: str, prompt: str, reported: str = "", threshold: float | None = None
) -> Callable[[F], F]:
    """Mark an evaluator as a judge, so that its scores carry who gave them and a licence can name it.

    Args:
        name: of the rubric; the scores carry the key `judge:NAME`.
        model: `provider:model` that it asks.
        prompt: the rubric's text, or whatever else pins it.
        reported: the name under which a gateway or a deployment answers; empty = that of `model`.
        threshold: above 0 and at most 1: a score of at least this is 1, a lower one 0; None leaves scores as they are.
            People's labels are pass and fail, so only a judge of 0 and 1 can have a licence.

    Raises:
        ConfigError: `threshold` is out of range.
    """
    if threshold is not None and not 0 < threshold <= 1:
        raise ConfigError(
            f"judge {name!r}: threshold {threshold!r} is out of range; a score is 0 to 1, so choose above 0 and at most 1"
        )
    rubric = Rubric(name, model, hashlib.sha256(prompt.encode()).hexdigest(), reported)

    def mark(function: F) -> F:
        @functools.wraps(function)
        def judge(*given: Any, **named: Any) -> Any:
            calls, token = listen()
            try:
                found = function(*given, **named)
            finally:
                silence(token)
            _check_answered(rubric, calls.models)
            return _scores(found, pointwise_key(name), threshold)

        judge.__name__ = pointwise_key(name)
        if hasattr(judge, "__seatrial__"):
            judge.__seatrial__ = (pointwise_key(name), *judge.__seatrial__[1:])
        judge.__rubric__ = rubric  # type: ignore[attr-defined]
        return judge  # type: ignore[return-value]

    return mark


def as_words(value: Any) -> str:
    """A value as a metric's prompt shows it: a text as it is, of a mapping with one text that text, else canonical JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        (only,) = value.values()
        if isinstance(only, str):
            return only
    return "" if value is None else canonical_json(value)


def _check_answered(rubric: Rubric, answered: set[tuple[str, str | None, bool]]) -> None:
    """Raise an OtherModelAnswered where a reply was not of the rubric's model; `answered` is what the hub heard."""
    for requested, name, same in sorted(answered, key=str):
        if requested == rubric.model and name is not None and (name == rubric.reported if rubric.reported else same):
            continue
        by = "a model that does not say its name" if name is None else name
        raise OtherModelAnswered(f"judge {rubric.name!r} is of {rubric.model}, and {by} answered a call to {requested}")


def _scores(found: Any, key: str, threshold: float | None) -> tuple[Score, ...]:
    """What an evaluator returned, read as every evaluator's is, with scores of 0 and 1 by the threshold; an abstention stays one.

    Raises:
        NotAScore: it is no score, or has a key of its own: under that it would gate without a licence.
    """
    read = Bound(key, "1", lambda *_: found).scores(found)
    for one in read:
        if one.key != key:
            raise NotAScore(
                f"judge {key!r} returned a score of the key {one.key!r}; name it {key!r}, which gates under a licence"
            )
    if threshold is None:
        return read
    return tuple(
        one if one.score is None else one._replace(score=float(one.score >= threshold - ROUNDING)) for one in read
    )
