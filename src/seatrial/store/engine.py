"""Engine: one SQLAlchemy Core engine per store, with its numbered migrations applied."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from seatrial.errors import ConfigError, DataError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

BUSY_SECONDS = 10.0
"""How long a writer waits for another one before it gives up aloud."""
_MIGRATION = re.compile(r"(\d{3})_(\w+)\.sql")
_LOCK = 7_340_211
"""Key of the advisory lock under which PostgreSQL migrates."""


@dataclass(frozen=True)
class Store:
    """An open store.

    Attributes:
        url: where it is, without a password.
        engine: the SQLAlchemy engine.
    """

    url: str
    engine: Engine

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that writes: it has the write lock from its first statement.

        Raises:
            DataError: another process held the lock for longer than the busy timeout, or the store cannot be reached or is
                damaged; nothing was written.
        """
        from sqlalchemy import exc  # noqa: PLC0415 - loaded already

        try:
            with self.engine.begin() as connection:
                yield connection
        except exc.DatabaseError as error:
            if not _of_the_store(error):
                raise
            raise DataError(
                f"the store {self.url} could not be written: {_first_line(error)}; nothing was written"
            ) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that only reads.

        Raises:
            DataError: the store cannot be reached or is damaged.
        """
        from sqlalchemy import exc  # noqa: PLC0415 - loaded already

        try:
            with self.engine.connect().execution_options(writes=False) as connection:
                yield connection
        except exc.DatabaseError as error:
            if not _of_the_store(error):
                raise
            raise DataError(f"the store {self.url} could not be read: {_first_line(error)}") from error

    def close(self) -> None:
        """Release every connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(url: str, *, root: Path | None = None, busy_seconds: float = BUSY_SECONDS) -> Store:
    """Open a store, create it where it is a SQLite file that is absent, and apply the migrations it lacks.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`.
        root: folder that a relative SQLite path starts from; None = the working directory.
        busy_seconds: how long a writer waits for another one.

    Raises:
        ConfigError: the URL names no store we know.
        MissingExtra: SQLAlchemy or the driver is not installed.
        DataError: the store cannot be reached, or was written by a newer version of seatrial.
    """
    try:
        import sqlalchemy as sa  # noqa: PLC0415 - a project without outcomes never loads it
    except ImportError:
        raise MissingExtra("SQLAlchemy", "fleet", "a store of decisions and outcomes") from None
    kind = url.partition(":")[0].partition("+")[0]
    if kind not in ("sqlite", "postgresql", "postgres"):
        raise ConfigError(
            f"store {url.partition('@')[0]!r} is unknown; write sqlite:///PATH or postgresql://USER@HOST/DATABASE"
        )
    if kind == "sqlite":
        engine = _sqlite(sa, url, root or Path.cwd(), busy_seconds)
    else:
        try:
            engine = sa.create_engine(
                sa.make_url(url).set(drivername="postgresql+psycopg"), connect_args={"connect_timeout": 5}
            )
        except ImportError:
            raise MissingExtra("psycopg", "postgres", "a store in PostgreSQL") from None

        def limit_waiting(connection: Any, _: Any) -> None:
            # Not by connection options: these would replace the ones in the URL, a search path for instance.
            connection.execute(f"SET lock_timeout = {int(busy_seconds * 1000)}")
            connection.commit()

        sa.event.listen(engine, "connect", limit_waiting)
    store = Store(engine.url.render_as_string(hide_password=True), engine)
    try:
        _migrate(store)
    except BaseException:
        store.close()
        raise
    return store


def _sqlite(sa: Any, url: str, root: Path, busy_seconds: float) -> Engine:
    path = url.removeprefix("sqlite:///")
    if path == url or not path:
        raise ConfigError(f"store {url!r} names no file; write sqlite:///PATH, e.g. sqlite:///.seatrial/store.db")
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    engine: Engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": busy_seconds})

    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, with the write lock
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    def begin(connection: Any) -> None:
        # A transaction that reads first and writes later can fail with SQLITE_BUSY at once, whatever the timeout.
        writes = connection.get_execution_options().get("writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    sa.event.listen(engine, "connect", configure)
    sa.event.listen(engine, "begin", begin)
    return engine


def _migrations() -> list[tuple[int, str, str]]:
    """(number, name, SQL) of every migration that this version brings, in order."""
    found = []
    for file in resources.files("seatrial.store").joinpath("migrations").iterdir():
        match = _MIGRATION.fullmatch(file.name)
        if match:
            found.append((int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return sorted(found)


def _migrate(store: Store) -> None:
    migrations = _migrations()
    with store.write() as connection:
        if not store.is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        connection.exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS seatrial_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)"
        )
        applied = {row[0] for row in connection.exec_driver_sql("SELECT number FROM seatrial_migrations")}
        newest = max((number for number, _, _ in migrations), default=0)
        if applied and max(applied) > newest:
            raise DataError(
                f"the store {store.url} was written by a newer version of seatrial (migration {max(applied)}, this version knows {newest}); upgrade seatrial"
            )
        for number, name, sql in migrations:
            if number not in applied:
                for statement in filter(str.strip, sql.split(";\n")):
                    connection.exec_driver_sql(statement)
                connection.exec_driver_sql(f"INSERT INTO seatrial_migrations VALUES ({number}, '{name}')")


def _of_the_store(error: BaseException) -> bool:
    """Whether the store is locked, out of reach or damaged (a plain DatabaseError); any other kind is a wrong statement."""
    from sqlalchemy import exc  # noqa: PLC0415 - loaded already

    return isinstance(error, exc.OperationalError) or type(error) is exc.DatabaseError


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).splitlines() or [type(cause).__name__])[0][:200]
