"""Family: which tests of a source share alpha, and how much of it each one gets, fixed before any answer is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.gate.family import class_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.feedback.cells import Cell
    from seatrial.feedback.rules import FeedbackRules

SHARES = {"overall": 0.2, "critical": 0.5, "rest": 0.3}
"""Shares of alpha of the overall rows, the critical ones, and the rest; as a merge gate's."""
CONFIDENCE = -1
"""Place of the test of all stated confidences; a band's place is its number."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test of the family: a row, and the band it asks about or CONFIDENCE; its share of alpha."""

    cell: Cell
    band: int
    weight: float
    critical: bool

    __test__ = False  # no pytest class


def is_critical(cell: Cell, rules: FeedbackRules) -> bool:
    """Whether the row's segment or verdict is declared critical."""
    key = cell.key
    return rules.is_critical(key.dimension, key.value) or (
        not key.dimension and rules.is_critical("verdict" if key.verdict else "", key.verdict)
    )


def family(cells: Sequence[Cell], rules: FeedbackRules) -> list[Test]:
    """Every test of one source, weights summing to 1.

    A row with fewer than `min_n` answered decisions leaves the family. Of a row's share half goes to the test of all
    confidences and half to its bands, each with at least `min_n` and a floor over 0; where there is only one of the two
    it takes all.
    """
    members: dict[str, list[Cell]] = {"overall": [], "critical": [], "rest": []}
    for cell in cells:
        if cell.n >= rules.min_n:
            members[_class_of(cell, rules)].append(cell)
    shares = class_shares(SHARES, (name for name, rows in members.items() if rows))
    tests: list[Test] = []
    for name, rows in members.items():
        for cell in rows:
            share = shares[name] / len(rows)
            floors = rules.of(cell.key.classifier).floors
            bands = [b for b, one in enumerate(cell.bands) if one.n >= rules.min_n and floors[b] > 0]
            speaks = cell.variance > 0
            if not bands and not speaks:
                continue
            if speaks:
                tests.append(Test(cell, CONFIDENCE, share / (2 if bands else 1), name == "critical"))
            each = share / (2 if speaks else 1) / max(1, len(bands))
            tests += [Test(cell, band, each, name == "critical") for band in bands]
    return tests


def _class_of(cell: Cell, rules: FeedbackRules) -> str:
    if is_critical(cell, rules):
        return "critical"
    return "overall" if not cell.key.verdict and not cell.key.dimension else "rest"
