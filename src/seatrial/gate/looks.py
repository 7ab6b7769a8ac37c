"""Looks: the tables of several looks at a candidate on one scale of repetitions, what each look planned first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence


class OneLook(NamedTuple):
    """The tables of one look, and which of their repetitions it planned, ascending."""

    tables: tuple[Evidence, ...]
    planned: NDArray[np.float64]


def planned_of(baseline: NDArray[np.float64], repetitions: int | None) -> NDArray[np.float64]:
    """The planned ones among the repetitions of a baseline's rows: the first `repetitions`, or all."""
    planned: NDArray[np.float64] = np.unique(baseline)[:repetitions]
    return planned


def one_after_another(looks: Sequence[OneLook]) -> tuple[list[Evidence], int]:
    """The tables of all looks with their repetitions counted on, and how many of these were planned.

    A policy's `repetitions` holds of every look. As what was planned comes first, a plan of that many repetitions takes its
    share of each look, and never the oldest look alone; what a look ran beyond its plan comes after all of it.
    """
    found: list[Evidence] = []
    at, beyond = 0, sum(one.planned.size for one in looks)
    total = beyond
    for look in looks:
        ran = np.unique(np.concatenate([table.numbers("repetition") for table in look.tables]))
        more = np.setdiff1d(ran, look.planned)
        before = np.concatenate([look.planned, more])
        after = np.concatenate([at + np.arange(look.planned.size), beyond + np.arange(more.size)]).astype(np.float64)
        order = np.argsort(before)
        for table in look.tables:
            place = np.searchsorted(before, table.numbers("repetition"), sorter=order)
            found.append(table.replaced("repetition", after[order][place]))
        at, beyond = at + look.planned.size, beyond + more.size
    return found, total
