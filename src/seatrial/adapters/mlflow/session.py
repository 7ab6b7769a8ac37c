"""Session: the one place that imports mlflow, quietly, with its telemetry off and its patience bounded."""

from __future__ import annotations

import importlib.util
import logging
import os
import sqlite3
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.adapters.mlflow.place import schema_of
from seatrial.adapters.mlflow.template import cache_folder, put, template
from seatrial.errors import ExitCode, MissingExtra, SeatrialError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlflow import MlflowClient

    from seatrial.adapters.mlflow.place import Place

OFF = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
"""No telemetry, ever: mlflow reads these when it is imported."""

BOUNDED = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
"""A server that is away is away for a verdict that waits: mlflow would ask for minutes. Who set these keeps them."""


class NotLogged(SeatrialError):
    """MLflow could not be written or read; the evidence and the verdict stand without it."""

    reason_class = "outage"
    exit_code = ExitCode.COULD_NOT_TELL


def installed() -> bool:
    """Whether mlflow can be imported, without importing it."""
    return importlib.util.find_spec("mlflow") is not None


@contextmanager
def session(place: Place, *, environ: Mapping[str, str] | None = None) -> Iterator[MlflowClient]:
    """A client of the store, made ready if it is local and new. What fails inside is a NotLogged.

    Raises:
        MissingExtra: mlflow is not installed.
        NotLogged: the store is locked, unreachable, of another version, or cannot be written.
    """
    if not installed():
        raise MissingExtra("mlflow", "mlflow", "logging to MLflow")
    try:
        if place.file is not None and place.file.exists():
            place.file.open("r+b").close()  # a database that cannot be written is said at once, not after ten tries
        with _environment(), _quiet():
            yield _client(place, os.environ if environ is None else environ)
    except SeatrialError:
        raise
    except Exception as error:  # a store may be any plugin: what it raises is not known beforehand
        if _is_ours(error):
            raise
        raise NotLogged(f"MLflow at {place.shown}: {_sentence(error, place)}") from error


def _client(place: Place, environ: Mapping[str, str]) -> MlflowClient:
    from mlflow import MlflowClient  # noqa: PLC0415 - loaded already

    if place.file is not None:
        _ready(place.file, environ)
    return MlflowClient(tracking_uri=place.uri)


def _ready(database: Path, environ: Mapping[str, str]) -> None:
    """A local database that is there is this MLflow's; one that is not is made."""
    import mlflow  # noqa: PLC0415 - loaded already

    if not database.exists() or database.stat().st_size == 0:
        source = template(cache_folder(environ), mlflow.__version__, _migrate)
        database.unlink(missing_ok=True)
        put(source, database)
        return
    found, wanted = schema_of(database), _head()
    if found != wanted:
        # MLflow would migrate some of these unasked, and who shares the database would be locked out.
        raise NotLogged(
            f"MLflow at {database}: its tables are {f'of another version (schema {found}, this MLflow has {wanted})' if found else 'not those of MLflow'}; "
            f"nothing was changed. Migrate it with: mlflow db upgrade sqlite:///{database}, or set MLFLOW_TRACKING_URI to another"
        )


def _head() -> str:
    from mlflow.store.db.utils import _get_latest_schema_revision  # noqa: PLC0415 - the only place that knows

    return str(_get_latest_schema_revision())


def _migrate(database: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        store: Any = SqlAlchemyStore(f"sqlite:///{database}", Path(folder).as_uri())
        store.engine.dispose()


@contextmanager
def _environment() -> Iterator[None]:
    """Our variables while mlflow is imported and used, and the user's environment as it was afterwards."""
    ours = OFF | {name: value for name, value in BOUNDED.items() if name not in os.environ}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _quiet() -> Iterator[None]:
    """mlflow and alembic log what we say in one sentence of our own, or in none; warnings of theirs are not the user's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow  # noqa: F401, PLC0415 - seconds of CPU, for those who log; it sets the level of its logger

        loggers = [logging.getLogger(name) for name in ("mlflow", "alembic", "urllib3")]
        before = [logger.level for logger in loggers]
        try:
            for logger in loggers:
                logger.setLevel(logging.CRITICAL + 1)
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)


def _is_ours(error: Exception) -> bool:
    """Whether it was raised by a line of seatrial itself, and not by a file or a database that line asked for."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    ours = place is not None and str(place.tb_frame.f_globals.get("__name__")).startswith("seatrial.")
    return ours and not isinstance(error, (OSError, sqlite3.Error, ImportError))


def _sentence(error: Exception, place: Place) -> str:
    """What happened, in one line, without a password, and what to do where we know it."""
    if isinstance(error, PermissionError):
        return f"{error.filename or place.file} cannot be written; set MLFLOW_TRACKING_URI to a store that can"
    if isinstance(error, ImportError):
        return f"this kind of store needs {error.name}, which is not installed"
    wording = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
    wording = wording.replace(place.uri, place.shown)
    if "Max retries exceeded" in wording:
        return "no server answers there"
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in wording:
        return f"{place.file} is no SQLite database"
    return f"{wording}{' (another process holds it; log it again later)' if 'locked' in wording else ''}"
