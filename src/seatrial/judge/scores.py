"""Scores: a verdict table summed up as one score per example, or missing where a verdict it needs is not there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError
from seatrial.evidence.against_half import EVEN
from seatrial.judge.verdicts import AB, ORDERS
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from seatrial.table import Codes, Table

    Floats = NDArray[np.float64]

WINNERS = {"candidate": 1.0, "tie": 0.5, "baseline": 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One candidate against one baseline; arrays have one entry per planned example.

    Attributes:
        score: mean over orders, draws and judges, 0..1 for the candidate; NaN where it is missing.
        consistent: share of the example's pairs of orders that favour the same answer; NaN without a full pair.
        first: share of the verdicts in its full pairs that favour the answer shown first, a tie as one half; NaN likewise.
        drawn: whether the example has as many draws by all judges as any; one that has fewer may lack those that contradict it.
        longer: length of the candidate's answer minus the baseline's; NaN where a length is unknown.
        segments: dimension -> value per example.
        judges: identities of all planned judges.
        orders: both orders are told apart.
        outcomes: outcome, or the kind of what is missing -> rows.
    """

    score: Floats
    consistent: Floats
    first: Floats
    drawn: NDArray[np.bool_]
    longer: Floats
    segments: Mapping[str, Codes]
    judges: tuple[str, ...]
    orders: bool
    outcomes: Mapping[str, int]

    def __len__(self) -> int:
        return int(self.score.size)


