"""Answer text: a state, or the field of it that is judged, as the text that a judge and a person are shown.

One owner: a licence is measured on these texts, so whatever asks the judge renders them the same way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def as_text(value: Any) -> str:
    """A state as a person reads it: one text as it is, else one line per field, nested values as JSON."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping):
        return _json(value)
    if len(value) == 1 and isinstance(only := next(iter(value.values())), str):
        return only
    return "\n".join(f"{name}: {one if isinstance(one, str) else _json(one)}" for name, one in sorted(value.items()))


def field_text(value: Any, paths: Sequence[str]) -> str | None:
    """The field at the first dotted path that is there, as text; all of it without a path; None where none is there."""
    for path in paths or ("",):
        found = value
        for name in path.split(".") if path else ():
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is not None:
            return as_text(found)
    return None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
