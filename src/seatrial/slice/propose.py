"""Propose: the slice as an entry of `segments.toml`, where its closed operations can say it, checked by reading it back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.errors import SeatrialError
from seatrial.segment import OPS, assign, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.slice.features import Clause, Feature

_SIGNS = (("≥", "at_least"), ("<", "below"), ("=", "_"))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A ready entry of `segments.toml` and the segment it makes, or why there is none.

    Attributes:
        segment: `NAME=value` of the proposed segment; empty without one.
        toml: the entry; empty without one.
        note: what it needs, or why the slice cannot be written as one.
    """

    segment: str
    toml: str
    note: str


def propose(features: Sequence[Feature], *, graph: str = "") -> Proposal:
    """The entry for the examples of which all `features` hold.

    It is offered only when reading it back puts exactly the slice's examples into the segment.
    """
    only = features[0]
    if len(features) == 1 and only.column.origin == "segment":
        return Proposal("", "", f"it is a segment already: {only.name}")
    if len(features) == 1 and only.column.origin == "tag":
        values = sorted({value for value in only.column.values if value is not None})
        lines = [f'tag = "{only.column.path}"', f"values = {_toml(values)}"]
        segment, dimension = only.name, only.column.path
    else:
        rules = _rules([feature.clause for feature in features])
        if rules is None:
            return Proposal(
                "", "", "no rule can say it; tag its examples (slice:NAME) and add a dimension that reads the tag"
            )
        dimension, lines = _slug(features), ["rules = [", *(f"  {rule}," for rule in rules), "]"]
        segment = f"{dimension}=yes"
    head = [f"[dimension.{dimension}]", *([f"graphs = {_toml([graph])}"] if graph else [])]
    toml = "\n".join([*head, *lines]) + "\n"
    if not _reads_back(toml, segment, features):
        return Proposal("", "", "no rule says exactly this slice; tag its examples (slice:NAME) and read the tag")
    fields = [one.column.path.removeprefix("metadata.") for one in features if one.column.path.startswith("metadata.")]
    note = f"reads {', '.join(dict.fromkeys(fields))} from each example's metadata" if fields else ""
    return Proposal(segment, toml, note)


def _rules(clauses: Sequence[Clause | None]) -> list[str] | None:
    """Rules of which the first that matches wins: first what is out by all clauses but the last, then the last."""
    if any(clause is None or not OPS[clause.op].takes(clause.arg) for clause in clauses):
        return None
    known = [clause for clause in clauses if clause is not None]
    # Only a clause with an opposite can be said first.
    known.sort(key=lambda clause: clause.otherwise is None)
    out = []
    for clause in known[:-1]:
        if clause.otherwise is None or not OPS[clause.otherwise[0]].takes(clause.otherwise[1]):
            return None
        out.append(_rule("no", clause.field, *clause.otherwise))
    last = known[-1]
    return [*out, _rule("yes", last.field, last.op, last.arg), '{ value = "no" }']


def _rule(value: str, field: str, op: str, arg: Any) -> str:
    return f'{{ value = "{value}", field = {_toml(field)}, op = "{op}", arg = {_toml(arg)} }}'


def _toml(value: Any) -> str:
    """A scalar or a list of them; JSON's way of writing these is TOML's."""
    return json.dumps(value, ensure_ascii=False)


def _slug(features: Sequence[Feature]) -> str:
    text = "_and_".join(feature.name for feature in features)
    for sign, word in _SIGNS:
        text = text.replace(sign, word)
    slug = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()
    return slug if slug[:1].isalpha() else f"slice_{slug}"


def _reads_back(toml: str, segment: str, features: Sequence[Feature]) -> bool:
    wanted = np.logical_and.reduce([feature.members for feature in features])
    try:
        (dimension,) = parse(toml)
        return all(
            (assign([dimension], _example(features, i))[dimension.name] == segment.partition("=")[2]) == bool(inside)
            for i, inside in enumerate(wanted)
        )
    except SeatrialError:
        return False


def _example(features: Sequence[Feature], i: int) -> dict[str, Any]:
    """As much of the example as the features were read from."""
    row: dict[str, Any] = {"id": str(i), "tags": []}
    for column in (feature.column for feature in features):
        value = column.values[i]
        if value is None:
            continue
        if column.origin == "field":
            *parents, leaf = column.path.split(".")
            place = row
            for name in parents:
                place = place.setdefault(name, {})
            place[leaf] = value
        elif column.origin == "tag":
            row["tags"].append(f"{column.path}:{value}")
    return row
