"""Rubric: what a judge of one answer says of itself, and the identity that its scores carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from seatrial.scoring import Bound


class Rubric(NamedTuple):
    """A judge that scores one answer.

    Attributes:
        name: its key is `judge:NAME`.
        model: `provider:model` that it asks.
        prompt_hash: sha256 of what pins its prompt, 64 hex digits.
        reported: the name under which the model answers; empty = its own.
    """

    name: str
    model: str
    prompt_hash: str
    reported: str = ""


def rubric_of(bound: Bound) -> Rubric | None:
    """What an evaluator says of itself as a judge; None of one that is none."""
    found = getattr(bound.given, "__rubric__", None)
    return found if isinstance(found, Rubric) else None


def rubric_identity(bound: Bound) -> str | None:
    """`judge:NAME@VERSION#HASH`, the hash over the evaluator's code, prompt, model and parameters; None of one that is no judge."""
    found = rubric_of(bound)
    return None if found is None else f"judge:{found.name}@{bound.version}#{bound.hash}"
