"""Place: which tracking store is meant, how it is shown, and what makes a local one unusable before MLflow tries."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "MLFLOW_TRACKING_URI"
DATABASE, ARTIFACTS = "mlflow.db", "mlruns"
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Place:
    """A tracking store.

    Attributes:
        uri: as MLflow takes it; may hold a password.
        file: the database of a local store, else None.
    """

    uri: str
    file: Path | None

    @property
    def shown(self) -> str:
        """The URI without a password."""
        split = urlsplit(self.uri)
        if "@" not in split.netloc:
            return self.uri
        return urlunsplit(split._replace(netloc=f"***@{split.netloc.rpartition('@')[2]}"))

    def artifacts(self, experiment: str) -> str | None:
        """Where a new experiment keeps its files: beside a local database; a server knows for itself."""
        if self.file is None:
            return None
        return (self.file.parent / ARTIFACTS / re.sub(r"[^\w.-]", "_", experiment)).as_uri()

    def shown_from(self, here: Path) -> str:
        """The URI without a password, a file below `here` relative to it."""
        if self.file is not None and self.file.is_relative_to(here):
            return f"{_SQLITE}{self.file.relative_to(here).as_posix()}"
        return self.shown

    def opened_with(self, here: Path) -> str:
        """What to type in `here`, or to click, to see it."""
        remote = self.uri.startswith(("http:", "https:"))
        return self.shown if remote else f"mlflow ui --backend-store-uri {self.shown_from(here)}"


def place(environ: Mapping[str, str], root: Path) -> Place:
    """`MLFLOW_TRACKING_URI` where it is set, else `mlflow.db` in the project's root."""
    uri = environ.get(VARIABLE) or f"{_SQLITE}{(root / DATABASE).as_posix()}"
    path = uri.removeprefix(_SQLITE)
    local = uri.startswith(_SQLITE) and path and ":memory:" not in path
    return Place(uri, Path(path.partition("?")[0]).absolute() if local else None)


def schema_of(database: Path) -> str | None:
    """The revision a database says it has; None where it says none.

    Raises:
        sqlite3.Error: no database, or one that somebody holds locked.
    """
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in tables:
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found[0]) if found else None
