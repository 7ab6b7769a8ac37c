"""docs/schemas/*.json: JSON Schemas of a report and of a decision, from the fields that docs/reference/json.md lists."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from written import json_formats
from written.json_formats import NAME

from seatrial.verdict import ReasonClass, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

DRAFT = "https://json-schema.org/draft/2020-12/schema"
KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "whole number": {"type": "integer"},
    "true or false": {"type": "boolean"},
    "null": {"type": "null"},
    "object": {"type": "object"},
    "2 numbers": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    "list of text": {"type": "array", "items": {"type": "string"}},
    "list of objects": {"type": "array", "items": {"type": "object"}},
    "list of lists": {"type": "array"},
}
"""A type in the words of the page -> its schema."""

WORDS: dict[str, list[Any]] = {
    "verdict": list(Verdict),
    "state": list(State),
    "reason_class": list(ReasonClass),
    "exit_code": [0, 1, 2, 3],
}
"""Field -> the only values it may have, beside null."""

REFUSAL = ("schema", "verdict", "exit_code", "reason_class", "reason")
"""What there is where nothing was judged."""


def report() -> str:
    """The schema of `seatrial/gate/1`: a report, or a refusal of five fields."""
    row = _object(json_formats.rows_of_row())
    complete = _object(json_formats.rows_of_report(), optional=("judges",))
    complete["properties"] |= {
        "overall": row,
        "segments": {"type": "array", "items": row},
        "reported": {"type": "array", "items": row},
        "causes": {"type": "array", "items": {"type": "object"}},
    }
    return _file("seatrial/gate/1", complete)


def decision() -> str:
    """The schema of every decision, `seatrial/KIND/1`."""
    complete = _object(json_formats.rows_of_decision())
    row = _object(json_formats.rows_of_row(), optional=("sequential",))
    complete["properties"]["findings"] = {"type": "array", "items": row}
    return _file("", complete)


def _file(name: str, complete: dict[str, Any]) -> str:
    properties = complete["properties"]
    properties["schema"] = {"const": name} if name else {"type": "string", "pattern": f"^{NAME.pattern}$"}
    refusal = {
        "type": "object",
        "required": list(REFUSAL),
        "properties": {one: properties[one] for one in REFUSAL} | {"verdict": {"const": "inconclusive"}},
        "additionalProperties": False,
    }
    title = name or "a decision of seatrial"
    return (
        json.dumps({"$schema": DRAFT, "title": title, "anyOf": [complete, refusal]}, indent=1, ensure_ascii=False)
        + "\n"
    )


def _object(rows: Iterable[tuple[str, str, str]], optional: Iterable[str] = ()) -> dict[str, Any]:
    found = {name.strip("`"): _field(name.strip("`"), kind, meaning) for name, kind, meaning in rows}
    return {"type": "object", "required": [name for name in found if name not in set(optional)], "properties": found}


def _field(name: str, kind: str, meaning: str) -> dict[str, Any]:
    kinds = [KINDS[one] for one in re.split(r" or (?!false)", kind)]
    if name in WORDS:
        kinds[0] = {"enum": WORDS[name]}
    return (kinds[0] if len(kinds) == 1 else {"anyOf": kinds}) | {"description": meaning}
