"""Location: where a table of decisions or outcomes is, from the words of a command line or of `[source.NAME]`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from seatrial.errors import UsageError
from seatrial.table.read import FORMATS


class LocationKind(StrEnum):
    """What answers at a location."""

    FILE = "file"
    SQLITE = "sqlite"
    DUCKDB = "duckdb"
    POSTGRES = "postgresql"
    STORE = "store"
    LANGSMITH = "langsmith"
    MLFLOW = "mlflow"


_SUFFIXES = {".db": LocationKind.SQLITE, ".sqlite": LocationKind.SQLITE, ".sqlite3": LocationKind.SQLITE, ".duckdb": LocationKind.DUCKDB}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Location:
    """Where a table is.

    Attributes:
        kind: what answers there.
        place: path, URL, project or experiment.
        table: the table in a database; empty where the default name is meant.
    """

    kind: LocationKind
    place: str
    table: str = ""

    def __str__(self) -> str:
        place = self.place
        if "@" in place and "://" in place:
            scheme, _, rest = place.partition("://")
            user, _, host = rest.rpartition("@")
            place = f"{scheme}://{user.partition(':')[0]}@{host}"
        return f"{place}#{self.table}" if self.table else place


def locate(words: str, root: Path) -> Location:
    """Read a location.

    Args:
        words: `FILE.csv`, `.parquet`, `.jsonl`, `FILE.db#TABLE`, `FILE.duckdb#TABLE`, `postgresql://USER@HOST/DB#TABLE`,
            `store`, `langsmith:PROJECT` or `mlflow:EXPERIMENT`.
        root: folder that relative paths start from.

    Raises:
        UsageError: the words name no such place; lists what would.
    """
    place, _, table = words.partition("#")
    if place == "store":
        return Location(LocationKind.STORE, place)
    for kind in (LocationKind.LANGSMITH, LocationKind.MLFLOW):
        if place.startswith(f"{kind}:"):
            return Location(kind, place.partition(":")[2], table)
    if place.startswith(("postgresql://", "postgres://")):
        return Location(LocationKind.POSTGRES, place, table)
    if place.startswith("sqlite:///"):
        return Location(LocationKind.SQLITE, str(root / place.removeprefix("sqlite:///")), table)
    suffix = Path(place).suffix
    if suffix in _SUFFIXES:
        return Location(_SUFFIXES[suffix], str(root / place), table)
    if suffix in FORMATS or "://" not in place:
        return Location(LocationKind.FILE, str(root / words))
    raise UsageError(
        f"{words.partition('@')[0]!r} names no table; write FILE.csv, .parquet or .jsonl, FILE.db#TABLE, FILE.duckdb#TABLE, "
        "postgresql://USER@HOST/DB#TABLE, store, langsmith:PROJECT or mlflow:EXPERIMENT"
    )
