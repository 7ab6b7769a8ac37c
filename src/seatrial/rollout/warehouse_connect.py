"""Connections to a warehouse: a DuckDB file or a PostgreSQL database, opened for reading on the first query."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError, MissingExtra, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from seatrial.rollout.units_seen import Hashes


@dataclass(frozen=True, slots=True)
class Opened:
    """An open connection; what it does raises a DataError where the database refuses.

    Attributes:
        run: rows of a query with its parameters.
        close: releases it.
        hashes: the one column of a query, which holds hashes; None where the database has no fast way to give it.
        keep: puts hashes into a temporary table of that name, in a column `h`.
    """

    run: Callable[[str, Mapping[str, Any]], list[Any]]
    close: Callable[[], None]
    hashes: Callable[[str, Mapping[str, Any]], Hashes] | None = None
    keep: Callable[[str, Hashes], None] | None = None


def duckdb_file(path: Path) -> tuple[str, Callable[[], Opened]]:
    """Name and version of DuckDB, and the way to open a file of it.

    Raises:
        MissingExtra: it is not installed.
        NotFound: there is no such file.
    """
    try:
        import duckdb  # noqa: PLC0415 - only where one is read
    except ImportError:
        raise MissingExtra("duckdb", "warehouse", "a rollout's events in DuckDB") from None
    if not path.is_file():
        raise NotFound(f"{path} does not exist")

    def connect() -> Opened:
        spill = TemporaryDirectory(prefix="seatrial-")

        def close() -> None:
            connection.close()
            spill.cleanup()

        with _readable(duckdb.Error, str(path)):
            connection = duckdb.connect(str(path), read_only=True)
            connection.execute("SET enable_progress_bar = false")
            connection.execute(f"SET temp_directory = '{spill.name}'")  # not beside the user's file

        def run(query: str, values: Mapping[str, Any]) -> list[Any]:
            with _readable(duckdb.Error, str(path)):
                return list(connection.execute(query, dict(values)).fetchall())

        def hashes(query: str, values: Mapping[str, Any]) -> Hashes:
            with _readable(duckdb.Error, str(path)):
                (found,) = connection.execute(query, dict(values)).fetchnumpy().values()
            return found  # type: ignore[no-any-return]

        def keep(name: str, found: Hashes) -> None:
            with _readable(duckdb.Error, str(path)):
                connection.register("seatrial_kept", {"h": found})
                connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT h FROM seatrial_kept")
                connection.unregister("seatrial_kept")

        return Opened(run, close, hashes, keep)

    return f"duckdb {duckdb.__version__}", connect


def postgres_database(url: str) -> tuple[str, Callable[[], Opened]]:
    """Its address without a password, and the way to open it.

    Raises:
        MissingExtra: the driver is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415 - only where one is read
    except ImportError:
        raise MissingExtra("psycopg", "postgres", "a rollout's events in PostgreSQL") from None
    name = url.rpartition("@")[2]

    def connect() -> Opened:
        with _readable(psycopg.Error, name):
            connection = psycopg.connect(url, connect_timeout=5)
        connection.read_only = True

        def run(query: str, values: Mapping[str, Any]) -> list[Any]:
            with _readable(psycopg.Error, name), connection.transaction():
                return list(connection.execute(query.encode(), dict(values)).fetchall())

        return Opened(run, connection.close)

    return name, connect


@contextmanager
def _readable(kind: type[Exception], name: str) -> Iterator[None]:
    try:
        yield
    except kind as error:
        raise DataError(f"{name} cannot be read: {(str(error).strip().splitlines() or [''])[0]}") from error
