"""Outbox: hands each message over once, however often its step is run.

A graph that is killed between handing a message over and saving its state runs the step again when it is resumed. The
outbox refuses the same key a second time; a mail provider is given the key as its idempotency key.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_TABLE = "CREATE TABLE IF NOT EXISTS outbox (key TEXT PRIMARY KEY, text TEXT NOT NULL)"


def deliver(file: Path, key: str, text: str) -> bool:
    """Hand a message over; False where one of this key was handed over before."""
    with closing(sqlite3.connect(file, timeout=10.0)) as connection, connection:
        connection.execute(_TABLE)
        found = connection.execute("INSERT INTO outbox VALUES (?, ?) ON CONFLICT (key) DO NOTHING", (key, text))
        return found.rowcount == 1


def delivered(file: Path) -> list[tuple[str, str]]:
    """Key and text of every message, in the order they were handed over."""
    with closing(sqlite3.connect(file, timeout=10.0)) as connection:
        connection.execute(_TABLE)
        return [
            (str(key), str(text)) for key, text in connection.execute("SELECT key, text FROM outbox ORDER BY rowid")
        ]
