"""PostgreSQL and SQLite, which give a result row by row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from seatrial.adapters.feedback.database import quoted
from seatrial.adapters.feedback.location import Location
from seatrial.adapters.feedback.sql.engine import Held, NotBySql, Reading, quoted_name
from seatrial.adapters.feedback.sql.tables import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


class _Rowwise:
    """What PostgreSQL and SQLite share: a connection that gives rows."""

    def __init__(self, decisions: Location, outcomes: Location) -> None:
        self._tables = {"decisions": decisions.table or "decisions", "outcomes": outcomes.table or "outcomes"}

    def relation(self, table: str) -> str:
        """The table as a query names it."""
        return quoted(self._tables[table])

    def thread(self, value: str) -> str:
        """The text itself."""
        return value

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A small result."""
        raise NotImplementedError

    def all_different(self, queries: Sequence[str]) -> list[bool]:
        """Per query, whether no two rows are equal."""
        return [self.rows(f"SELECT count(x) - count(DISTINCT x) FROM ({query}) AS t")[0][0] == 0 for query in queries]


class Postgres(_Rowwise):
    """PostgreSQL, read only."""

    dialect = Dialect()
    _KINDS: ClassVar = {16: Held.TRUTH, 20: Held.COMPLETE, 21: Held.COMPLETE, 23: Held.COMPLETE, 25: Held.TEXT, 700: Held.NUMBER, 701: Held.NUMBER,
              1043: Held.TEXT, 1700: Held.NUMBER, 1184: Held.INSTANT, 1114: Held.NAIVE}  # fmt: skip

    def __init__(self, decisions: Location, outcomes: Location) -> None:
        super().__init__(decisions, outcomes)
        try:
            import psycopg  # noqa: PLC0415 - an extra
        except ImportError:
            raise NotBySql("psycopg is not installed") from None
        self._failed = psycopg.Error
        try:
            self._connection = psycopg.connect(decisions.place, connect_timeout=5)
            self._connection.read_only = True
            # Parallel workers add doubles up in another order every time.
            self._connection.execute("SET max_parallel_workers_per_gather = 0; SET TimeZone = 'UTC'")
        except psycopg.Error as error:
            raise NotBySql(str(error)) from error

    def _run(self, query: str) -> Any:
        try:
            return self._connection.execute(query.encode())
        except self._failed as error:
            raise NotBySql(str(error).strip().splitlines()[0]) from error

    def columns(self, table: str) -> Mapping[str, Held]:
        """The columns of a table."""
        found = self._run(f"SELECT * FROM {self.relation(table)} LIMIT 0")
        return {one.name: self._KINDS.get(one.type_code, Held.OTHER) for one in found.description or ()}

    def number(self, column: str, held: Held) -> Reading:
        """A column read as doubles; NaN is null."""
        if held not in (Held.NUMBER, Held.COMPLETE):
            raise NotBySql(f"{column} is no number")
        value = f"CAST({quoted_name(column)} AS double precision)"
        return Reading(f"nullif({value}, 'NaN')", f"abs({value}) = 'Infinity'")

    def instant(self, column: str, held: Held, *, utc: bool) -> Reading:
        """A column read as seconds since 1970."""
        if held is Held.INSTANT or (held is Held.NAIVE and utc):
            return Reading(f"CAST(extract(epoch FROM {quoted_name(column)}) AS double precision)", f"NOT isfinite({quoted_name(column)})")  # fmt: skip
        return self.number(column, held)

    def text(self, column: str, held: Held) -> Reading:
        """A column read as text."""
        if held not in (Held.TEXT, Held.COMPLETE, Held.TRUTH):
            raise NotBySql(f"{column} is no text")
        return Reading(f"CAST({quoted_name(column)} AS text)")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A small result."""
        return list(self._run(query).fetchall())

    def arrays(self, query: str) -> Mapping[str, NDArray[Any]]:
        """A result by column."""
        found = self._run(query)
        return _by_column([one.name for one in found.description or ()], found.fetchall())

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


class Sqlite(_Rowwise):
    """A SQLite file, read only; instants are read by the code that reads them in memory."""

    dialect = Dialect(least="min", greatest="max", grouping_sets=False, real="real")

    def __init__(self, decisions: Location, outcomes: Location) -> None:
        super().__init__(decisions, outcomes)
        import sqlite3  # noqa: PLC0415 - only where one is read

        self._failed = sqlite3.Error
        try:
            self._connection = sqlite3.connect(f"file:{decisions.place}?mode=ro", uri=True, timeout=10)
            self._connection.create_function("instant", 1, _instant, deterministic=True)
        except sqlite3.Error as error:
            raise NotBySql(str(error)) from error

    def _run(self, query: str) -> Any:
        try:
            return self._connection.execute(query)
        except self._failed as error:
            raise NotBySql(str(error)) from error

    def columns(self, table: str) -> Mapping[str, Held]:
        """The columns of a table; what each value is, every row says for itself."""
        found = self._run(f"SELECT * FROM {self.relation(table)} LIMIT 0")
        return {one[0]: Held.WRITTEN for one in found.description}

    def number(self, column: str, held: Held) -> Reading:
        """A column read as doubles."""
        name = quoted_name(column)
        return Reading(
            f"CAST({name} AS real)", f"typeof({name}) NOT IN ('real', 'integer', 'null') OR abs({name}) > 1e308"
        )

    def instant(self, column: str, held: Held, *, utc: bool) -> Reading:
        """A column read as seconds since 1970."""
        name = quoted_name(column)
        return Reading(f"instant({name})", f"typeof({name}) = 'text' AND instant({name}) IS NULL")

    def text(self, column: str, held: Held) -> Reading:
        """A column read as text."""
        name = quoted_name(column)
        return Reading(f"CAST({name} AS text)", f"typeof({name}) NOT IN ('text', 'integer', 'null')")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A small result."""
        return list(self._run(query).fetchall())

    def arrays(self, query: str) -> Mapping[str, NDArray[Any]]:
        """A result by column."""
        found = self._run(query)
        return _by_column([one[0] for one in found.description], found.fetchall())

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def _by_column(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, NDArray[Any]]:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    out: dict[str, NDArray[Any]] = {}
    for name, column in zip(names, columns, strict=True):
        if re.fullmatch(r"s\d+", name):
            out[name] = np.array(column, object)
        else:
            out[name] = np.array([np.nan if value is None else float(value) for value in column], np.float64)
    return out


def _instant(value: Any) -> float | None:
    """Seconds since 1970 of a text with an offset or of a number; None where it is neither."""
    from datetime import datetime  # noqa: PLC0415 - one name, used per row

    if not isinstance(value, str):
        return value if isinstance(value, (int, float)) else None
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return at.timestamp() if at.tzinfo else None
