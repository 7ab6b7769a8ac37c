"""Row: one key on one segment, from its examples to its p-values at the best and the worst of what is missing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from seatrial.gate import thresholds
from seatrial.gate.arms import OUTCOMES
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.noninferiority import largest_drop
from seatrial.stats.paired import Method, mcnemar, mean_interval, newcombe_paired, sign_flip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from seatrial.gate.arms import Arm, Arms
    from seatrial.gate.policy import Policy

OVERALL = thresholds.OVERALL
_TIE = 1e-12
DECIMALS = 12


@lru_cache(maxsize=4096)
def _mcnemar(regressed: int, fixed: int, method: Method) -> float:
    """A row asks for the same few counts several times, and a certificate's thousand gates ask for them all again."""
    return float(mcnemar(regressed, fixed, method))


_newcombe = lru_cache(maxsize=4096)(newcombe_paired)


@dataclass(frozen=True, slots=True)
class Row:
    """One key on one segment before any family is formed.

    Attributes:
        segment: `overall` or `NAME=value`.
        key: evaluator key.
        critical: declared critical.
        n: planned clusters.
        examples: planned examples in them.
        best: candidate minus baseline per cluster, every unmeasured cell in the candidate's favour.
        worst: the same against it.
        baseline: mean score over clusters nothing is missing from; None when there is none.
        candidate: likewise.
        counts: (both, broke, fixed, neither) over complete clusters when scores are 0 or 1 and pairs are single; else None.
        broke: complete clusters that scored lower with the candidate.
        fixed: higher.
        missing: unmeasured cells, both arms.
        provider: of these, cells lost to an outage, a budget or the kill switch.
        cells: planned cells, both arms.
        missing_share: unmeasured over planned cells, of the arm where it is larger.
        outcomes: arm -> outcome word -> count.
        reach: mean candidate score over all clusters (lowest, highest) it may have; None without any cluster.
        places: clusters of the examples, and which of these are members (None: all).
        by_example: candidate minus baseline over complete examples, where clusters hold several; None elsewhere.
    """

    segment: str
    key: str
    critical: bool
    n: int
    examples: int
    best: NDArray[np.float64]
    worst: NDArray[np.float64]
    baseline: float | None
    candidate: float | None
    counts: tuple[int, int, int, int] | None
    regressed: int
    fixed: int
    missing: int
    provider: int
    cells: int
    missing_share: float
    outcomes: Mapping[str, Mapping[str, int]]
    reach: tuple[float, float] | None = None
    places: tuple[NDArray[np.int64], NDArray[np.int64] | None] | None = None
    by_example: float | None = None

    @property
    def clusters(self) -> NDArray[np.int64]:
        """Name of each cluster, in the order of `best` and `worst`; the same number is the same cluster in every row."""
        assert self.places is not None  # noqa: S101 - a row of a design has a size and no cluster
        cluster, members = self.places
        mine = cluster if members is None else cluster[members]
        return mine if self.counts is not None else np.unique(mine)

    @property
    def difference(self) -> float | None:
        """Candidate minus baseline over complete clusters."""
        if self.baseline is None or self.candidate is None:
            return None
        return round(self.candidate - self.baseline, DECIMALS) + 0.0

    def p(self, d: NDArray[np.float64], policy: Policy, alpha: float) -> float:
        """One-sided p that the candidate is worse, for per-cluster differences `d` of this row."""
        if self.counts is not None:
            return _mcnemar(*_moved(d), "exact" if policy.test == "exact" else "mid-p")
        # The seed is the differences and nothing else: no name, order of rows, machine or clock re-rolls it.
        seed = hashlib.sha256(np.sort(d).tobytes()).digest()
        return sign_flip(d, np.random.default_rng(int.from_bytes(seed[:8], "big")), alpha).p

    def interval(self, level: float) -> Interval | CannotTell:
        """Interval of the difference over complete clusters."""
        if self.missing == self.cells or self.difference is None:
            return CannotTell("nothing was measured in both arms")
        if self.counts is not None:
            return _newcombe(*self.counts, level=level)
        return mean_interval(self.complete, level)

    def not_worse_than(self, margin: float) -> bool | None:
        """Whether one-sided .05 evidence puts the drop under `margin` even at the worst of what is missing; None = not known."""
        if self.n == 0:
            return None
        if self.counts is not None:
            regressed, fixed = _moved(self.worst)
            both = self.counts[0]
            interval = _newcombe(both, regressed, fixed, self.n - both - regressed - fixed, level=0.90)
        else:
            interval = mean_interval(self.worst, level=0.90)
        return None if isinstance(interval, CannotTell) else interval.low > -margin

    @property
    def largest_drop(self) -> float | None:
        """One-sided .05 upper bound of the drop, at the worst case of what is missing; None without any cluster."""
        return largest_drop(self.worst) if self.n else None

    @property
    def complete(self) -> NDArray[np.float64]:
        """Candidate minus baseline per cluster, of those nothing is missing from."""
        return self.best[np.abs(self.best - self.worst) < _TIE] if self.missing else self.best

    @property
    def flips(self) -> float:
        """Mean square of what moves a complete cluster between unchanged versions: twice that of the rarer direction."""
        d = self.complete
        losses, wins = (float((side**2).sum()) for side in (d[d < 0], d[d > 0]))
        return round(2 * min(losses, wins) / d.size, DECIMALS) if d.size else 0.0

    @property
    def moved(self) -> float:
        """Mean square of a complete cluster's difference: its flips, both directions, if nothing changed."""
        d = self.complete
        return round(min(1.0, float((d**2).sum()) / d.size), DECIMALS) if d.size else 0.0

    def tipping_point(self, policy: Policy, alpha: float) -> tuple[int, int] | None:
        """(k, of): the row blocks once k of its `of` uncertain clusters go against the candidate; None when it never would."""
        uncertain = np.flatnonzero(self.best - self.worst > _TIE)
        if not uncertain.size or self.p(self.worst, policy, alpha) > alpha:
            return None
        order = uncertain[np.argsort(self.worst[uncertain] - self.best[uncertain], kind="stable")]
        low, high = 0, order.size
        while high - low > 1:
            middle = (low + high) // 2
            mixed = self.best.copy()
            mixed[order[:middle]] = self.worst[order[:middle]]
            low, high = (low, middle) if self.p(mixed, policy, alpha) <= alpha else (middle, high)
        return high, int(order.size)


