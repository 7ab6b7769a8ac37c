"""TOML files of a project: read once, every key known, every value checked, every error with its file and place.

Each checker takes the value and the place it stands in, returns the value, and raises a ConfigError that names the place.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SMALLEST_ALPHA, MOST_GRAPHS = 1e-4, 1000


def read(path: Path, what: str = "", *, absent: str = "") -> Mapping[str, Any]:
    """The tables of a TOML file.

    Args:
        path: the file.
        what: what it is, for errors, e.g. `policy`; empty where the path says it.
        absent: what the reader can do where the file does not exist.

    Raises:
        ConfigError: it does not exist, is no UTF-8 or no TOML; names the file and the line.
    """
    named = f"{what} {path}".strip()
    try:
        return parse(path.read_text(encoding="utf-8"), named)
    except FileNotFoundError as error:
        raise ConfigError(f"{named} does not exist{f'; {absent}' if absent else ''}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{named} cannot be read: {error}") from error


def read_optional(path: Path, what: str = "") -> Mapping[str, Any]:
    """The same where the file need not exist; then there are no tables."""
    return read(path, what) if path.is_file() else {}


def parse(text: str, named: str) -> Mapping[str, Any]:
    """The tables of TOML text; `named` says in errors what it is and where it stands.

    Raises:
        ConfigError: it is no TOML; names the line.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{named} cannot be read: {error}") from error


def table(value: Any, place: str) -> Mapping[str, Any]:
    """A table of TOML."""
    if not isinstance(value, dict):
        raise ConfigError(f"{place}: expected a table, got {value!r}")
    return value


def only_known(raw: Mapping[str, Any], known: Any, place: str, elsewhere: Mapping[str, str] | None = None) -> None:
    """Every word of a table is one of those that are known; `elsewhere` says of others where they are written."""
    for name in raw:
        if name in (elsewhere or {}):
            raise ConfigError(f"{place}: {name!r} is not written here: {(elsewhere or {})[name]}")
        if name not in known:
            raise ConfigError(
                f"{place}: {name!r} is unknown; choose one of: {', '.join(known)}{did_you_mean(name, known)}"
            )


def number(value: Any, place: str) -> float:
    """A number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{place}: expected a number, got {value!r}")
    return float(value)


def share(value: Any, place: str) -> float:
    """A number between 0 and 1, both excluded."""
    found = number(value, place)
    if not 0 < found < 1:
        raise ConfigError(f"{place}: must lie between 0 and 1, got {value!r}")
    return found


def level(value: Any, place: str) -> float:
    """A share that alpha may be."""
    found = share(value, place)
    if found < SMALLEST_ALPHA:
        raise ConfigError(f"{place}: {value!r} is under {SMALLEST_ALPHA:g}; no gate of this size could ever fail")
    return found


def few(value: Any, place: str) -> int:
    """A whole number that alpha may be divided by."""
    found = integer(value, place)
    if found > MOST_GRAPHS:
        raise ConfigError(f"{place}: {value!r} is over {MOST_GRAPHS}; alpha would be nothing")
    return found


def share_or_zero(value: Any, place: str) -> float:
    """A share, or 0."""
    return 0.0 if value == 0 and not isinstance(value, bool) else share(value, place)


def integer(value: Any, place: str) -> int:
    """A whole number of 1 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{place}: expected a whole number of 1 or more, got {value!r}")
    return value


def flag(value: Any, place: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ConfigError(f"{place}: expected true or false, got {value!r}")
    return value


def word(*choices: str) -> Callable[[Any, str], str]:
    """A checker that takes one of these words."""

    def check(value: Any, place: str) -> str:
        if value not in choices:
            raise ConfigError(
                f"{place}: {value!r} is unknown; choose one of: {', '.join(choices)}{did_you_mean(str(value), choices)}"
            )
        return str(value)

    return check


def text(value: Any, place: str) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ConfigError(f"{place}: expected text, got {value!r}")
    return value


def some_text(value: Any, place: str) -> str:
    """A text that is not blank."""
    if not text(value, place).strip():
        raise ConfigError(f"{place}: expected text that is not empty, got {value!r}")
    return str(value)


def tables(value: Any, place: str, write: str) -> list[Mapping[str, Any]]:
    """A list of tables; `write` is its heading, for errors."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ConfigError(f"{place}: expected a list of tables; write {write}")
    return value
