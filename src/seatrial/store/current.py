"""Current store: which store `emit` writes to here, found once per process and project."""

from __future__ import annotations

import atexit
import os
import threading
import tomllib
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.graph.evaluating import evaluating
from seatrial.store.engine import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT = "sqlite:///.seatrial/store.db"
VARIABLE = "SEATRIAL_STORE"
_OPEN: dict[tuple[str, Path], Store] = {}
_LOCK = threading.Lock()
_HERE: ContextVar[Store | str | None] = ContextVar("seatrial_store", default="project")


def current_store() -> Store | None:
    """The store in use here; None where nothing is recorded: in an evaluation and in a shadow run.

    It is the one of `use_store`, else `$SEATRIAL_STORE`, else `store` of `[tool.seatrial]` in the nearest pyproject.toml
    at or above the working directory, else `.seatrial/store.db` there. An evaluation uses a store only by `use_store`.

    Raises:
        UsageError: an evaluation is under way, and this thread does not know whether it belongs to it.
    """
    here = _HERE.get()
    if not isinstance(here, str):
        return here
    if evaluating():
        return None
    root = _project_root(Path.cwd())
    return _opened(os.environ.get(VARIABLE) or _configured(root), root)


@contextmanager
def use_store(store: Store | None) -> Iterator[None]:
    """Use this store for everything that runs inside the block; None discards outcomes."""
    token = _HERE.set(store)
    try:
        yield
    finally:
        _HERE.reset(token)


def close_stores() -> None:
    """Close every store that `current_store` has opened in this process."""
    with _LOCK:
        while _OPEN:
            _OPEN.popitem()[1].close()


atexit.register(close_stores)


def _opened(url: str, root: Path) -> Store:
    with _LOCK:
        if (url, root) not in _OPEN:
            _OPEN[url, root] = open_store(url, root=root)
        return _OPEN[url, root]


def _project_root(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").is_file() and _settings(folder):
            return folder
    return start


def _settings(folder: Path) -> dict[str, object]:
    try:
        tool = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    settings = tool.get("seatrial", {})
    return settings if isinstance(settings, dict) else {}


def _configured(root: Path) -> str:
    return str(_settings(root).get("store", DEFAULT)) if (root / "pyproject.toml").is_file() else DEFAULT
