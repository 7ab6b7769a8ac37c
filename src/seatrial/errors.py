"""Every error seatrial raises on purpose.

    SeatrialError                 a sentence: what happened, where, what to do
    ├── UsageError                a flag, a name or a call is wrong
    ├── ConfigError               a project file is wrong (policy, segments, registry, pyproject)
    ├── DataError                 evidence or a dataset cannot be read as what it claims to be
    │   ├── NotFound              a file or a column that was named is not there
    │   ├── ContractError         an example breaks its graph's typed contract
    │   └── RunStopped            a run was stopped before its end
    ├── InvalidComparison         the two arms cannot be compared at all
    ├── MissingExtra              an optional package is not installed
    └── NotBuiltYet               the file is right, the machinery behind it does not exist in this version

A model call that came to nothing has a tree of its own, in `seatrial.model.outcome`. A user's mistake prints its sentence and exits with its own code; anything else is our bug and prints a traceback.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

ReasonWord: TypeAlias = Literal["usage", "missing", "underpowered", "invalid", "outage"]
"""The words of `verdict.ReasonClass`, which stands above this module."""


class ExitCode(IntEnum):
    """What a process of seatrial returns."""

    PASS = 0
    FAIL = 1
    COULD_NOT_TELL = 2
    NOTHING_JUDGED = 3


EXIT_CODES = {
    ExitCode.PASS: "pass",
    ExitCode.FAIL: "the evidence says no",
    ExitCode.COULD_NOT_TELL: "could not tell: missing or bad data, an undecidable critical segment, an invalid comparison, a run that was stopped, a bug in seatrial",
    ExitCode.NOTHING_JUDGED: "nothing was judged: the command, a file or the configuration is wrong, or an optional package is missing",
}
"""Each exit code and its meaning; docs and `--help` are written from it."""


class SeatrialError(Exception):
    """Base of every error whose message is meant for the person at the terminal.

    >>> try:
    ...     load_policy(Path("missing.toml"))
    ... except SeatrialError as error:
    ...     print(int(error.exit_code))
    3

    Attributes:
        reason_class: why nothing was decided, as in JSON.
        exit_code: 3 where the command, a file or the configuration is wrong; 2 where the data do not tell.
    """

    reason_class: ReasonWord = "usage"
    exit_code: ExitCode = ExitCode.NOTHING_JUDGED


class UsageError(SeatrialError):
    """A flag, a name or a call is wrong; the message lists what would be right."""


class ConfigError(SeatrialError):
    """A project file is wrong; the message names the file and the place in it."""


class DataError(SeatrialError):
    """Evidence or a dataset cannot be read as what it claims to be."""

    reason_class: ReasonWord = "invalid"
    exit_code = ExitCode.COULD_NOT_TELL


class NotFound(DataError):
    """A file or a column that was named is not there; the message lists what is."""

    reason_class = "usage"
    exit_code = ExitCode.NOTHING_JUDGED


class ContractError(DataError):
    """An example breaks the typed contract of its graph; the message names file, line and field."""

    exit_code = ExitCode.NOTHING_JUDGED


class RunStopped(DataError):
    """A run was stopped before its end; the message is the command that goes on with it."""


class InvalidComparison(DataError):
    """The two arms cannot be compared: different datasets, a crashed baseline, contradictory rows."""


class MissingExtra(SeatrialError):
    """An optional package is not installed; the message is the command that installs it."""

    def __init__(self, package: str, extra: str, what: str) -> None:
        super().__init__(f"{what} needs {package}, which is not installed: pip install 'seatrial[{extra}]'")


EXTRAS = {
    "scipy": "stats",
    "pyarrow": "parquet",
    "openpyxl": "excel",
    "langgraph": "fleet",
    "langchain": "fleet",
    "langchain_core": "fleet",
    "sqlglot": "fleet",
    "sqlalchemy": "fleet",
    "statsmodels": "judges",
    "zstandard": "inspect",
    "langsmith": "langsmith",
    "mlflow": "mlflow",
    "duckdb": "warehouse",
    "psycopg": "postgres",
    "fastapi": "serve",
    "uvicorn": "serve",
}
"""A package that is not installed with seatrial alone -> the extra that brings it."""


def missing_extra(error: ModuleNotFoundError, what: str) -> MissingExtra | None:
    """The sentence for a package of an extra that `what` imports and that is not installed; None for any other."""
    package = (error.name or "").partition(".")[0]
    return MissingExtra(package, EXTRAS[package], what) if package in EXTRAS else None


class NotBuiltYet(SeatrialError):
    """A section of a project file is known but its machinery does not exist in this version."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'tier=enterprise'?`, or nothing where no known name is near.

    >>> did_you_mean("enterprse", ["free", "enterprise"])
    "; did you mean 'enterprise'?"
    """
    near = nearest(name, known)
    return f"; did you mean {near!r}?" if near else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is nearly `name`, or is it; empty where none is near."""
    import difflib  # noqa: PLC0415 - where a name is wrong

    return next(iter(difflib.get_close_matches(name, list(known), 1)), "")


def one_of(value: object, choices: object, what: str) -> str:
    """Return `value` if it is one of `choices`, else raise a UsageError that lists them."""
    names = [str(choice) for choice in choices]  # type: ignore[attr-defined]
    if str(value) in names:
        return str(value)
    raise UsageError(f"{what} {value!r} is unknown; choose one of: {', '.join(names)}{did_you_mean(str(value), names)}")
