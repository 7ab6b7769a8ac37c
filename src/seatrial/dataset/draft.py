"""Draft: a contract written from what examples hold, with a mark wherever the examples alone cannot settle it.

A draft accepts every example it was drawn from. `# FINISH:` stands where a type was seen mixed, null, absent or with one
value only, and where the graph's own schema says otherwise: there a person decides.
"""

from __future__ import annotations

import json
import keyword
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.privacy import strip_pii

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = "# FINISH:"
MOST_FIELDS, DEEPEST = 16, 3
"""A mapping with more names than this, or deeper down, is drafted as any mapping: its names are data."""
LONGEST = 40

KINDS: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}
OF_SCHEMA = {
    "boolean": "bool",
    "integer": "int",
    "number": "float",
    "string": "str",
    "array": "list",
    "object": "dict",
}


def draft_contract(
    graph: str,
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    *,
    input_schema: Mapping[str, Any] | None = None,
    output_schema: Mapping[str, Any] | None = None,
) -> str:
    """Source of a module with the pydantic models `Input` and `Output`.

    Args:
        graph: whose contract it is.
        inputs: of every example.
        outputs: references, of the examples that have one.
        input_schema: the graph's own JSON schema, where it gives one.
        output_schema: the same of its outputs.
    """
    draft = _Draft()
    draft.model("Input", inputs, f"What {graph} is given.", input_schema, "input")
    about = f"What a right answer of {graph} says; whatever else it answers is ignored."
    draft.model("Output", outputs, about, output_schema, "output")
    return draft.text(f"The contract of {graph}, drafted from {len(inputs)} examples.")


@dataclass
class _Draft:
    """Models being written: nested ones first, since the others name them."""

    classes: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=lambda: {"Input", "Output", "BaseModel", "Field", "Any"})

    def text(self, about: str) -> str:
        body = "\n\n\n".join(self.classes)
        imports = "from typing import Any\n\n" if re.search(r"\bAny\b", body) else ""
        names = "BaseModel, Field" if "Field(" in body else "BaseModel"
        return f'"""{about}\n\nEvery line marked FINISH asks for a decision; take the mark away when it is made.\n"""\n\n{imports}from pydantic import {names}\n\n\n{body}\n'

    def model(
        self,
        name: str,
        rows: Sequence[Mapping[str, Any]],
        about: str,
        schema: Mapping[str, Any] | None = None,
        side: str = "",
        depth: int = 0,
    ) -> None:
        declared = (schema or {}).get("properties")
        declared = declared if isinstance(declared, Mapping) else None
        fields = list(dict.fromkeys(key for row in rows for key in row))
        lines, taken = [], set[str]()
        for key in fields:
            values = [row[key] for row in rows if key in row]
            annotation, marks = self._type(values, f"{name}{_camel(key)}", depth)
            given = ""
            if len(values) < len(rows):
                given = "None"
                annotation = (
                    annotation if annotation == "Any" or annotation.endswith("| None") else f"{annotation} | None"
                )
                marks.append(f"absent in {len(rows) - len(values)} of {len(rows)}")
            if side == "output" and declared is not None and key not in declared and not given:
                # Every output of a run is held against this: what the graph never writes cannot be asked of it.
                given = "None"
                annotation = (
                    annotation if annotation == "Any" or annotation.endswith("| None") else f"{annotation} | None"
                )
            if declared is not None:
                marks += _against(declared.get(key), annotation, side)
            lines.append(_line(key, annotation, given, marks, taken))
        unseen = [" ".join(str(key).split()) for key in declared or () if key not in fields]
        if not fields:
            lines.append(f"    {MARK} no example says what stands here")
        if unseen:
            lines.append(f"    # In the graph's {side} schema and in no example: {', '.join(unseen)}")
        self.classes.append("\n".join([f"class {name}(BaseModel):", f'    """{about}"""', "", *lines]))

    def _type(self, values: Sequence[Any], name: str, depth: int) -> tuple[str, list[str]]:
        """The annotation that holds every value, and what it leaves open."""
        kinds = Counter(KINDS.get(type(value), "None") for value in values)
        nulls = kinds.pop("None", 0)
        if set(kinds) == {"int", "float"}:
            kinds = Counter({"float": sum(kinds.values())})
        if not kinds:
            return "Any", ["only null was seen"]
        marks: list[str] = []
        if len(kinds) > 1:
            marks.append("seen as " + ", ".join(f"{kind} ({n})" for kind, n in sorted(kinds.items())))
        parts = []
        for kind in sorted(kinds):
            part, more = self._of_kind(kind, [value for value in values if _is(value, kind)], name, depth)
            parts.append(part)
            marks += more
        annotation = " | ".join(parts)
        if nulls:
            marks.append(f"null in {nulls} of {len(values)}")
            annotation += " | None"
        elif (
            len(values) > 1 and len(kinds) == 1 and next(iter(kinds)) not in ("list", "dict") and len(set(values)) == 1
        ):
            # A contract is committed: what is personal in an example does not travel into it.
            shown = strip_pii(repr(values[0]))
            marks.append(f"only one value was seen: {shown if len(shown) <= LONGEST else shown[:LONGEST] + '…'}")
        return annotation, marks

    def _of_kind(self, kind: str, values: Sequence[Any], name: str, depth: int) -> tuple[str, list[str]]:
        if kind == "list":
            elements = [element for value in values for element in value]
            if not elements:
                return "list[Any]", ["only empty lists were seen"]
            inner, marks = self._type(elements, f"{name}Item", depth)
            return f"list[{inner}]", [mark for mark in marks if not mark.startswith("only one value")]
        if kind == "dict":
            names = {key for value in values for key in value}
            full = sum(len(value) for value in values) >= len(names) * len(values) / 2
            if not names or len(names) > MOST_FIELDS or not full or depth >= DEEPEST:
                return "dict[str, Any]", ["its names differ from example to example"] if names and not full else []
            own = name
            while own in self.names:
                own += "_"
            self.names.add(own)
            self.model(own, values, f"What one {own} holds.", depth=depth + 1)
            return own, []
        return kind, []


def _is(value: Any, kind: str) -> bool:
    found = KINDS.get(type(value))
    return found == kind or (kind == "float" and found == "int")


def _against(declared: Any, annotation: str, side: str) -> list[str]:
    """What the graph's own schema says otherwise."""
    if declared is None:
        return [f"not in the graph's {side} schema"]
    wanted = OF_SCHEMA.get(str(declared.get("type"))) if isinstance(declared, Mapping) else None
    seen = annotation.removesuffix(" | None")
    if wanted in (None, "list", "dict") or seen == wanted or (wanted, seen) == ("float", "int") or seen == "Any":
        return []
    return [f"the graph's {side} schema says {declared['type']}"]


def _line(key: str, annotation: str, given: str, marks: Sequence[str], taken: set[str]) -> str:
    from pydantic import BaseModel  # noqa: PLC0415 - its own names cannot be fields

    own = re.sub(r"\W", "_", key).strip("_") or "field"
    if own[0].isdigit() or keyword.iskeyword(own) or hasattr(BaseModel, own) or own.startswith("model_"):
        own = f"field_{own}"
    while own in taken:
        own += "_"
    taken.add(own)
    if own != key:
        wording = ", ".join([*([f"default={given}"] if given else []), f"alias={json.dumps(key, ensure_ascii=False)}"])
        given = f"Field({wording})"
    line = f"    {own}: {annotation}{f' = {given}' if given else ''}"
    return f"{line}  {MARK} {'; '.join(marks)}" if marks else line


def _camel(key: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^0-9A-Za-z]+", key) if part) or "Field"
