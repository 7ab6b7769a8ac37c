"""Plan diff: what a plan file would change against the rules of a rollout that runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json
from seatrial.rollout.rules import rules_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.rollout.rules import Rules

_DERIVED = ("rollout", "plan_hash", "salt", "parts", "plan_file")
_NAMED = {"cells": "cell", "metrics": "metric", "watch": "watch"}


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that differs.

    Attributes:
        place: where, e.g. `cell.DE.share` or `stage 2.margin`.
        before: what the rollout runs by; None where it has no such rule.
        after: what the plan file says; None where it says nothing.
    """

    place: str
    before: Any
    after: Any

    @property
    def sentence(self) -> str:
        """`stage 2.margin: 0.05 → 0.03`."""
        before, after = ("-" if value is None else value for value in (self.before, self.after))
        return f"{self.place}: {before} → {after}"


def plan_diff(running: Rules, planned: Rules) -> tuple[Change, ...]:
    """Every rule that differs, in the order of the rules; how requests are given their cells is one rule."""
    before, after = dict(_flat("", _shown(running))), dict(_flat("", _shown(planned)))
    return tuple(
        Change(place, before.get(place), after.get(place))
        for place in dict.fromkeys((*before, *after))
        if before.get(place) != after.get(place)
    )


def _shown(rules: Rules) -> dict[str, Any]:
    plain = json.loads(canonical_json(rules_data(rules)))  # a ledger's rules have lists where a plan's have tuples
    data: dict[str, Any] = {name: value for name, value in plain.items() if name not in _DERIVED}
    for name, word in _NAMED.items():
        data[word] = {one["name"]: {**one, "name": None} for one in data.pop(name)}
    if "testers" in data:
        data["tester"] = dict(data.pop("testers"))
    names = [metric.name for metric in rules.metrics]
    for cell in data["cell"].values():
        cell["rates"] = dict(zip(names, cell["rates"], strict=True))
    data |= {f"stage {i}": stage for i, stage in enumerate(data.pop("stages"), 1)}
    data["cells are read by"] = canonical_json(plain["parts"])
    return data


def _flat(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield from _flat(f"{place}.{name}" if place else str(name), one)
    elif value is not None:
        yield place, str(value) if isinstance(value, (list, tuple)) else value
