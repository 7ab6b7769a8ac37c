"""History: every cell's share and evidence over time, read from a ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.rollout import ledger
from seatrial.rollout.evidence import Evidence
from seatrial.rollout.judge import findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.rollout.ledger import Row


@dataclass(frozen=True, slots=True)
class CellHistory:
    """One cell, one entry per row of the ledger.

    Attributes:
        cell: its name.
        hours: since the start.
        shares: the candidate's share after the row.
        log_e: log E of the primary metric's "worse", in the try of that time.
        log_threshold: at which it is rolled back.
    """

    cell: str
    hours: tuple[float, ...]
    shares: tuple[float, ...]
    log_e: tuple[float, ...]
    log_threshold: tuple[float, ...]


def history(rows: Sequence[Row]) -> tuple[CellHistory, ...]:
    """Every cell of a rollout over time."""
    rules = ledger.rules_in(rows)
    begin = rows[0].data["at"]
    points: dict[str, list[tuple[float, float, float, float]]] = {cell.name: [] for cell in rules.cells}
    for row in rows:
        state = ledger.state_of(row)
        found = findings(rules, state, Evidence(state.counted, state.closed))
        hours = (row.data["at"] - begin) / 3600
        for cell, here in zip(state.cells, found.cells, strict=True):
            test = here.rows[0].sequential
            if test is not None:
                points[cell.cell].append((hours, rules.share(cell.rung), test.log_e, test.log_threshold))
    return tuple(
        CellHistory(name, *(tuple(column) for column in zip(*seen, strict=True))) for name, seen in points.items()
    )
