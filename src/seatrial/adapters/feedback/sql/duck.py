"""DuckDB over its own files, Parquet and CSV."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.adapters.feedback.database import quoted
from seatrial.adapters.feedback.location import Location, LocationKind
from seatrial.adapters.feedback.sql.engine import Held, NotBySql, Reading, quoted_name
from seatrial.adapters.feedback.sql.tables import Dialect, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_OFFSET = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$"
_DECIMAL = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"


class DuckDb:
    """DuckDB over its own files, Parquet and CSV."""

    dialect = Dialect(exact=True, real="double")

    def __init__(self, decisions: Location, outcomes: Location) -> None:
        try:
            import duckdb  # noqa: PLC0415 - an extra
        except ImportError:
            raise NotBySql("duckdb is not installed") from None
        self._failed = duckdb.Error
        self._connection = duckdb.connect()
        # What does not fit into memory would else be written beside the project.
        self._spill = TemporaryDirectory(prefix="seatrial-")
        self._connection.execute(f"SET temp_directory = {text(self._spill.name)}")
        self._connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false; SET memory_limit = '1GB'")
        # A query of some seconds would draw a bar on stdout, into the JSON.
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        self._relations = {
            name: self._place(f"source{i}", name, where)
            for i, (name, where) in enumerate((("decisions", decisions), ("outcomes", outcomes)))
        }
        self._written = {
            name
            for name, where in (("decisions", decisions), ("outcomes", outcomes))
            if Path(where.place).suffix == ".csv"
        }

    def _place(self, alias: str, table: str, where: Location) -> str:
        path = Path(where.place)
        if not path.is_file():
            raise NotBySql("no such file")
        if where.kind is LocationKind.DUCKDB:
            self._run(f"ATTACH IF NOT EXISTS {text(str(path))} AS {alias} (READ_ONLY)")
            return f"{alias}.{quoted(where.table or table)}"
        if path.suffix == ".parquet":
            return f"read_parquet({text(str(path))})"
        if path.suffix == ".csv":
            return f"read_csv({text(str(path))}, header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', strict_mode = true, nullstr = '')"
        raise NotBySql("another format")

    def columns(self, table: str) -> Mapping[str, Held]:
        """The columns of a table."""
        found = self._run(f"DESCRIBE SELECT * FROM {self._relations[table]}").fetchall()
        return {row[0]: self._held(table, str(row[1])) for row in found}

    def _held(self, table: str, kind: str) -> Held:
        if kind == "VARCHAR" or kind.startswith("ENUM"):
            return Held.WRITTEN if table in self._written else Held.TEXT
        if kind in ("DOUBLE", "FLOAT"):
            return Held.NUMBER
        if kind in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"):
            return Held.COMPLETE
        return {
            "BOOLEAN": Held.TRUTH,
            "TIMESTAMP WITH TIME ZONE": Held.INSTANT,
            "TIMESTAMP": Held.NAIVE,
        }.get(kind, Held.OTHER)

    def relation(self, table: str) -> str:
        """The table as a query names it."""
        return self._relations[table]

    def number(self, column: str, held: Held) -> Reading:
        """A column read as doubles; NaN is null."""
        name = quoted_name(column)
        if held is Held.WRITTEN:
            trimmed = f"trim({name})"
            absent = f"lower({trimmed}) IN ('', 'nan', 'none', 'null', 'n/a', 'na')"
            return Reading(
                f"CASE WHEN {absent} THEN NULL ELSE TRY_CAST({trimmed} AS DOUBLE) END",
                f"NOT ({absent}) AND NOT regexp_matches({trimmed}, {text(_DECIMAL)})",
            )
        if held is Held.COMPLETE:
            return Reading(f"CAST({name} AS DOUBLE)")
        if held is Held.NUMBER:
            return Reading(f"CASE WHEN isnan({name}) THEN NULL ELSE CAST({name} AS DOUBLE) END", f"isinf({name})")
        raise NotBySql(f"{column} is no number")

    def instant(self, column: str, held: Held, *, utc: bool) -> Reading:
        """A column read as seconds since 1970."""
        name = quoted_name(column)
        if held is Held.INSTANT or (held is Held.NAIVE and utc):
            return Reading(f"epoch_us({name}) / 1e6")
        if held is Held.WRITTEN:
            return Reading(
                f"epoch_us(TRY_CAST({name} AS TIMESTAMPTZ)) / 1e6", f"NOT regexp_matches({name}, {text(_OFFSET)})"
            )
        if held in (Held.NUMBER, Held.COMPLETE):
            return self.number(column, held)
        raise NotBySql(f"{column} is no instant")

    def text(self, column: str, held: Held) -> Reading:
        """A column read as text."""
        name = quoted_name(column)
        if held in (Held.TEXT, Held.WRITTEN, Held.COMPLETE, Held.TRUTH):
            return Reading(name if held in (Held.TEXT, Held.WRITTEN) else f"CAST({name} AS VARCHAR)")
        raise NotBySql(f"{column} is no text")

    def thread(self, value: str) -> str:
        """Its hash: of 10 million threads two share one with probability .000003, and a join of numbers takes a third."""
        return f"CASE WHEN {value} IS NULL THEN NULL ELSE hash({value}) END"

    def _run(self, query: str, connection: Any = None) -> Any:
        try:
            return (connection or self._connection).execute(query)
        except self._failed as error:
            raise NotBySql(str(error).splitlines()[0]) from error

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A small result."""
        return list(self._run(query).fetchall())

    def arrays(self, query: str) -> Mapping[str, NDArray[Any]]:
        """A result by column."""
        found = self._run(query).fetchnumpy()
        return {name: np.ma.filled(column, np.nan) if column.dtype.kind == "f" else column for name, column in found.items()}  # fmt: skip

    def all_different(self, queries: Sequence[str]) -> list[bool]:
        """Per query, whether no two rows are equal: equal texts have equal hashes, so different hashes settle it."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only for a large table

        def different(query: str) -> bool:
            with closing(self._connection.cursor()) as own:
                hashes = self._run(f"SELECT hash(x) AS x FROM ({query}) WHERE x IS NOT NULL", own).fetchnumpy()["x"]
            hashes = np.array(hashes, np.uint64)
            hashes.sort()
            return not bool((hashes[1:] == hashes[:-1]).any())

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(different, queries))

    def close(self) -> None:
        """End the connection, and remove what it wrote meanwhile."""
        self._connection.close()
        self._spill.cleanup()
