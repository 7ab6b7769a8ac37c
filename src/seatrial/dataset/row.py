"""One line of a dataset becomes one Example: the one place where foreign field names are understood.

| ours (LangSmith's) | also read |
|---|---|
| `inputs` | DeepEval's `input`; a text becomes `{"input": text}` |
| `outputs` | `reference_outputs`, `expectations` (MLflow), `expected_output` (DeepEval); a text is `{"output": text}` |
| `metadata` | DeepEval's `additional_metadata` |
| `tags` | a list, or MLflow's mapping: `{"tier": "pro"}` is `tier:pro` |
| `id` | absent: derived from inputs and reference, so that it survives a reordering of the file |

Any other field that holds something is an error: what is not understood is not dropped in silence.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seatrial.dataset.example import Example
from seatrial.dataset.fingerprint import canonical, identity

FIELDS = ("id", "inputs", "outputs", "metadata", "tags", "split", "contract")
ALIASES = {
    "input": "inputs",
    "reference_outputs": "outputs",
    "expectations": "outputs",
    "expected_output": "outputs",
    "additional_metadata": "metadata",
}
BOOKKEEPING = ("dataset_id", "created_at", "modified_at", "source_run_id")
"""Columns a LangSmith export adds about itself; they say nothing about the example."""

KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list"}


class RowError(ValueError):
    """A line is no example; the message says what is wrong with it, the loader adds where."""


def parse(line: str) -> Mapping[str, Any]:
    """The JSON object on one line.

    Raises:
        RowError: it is not JSON, not an object, says a field twice, or holds what strict JSON cannot hold.
    """
    try:
        row = json.loads(line, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_unique)
        canonical(row).encode()
    except RowError:
        raise
    except RecursionError:
        raise RowError("is nested too deeply to be read") from None
    except UnicodeEncodeError:
        raise RowError("holds half of a surrogate pair (such as \\ud800), which is no character") from None
    except json.JSONDecodeError as error:
        raise RowError(f"is not JSON: {error.msg} at column {error.colno}") from None
    except ValueError as error:
        raise RowError(f"is not JSON that can be read: {error}") from None
    if not isinstance(row, dict):
        raise RowError(
            f'holds {_kind(row)}, not an object; every line is one example: {{"id": ..., "inputs": {{...}}}}'
        )
    return row


def example_from(row: Mapping[str, Any]) -> Example:
    """The example a row means, foreign names normalised.

    Raises:
        RowError: a field is unknown, missing, said twice under two names, or of the wrong type.
    """
    ours = _normalised(row)
    if "inputs" not in ours:
        raise RowError(f"has no field 'inputs'; it has: {', '.join(row) or 'nothing'}")
    inputs = _mapping(ours["inputs"], "inputs", wrap="input")
    outputs = ours.get("outputs")
    example = Example(
        id=_id(ours.get("id")),
        inputs=inputs,
        outputs=None if outputs is None else _mapping(outputs, "outputs", wrap="output"),
        metadata=_mapping(ours.get("metadata") or {}, "metadata"),
        tags=_tags(ours.get("tags") or ()),
        split=_text(ours.get("split", "test"), "split"),
        contract=_text(ours.get("contract", "1"), "contract"),
    )
    return example if example.id else replace(example, id=f"row-{identity(example)[:12]}")


def _normalised(row: Mapping[str, Any]) -> dict[str, Any]:
    ours: dict[str, Any] = {}
    wording: dict[str, str] = {}
    for name, value in row.items():
        field = ALIASES.get(name, name)
        if field not in FIELDS:
            if name in BOOKKEEPING or value is None or value in ("", [], {}):
                continue
            known = ", ".join((*FIELDS, *ALIASES))
            raise RowError(f"has the unknown field {name!r}; known are {known}; put anything else under 'metadata'")
        if field in wording:
            raise RowError(f"says {field!r} twice, as {wording[field]!r} and as {name!r}; keep one")
        wording[field] = name
        ours[field] = value
    return ours


def _mapping(value: Any, field: str, wrap: str = "") -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    if wrap and isinstance(value, str):
        return {wrap: value}
    raise RowError(f"has {_kind(value)} as {field!r}; it must be an object")


def _id(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value
    raise RowError(f"has {value!r} as 'id'; an id is a text that is not empty")


def _tags(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        value = [f"{name}:{tag}" for name, tag in value.items()]
    if isinstance(value, (list, tuple)) and all(isinstance(tag, str) for tag in value):
        return tuple(value)
    raise RowError("has 'tags' that are no list of texts; write [\"tier:pro\", ...]")


def _text(value: Any, field: str) -> str:
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    raise RowError(f"has {_kind(value)} as {field!r}; it must be a text")


def _no_constant(name: str) -> Any:
    raise RowError(f"holds {name}, which strict JSON does not have; use null and say in the contract what null means")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise RowError(f"holds the number {text[:40]}, too large to be one")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        duplicates = next(name for name in names if names.count(name) > 1)
        raise RowError(f"says the field {duplicates!r} twice in one object")
    return found


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return KINDS.get(type(value), "an object")
