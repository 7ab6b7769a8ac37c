"""Partition: which cell of the traffic a request belongs to, read from the request alone.

The first part whose conditions all hold names the cell; what no part takes is `rest`. Nothing here looks at an output:
a cell that depends on what a version answered would compare different requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, DataError
from seatrial.segment import UNKNOWN, Dimension, assign

if TYPE_CHECKING:
    from collections.abc import Mapping

REST = "rest"
"""The cell of every request that no part takes; without a `[cell.rest]` it stays on the control."""


@dataclass(frozen=True, slots=True)
class Match:
    """One condition: the dimension gives this value."""

    dimension: Dimension
    value: str

    def holds(self, request: Mapping[str, Any]) -> bool:
        """Whether it holds of a request; a tag that is given twice or is on no list is unknown, not an error."""
        try:
            found = assign((self.dimension,), request)[self.dimension.name]
        except DataError:
            found = UNKNOWN
        return found == self.value

    @property
    def rule(self) -> tuple[Any, ...]:
        """What decides whether it holds, as plain values: for hashes and for comparing two conditions."""
        one = self.dimension
        bands = tuple((band.value, band.low, band.high) for band in one.bands)
        rules = tuple((rule.value, rule.field or "", rule.op or "", _plain(rule.arg)) for rule in one.rules)
        return (one.name, one.tag or "", one.field or "", one.values, bands, rules, self.value)

    @property
    def fields(self) -> tuple[str, ...]:
        """Dotted paths it reads."""
        return tuple(path for path in (self.dimension.field, *(r.field for r in self.dimension.rules)) if path)


@dataclass(frozen=True, slots=True)
class Part:
    """Requests of which every condition holds belong to `cell`; no condition: every request."""

    cell: str
    when: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Partition:
    """Parts in order: the first that matches wins."""

    parts: tuple[Part, ...] = ()

    def cell_of(self, request: Any) -> str:
        """The cell of a request; `rest` where no part matches, and for anything that is no request. Never raises.

        Args:
            request: a mapping with `inputs`, and `metadata` and `tags` where there are any.
        """
        try:
            seen = {name: request.get(name) for name in ("inputs", "metadata", "tags")}
            if isinstance(seen["tags"], (str, bytes)):
                seen["tags"] = (seen["tags"],)
            return next((part.cell for part in self.parts if all(one.holds(seen) for one in part.when)), REST)
        except Exception:  # noqa: BLE001 - a request nobody can read must be answered by the control, not by an error
            return REST


def check_partition(partition: Partition, place: str) -> None:
    """Refuse a partition that reads outputs, or in which a part can never be reached.

    Raises:
        ConfigError: names the cell.
    """
    for k, part in enumerate(partition.parts):
        for path in (path for one in part.when for path in one.fields):
            if path.split(".")[0] == "outputs":
                raise ConfigError(
                    f"{place}.{part.cell}]: it reads {path!r}; cells are read from the request alone: inputs, metadata, tags"
                )
        rules = {one.rule for one in part.when}
        for before in partition.parts[:k]:
            if {one.rule for one in before.when} <= rules:
                raise ConfigError(
                    f"{place}.{part.cell}]: no request can reach it, since {before.cell!r} before it takes the same; "
                    "the first cell that matches wins, so the narrower one goes first"
                )


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
