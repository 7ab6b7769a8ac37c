"""Template: an empty tracking database, migrated once per version of MLflow and copied ever after.

A fresh database runs every migration MLflow ever had, some seconds of CPU; a copy takes milliseconds.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.adapters.mlflow.place import schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The user's cache folder, ours within it."""
    given = environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if given.startswith("/") else Path.home() / ".cache") / "seatrial"


def template(folder: Path, version: str, migrate: Callable[[Path], None]) -> Path:
    """The template of this version of MLflow, made where it is not there yet.

    Args:
        folder: the cache; one that cannot be written costs the migrations each time, nothing else.
        version: of MLflow.
        migrate: makes a migrated database at a path.
    """
    kept = folder / f"mlflow-{version}.db"
    if _is_complete(kept):
        return kept
    try:
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder))
    except OSError:
        work = Path(tempfile.mkdtemp())
        kept = work / kept.name
    made = work / "made.db"
    migrate(made)
    with closing(sqlite3.connect(made)) as connection:
        # The default experiment names the folder it was made in; MLflow makes it anew in every copy.
        connection.execute("DELETE FROM experiments")
        connection.commit()
        connection.execute("VACUUM")
    made.replace(kept)
    with suppress(OSError):
        work.rmdir()  # stays where the template itself had to
    return kept


def put(source: Path, database: Path) -> None:
    """Copy the template to where no database is, whole or not at all; one that came meanwhile is kept.

    Raises:
        OSError: the folder cannot be written.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=database.parent, prefix=f".{database.name}-")
    os.close(handle)
    beside = Path(name)
    try:
        shutil.copyfile(source, beside)
        beside.chmod(0o666 & ~_umask())
        try:
            os.link(beside, database)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            if not database.exists():
                shutil.copyfile(beside, database)
    finally:
        beside.unlink(missing_ok=True)


def _is_complete(database: Path) -> bool:
    try:
        return database.is_file() and schema_of(database) is not None
    except sqlite3.Error:
        return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
