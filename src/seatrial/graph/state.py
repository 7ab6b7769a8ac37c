"""plain: a final state as JSON has words for it; messages and models become mappings, the rest stays what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any


def plain(value: Any) -> Any:
    """`value` with every pydantic model (LangChain's messages among them), dataclass and enum in it made plain.

    A message loses its `id`: LangGraph draws it at random, and equal answers must hash equally. What has no plain form
    is left as it is; canonical JSON refuses it by name.
    """
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return plain(value.value)
    if hasattr(value, "model_dump"):
        dumped: dict[str, Any] = value.model_dump(mode="json")
        if hasattr(value, "response_metadata"):
            dumped.pop("id", None)
        return dumped
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value
