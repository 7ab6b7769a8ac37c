"""Imported: another harness's results as rows of evidence, and what every reader needs to make them."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_REASON = 500
"""Characters of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The results of one file.

    Attributes:
        tool: the harness, and its version where the file says it.
        rows: rows of evidence; `metadata.NAME` and the like are what is known of an example and may become segments.
        left_out: what the file holds that is no score, in words.
    """

    tool: str
    rows: tuple[dict[str, Any], ...]
    left_out: tuple[str, ...] = ()


def row(example: str, key: str, score: float | None, **more: Any) -> dict[str, Any]:
    """One row of evidence; a score that is None has an outcome among `more`."""
    found = {"example_id": example, "key": key, "score": score, "outcome": Outcome.SCORED.value, **more}
    if found.get("reason") is not None:
        found["reason"] = " ".join(str(found["reason"]).split())[:MOST_REASON] or None
    return found


def failed(reason: object) -> dict[str, Any]:
    """What a row says of a run in which the system under test crashed."""
    return {"outcome": Outcome.TARGET_ERROR.value, "error_kind": "exception", "reason": reason}


def unmeasured(reason: object) -> dict[str, Any]:
    """What a row says of a score that could not be had."""
    return {"outcome": Outcome.EVALUATOR_ERROR.value, "reason": reason}


def number(value: Any) -> float | None:
    """A finite number or a truth value as a score; None for anything else."""
    if isinstance(value, (bool, int, float)) and math.isfinite(value):
        return float(value)
    return None


def numbered(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows with their repetition: how many of the same example, version and key stand before them."""
    seen: Counter[tuple[Any, ...]] = Counter()
    for one in rows:
        cell = (one["example_id"], one.get("version"), one["key"])
        yield {**one, "repetition": seen[cell]}
        seen[cell] += 1


def facts(values: Any, prefix: str = "metadata") -> dict[str, Any]:
    """Labels among what is known of an example, as columns; lists, objects and long texts are none."""
    if not isinstance(values, Mapping):
        return {}
    return {
        f"{prefix}.{name}": value
        for name, value in values.items()
        if isinstance(value, (str, bool, int)) and len(str(value)) <= 100 and not str(name).startswith("_")
    }


def text(value: Any) -> str:
    """A value as the text of an id: itself, or its JSON with sorted names."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def distinguished(names: list[str | None], questions: list[str]) -> list[str]:
    """Ids of rows: their names where every one has one and no name stands for two questions, else the questions."""
    requested: dict[str, str] = {}
    if all(names) and all(
        requested.setdefault(str(name), question) == question for name, question in zip(names, questions, strict=True)
    ):
        return [str(name) for name in names]
    return questions