def scores_of(table: Table, scale: tuple[float, float] = (0.0, 1.0)) -> Scores:
    """Sum up a table of one candidate.

    A judge has scored an example when each draw has its verdict in both orders (one, where the table has no `order`); the
    score is their mean. A panel has scored it when more than half of all its judges have; else the example is missing, never a
    tie and never the score of those who answered.

    Args:
        table: columns of `VERDICT_COLUMNS`.
        scale: what `preference` says for the baseline and for the candidate.

    Raises:
        DataError: no verdict column; a preference off the scale; an unknown order; two verdicts on one question.
    """
    preference, words = _preferences(table, scale)
    example, examples = _codes(table, "example_id")
    judge, judges = _codes(table, "judge")
    draw, draws = _draws(table)
    order = _orders(table)
    unit, units = _dense((example.astype(np.int64) * judges + judge) * draws + draw)
    slot = unit if order is None else unit * 2 + order
    width = units if order is None else units * 2
    if np.bincount(slot, minlength=width).max() > 1:
        raise DataError(
            f"{table.source}: {_aa_run(table, slot)} is judged twice; a row is one example, judge, order and repetition: map what "
            "tells them apart with --map repetition=COLUMN or --map judge=COLUMN"
        )
    wording = np.full(width, np.nan)
    wording[slot] = preference
    of_unit = np.zeros(units, np.int64)
    of_unit[unit] = example.astype(np.int64) * judges + judge
    pair = wording if order is None else (wording[0::2] + wording[1::2]) / 2
    of_judge = _means(pair, of_unit, examples * judges).reshape(examples, judges)
    known = ~np.isnan(of_judge)
    heard = known.sum(axis=1)
    total = np.where(known, of_judge, 0.0).sum(axis=1)
    score = np.where(heard * 2 > judges, total / np.maximum(heard, 1), np.nan)
    consistent = first = np.full(examples, np.nan)
    if order is not None:
        seen = np.where(_requested(table), wording[slot], np.nan)
        by_judge = np.full(width, np.nan)
        by_judge[slot] = seen
        consistent, first = _position(by_judge[0::2], by_judge[1::2], of_unit // judges, examples)
    return Scores(
        score,
        consistent,
        first,
        _drawn(of_unit // judges, examples),
        _longer(table, example, examples),
        {name: _per_example(table, name, example, examples) for name in table.dimensions},
        table.codes("judge").values if table.has("judge") else (),
        order is not None,
        words,
    )


def _drawn(of: NDArray[np.int64], examples: int) -> NDArray[np.bool_]:
    """Whether each example has as many draws as any."""
    draws = np.bincount(of, minlength=examples)
    return np.asarray(draws == draws.max(initial=0), dtype=np.bool_)


def _preferences(table: Table, scale: tuple[float, float]) -> tuple[Floats, dict[str, int]]:
    low, high = scale
    if table.has("preference"):
        found = (table.numbers("preference") - low) / (high - low)
        off = (found < 0) | (found > 1)
        if off.any():
            row = int(np.flatnonzero(off)[0])
            raise DataError(
                f"{table.source}, row {row + 1}: preference {table.numbers('preference')[row]:g} is off the scale {low:g}:{high:g}; say "
                "which one it is on, e.g. --preference-scale 1:2"
            )
    elif table.has("winner"):
        codes = table.codes("winner")
        unknown = sorted(set(codes.values) - set(WINNERS))
        if unknown:
            raise DataError(f"{table.source}: winner {unknown[0]!r} is unknown; choose one of: {', '.join(WINNERS)}")
        worth = np.array([*(WINNERS[word] for word in codes.values), np.nan])
        found = worth[codes.index]
    else:
        raise DataError(
            f"{table.source} has no column preference and no winner: say which holds the verdict with --map"
        )
    return _scored(table, found)


def _scored(table: Table, found: Floats) -> tuple[Floats, dict[str, int]]:
    """Only what was scored counts, whatever number stands beside another outcome."""
    rows = len(table)
    named = np.array([None] * rows, dtype=object)
    if table.has("outcome"):
        codes = table.codes("outcome")
        unknown = sorted(set(codes.values) - set(Outcome))
        if unknown:
            raise DataError(f"{table.source}: outcome {unknown[0]!r} is unknown; choose one of: {', '.join(Outcome)}")
        named = np.array([*codes.values, None], dtype=object)[codes.index]
    missing = np.isnan(found)
    odd = np.flatnonzero((named == Outcome.SCORED.value) & missing)
    if odd.size:
        raise DataError(f"{table.source}, row {int(odd[0]) + 1}: outcome is scored, but there is no preference")
    left_out = (named != None) & (named != Outcome.SCORED.value)  # noqa: E711 - elementwise
    found = np.where(left_out, np.nan, found)
    words: Counter[str] = Counter()
    words["scored"] = int((~np.isnan(found)).sum())
    kinds = table.codes("error_kind") if table.has("error_kind") else None
    for row in np.flatnonzero(np.isnan(found)).tolist():
        words[(kinds.text(row) if kinds else None) or named[row] or "no verdict"] += 1
    return found, {word: times for word, times in sorted(words.items()) if times}


def _codes(table: Table, name: str) -> tuple[NDArray[np.int32], int]:
    if not table.has(name):
        return np.zeros(len(table), np.int32), 1
    codes = table.codes(name)
    if (codes.index < 0).any():
        row = int(np.flatnonzero(codes.index < 0)[0])
        raise DataError(f"{table.source}, row {row + 1}: {name} is empty; every row names its own")
    return codes.index, len(codes.values)


def _draws(table: Table) -> tuple[NDArray[np.int64], int]:
    if not table.has("repetition"):
        return np.zeros(len(table), np.int64), 1
    draw, draws = _dense(np.nan_to_num(table.numbers("repetition"), nan=0.0).astype(np.int64))
    return draw, draws


def _dense(names: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    values, index = np.unique(names, return_inverse=True)
    return index.astype(np.int64), int(values.size)


def _orders(table: Table) -> NDArray[np.int64] | None:
    """0 for AB and 1 for BA; None where the table does not say."""
    if not table.has("order"):
        return None
    codes = table.codes("order")
    unknown = sorted(set(codes.values) - set(ORDERS))
    if unknown:
        raise DataError(f"{table.source}: order {unknown[0]!r} is unknown; choose one of: {', '.join(ORDERS)}")
    if (codes.index < 0).any():
        row = int(np.flatnonzero(codes.index < 0)[0])
        raise DataError(
            f"{table.source}, row {row + 1}: order is empty; it is AB where the candidate was shown first, else BA"
        )
    return np.array([word != AB for word in codes.values], dtype=np.int64)[codes.index]


def _aa_run(table: Table, slot: NDArray[np.int64]) -> str:
    row = int(np.flatnonzero(np.bincount(slot)[slot] > 1)[0])
    return f"example {table.codes('example_id').text(row)!r}"


def _means(values: Floats, group: NDArray[np.int64], groups: int) -> Floats:
    """Mean per group; NaN where one of its values is, or where it has none."""
    size = np.bincount(group, minlength=groups)
    sums = np.bincount(group, weights=values, minlength=groups)
    return np.where(size > 0, sums / np.maximum(size, 1), np.nan)


def _position(ab: Floats, ba: Floats, example: NDArray[np.int64], examples: int) -> tuple[Floats, Floats]:
    full = ~(np.isnan(ab) | np.isnan(ba))
    forward, backward = _side(ab[full]), _side(ba[full])
    consistent = (forward == backward).astype(np.float64)
    first = ((forward + 1) / 2 + (1 - backward) / 2) / 2
    return tuple(_means(found, example[full], examples) for found in (consistent, first))  # type: ignore[return-value]


def _requested(table: Table) -> NDArray[np.bool_]:
    """Rows that a judge answered: a pair settled without one (a crash, equal answers) says nothing of its position bias."""
    rows = len(table)
    if not table.has("requested_model"):
        return np.ones(rows, np.bool_)
    codes = table.codes("requested_model")
    named = np.array([bool(value) for value in codes.values] + [False])[codes.index]
    return named if named.any() else np.ones(rows, np.bool_)


def _side(preference: Floats) -> Floats:
    """1 for the candidate, 0 for a tie, -1 for the baseline."""
    return np.where(np.abs(preference - 0.5) <= EVEN, 0.0, np.sign(preference - 0.5))


def _longer(table: Table, example: NDArray[np.int32], examples: int) -> Floats:
    if not (table.has("length_candidate") and table.has("length_baseline")):
        return np.full(examples, np.nan)
    return _means(
        table.numbers("length_candidate") - table.numbers("length_baseline"), example.astype(np.int64), examples
    )


def _per_example(table: Table, name: str, example: NDArray[np.int32], examples: int) -> Codes:
    from seatrial.table import SEGMENT_PREFIX, Codes  # noqa: PLC0415 - only where a table has segments

    codes = table.codes(f"{SEGMENT_PREFIX}{name}")
    index = np.full(examples, -1, np.int32)
    index[example] = codes.index
    odd = np.flatnonzero(index[example] != codes.index)
    if odd.size:
        row = int(odd[0])
        raise DataError(
            f"{table.source}: example {table.codes('example_id').text(row)!r} is in two segments of {name}: "
            f"{codes.text(row)!r} and {codes.values[index[example][row]]!r}"
        )
    return Codes(codes.values, index)