def _by_cluster(
    arms: Arms, take: slice | NDArray[np.int64], absent: NDArray[np.int64]
) -> tuple[tuple[NDArray[np.float64], ...], NDArray[np.bool_]]:
    """Lowest and highest score of both arms per cluster, and which clusters were measured completely."""
    base, cand = arms.baseline, arms.candidate
    ends = tuple(scores[take] for scores in (base.low, base.high, cand.low, cand.high))
    if arms.paired:
        return ends, absent == 0
    names, cluster = np.unique(arms.cluster[take], return_inverse=True)
    size = np.bincount(cluster, minlength=names.size)
    means = tuple(np.bincount(cluster, weights=scores, minlength=names.size) / size for scores in ends)
    return means, np.bincount(cluster, weights=absent, minlength=names.size) == 0


def row(arms: Arms, segment: str, critical: bool, members: NDArray[np.int64] | None) -> Row:
    """The row of `members` (positions among the planned examples), or of all of them."""
    take = slice(None) if members is None else members
    base, cand = arms.baseline, arms.candidate
    absent = base.missing_cells[take] + cand.missing_cells[take]
    (base_low, base_high, cand_low, cand_high), measured = _by_cluster(arms, take, absent)
    # Rounded: sums over rows in another order differ beyond these digits, and verdicts may not.
    missing = int(absent.sum())
    best = np.round(cand_high - base_low, DECIMALS) + 0.0
    worst = np.round(cand_low - base_high, DECIMALS) + 0.0 if missing else best
    planned = (int(base.planned[take].sum()), int(cand.planned[take].sum()))
    shares = (base.missing_cells[take].sum() / max(planned[0], 1), cand.missing_cells[take].sum() / max(planned[1], 1))
    reach = (float(cand_low.mean()), float(cand_high.mean())) if cand_low.size else None
    if missing:
        base_low, cand_low = base_low[measured], cand_low[measured]
    complete = base_low.size
    regressed, fixed = _moved(best[measured] if missing else best)
    both = int(base_low.sum()) - regressed if arms.paired else 0
    return Row(
        segment=segment,
        key=arms.key,
        critical=critical,
        n=int(best.size),
        examples=int(absent.size),
        best=best,
        worst=worst,
        baseline=round(float(base_low.mean()), DECIMALS) if complete else None,
        candidate=round(float(cand_low.mean()), DECIMALS) if complete else None,
        counts=(both, regressed, fixed, complete - both - regressed - fixed) if arms.paired else None,
        regressed=regressed,
        fixed=fixed,
        missing=missing,
        provider=int((base.provider[take] + cand.provider[take]).sum()),
        cells=sum(planned),
        missing_share=float(max(shares)) if sum(planned) else 1.0,
        outcomes={"baseline": _outcomes(base, take), "candidate": _outcomes(cand, take)},
        reach=reach,
        places=(arms.cluster, members),
        by_example=_by_example(arms, take, absent == 0) if best.size < absent.size else None,
    )


def _by_example(arms: Arms, take: slice | NDArray[np.int64], complete: NDArray[np.bool_]) -> float | None:
    """Candidate minus baseline over examples nothing is missing from, each counted once whatever its cluster."""
    moved = (arms.candidate.low[take] - arms.baseline.low[take])[complete]
    return round(float(moved.mean()), DECIMALS) + 0.0 if moved.size else None


def _moved(d: NDArray[np.float64]) -> tuple[int, int]:
    """How many of these differences are a loss, and how many a gain."""
    return int(np.count_nonzero(d < -_TIE)), int(np.count_nonzero(d > _TIE))


def _outcomes(arm: Arm, take: slice | NDArray[np.int64]) -> dict[str, int]:
    counts = np.bincount(arm.outcome[take].ravel() + 1, minlength=len(OUTCOMES) + 1)[1:]  # without what was not planned
    return {word.value: count for word, count in zip(OUTCOMES, counts.tolist(), strict=True) if count}
