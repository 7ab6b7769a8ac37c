"""plain: a final state as JSON has words for it; messages, models, numbers and times of other libraries become plain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from seatrial.canonical import canonical_json

LEAVES = frozenset({str, int, float, bool, type(None)})
"""The types that JSON reads back; their subclasses (StrEnum, numpy's, LangChain's text) are written alike and are not."""


def is_plain(value: Any) -> bool:
    """Whether `value` is what JSON would read back, to the very types: a subclass of str is not."""
    kind = type(value)
    if kind is dict:
        for key, one in value.items():
            if type(key) is not str or not (type(one) in LEAVES or is_plain(one)):
                return False
        return True
    if kind is list:
        return all(type(one) in LEAVES or is_plain(one) for one in value)
    return kind in LEAVES


def plain(value: Any) -> Any:
    """`value` with every pydantic model (LangChain's messages among them), dataclass, enum, Decimal, time and numpy number in
    it made plain.

    A message loses its `id`: LangGraph draws it at random, and equal answers must hash equally. What has no plain form
    is left as it is; canonical JSON refuses it by name.
    """
    if isinstance(value, Mapping):
        return {key.value if isinstance(key, Enum) else key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=canonical_json)
    if isinstance(value, Enum):
        return plain(value.value)
    if hasattr(value, "model_dump"):
        dumped: dict[str, Any] = value.model_dump(mode="json")
        if hasattr(value, "response_metadata"):
            dumped.pop("id", None)
        return dumped
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return _leaf(value)


def kept(state: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A final state as evidence keeps it, and the names of fields that have no plain form, which are null there.

    A set is a list, sorted; a number that is none (NaN, infinity) is null. An artefact that no evaluator reads (a client, a
    picture) must not be taken for a crash of the graph.
    """
    found: dict[str, Any] = {}
    without: list[str] = []
    for name, value in state.items():
        try:
            one = _finite(plain(value))
            canonical_json(one).encode()
        except (TypeError, ValueError, RecursionError):
            one = None
            without.append(str(name))
        found[str(name)] = one
    return found, tuple(without)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _leaf(value: Any) -> Any:
    if isinstance(value, Decimal):
        number = float(value)
        # 0.1 is 0.1; digits that a float would lose are kept as text.
        return number if Decimal(repr(number)) == value or not value.is_finite() else str(value)
    if isinstance(value, (date, time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):  # numpy's numbers and arrays
        return value.tolist()
    return value
