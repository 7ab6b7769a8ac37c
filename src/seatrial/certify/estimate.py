"""Estimate: what a simulated world is like, number by number, and where each number comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.certify.design import design_of
from seatrial.certify.scenario import Cells, Truth, most_churn
from seatrial.errors import UsageError
from seatrial.gate.thresholds import limits_of
from seatrial.verdict import SYSTEM_FAILURES, Outcome
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy

RATE = 0.8
"""Pass rate where nothing says another; it only matters for what is missing, for repetitions and for what can drop."""

PULL = 4.0
"""Examples' worth of the whole key that each joint cell's own numbers are mixed with: a cell may hold one example."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One number of the simulated world: its name, its value in words, and where it is from (`given`, `estimated`, `policy`,
    `trial row`, `assumed`) with a note."""

    name: str
    value: str
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller says himself; None = estimate it, or take the policy's."""

    churn: float | None = None
    rate: float | None = None
    missing: float | None = None
    repetitions: int | None = None
    icc: float | None = None
    hit_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one table of evidence says, on its own design.

    Attributes:
        design: its own.
        rate: mean score per key and joint cell.
        churn: how often two runs differ, likewise; None without repetitions.
        missing: key -> share of planned cells that nobody measured.
        repetitions: runs per example that every version has.
        icc: correlation of examples within clusters; None where every example stands alone.
        hits: zero-tolerance key -> false-hit rate; None without repetitions.
        again: pairs of runs that speak for the least known of these.
        fractions: tested keys with scores between 0 and 1.
        source: file or run.
    """

    design: Design
    rate: NDArray[np.float64]
    churn: NDArray[np.float64] | None
    missing: dict[str, float]
    repetitions: int
    icc: float | None
    hits: dict[str, float] | None
    second_stage: int
    fractions: tuple[str, ...]
    source: str


def seen(evidence: Evidence, policy: Policy, critical: Collection[str]) -> Seen:
    """Estimate everything that `evidence` can say, over all versions it holds."""
    design = design_of(evidence, policy, critical)
    keys = [_key(evidence, key) for key in (*design.keys, *design.zero)]
    tested = keys[: len(design.keys)]
    repeated = [key for key in tested if key.pairs.any()]
    return Seen(
        design=design,
        rate=np.stack([_by_cell(key.mean, key.measured > 0, design) for key in tested]),
        churn=np.stack([_by_cell(key.disagree, key.pairs > 0, design) for key in tested])
        if len(repeated) == len(tested)
        else None,
        missing={name: key.missing for name, key in zip((*design.keys, *design.zero), keys, strict=True)},
        repetitions=min(key.repetitions for key in tested),
        icc=None if design.alone else max(_icc(key.mean, design.cluster, key.measured > 0) for key in tested),
        hits={
            name: _hit_rate(float(key.flipped[key.pairs > 0].mean()))
            for name, key in zip(design.zero, keys[len(design.keys) :], strict=True)
        }
        if all(key.pairs.any() for key in keys[len(design.keys) :])
        else None,
        second_stage=min((int(key.pairs.sum()) for key in keys[len(design.keys) :]), default=0),
        fractions=tuple(name for name, key in zip(design.keys, tested, strict=True) if key.fractions),
        source=evidence.source,
    )


def world(
    design: Design, policy: Policy, given: Given, found: Seen | None = None, *, repeat: int | None = None
) -> tuple[Truth, tuple[Fact, ...]]:
    """The unchanged world, and where each of its numbers is from: given, else estimated, else the policy's.

    Args:
        design: what is simulated.
        policy: the rules; `churn` where no repetitions can say it.
        given: numbers of the caller's own.
        found: estimates, on the same or another design with the same joint cells.
        repeat: runs per example that a trial row plans.

    Raises:
        UsageError: the given rate leaves no room for the given churn.
    """
    truth, facts = _answers(design, policy, given, found)
    absent = found.missing if found and given.missing is None else {}
    missing, source = _chosen(given.missing, max(absent.values()) if absent else None, 0.0)
    most = f"at most {percent(missing)} of a key" if absent and missing else percent(missing)
    facts.append(Fact("not measured", most, source))
    icc = 0.0
    if not design.alone:
        icc, source = _chosen(given.icc, found.icc if found else None, 0.0)
        facts.append(Fact("correlation within clusters", f"{icc:.2f}", source))
    runs, source = (given.repetitions, "given") if given.repetitions else (repeat, "trial row")
    if runs is None:
        runs, source = (found.repetitions, "estimated") if found else (1, "assumed")
    if policy.repetitions is not None and runs > policy.repetitions:
        runs, source = policy.repetitions, "policy"
    facts.append(Fact("runs per example", str(runs), source))
    hits: dict[str, float] = {}
    if design.zero:
        hits, source = ({}, "policy") if found is None or found.hits is None else (found.hits, "estimated")
        if given.hit_rate is not None:
            hits, source = dict.fromkeys(design.zero, given.hit_rate), "given"
        note = "zero-tolerance keys are taken at their word" if source == "policy" else ""
        if source == "estimated" and found and not any(hits.values()):
            # Rule of three: nothing in n pairs still allows 3 / n of them, and a pair differs twice as often as a run hits.
            note = f"none in {count(found.second_stage, 'pair')} of runs, which does not rule out {100 * 1.5 / found.second_stage:.2g} %"
        facts.append(Fact("false hits", f"{100 * max(hits.values(), default=0.0):.2g} %", source, note))
    if design.measures:
        facts.append(Fact("measurements", "at their margin", "assumed", "where an unchanged candidate is blocked most"))
    if found and found.fractions:
        names = ", ".join(found.fractions)
        facts.append(Fact("fractional scores", names, "assumed", "simulated as pass/fail of the same mean and churn"))
    return replace(truth, missing=missing, icc=icc, repetitions=runs, hits=hits, missing_cells=absent), tuple(facts)


def _answers(design: Design, policy: Policy, given: Given, found: Seen | None) -> tuple[Truth, list[Fact]]:
    """Pass rate and churn."""
    churn = policy.churn if given.churn is None else given.churn
    if given.churn is not None and given.rate is not None and given.churn > most_churn(given.rate) + 1e-9:
        raise UsageError(
            f"--churn {given.churn:g}: of runs that pass {percent(given.rate)} of the time two differ {percent(most_churn(given.rate))} of the time at most; give another --rate or a smaller --churn"
        )
    # A churn of more than .32 has no room at a pass rate of .8.
    rate = given.rate if given.rate is not None else RATE if churn <= most_churn(RATE) else 0.5
    rates = _mapped(found.rate, found.design, design) if found and given.rate is None else None
    churns = None
    if found and found.churn is not None and given.churn is None:
        churns = _mapped(found.churn, found.design, design)
    if rates is not None and churns is None:
        # Nobody measured how these answers flip, and a pass rate seen as 100 % must not argue the policy's churn away.
        edge = (1 + math.sqrt(max(0.0, 1 - 2 * churn))) / 2
        rates = np.clip(rates, 1 - edge, edge)
    facts = []
    if rates is None:
        facts.append(Fact("pass rate", percent(rate), "assumed" if given.rate is None else "given"))
    else:
        facts.append(Fact("pass rate", percent(_mean(rates, design)), "estimated"))
    if churns is None:
        no_runs = f"{found.source} has no repetitions to estimate it from" if found else ""
        source, note = ("policy", no_runs) if given.churn is None else ("given", "")
        facts.append(Fact("churn", percent(churn), source, note))
    else:
        facts.append(Fact("churn", percent(_mean(churns, design)), "estimated"))
    truth = Truth(churn, rate=rate, rate_known=rates is not None or given.rate is not None)
    limits = [limits_of(rule, segment) for rule in policy.keys for segment in design.segments]
    if not truth.rate_known and any(one.floor is not None for one in limits):
        note = "the pass rate is assumed; --rate, --evidence or --from-run says it"
        facts.append(Fact("floors", "not simulated", "assumed", note))
    if rates is not None or churns is not None:
        full = np.ones((len(design.keys), len(design.names)))
        truth = replace(
            truth,
            cells=Cells(full * rate if rates is None else rates, full * churn if churns is None else churns),
        )
    room = _room(design, truth)
    if room is not None:
        facts.append(Fact("churn", f"at most {percent(room)}", "assumed", "the pass rate leaves no room for more"))
    return truth, facts


def _chosen(given: float | None, estimated: float | None, otherwise: float) -> tuple[float, str]:
    """The number, and where it is from."""
    if given is not None:
        return given, "given"
    return (otherwise, "assumed") if estimated is None else (estimated, "estimated")


@dataclass(frozen=True, slots=True)
class _Key:
    """Per example, over all versions: mean score, measured cells, neighbouring repetitions, and how far these differ."""

    mean: NDArray[np.float64]
    measured: NDArray[np.int64]
    pairs: NDArray[np.int64]
    disagree: NDArray[np.float64]
    flipped: NDArray[np.float64]
    missing: float
    repetitions: int
    fractions: bool


def _key(evidence: Evidence, key: str) -> _Key:
    keys, versions, outcome = evidence.codes("key"), evidence.codes("version"), evidence.codes("outcome")
    examples, tries = evidence.codes("example_id"), evidence.numbers("repetition")
    failed = np.isin(outcome.index, [i for i, word in enumerate(outcome.values) if Outcome(word) in SYSTEM_FAILURES])
    score = np.where(failed, 0.0, evidence.numbers("score"))
    rows = np.flatnonzero(keys.index == keys.values.index(key))
    requested = np.unique(examples.index[rows]).size
    ran = [np.unique(tries[rows[versions.index[rows] == v]]).size for v in np.unique(versions.index[rows])]
    known = rows[~np.isnan(score[rows])]
    order = known[np.lexsort((tries[known], examples.index[known], versions.index[known]))]
    of, x = examples.index[order].astype(np.int64), score[order]
    size = len(examples.values)
    same = (of[1:] == of[:-1]) & (versions.index[order][1:] == versions.index[order][:-1])
    pairs = np.bincount(of[1:][same], minlength=size)
    measured = np.bincount(of, minlength=size)

    def mean(of_: NDArray[np.int64], values: NDArray[np.float64], n: NDArray[np.int64]) -> NDArray[np.float64]:
        total = np.bincount(of_, weights=values, minlength=size)
        return np.divide(total, n, out=np.zeros(size), where=n > 0)

    moved = np.abs(np.diff(x))[same]
    flipped = ((x[1:] < 1) != (x[:-1] < 1))[same].astype(float)
    return _Key(
        mean(of, x, measured),
        measured,
        pairs,
        mean(of[1:][same], moved, pairs),
        mean(of[1:][same], flipped, pairs),
        max(0.0, 1 - known.size / (requested * sum(ran))),
        min(ran),
        bool(np.any((x > 0) & (x < 1))),
    )


def _by_cell(values: NDArray[np.float64], known: NDArray[np.bool_], design: Design) -> NDArray[np.float64]:
    """Mean over the known examples of each joint cell, mixed with PULL examples of the whole key."""
    cells, width = design.cell[known], len(design.names)
    complete = float(values[known].mean()) if known.any() else RATE
    total = np.bincount(cells, weights=values[known], minlength=width) + PULL * complete
    return np.asarray(total / (np.bincount(cells, minlength=width) + PULL))


def _mapped(values: NDArray[np.float64], mine: Design, other: Design) -> NDArray[np.float64]:
    """Numbers per key and joint cell on another design: by the names of cells; a cell nobody saw gets the key's mean."""
    place = {names: i for i, names in enumerate(mine.names)}
    out = np.empty((len(other.keys), len(other.names)))
    for k, key in enumerate(other.keys):
        mean = _mean(values[[mine.keys.index(key)]], mine)
        for c, names in enumerate(other.names):
            out[k, c] = values[mine.keys.index(key), place[names]] if names in place else mean
    return out


