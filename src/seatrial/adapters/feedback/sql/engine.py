"""Engine: what a query needs of the database that holds a source's two tables."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from seatrial.adapters.feedback.location import Location, LocationKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.adapters.feedback.sql.tables import Dialect


class NotBySql(Exception):
    """Why a source is not added up by its database."""


class Held(StrEnum):
    """What a column of a database holds, as far as a query must know."""

    TEXT = "text"
    WRITTEN = "written"
    """Text of a CSV file, which may stand for a number or an instant."""
    NUMBER = "number"
    COMPLETE = "whole"
    TRUTH = "truth"
    INSTANT = "instant"
    NAIVE = "naive"
    """An instant that names no time zone."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a column is read: the expression of its value, and what no row may be for that to be right."""

    value: str
    never: str = ""


class Engine(Protocol):
    """A database that holds a source's tables."""

    dialect: Dialect

    def columns(self, table: str) -> Mapping[str, Held]:
        """The columns of `decisions` or `outcomes`."""

    def relation(self, table: str) -> str:
        """The table as a query names it."""

    def number(self, column: str, held: Held) -> Reading:
        """A column read as doubles."""

    def instant(self, column: str, held: Held, *, utc: bool) -> Reading:
        """A column read as seconds since 1970; `utc`: instants without a zone are in UTC."""

    def text(self, column: str, held: Held) -> Reading:
        """A column read as text."""

    def thread(self, value: str) -> str:
        """What threads are joined by."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A small result."""

    def arrays(self, query: str) -> Mapping[str, NDArray[Any]]:
        """A result by column."""

    def all_different(self, queries: Sequence[str]) -> list[bool]:
        """Per query of one column `x`, whether no two of its rows are equal."""

    def close(self) -> None:
        """End the connection."""


_FILES = (LocationKind.FILE, LocationKind.DUCKDB)


def engine_for(decisions: Location, outcomes: Location) -> Engine:
    """The engine that can read both tables.

    Raises:
        NotBySql: there is none, or its driver is not installed.
    """
    from seatrial.adapters.feedback.sql.duck import DuckDb  # noqa: PLC0415 - each engine knows this module
    from seatrial.adapters.feedback.sql.rowwise import Postgres, Sqlite  # noqa: PLC0415

    kinds = {decisions.kind, outcomes.kind}
    if kinds <= set(_FILES):
        return DuckDb(decisions, outcomes)
    if kinds == {LocationKind.SQLITE} and decisions.place == outcomes.place:
        return Sqlite(decisions, outcomes)
    if kinds == {LocationKind.POSTGRES} and decisions.place == outcomes.place:
        return Postgres(decisions, outcomes)
    raise NotBySql("two kinds of place")


def quoted_name(column: str) -> str:
    """A column as SQL writes it."""
    return '"' + column.replace('"', '""') + '"'
