"""Aggregate: a large source is joined and added up by its database, so that only counts and sums cross.

What a query cannot be sure to read as the reader in memory does (percents, empty classifiers, one id with two contents, two
decisions of a classifier at one instant, texts that stand for times without an offset) is left to that reader: `by_sql` is
None, and the source is read into memory, which says what is wrong with it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.adapters.feedback.location import LocationKind
from seatrial.adapters.feedback.sql import query as sql_text
from seatrial.adapters.feedback.sql.engine import NotBySql, engine_for
from seatrial.adapters.feedback.sql.groups import came, histograms, segment, split
from seatrial.adapters.feedback.sql.tables import (
    BEFORE_YEAR,
    CHOSEN,
    MISSING_KIND,
    NO_CONFIDENCE,
    SCALE,
    Shape,
    meanings_table,
    text,
    words_table,
)
from seatrial.adapters.feedback.sql.words import SourceWords, Words
from seatrial.feedback.cells import cells_from
from seatrial.feedback.evidence import evidence_from
from seatrial.feedback.judge import check_metrics, problems_of, unknown_classifiers
from seatrial.feedback.problem import Problem, ProblemKind
from seatrial.feedback.sums import Sums, in_order
from seatrial.feedback.suspicion import bennett, is_simulated
from seatrial.feedback.units import Ledger, UnknownLabel
from seatrial.outcome import Answer, Polarity
from seatrial.stats.calibration.overconfidence import SHIFTS
from seatrial.table.codes import encode
from seatrial.table.read import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.adapters.feedback.location import Location
    from seatrial.adapters.feedback.source import Question, Tables
    from seatrial.feedback.cells import Cell
    from seatrial.feedback.evidence import Evidence
    from seatrial.feedback.sums import RowKey, Sample


LARGE = 200_000
"""Rows of both tables from which a database adds them up; fewer are read into memory, which takes less than a second."""
CSV_BYTES = 20_000_000


def by_sql(tables: Tables, question: Question) -> Evidence | None:
    """The evidence of a large source, added up by its database; None where it is to be read into memory."""
    if tables.decisions is None or tables.outcomes is None:
        return None
    try:
        if not _large(tables.decisions, tables.outcomes):
            return None
        engine = engine_for(tables.decisions, tables.outcomes)
        try:
            return Aggregation(engine, tables, question).evidence()
        finally:
            engine.close()
    except NotBySql:
        return None


def _large(decisions: Location, outcomes: Location) -> bool:
    total = 0
    for where in (decisions, outcomes):
        if where.kind is LocationKind.FILE:
            path = Path(where.place)
            if path.suffix == ".parquet":
                from pyarrow import parquet  # noqa: PLC0415 - with Parquet only

                try:
                    total += parquet.read_metadata(path).num_rows
                except (OSError, ValueError):
                    return False
            elif path.suffix == ".csv" and path.is_file():
                total += LARGE if path.stat().st_size > CSV_BYTES else 0
        elif where.kind in (LocationKind.DUCKDB, LocationKind.SQLITE, LocationKind.POSTGRES):
            engine = engine_for(where, where)
            try:
                # Both relations are the one table here.
                name = "decisions" if where is decisions else "outcomes"
                total += int(engine.rows(f"SELECT count(*) FROM {engine.relation(name)}")[0][0])
            finally:
                engine.close()
    return total >= LARGE


class Aggregation(SourceWords):
    """One source, added up."""

    def evidence(self) -> Evidence:
        """Its cells, histograms, ledger and problems."""
        check_metrics(self.rules, self.metrics)
        shape = self.shape()
        words = self.words(shape, self.came_by_sample(shape))
        parts = self._sums(shape, words)
        joined = came(parts, words)
        # Which outcome types came for a classifier is known for certain only once all of them are joined.
        if self.other_metrics(words, joined):
            words = self.words(shape, joined)
            parts = self._sums(shape, words)
        return self._evidence(shape, words, parts, joined)

    def _prefix(self, shape: Shape, words: Words) -> str:
        dialect, question = self.engine.dialect, self.question
        tables = [
            words_table(words.decisions, words.wanted, dialect),
            meanings_table(words.meanings, dialect),
        ]
        steps = sql_text.base(shape, tables, words.events)
        steps += sql_text.judged(shape, words.types, words.timed, now=question.now)
        steps += sql_text.grouped(
            shape,
            words.decisions,
            len(words.types),
            words.timed,
            [words.last_seen.get(name) for name in words.timed],
            dialect,
            now=question.now,
            window=question.window,
            year=question.year,
        )
        return "WITH " + ", ".join(steps)

    def _sums(self, shape: Shape, words: Words) -> list[Mapping[str, NDArray[Any]]]:
        dialect = self.engine.dialect
        sums = sql_text.totals(
            shape, dialect, len(words.types), len(words.timed), yearly=self.question.year is not None
        )
        prefix = self._prefix(shape, words)
        parts = [self.engine.arrays(query) for query in sql_text.grouped_sums(shape, sums, prefix, dialect)]
        if not shape.one_event:
            return parts
        return [sql_text.unpacked(part, len(words.types), len(words.timed)) for part in parts]

    # ---- the evidence

    def _evidence(
        self,
        shape: Shape,
        words: Words,
        parts: Sequence[Mapping[str, NDArray[Any]]],
        joined: Mapping[str, set[str]],
    ) -> Evidence:
        rows, bins = split(parts)
        sums = self._entries(rows, words, self._reader(shape, words))
        year = self.question.year
        cells = cells_from(sums, self.rules, 0 if year is None else year.days)
        self._load(cells)
        unknown = self._unknown(shape, words, rows)
        ledger = self._ledger(shape, words, rows)
        return evidence_from(
            self.tables.name,
            cells,
            histograms(bins, words, exact=self.engine.dialect.exact),
            self._problems(words, rows, unknown, ledger),
            unknown,
            ledger,
            self._horizons(words, joined),
            int(rows["n"][(rows["part"] >= BEFORE_YEAR) & np.array(words.wanted)[rows["dv"].astype(int)]].sum()),
        )

    def _entries(
        self, rows: Mapping[str, NDArray[Any]], words: Words, sample: Callable[[RowKey], Callable[[], Sample]]
    ) -> Sums:
        use = rows["part"] == CHOSEN
        use &= np.array(words.wanted)[rows["dv"].astype(int)]
        dv, kind = rows["dv"][use].astype(int), rows["kind"][use].astype(int)
        n = rows["n"][use].astype(np.float64)
        unit = SCALE if self.engine.dialect.exact else 1.0
        answered = kind <= Answer.POSITIVE
        of = {
            "answered": np.where(answered, n, 0),
            "positive": np.where(kind == Answer.POSITIVE, n, 0),
            "neutral": np.where(kind == Answer.NEUTRAL, n, 0),
            "missing": np.where(kind == MISSING_KIND, n, 0),
            "immature": np.where(kind == Answer.IMMATURE, n, 0),
            "stated": np.where(answered, rows["p"][use].astype(np.float64) / unit, 0),
            "waiting": np.where(kind == Answer.IMMATURE, rows["p"][use].astype(np.float64) / unit, 0),
        }
        for name in ("shortfall", "variance", "third"):
            of[name] = np.where(answered, rows[name][use].astype(np.float64) / unit, 0)
        year = self.question.year
        logs = () if year is None else tuple(
            np.where(answered, rows[f"b{i}"][use].astype(np.float64) / unit, 0) for i in range(len(SHIFTS))
        )  # fmt: skip
        return Sums(
            in_order(encode([words.decisions[i].classifier for i in dv.tolist()])),
            in_order(encode([words.decisions[i].verdict for i in dv.tolist()])),
            {name: segment(rows[f"s{i}"][use]) for i, name in enumerate(self.dimensions)},
            rows["band"][use].astype(np.int64),
            None if year is None else rows["day"][use].astype(np.int64),
            of,
            logs,
            sample,
        )

    def _reader(self, shape: Shape, words: Words) -> Callable[[RowKey], Callable[[], Sample]]:
        """Gives each row's decisions from `self.samples`, which are read in one query once the rows are known."""
        self.samples: dict[RowKey, Sample] = {}
        self._query = partial(self._read, shape, words)
        return lambda key: lambda: self.samples[key]

    def _load(self, cells: Sequence[Cell]) -> None:
        """Read the decisions of rows whose p is drawn from them: small ones, and skewed ones."""
        if self.question.year is not None:
            return
        small = [
            cell
            for cell in cells
            if cell.n >= self.rules.min_n
            and is_simulated(cell.n, cell.variance, cell.third)
            and bennett(cell.shortfall, cell.variance) >= 1e-9
        ]
        if small:
            self._query(small)

    def _read(self, shape: Shape, words: Words, cells: Sequence[Cell]) -> None:
        conditions = {cell.key: self._condition(cell.key, words) for cell in cells}
        columns = ["x.dv", "x.p", "x.kind", *(f"x.s{i}" for i in range(shape.dimensions))]
        wanted = " OR ".join(f"({one})" for one in conditions.values())
        query = f"{self._prefix(shape, words)} SELECT {', '.join(columns)} FROM x WHERE x.part = {CHOSEN} AND x.kind <= 1 AND ({wanted})"
        rows = self.engine.arrays(query)
        dv = rows["dv"].astype(int)
        classifier = np.array([one.classifier for one in words.decisions], object)[dv]
        verdict = np.array([one.verdict for one in words.decisions], object)[dv]
        segments = {name: segment(rows[f"s{i}"]) for i, name in enumerate(self.dimensions)}
        for cell in cells:
            key = cell.key
            mine = classifier == key.classifier
            if key.verdict:
                mine &= verdict == key.verdict
            if key.dimension:
                codes = segments[key.dimension]
                mine &= codes.index == codes.values.index(key.value)
            self.samples[key] = (rows["p"][mine].astype(np.float64), rows["kind"][mine].astype(np.float64))

    def _condition(self, key: RowKey, words: Words) -> str:
        dv = [
            str(i)
            for i, one in enumerate(words.decisions)
            if one.classifier == key.classifier and (not key.verdict or one.verdict == key.verdict)
        ]
        parts = [f"x.dv IN ({', '.join(dv)})"]
        if key.dimension:
            column = f"x.s{self.dimensions.index(key.dimension)}"
            same = f"trim({column}) = {text(key.value)}"
            parts.append(f"({same} OR {column} IS NULL OR trim({column}) = '')" if key.value == UNKNOWN else same)
        return " AND ".join(parts)

    def _horizons(self, words: Words, joined: Mapping[str, set[str]]) -> dict[str, tuple[float, str]]:
        out: dict[str, tuple[float, str]] = {}
        for name, own in words.metrics.items():
            if self.question.only and name not in self.question.only:
                continue
            out |= {kind: (np.inf, Polarity.NEUTRAL.value) for kind in sorted(joined.get(name, ())) if kind not in out}
            out |= {metric.source.name: (metric.horizon, metric.default.value) for metric in own}
        return out

    def _unknown(self, shape: Shape, words: Words, rows: Mapping[str, NDArray[Any]]) -> tuple[UnknownLabel, ...]:
        """Labels that no table names; asked for only where there are any."""
        wanted = np.array(words.wanted)[rows["dv"].astype(int)]
        if not rows["unknown"][wanted].sum():
            return ()
        steps = [
            words_table(words.decisions, words.wanted, self.engine.dialect),
            meanings_table(words.meanings, self.engine.dialect),
        ]
        steps = [
            *sql_text.base(shape, steps, words.events),
            *sql_text.judged(shape, words.types, words.timed, now=self.question.now)[:1],
        ]
        found = self.engine.rows(
            f"WITH {', '.join(steps)} SELECT j.dv, j.el, count(*) FROM j JOIN pol ON j.dv = pol.dv AND j.el = pol.el "
            "WHERE pol.unknown = 1 AND j.age IS NOT NULL AND j.kept = 1 GROUP BY j.dv, j.el"
        )
        labels = [
            UnknownLabel(
                words.decisions[dv].classifier,
                words.decisions[dv].verdict or "",
                words.events[el].outcome,
                words.events[el].label or "",
                int(n),
            )
            for dv, el, n in found
            if words.wanted[dv]
        ]
        return tuple(sorted(labels, key=lambda one: (one.classifier, one.verdict, one.outcome, one.label)))

    def _ledger(self, shape: Shape, words: Words, rows: Mapping[str, NDArray[Any]]) -> Ledger:
        wanted = np.array(words.wanted)[rows["dv"].astype(int)]

        def total(name: str, mask: NDArray[np.bool_] = wanted) -> int:
            return round(float(rows[name][mask].astype(np.float64).sum()))

        everything = np.ones(wanted.size, np.bool_)
        known, before = total("known", everything), total("before", everything)
        if not shape.one_event:
            first = f"SELECT thread, min(moment) AS moment FROM ({shape.decisions}) AS t WHERE thread IS NOT NULL GROUP BY thread"
            known, before = self.engine.rows(
                f"SELECT count(f.moment), sum(CASE WHEN a.moment < f.moment THEN 1 ELSE 0 END) FROM ({shape.events}) AS a JOIN ({first}) AS f ON a.thread = f.thread"
            )[0]
        kept = total("kept", everything)
        return Ledger(
            events=self.counts["events"],
            without_decision=self.counts["events"] - int(known or 0),
            before=int(before or 0),
            late=total("late"),
            machine=total("machine"),
            superseded=0 if self.question.only else self.counts["decisions"] - kept,
            no_confidence=total("n", wanted & (rows["part"] == NO_CONFIDENCE)),
        )

    def _problems(
        self,
        words: Words,
        rows: Mapping[str, NDArray[Any]],
        unknown: Sequence[UnknownLabel],
        ledger: Ledger,
    ) -> list[Problem]:
        source = self.tables.name
        wanted = np.array(words.wanted)[rows["dv"].astype(int)]
        chosen = wanted & (rows["part"] >= BEFORE_YEAR)
        counts = np.bincount(rows["kind"][chosen].astype(int), rows["n"][chosen].astype(np.float64), 5).astype(int)
        counts[Answer.NEUTRAL] += counts[MISSING_KIND]
        dead = {
            name: round(float(rows[f"dead{k}"][wanted].astype(np.float64).sum())) for k, name in enumerate(words.timed)
        }
        known = tuple(sorted({one.classifier for one in words.decisions}))
        absent = unknown_classifiers(source, self.question.only, known)
        inside = counts[:4].sum() + ledger.no_confidence
        if not inside:
            return [*absent, Problem(ProblemKind.NO_DECISIONS, source, of=self.counts["decisions"])]
        dead = {name: count for name, count in dead.items() if count}
        return [*absent, *problems_of(source, counts[:4], unknown, dead, words.last_seen, ledger)]
