"""Draft of a context: the fields of a graph's context schema, as lines of its registry row.

`configurable` has no schema of its own: what an older graph declares as `config_schema` LangGraph keeps as its context
schema, and values given as context reach `config["configurable"]` too.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from seatrial.graph.run_config import context_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 80
"""Characters of a default that are shown."""


@dataclass(frozen=True, slots=True)
class ContextField:
    """One field of a context schema.

    Attributes:
        name: of the field.
        type: as its annotation reads.
        required: it has no default.
        default: JSON of the default, shortened; empty where there is none, or none that JSON has.
    """

    name: str
    type: str
    required: bool
    default: str = ""


def fields_of_context(schema: Any) -> tuple[ContextField, ...]:
    """The fields of a dataclass, pydantic model or TypedDict; nothing of anything else."""
    required = context_fields(schema)
    if not required:
        return ()
    types = {name: _type(hint) for name, hint in getattr(schema, "__annotations__", {}).items()}
    defaults = _defaults(schema)
    return tuple(
        ContextField(name, types.get(name, ""), needed, _json(defaults[name]) if name in defaults else "")
        for name, needed in required.items()
    )


def context_text(context: Sequence[ContextField]) -> str:
    """Lines of a registry row, all comments: what must be given with a FINISH mark, the rest with its default."""
    if not context:
        return ""
    lines = [
        f"            # {'FINISH: ' if one.required else ''}{json.dumps(one.name)}: {one.default or '...'},{f'  # {one.type}' if one.type else ''}\n"
        for one in sorted(context, key=lambda one: not one.required)
    ]
    return f"        context={{\n{''.join(lines)}        }},\n"


def _defaults(schema: Any) -> dict[str, Any]:
    if is_dataclass(schema):
        return {one.name: one.default for one in fields(schema) if one.default is not MISSING}
    if hasattr(schema, "model_fields"):
        return {
            one.alias or name: one.default
            for name, one in schema.model_fields.items()
            if not one.is_required() and one.default_factory is None
        }
    return {}


def _json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return ""
    return text if len(text) <= SHOWN else ""


def _type(hint: Any) -> str:
    text = hint if isinstance(hint, str) else getattr(hint, "__name__", "") if isinstance(hint, type) else str(hint)
    text = " ".join(text.replace("typing.", "").split())
    return text if len(text) <= SHOWN and text.isprintable() else ""
