"""Metrics: evidence as numbers with names, over everything and segment by segment; what is unknown has no name.

valid/mean                     share or mean over the measured rows; a system failure counts 0
valid/n                        planned rows
valid/failures                 rows where the system failed
valid/unmeasured               rows nobody could measure; they are in n and not in the mean
valid/tier/enterprise/mean     the same four on a segment: key, dimension, value
run/rows/scored                rows by outcome, runs planned, tokens, latency: three parts, no key has as many
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.adapters.mlflow.names import metric_name
from seatrial.evidence import SEGMENT_PREFIX
from seatrial.evidence.check import run_codes
from seatrial.verdict import MEASUREMENT_FAILURES, SYSTEM_FAILURES, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.evidence.table import Codes

RUN = "run"
STATISTICS = ("mean", "n", "failures", "unmeasured")


def score_metrics(evidence: Evidence) -> dict[str, float]:
    """Every key on everything and on every segment it has rows in."""
    outcome, keys = evidence.codes("outcome"), evidence.codes("key")
    system, unmeasured = _any_of(outcome, SYSTEM_FAILURES), _any_of(outcome, MEASUREMENT_FAILURES)
    value = np.where(system | unmeasured, 0.0, evidence.numbers("score"))
    found = {}
    for dimension in (None, *evidence.dimensions):
        codes = None if dimension is None else evidence.codes(f"{SEGMENT_PREFIX}{dimension}")
        width = 1 if codes is None else len(codes.values)
        cell = keys.index.astype(np.int64) * width + (0 if codes is None else codes.index)
        size = len(keys.values) * width
        n = np.bincount(cell, minlength=size)
        failures = np.bincount(cell[system], minlength=size)
        missing = np.bincount(cell[unmeasured], minlength=size)
        total = np.bincount(cell, weights=value, minlength=size)
        for place in np.flatnonzero(n).tolist():
            where = () if codes is None else (str(dimension), codes.values[place % width])
            measured = int(n[place] - missing[place])
            mean = float(total[place]) / measured if measured else None
            wording = (mean, float(n[place]), float(failures[place]), float(missing[place]))
            for name, number in zip(STATISTICS, wording, strict=True):
                if number is not None:
                    found[metric_name(keys.values[place // width], *where, name)] = number
    return found


def run_metrics(evidence: Evidence, reported: Mapping[str, Any]) -> dict[str, float]:
    """What belongs to the run and not to a key: rows by outcome, runs, tokens, latency. `said` is its run.json."""
    outcome = evidence.codes("outcome")
    counts = dict(zip(outcome.values, np.bincount(outcome.index, minlength=len(outcome.values)).tolist(), strict=True))
    tokens = reported.get("tokens") or {}
    given: dict[tuple[str, str], Any] = {
        **{("rows", word.value): counts.get(word.value, 0) for word in Outcome},
        ("runs", "planned"): reported.get("planned"),
        ("runs", "done"): reported.get("done"),
        ("tokens", "input"): tokens.get("input"),
        ("tokens", "output"): tokens.get("output"),
        ("duration_ms", "total"): reported.get("duration_ms"),
        **{("latency_ms", name): number for name, number in _latency(evidence)},
    }
    return {
        metric_name(RUN, *words): float(number)
        for words, number in given.items()
        if number is not None and math.isfinite(number)
    }


def _latency(evidence: Evidence) -> Iterator[tuple[str, float]]:
    if not evidence.has("latency_ms"):
        return
    # Once per run, whatever number of keys was scored on it.
    first = np.unique(run_codes(evidence), return_index=True)[1]
    known = evidence.numbers("latency_ms")[first]
    known = known[np.isfinite(known)]
    if known.size:
        yield "median", float(np.median(known))
        yield "p95", float(np.quantile(known, 0.95))


def _any_of(outcome: Codes, words: Sequence[str] | frozenset[Outcome]) -> NDArray[np.bool_]:
    wanted = np.array([word in words for word in outcome.values], dtype=bool)
    return wanted[outcome.index]
