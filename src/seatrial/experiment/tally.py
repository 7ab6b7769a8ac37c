"""Tally: requests of one cell by unit, in bounded memory, so that a unit that is many people can be named."""

from __future__ import annotations

from dataclasses import dataclass

KEPT = 1_000
"""Units counted at once: every unit of more than 1 / (KEPT + 1) of the requests is among them (Misra and Gries 1982)."""
NAMED = 3


@dataclass(frozen=True, slots=True)
class CellTraffic:
    """Requests that a router has assigned in one cell, try and rung of a rollout.

    Attributes:
        rollout: its id.
        cell: the cell.
        attempt: try of the cell.
        rung: step of the ramp.
        requests: how many there were.
        blank: those of them without a unit.
        heaviest: (unit, requests) of the heaviest units, at least so many; the heaviest first.
    """

    rollout: str
    cell: str
    attempt: int
    rung: int
    requests: int
    blank: int
    heaviest: tuple[tuple[str, int], ...] = ()


class Tally:
    """Counts requests by unit; a count is short by at most requests / (KEPT + 1)."""

    __slots__ = ("_units", "blank", "requests")

    def __init__(self) -> None:
        self.requests = self.blank = 0
        self._units: dict[str, int] = {}

    def add(self, unit: str | None) -> None:
        """Note one request of a unit; None where it has none."""
        self.requests += 1
        units = self._units
        if unit is None:
            self.blank += 1
        elif unit in units:
            units[unit] += 1
        elif len(units) < KEPT:
            units[unit] = 1
        else:
            self._units = {name: n - 1 for name, n in units.items() if n > 1}

    @property
    def heaviest(self) -> tuple[tuple[str, int], ...]:
        """The heaviest units with their counts, as far as they are known to have several requests."""
        found = sorted(((name, n) for name, n in self._units.items() if n > 1), key=lambda one: (-one[1], one[0]))
        return tuple(found[:NAMED])
