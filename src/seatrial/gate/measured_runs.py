"""Measured runs: one number per planned run of both versions, of a column or of what its tokens cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError, DataError
from seatrial.gate.arms import clusters_of
from seatrial.gate.row import DECIMALS
from seatrial.price import Tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.price import Prices

COST = "cost_usd"
"""The measurement that is no column: tokens at the prices that were handed in."""
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class MeasuredRuns:
    """One number per planned run; NaN where there is none.

    Attributes:
        values: versions (baseline, candidate) x examples x planned repetitions.
        wanted: examples x planned repetitions, which runs are planned.
        cluster: per example.
    """

    values: NDArray[np.float64]
    wanted: NDArray[np.bool_]
    cluster: NDArray[np.int64]

    @property
    def both(self) -> NDArray[np.bool_]:
        """Runs with a number above 0 in both versions."""
        return np.asarray((self.values > 0).all(axis=0))

    @property
    def planned(self) -> int:
        """Clusters planned."""
        return int(np.unique(self.cluster[self.wanted.any(axis=1)]).size)

    def log_ratios(self) -> NDArray[np.float64]:
        """Log of candidate over baseline, per cluster.

        A run counts where both versions have a number; an example is the mean of its runs and a cluster that of its examples,
        so that neither an expensive run that is missing nor an example that was run more often speaks for the others.
        """
        both = self.both
        runs = both.sum(axis=1)
        logs = np.log(np.where(both, self.values, 1.0))
        of_example = (logs[1] - logs[0]).sum(axis=1) / np.maximum(runs, 1)
        there = runs > 0
        size = int(self.cluster.max()) + 1
        counted = np.bincount(self.cluster[there], minlength=size)
        total = np.bincount(self.cluster[there], weights=of_example[there], minlength=size)
        return np.round(total[counted > 0] / counted[counted > 0], DECIMALS)

    def pairs(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """Baseline, candidate and cluster of each run with a number in both."""
        both = self.both
        return self.values[0][both], self.values[1][both], np.repeat(self.cluster, both.sum(axis=1))

    def of_candidate(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The candidate's numbers, 0 among them, and the cluster of each."""
        known = ~np.isnan(self.values[1])
        return self.values[1][known], np.repeat(self.cluster, known.sum(axis=1))


def measured_runs(
    evidence: Evidence, values: NDArray[np.float64], baseline: str, candidate: str, repetitions: int | None
) -> MeasuredRuns:
    """Planned is what it is for scores: the baseline's repetitions, of each example what either arm ran."""
    versions, examples, tries = evidence.codes("version"), evidence.codes("example_id"), evidence.numbers("repetition")
    sides = [np.flatnonzero(versions.index == versions.values.index(version)) for version in (baseline, candidate)]
    ran = np.unique(tries[sides[0]])
    plan = ran[:repetitions] if ran.size else np.unique(tries[sides[1]])
    wanted = np.zeros((len(examples.values), max(1, plan.size)), dtype=bool)
    found = np.full((2, *wanted.shape), np.nan)
    for side, mine in enumerate(sides):
        # One number a run, whatever number of keys was scored on it: they are the same, or the evidence was refused.
        rows = mine[np.isin(tries[mine], plan)]
        at = (examples.index[rows], np.searchsorted(plan, tries[rows]))
        wanted[at] = True
        known = ~np.isnan(values[rows])
        found[side][at[0][known], at[1][known]] = values[rows][known]
    return MeasuredRuns(found, wanted, clusters_of(evidence, np.arange(len(examples.values))))


def numbers_of(evidence: Evidence, name: str, prices: Prices | None, source: str) -> NDArray[np.float64]:
    """The measurement's number on every row.

    Raises:
        ConfigError: the evidence has no such column, or nobody handed in prices.
        DataError: tokens of a cache are more than the tokens read.
    """
    needed = ("model", "input_tokens", "output_tokens") if name == COST else (name,)
    for column in needed:
        if not evidence.has(column):
            raise ConfigError(f"{source}: measurement {name!r} gates but {evidence.source} has no column {column!r}")
    if name != COST:
        return evidence.numbers(name)
    if prices is None:
        raise ConfigError(f"{source}: measurement {COST!r} gates and no prices were handed in")
    return _cost(evidence, prices)


def _cost(evidence: Evidence, prices: Prices) -> NDArray[np.float64]:
    """USD of each row's run; NaN where its tokens, its model or the model's price is not known."""
    models = evidence.codes("model")
    each = np.array([_per_token(prices, name) for name in (*models.values, "")])  # the last is that of null
    rate = each[models.index]
    columns = [_cached(evidence, name) for name in ("cache_read_tokens", "cache_write_tokens")]
    fresh = evidence.numbers("input_tokens") - columns[0] - columns[1]
    over = np.flatnonzero(fresh < 0)
    if over.size:
        raise DataError(
            f"{evidence.source} row {int(over[0]) + 1}: cache_read_tokens and cache_write_tokens are more than input_tokens, of which they are a part; "
            "a file that counts them apart has to add them to input_tokens"
        )
    parts = (fresh, *columns, evidence.numbers("output_tokens"))
    return np.asarray(sum(part * rate[:, i] for i, part in enumerate(parts)))


def _cached(evidence: Evidence, name: str) -> NDArray[np.float64]:
    """Tokens read from a cache or written to one; none where the evidence does not tell them apart."""
    return np.nan_to_num(evidence.numbers(name)) if evidence.has(name) else np.zeros(len(evidence))


def _per_token(prices: Prices, model: str) -> tuple[float, float, float, float]:
    """USD of one token: read, read from a cache, written to a cache, written."""
    requested = (
        Tokens(_MILLION, 0),
        Tokens(_MILLION, 0, cache_read=_MILLION),
        Tokens(_MILLION, 0, cache_write=_MILLION),
        Tokens(0, _MILLION),
    )
    usd = [prices.usd(model, one) for one in requested]
    a, b, c, d = (np.nan if one is None else one / _MILLION for one in usd)
    return a, b, c, d
