"""Warehouse source: exposures and outcomes counted where they lie, in a DuckDB file or in PostgreSQL.

The tables are called `exposures` and `outcomes` and have the columns of the project's store (a view makes any table so).
Each window of a look is one GROUP BY per metric; no event leaves the database.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Self

from seatrial.errors import ConfigError
from seatrial.outcome.maturity import Answer
from seatrial.rollout.count_rows import most_frequent
from seatrial.rollout.source import BEFORE, AnswerCount, Answers, BadEvent, Crossing, ExposedCount, MeanCount
from seatrial.rollout.store_source import ANY_EXPOSURE, GAPS, LAST_OUTCOME, LATE, LATE_OUTCOMES, UNHEARD
from seatrial.rollout.units_seen import MOST, SeenFolder, Tally, UnitsSeen
from seatrial.rollout.warehouse_connect import duckdb_file, postgres_database
from seatrial.rollout.warehouse_sql import (
    DUCKDB,
    KEY,
    MINE,
    POSTGRES,
    WINDOW,
    Dialect,
    code_of,
    joined,
    picked,
    read_row,
    summed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from seatrial.outcome.metric import Metric
    from seatrial.rollout.source import Gap
    from seatrial.rollout.units_seen import Hashes
    from seatrial.rollout.warehouse_connect import Opened


_MANY = "SELECT h FROM seatrial_many"
_KEEPS_RECORDED = (
    "SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'outcomes' "
    "AND column_name = 'recorded_at' LIMIT 1"
)


class Warehouse:
    """A counting source over one connection.

    Args:
        dialect: of the database.
        connect: opens it on the first query; raises a DataError.
        store: source of what is never in a warehouse: shadow evidence and the routers' traffic.
        seen: where the units seen by a rollout are kept; None: the database looks for them in all of its exposures.
    """

    def __init__(
        self,
        dialect: Dialect,
        connect: Callable[[], Opened],
        store: Any = None,
        seen: Callable[[str], SeenFolder] | None = None,
    ) -> None:
        self._dialect, self._connect, self._store, self._seen = dialect, connect, store, seen
        self._opened: Opened | None = None
        self._many = self._keys = ""

    def close(self) -> None:
        """Release the connection, if there is one."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def exposed(self, rollout: str, since: float, until: float) -> Sequence[ExposedCount]:
        """As the protocol says."""
        if until <= since:
            return []
        window = {"rollout": rollout, "since": since, "until": until}
        query = (
            f"SELECT {KEY}, COUNT(*), MIN(exposed_at) FROM ({self._firsts()}) f GROUP BY {KEY} ORDER BY 8, arm, cell"
        )
        return [ExposedCount(*row) for row in self._query(query, window)]

    def answers(self, rollout: str, metric: Metric, since: float, until: float) -> Answers:
        """As the protocol says."""
        if until <= since:
            return Answers((), 0)
        window = {"rollout": rollout, "since": since, "until": until, "outcome": metric.source.name}
        events = self._events(metric)
        rows = self._answer_rows(metric, events, window, self._firsts())
        counts, elsewhere = _totals(rows), _totals(())
        others = f"SELECT * FROM ({self._chosen_here()}) x WHERE elsewhere" if self._many else ""
        if others and self._query(f"SELECT 1 FROM ({others}) y LIMIT 1", window):
            elsewhere = _totals(self._answer_rows(metric, events, window, others))
        if not any(row[11] for row in rows):
            return Answers(counts, 0, elsewhere=elsewhere)
        threads = f"SELECT e.thread_id FROM exposures e WHERE {WINDOW}"
        query = f"SELECT o.label, COUNT(*) FROM ({events}) o WHERE o.code IS NULL AND o.thread_id IN ({threads}) GROUP BY o.label"
        labels = {str(label): int(n) for label, n in self._query(query, window)}
        return Answers(counts, sum(labels.values()), most_frequent(labels), elsewhere)

    def _answer_rows(self, metric: Metric, events: str, window: Mapping[str, Any], firsts: str) -> list[Any]:
        """Rows of `picked`; where no thread has several outcomes, of which one counts, it need not be picked."""

        def direct(firsts: str) -> list[Any]:
            found = self._query(joined(firsts, code_of(self._dialect, metric, text="NULL"), metric, self._keys), window)
            return [read_row(metric, row) for row in found]

        rows = direct(firsts)
        if sum(row[8] for row in rows) == self._query(f"SELECT COUNT(*) FROM ({firsts}) f", window)[0][0]:
            return rows
        if self._dialect is not DUCKDB:
            return self._query(picked(firsts, events, metric), window)
        several = (
            "SELECT hash(o.thread_id) AS h FROM outcomes o WHERE o.outcome = :outcome AND o.observed_at >= :since "
            "GROUP BY 1 HAVING COUNT(*) > 1"
        )
        self._table("seatrial_threads", several, window)
        member = "hash(f.thread_id) IN (SELECT h FROM seatrial_threads)"
        most, rest = (f"SELECT f.* FROM ({firsts}) f WHERE {word}{member}" for word in ("NOT ", ""))
        return [*direct(most), *self._query(picked(rest, events, metric), window)]

    def means(self, rollout: str, metric: Metric, since: float, until: float) -> Sequence[MeanCount]:
        """As the protocol says."""
        if until <= since:
            return []
        window = {"rollout": rollout, "since": since, "until": until, "outcome": metric.source.name}
        query = summed(self._firsts(), self._dialect.number.format("o.label"), metric)
        rows = [(*row[:7], float(row[7]), float(row[8])) for row in self._query(query, window)]
        return [MeanCount(*row) for row in rows]

    def bad_events(self, rollout: str, metric: Metric) -> Sequence[BadEvent]:
        """As the protocol says."""
        query = (
            "SELECT DISTINCT e.cell, e.attempt, o.thread_id, o.label, o.event_id FROM outcomes o "
            "JOIN exposures e ON e.thread_id = o.thread_id WHERE o.outcome = :outcome AND e.rollout = :rollout "
            f"AND e.arm = 'candidate' AND o.observed_at >= e.exposed_at - {BEFORE!r} ORDER BY o.event_id, e.cell, e.attempt"
        )
        found = self._query(query, {"rollout": rollout, "outcome": metric.source.name})
        return [BadEvent(*row[:4]) for row in found]

    def crossings(self, rollout: str, since: float, until: float) -> Sequence[Crossing]:
        """As the protocol says."""
        if until <= since or not self._many:
            return []
        seen = "seatrial_history s WHERE s.exposed_at < :until" if self._dialect is DUCKDB else self._history("s")
        both = (
            f"SELECT s.cell, s.attempt, s.rung, s.unit FROM {seen} GROUP BY 1, 2, 3, 4 HAVING MIN(s.arm) <> MAX(s.arm)"
        )
        query = (
            f"SELECT c.cell, c.attempt, c.rung, c.unit FROM ({both}) c WHERE EXISTS (SELECT 1 FROM exposures e WHERE {WINDOW} "
            "AND e.cell = c.cell AND e.attempt = c.attempt AND e.rung = c.rung AND e.unit = c.unit) ORDER BY c.cell, c.unit"
        )
        return [Crossing(*row) for row in self._query(query, {"rollout": rollout, "since": since, "until": until})]

    def last_outcome(self, rollout: str, metric: Metric, arm: str, since: float, until: float) -> float | None:
        """As the protocol says."""
        values = {"rollout": rollout, "outcome": metric.source.name, "arm": arm, "since": since, "until": until}
        found = self._query(LAST_OUTCOME, {**values, "begin": since - metric.horizon})[0][0]
        return None if found is None else float(found)

    def has_unheard(self, rollout: str, metric: Metric, arm: str, since: float, until: float) -> bool:
        """As the protocol says."""
        values = {"rollout": rollout, "outcome": metric.source.name, "arm": arm, "since": since, "until": until}
        return bool(self._query(UNHEARD, {**values, "horizon": metric.horizon}))

    def gaps(self, rollout: str, metric: Metric, arm: str, since: float, until: float, now: float) -> Sequence[Gap]:
        """As the protocol says."""
        values = {"rollout": rollout, "outcome": metric.source.name, "arm": arm, "since": since, "until": until}
        more = {"now": now, "begin": since - metric.horizon, "longer": max(metric.horizon, metric.silent_after)}
        return [(row[0], row[1]) for row in self._query(GAPS, {**values, **more})]

    def has_exposures(self, rollout: str, since: float, until: float) -> bool:
        """As the protocol says."""
        return bool(self._query(ANY_EXPOSURE, {"rollout": rollout, "since": since, "until": until}))

    def late_exposures(self, rollout: str, before: float, since: float, until: float) -> int:
        """As the protocol says."""
        found = self._query(LATE, {"rollout": rollout, "before": before, "since": since, "until": until})
        return int(found[0][0])

    def late_outcomes(self, rollout: str, metric: Metric, before: float, since: float, until: float) -> int:
        """As the protocol says; the outcomes of a warehouse need not have the time at which they were recorded."""
        if not self._query(_KEEPS_RECORDED, {}):
            return 0
        values = {"rollout": rollout, "outcome": metric.source.name, "before": before, "since": since, "until": until}
        return int(self._query(LATE_OUTCOMES, values)[0][0])

    def shadow_answers(self, rollout: str, cell: str, attempt: int) -> Any:
        """As the protocol says; shadow evidence lies in the project's store."""
        return self._store.shadow_answers(rollout, cell, attempt) if self._store is not None else ()

    def traffic(self, rollout: str) -> Any:
        """As the protocol says; routers report to the project's store."""
        return self._store.traffic(rollout) if self._store is not None else ()

    def begin(self, rollout: str, windows: Sequence[tuple[float, float]]) -> None:
        """Find out once whether any unit of these windows was exposed several times, which almost none is.

        By hashes: two units of one hash are both chosen for, each by itself, so nothing depends on their being different.
        """
        spans = sorted({one for one in windows if one[1] > one[0]})
        self._many = ""
        if not spans:
            return
        values = {"rollout": rollout, "since": spans[0][0], "until": max(one[1] for one in spans)}
        inside = " OR ".join(f"(e.exposed_at >= {a!r} AND e.exposed_at < {b!r})" for a, b in spans)
        many = _MANY if self._kept(rollout, inside, values) else self._searched(inside, values)
        if self._dialect is DUCKDB:
            self._keys = "seatrial_keys"
            keys = f"SELECT DISTINCT {KEY} FROM exposures e WHERE {WINDOW}"
            self._table(self._keys, f"SELECT ROW_NUMBER() OVER () AS id, k.* FROM ({keys}) k", values)
        if self._query(f"SELECT 1 FROM ({many}) m LIMIT 1", values):
            self._many = many.replace(":until", repr(values["until"])).replace(":since", repr(values["since"]))
            if self._dialect is DUCKDB:  # read and chosen once, for every query of the look
                self._table("seatrial_history", f"SELECT e.* FROM {self._history('e')}", values)
                self._table("seatrial_firsts", self._chosen(), values)

    def _searched(self, inside: str, values: Mapping[str, Any]) -> str:
        """SQL of the hashes of repeated units, looked for in every exposure."""
        key = self._dialect.hash.format("e.unit")
        fresh = f"SELECT e.unit FROM exposures e WHERE {MINE} AND ({inside})"
        several = f"SELECT {key} AS h FROM exposures e WHERE {WINDOW}"
        many = f"{several} GROUP BY 1 HAVING COUNT(*) > 1"
        before = f"FROM exposures e WHERE {MINE} AND e.exposed_at < :since"
        if self._query(f"SELECT 1 {before} LIMIT 1", values):
            many = f"({many}) UNION (SELECT {key} AS h {before} AND e.unit IN ({fresh}))"
        if self._dialect is not DUCKDB:
            return many
        self._table("seatrial_many", many, values)
        return _MANY

    def _kept(self, rollout: str, inside: str, values: Mapping[str, Any]) -> bool:
        """Put the hashes of repeated units into a table, by the units seen before; False where that is not possible."""
        folder, opened = self._seen(rollout) if self._seen is not None else None, self._connected()
        if folder is None or opened.keep is None:
            return False
        seen = self._caught_up(folder.read(), values)
        since = {**values, "from": seen.until}
        fresh = self._tally("e.exposed_at >= :from AND e.exposed_at < :until", since)
        if seen.tally.rows + fresh.rows > MOST:
            return False
        grown = seen.adding(
            self._hashes("e.exposed_at >= :from AND e.exposed_at < :until", since), fresh, values["until"]
        )
        folder.write(grown)
        known = seen.tally.rows > 0
        opened.keep(
            "seatrial_many", grown.repeated(self._hashes(f"({inside})", values)) if known else grown.all_repeated()
        )
        return True

    def _caught_up(self, seen: UnitsSeen, values: Mapping[str, Any]) -> UnitsSeen:
        """With what was recorded late of the time it covers; nothing where that is not what the table holds."""
        if not seen.tally.rows:
            return UnitsSeen()
        covered = {**values, "until": seen.until, "recorded": seen.tally.recorded}
        before = "e.exposed_at < :until"
        held = self._tally(before, covered, recorded="NULL")
        if held.same(seen.tally):
            return seen
        late = f"{before} AND e.recorded_at > :recorded"
        more = self._tally(late, covered)
        return (
            seen.adding(self._hashes(late, covered), more, seen.until) if held.same(seen.tally + more) else UnitsSeen()
        )

    def _tally(self, where: str, values: Mapping[str, Any], recorded: str = "MAX(e.recorded_at)") -> Tally:
        """Of every exposure of which that is true."""
        query = f"SELECT COUNT(*), SUM(TRY_CAST(e.exposed_at * 1000 AS BIGINT)), {recorded} FROM exposures e WHERE {MINE} AND {where}"
        rows, times, last = self._query(query, values)[0]
        return Tally(int(rows), int(times or 0), -math.inf if last is None else float(last))

    def _hashes(self, where: str, values: Mapping[str, Any]) -> Hashes:
        """Hash of the unit of every exposure of which that is true."""
        hashes = self._connected().hashes
        assert hashes is not None  # noqa: S101 - a connection that keeps hashes gives them
        query = f"SELECT {self._dialect.hash.format('e.unit')} AS h FROM exposures e WHERE {MINE} AND {where}"
        return hashes(*self._bound(query, values))

    def _history(self, name: str) -> str:
        """SQL, from the FROM on, of every exposure of the units that were exposed several times."""
        key = self._dialect.hash.format(f"{name}.unit")
        mine = f"{name}.rollout = :rollout AND {name}.forced = 0 AND {name}.exposed_at < :until"
        return f"exposures {name} WHERE {mine} AND {key} IN ({self._many})"

    def _firsts(self) -> str:
        """SQL of every unit's first exposure in a cell and try, where that lies in the window."""
        if not self._many:
            return f"SELECT unit, exposed_at, thread_id, {KEY} FROM exposures e WHERE {WINDOW}"
        return self._chosen_here()

    def _chosen_here(self) -> str:
        """SQL of the chosen first exposures of the window; in DuckDB they are chosen once, for every query of the look."""
        if self._dialect is DUCKDB:
            return "SELECT * FROM seatrial_firsts e WHERE e.exposed_at >= :since AND e.exposed_at < :until"
        return self._chosen()

    def _chosen(self) -> str:
        """The same where units were exposed several times, and whether the unit's first exposure of all was in another cell."""
        plain = f"SELECT unit, exposed_at, thread_id, {KEY}, FALSE AS elsewhere FROM exposures e WHERE {WINDOW}"
        key = self._dialect.hash.format("e.unit")
        ranked = (
            f"SELECT unit, exposed_at, thread_id, {KEY}, ROW_NUMBER() OVER (PARTITION BY cell, attempt, unit "
            "ORDER BY exposed_at, event_id) AS place, cell <> FIRST_VALUE(cell) OVER (PARTITION BY unit ORDER BY exposed_at, event_id) "
            f"AS elsewhere FROM {'seatrial_history e' if self._dialect is DUCKDB else self._history('e')}"
        )
        return (
            f"{plain} AND {key} NOT IN ({self._many}) UNION ALL "
            f"SELECT unit, exposed_at, thread_id, {KEY}, elsewhere FROM ({ranked}) r WHERE place = 1 AND exposed_at >= :since"
        )

    def _events(self, metric: Metric) -> str:
        """SQL of a metric's events: thread, time, label, and code of the answer, NULL where the label is unknown."""
        return (
            f"SELECT o.thread_id, o.observed_at, o.label, {code_of(self._dialect, metric)} AS code FROM outcomes o "
            "WHERE o.outcome = :outcome AND o.observed_at >= :since"
        )

    def _table(self, name: str, query: str, values: Mapping[str, Any]) -> None:
        self._query(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", values)

    def _query(self, query: str, values: Mapping[str, Any]) -> list[Any]:
        return self._connected().run(*self._bound(query, values))

    def _bound(self, query: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        used = {name: value for name, value in values.items() if f":{name}" in query}
        for name in used:
            query = query.replace(f":{name}", self._dialect.marker.format(name))
        return query, used

    def _connected(self) -> Opened:
        if self._opened is None:
            self._opened = self._connect()
        return self._opened


def _totals(rows: Iterable[Any]) -> tuple[AnswerCount, ...]:
    totals: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        total = totals[(int(row[0]), *row[1:7], Answer(row[7]))]
        for i in range(3):
            total[i] += int(row[8 + i])
    return tuple(AnswerCount(*key, *total) for key, total in totals.items())


def open_warehouse(location: str, root: Path, store: Any = None, cache: Path | None = None) -> Warehouse:
    """Open the events of a rollout where they lie; they are only read.

    Args:
        location: `FILE.duckdb` or `postgresql://USER@HOST/DATABASE`.
        root: folder that a relative file starts from.
        store: source of shadow evidence and of the routers' traffic.
        cache: folder in which the units of a DuckDB file that were seen are kept between looks; None: nowhere.

    Raises:
        ConfigError: the location is neither.
        NotFound: there is no such file.
        MissingExtra: its driver is not installed.
    """
    if location.startswith(("postgresql://", "postgres://")):
        return Warehouse(POSTGRES, postgres_database(location)[1], store)
    if location.endswith(".duckdb"):
        path = root / location
        engine, connect = duckdb_file(path)
        return Warehouse(DUCKDB, connect, store, _seen(cache, path, engine))
    raise ConfigError(
        f"events {location.rpartition('@')[2]!r}: write FILE.duckdb or postgresql://USER@HOST/DATABASE; "
        "without it they are read from the project's store"
    )


def _seen(cache: Path | None, path: Path, engine: str) -> Callable[[str], SeenFolder] | None:
    """Where the units are kept that a rollout has seen in a file."""
    if cache is None:
        return None

    def folder(rollout: str) -> SeenFolder:
        return SeenFolder(cache / hashlib.sha256(f"{path.resolve()}\n{rollout}".encode()).hexdigest()[:16], engine)

    return folder
