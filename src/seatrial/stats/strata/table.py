"""Strata: successes and trials of two arms, one row per stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.validate import counts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Strata:
    """Counts of two arms, row by row.

    Attributes:
        x1, n1: successes and trials of the first arm (candidate, treatment).
        x2, n2: of the second arm (baseline, control).
    """

    x1: NDArray[np.float64]
    n1: NDArray[np.float64]
    x2: NDArray[np.float64]
    n2: NDArray[np.float64]

    @classmethod
    def of(cls, x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> Strata:
        """Strata of four equally long lists; ValueError for counts that cannot be."""
        made = cls(counts("x1", x1), counts("n1", n1), counts("x2", x2), counts("n2", n2))
        if len({made.x1.size, made.n1.size, made.x2.size, made.n2.size}) != 1:
            raise ValueError("x1, n1, x2, n2 must have one row per stratum each")
        if np.any(made.x1 > made.n1) or np.any(made.x2 > made.n2):
            raise ValueError("a stratum has more successes than trials")
        return made

    @property
    def comparable(self) -> NDArray[np.bool_]:
        """Which strata have trials in both arms; the others hold no comparison."""
        return (self.n1 > 0) & (self.n2 > 0)

    def kept(self) -> Strata:
        """The comparable strata only."""
        keep = self.comparable
        return Strata(self.x1[keep], self.n1[keep], self.x2[keep], self.n2[keep])