def _mean(values: NDArray[np.float64], design: Design) -> float:
    weights = np.bincount(design.cell, minlength=len(design.names))
    return float((values[0] * weights).sum() / weights.sum())


def _room(design: Design, truth: Truth) -> float | None:
    """The overall churn there is room for, where it is less than what was asked (by more than a tenth)."""
    requested = room = 0.0
    for c, n in enumerate(design.cells[0]):
        rate, churn = truth.at(0, c)
        requested += n * churn
        room += n * min(churn, most_churn(rate))
    return room / design.cells[0].sum() if room < 0.9 * requested else None


def _icc(values: NDArray[np.float64], cluster: NDArray[np.int64], known: NDArray[np.bool_]) -> float:
    """Intra-cluster correlation of example means, by analysis of variance, within 0..1 (Donner 1986)."""
    x, of = values[known], np.unique(cluster[known], return_inverse=True)[1].ravel()
    sizes = np.bincount(of)
    n, groups = x.size, sizes.size
    if groups < 2 or n == groups:
        return 0.0
    means = np.bincount(of, weights=x) / sizes
    between = float((sizes * (means - x.mean()) ** 2).sum()) / (groups - 1)
    within = float(((x - means[of]) ** 2).sum()) / (n - groups)
    size = (n - float((sizes**2).sum()) / n) / (groups - 1)
    spread = between + (size - 1) * within
    return min(1.0, max(0.0, (between - within) / spread)) if spread > 0 else 0.0


def _hit_rate(disagree: float) -> float:
    """The false-hit rate h at which two runs disagree with chance 2 h (1 - h)."""
    return (1 - math.sqrt(max(0.0, 1 - 2 * disagree))) / 2
