"""Warehouse SQL: the queries that count a rollout's events, in the words of DuckDB or PostgreSQL."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.outcome.maturity import CODES, Answer
from seatrial.outcome.metric import MetricKind, Pick
from seatrial.outcome.polarity import WORDS, Polarities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.outcome.metric import Metric

_CASELESS = ("1", "1.0", "true", "0", "0.0", "false", "", "nan", "none", "null")
_BLANKS = " \t\n\r\x0b\x0c"
MINE = "e.rollout = :rollout AND e.forced = 0"
WINDOW = f"{MINE} AND e.exposed_at >= :since AND e.exposed_at < :until"
KEY = "cell, attempt, rung, arm, content, algorithm"
_ORDER = {
    Pick.FIRST: "CASE WHEN answer = 2 THEN 1 ELSE 0 END, seen_at, answer",
    Pick.LATEST: "CASE WHEN answer = 2 THEN 1 ELSE 0 END, -seen_at, answer",
    Pick.WORST: "answer, seen_at",
}


@dataclass(frozen=True)
class Dialect:
    """What the two databases say differently.

    Attributes:
        hash: SQL of a text's hash.
        number: SQL of a text as a number, NULL where it is none.
        marker: how a parameter's name is written in a query.
    """

    hash: str
    number: str
    marker: str


DUCKDB = Dialect("hash({})", "TRY_CAST({} AS DOUBLE)", "${}")
POSTGRES = Dialect(
    "hashtextextended({}, 0)",
    r"CASE WHEN {0} ~ '^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$' THEN CAST({0} AS DOUBLE PRECISION) END",
    "%({})s",
)


def code_of(dialect: Dialect, metric: Metric, text: str | None = None) -> str:
    """SQL of what a label says, NULL where it says nothing; `text` stands in for it where labels are words."""
    if metric.kind is MetricKind.LATENCY_OVER and metric.source.over is not None:
        number = dialect.number.format("o.label")
        return f"CASE WHEN {number} IS NULL THEN NULL WHEN {number} <= {metric.source.over!r} THEN 1 ELSE 0 END"
    if text is not None:
        return text
    trim = "TRIM" if dialect is DUCKDB else "BTRIM"
    word = f"{trim}(COALESCE(o.label, ''), '{_BLANKS}')"
    words = {**WORDS, **dict(metric.labels)}
    exact = [f"WHEN {word} = {_quoted(one)} THEN {int(CODES[wording])}" for one, wording in words.items()]
    loose = [f"WHEN LOWER({word}) = '{one}' THEN {_code(one)}" for one in _CASELESS]
    return f"CASE {' '.join((*exact, *loose))} ELSE NULL END"


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _code(word: str) -> str:
    polarity = Polarities(WORDS).of(word)
    return "NULL" if polarity is None else str(int(CODES[polarity]))


def _read(metric: Metric) -> str:
    """SQL of what one joined event says: NULL where it does not count, neutral where its label is unknown."""
    machine = f"WHEN age < {metric.min_delay!r} THEN 2 " if metric.min_delay else ""
    return f"CASE WHEN age IS NULL OR NOT ({_inside(metric)}) THEN NULL {machine}ELSE COALESCE(code, 2) END"


def _inside(metric: Metric) -> str:
    return f"age >= 0 AND age <= {metric.horizon!r}" if math.isfinite(metric.horizon) else "age >= 0"


def _lines(firsts: str, events: str, metric: Metric) -> str:
    """SQL of first exposures joined with their events, one line a pair."""
    late = f"age > {metric.horizon!r}" if math.isfinite(metric.horizon) else "FALSE"
    return (
        f"SELECT p.*, {_read(metric)} AS answer, CASE WHEN code IS NOT NULL AND {late} THEN 1 ELSE 0 END AS late, "
        "CASE WHEN age IS NOT NULL AND code IS NULL THEN 1 ELSE 0 END AS unknown, "
        f"CASE WHEN code IS NULL AND {_inside(metric)} THEN 1 ELSE 0 END AS unclear FROM ("
        f"SELECT f.*, o.code AS code, o.observed_at AS seen_at, o.observed_at - f.exposed_at AS age FROM ({firsts}) f "
        f"LEFT JOIN ({events}) o ON o.thread_id = f.thread_id) p"
    )


_MOMENTS = ("none", "before", "late", "machine", "in time")
"""When an outcome came, by the number that a query gives it."""


def joined(firsts: str, code: str, metric: Metric, keys: str = "") -> str:
    """The counts by label where no thread has several events: what a word says is looked up afterwards, once a word.

    Args:
        firsts: SQL of the first exposures.
        code: SQL of what a label says, or NULL.
        metric: whose events.
        keys: table of every KEY with an `id`, by which is grouped then: six texts a row are slow to tell apart.
    """
    age = "o.observed_at - f.exposed_at"
    late = f"WHEN {age} > {metric.horizon!r} THEN 2 " if math.isfinite(metric.horizon) else ""
    machine = f"WHEN {age} < {metric.min_delay!r} THEN 3 " if metric.min_delay else ""
    moment = f"CASE WHEN {age} IS NULL THEN 0 WHEN {age} < 0 THEN 1 {late}{machine}ELSE 4 END"
    label = "NULL" if metric.kind is MetricKind.LATENCY_OVER else "o.label"
    group = "id" if keys else KEY
    if keys:
        same = " AND ".join(f"f.{one} IS NOT DISTINCT FROM k.{one}" for one in KEY.split(", "))
        firsts = f"SELECT f.exposed_at, f.thread_id, k.id FROM ({firsts}) f JOIN {keys} k ON {same}"
    counts = (
        f"SELECT FLOOR(f.exposed_at / 60) AS minute, {group}, {moment} AS moment, COUNT(*) AS units, {code} AS code, {label} AS label "
        f"FROM ({firsts}) f LEFT JOIN outcomes o ON o.thread_id = f.thread_id AND o.outcome = :outcome "
        f"AND o.observed_at >= :since GROUP BY minute, {group}, moment, code, label"
    )
    return (
        f"SELECT minute, {KEY}, moment, units, code, label FROM ({counts}) c JOIN {keys} USING (id)" if keys else counts
    )


def read_row(metric: Metric, row: Sequence[Any]) -> tuple[Any, ...]:
    """A row of `joined` as one of `picked`: minute, key, answer, units, late, units without a known label, unknown outcomes."""
    moment, units, code, label = _MOMENTS[row[7]], row[8], row[9], row[10]
    if metric.kind is not MetricKind.LATENCY_OVER and moment != "none":
        polarity = metric.polarity(label)
        code = None if polarity is None else int(CODES[polarity])
    inside = moment in ("in time", "machine")
    answer = CODES[metric.default] if not inside else Answer.NEUTRAL if code is None or moment == "machine" else code
    late = units if moment == "late" and code is not None else 0
    unclear = units if inside and code is None else 0
    return (*row[:7], answer, units, late, unclear, int(moment != "none" and code is None))


def picked(firsts: str, events: str, metric: Metric) -> str:
    """The counts where of several events of a thread one is picked."""
    unit = "cell, attempt, unit"
    ranked = (
        f"SELECT l.*, SUM(late) OVER (PARTITION BY {unit}) AS lates, SUM(unknown) OVER (PARTITION BY {unit}) AS unknowns, "
        f"SUM(unclear) OVER (PARTITION BY {unit}) AS unclears, "
        f"ROW_NUMBER() OVER (PARTITION BY {unit} ORDER BY CASE WHEN answer IS NULL THEN 1 ELSE 0 END, {_ORDER[metric.pick]}) AS place "
        f"FROM ({_lines(firsts, events, metric)}) l"
    )
    return (
        f"SELECT FLOOR(exposed_at / 60) AS minute, {KEY}, COALESCE(answer, {int(CODES[metric.default])}) AS meaning, COUNT(*), "
        f"SUM(lates), SUM(CASE WHEN answer = 2 AND unclears > 0 THEN 1 ELSE 0 END), SUM(unknowns) FROM ({ranked}) r WHERE place = 1 GROUP BY minute, {KEY}, meaning"
    )


def summed(firsts: str, value: str, metric: Metric) -> str:
    """Units, sum and sum of squares of a mean metric, of several values of a unit the one that counts."""
    worse = "value" if metric.direction == "up" else "-value"
    order = {Pick.FIRST: f"seen_at, {worse}", Pick.LATEST: f"-seen_at, {worse}", Pick.WORST: worse}[metric.pick]
    age = "o.observed_at - f.exposed_at"
    late = f" AND {age} <= {metric.horizon!r}" if math.isfinite(metric.horizon) else ""
    values = (
        f"SELECT f.*, o.observed_at AS seen_at, {value} AS value FROM ({firsts}) f JOIN outcomes o ON o.thread_id = f.thread_id "
        f"WHERE o.outcome = :outcome AND o.observed_at >= :since AND {age} >= {metric.min_delay!r}{late}"
    )
    finite = "value IS NOT NULL AND ABS(value) < 1e300"
    ranked = f"SELECT v.*, ROW_NUMBER() OVER (PARTITION BY cell, attempt, unit ORDER BY {order}) AS place FROM ({values}) v WHERE {finite}"
    return f"SELECT {KEY}, COUNT(*), SUM(value), SUM(value * value) FROM ({ranked}) r WHERE place = 1 GROUP BY {KEY}"
