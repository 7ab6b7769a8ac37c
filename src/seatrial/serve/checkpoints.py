"""Checkpoints: where the state of resumable graphs is kept, SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

DEFAULT = "sqlite:///.seatrial/threads.db"


def open_checkpoints(url: str, root: Path) -> tuple[Any, Callable[[], None]]:
    """A checkpointer that sync and async graphs share, and the function that closes it.

    Raises:
        ConfigError: the URL names no database we know, or it cannot be reached.
        MissingExtra: the package of its checkpointer is not installed.
    """
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return _sqlite(root / url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")):
        return _postgres(url)
    raise ConfigError(f"checkpoints {url.partition('@')[0]!r}: write sqlite:///PATH or postgresql://USER@HOST/DATABASE")


def _sqlite(file: Path) -> tuple[Any, Callable[[], None]]:
    try:
        from langgraph.checkpoint.sqlite import SqliteSaver  # noqa: PLC0415 - for those who serve
    except ImportError:
        raise MissingExtra("langgraph-checkpoint-sqlite", "fleet", "keeping threads in SQLite") from None
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, check_same_thread=False, timeout=10.0)
    saver = _both(SqliteSaver)(connection)
    try:
        saver.setup()
        _probe(saver)
    except sqlite3.Error as error:
        connection.close()
        raise _foreign(str(file), error) from None
    return saver, connection.close


def _postgres(url: str) -> tuple[Any, Callable[[], None]]:
    try:
        from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415 - for those who serve
        from psycopg import Error, OperationalError  # noqa: PLC0415
        from psycopg.rows import dict_row  # noqa: PLC0415
        from psycopg_pool import ConnectionPool  # noqa: PLC0415
    except ImportError:
        raise MissingExtra("langgraph-checkpoint-postgres", "postgres", "keeping threads in PostgreSQL") from None
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    pool: Any = ConnectionPool(url, kwargs=options, min_size=1, max_size=8, timeout=10.0, open=True)
    saver = _both(PostgresSaver)(pool)
    try:
        saver.setup()
        _probe(saver)
    except OperationalError as error:
        pool.close()
        raise ConfigError(f"checkpoints in PostgreSQL cannot be reached: {str(error).splitlines()[0]}") from None
    except Error as error:
        pool.close()
        raise _foreign("PostgreSQL", error) from None
    return saver, pool.close


def _probe(saver: Any) -> None:
    """Read as a run would: tables of another schema show at the start, and not in the middle of a thread."""
    config = {"configurable": {"thread_id": "", "checkpoint_ns": "", "checkpoint_id": ""}}
    saver.get_tuple(config)
    next(iter(saver.list(config, limit=1)), None)


def _foreign(place: str, error: Exception) -> ConfigError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ConfigError(
        f"checkpoints in {place} are of another schema than this LangGraph's: {reason}; "
        "name another place with --checkpoints, or keep the LangGraph that wrote them"
    )


def _both(kind: type[Any]) -> type[Any]:
    """The checkpointer with async methods that run its sync ones in threads: one file, one lock, both kinds of graph."""

    class Both(kind):  # type: ignore[misc]
        """Sync and async."""

        async def aget_tuple(self, config: Any) -> Any:
            """As `get_tuple`."""
            return await asyncio.to_thread(self.get_tuple, config)

        async def aput(self, *given: Any) -> Any:
            """As `put`."""
            return await asyncio.to_thread(self.put, *given)

        async def aput_writes(self, *given: Any) -> None:
            """As `put_writes`."""
            await asyncio.to_thread(self.put_writes, *given)

        async def alist(self, config: Any, **options: Any) -> AsyncIterator[Any]:
            """As `list`."""
            for one in await asyncio.to_thread(lambda: list(self.list(config, **options))):
                yield one

        async def adelete_thread(self, thread_id: str) -> None:
            """As `delete_thread`."""
            await asyncio.to_thread(self.delete_thread, thread_id)

    return Both
