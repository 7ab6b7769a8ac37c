"""Evidence from data frames and from rows in memory, and back to a data frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.errors import MissingExtra
from seatrial.evidence.normalize import canonical
from seatrial.evidence.read import evidence_of
from seatrial.evidence.schema import EVIDENCE_COLUMNS
from seatrial.evidence.table import Evidence
from seatrial.table.frame import frame_columns
from seatrial.table.raw import Listed
from seatrial.table.read import table_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def frame_evidence(
    frame: Any,
    *,
    mapping: Mapping[str, Sequence[str]] | None = None,
    segments: Sequence[str] = (),
    ignore: Sequence[str] = (),
    version: str | None = None,
    blank: str = "missing",
    source: str = "data frame",
) -> Evidence:
    """A pandas data frame or an Arrow table as checked evidence; see `Evidence.from_pandas`."""
    raw, rows = frame_columns(frame, source)
    return evidence_of(
        raw, rows, source, {}, mapping=mapping, segments=segments, ignore=ignore, version=version, blank=blank
    )


def listed(columns: Mapping[str, Sequence[Any]], source: str) -> Evidence:
    """Whole columns of canonical names as evidence with its defaults, typed as files are and not checked yet."""
    raw = {name: Listed(values) for name, values in columns.items()}
    rows = len(next(iter(raw.values())))
    return canonical(table_of(raw, rows, EVIDENCE_COLUMNS, source))


def unchecked(frame: Any, source: str, metadata: Mapping[str, str] | None = None) -> Evidence:
    """A frame of canonical columns as evidence, without defaults and before any check."""
    raw, rows = frame_columns(frame, source)
    table = table_of(raw, rows, EVIDENCE_COLUMNS, source)
    return Evidence({name: table.column(name) for name in table.names}, rows, source, metadata)


def unchecked_rows(
    rows: Sequence[Mapping[str, Any]], source: str, metadata: Mapping[str, str] | None = None
) -> Evidence:
    """Rows of canonical columns as evidence, without defaults and before any check; what a row lacks is null there."""
    names = dict.fromkeys(name for row in rows for name in row)
    raw = {name: Listed([row.get(name) for row in rows]) for name in names}
    table = table_of(raw, len(rows), EVIDENCE_COLUMNS, source)
    return Evidence({name: table.column(name) for name in table.names}, len(rows), source, metadata)


def to_pandas(evidence: Evidence) -> Any:
    """Evidence as a pandas data frame; see `Evidence.to_pandas`."""
    try:
        import pandas as pd  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy, and no dependency of ours
    except ImportError:
        raise MissingExtra("pandas", "mlflow", "a data frame") from None
    columns = {
        name: pd.Categorical.from_codes(evidence.codes(name).index, evidence.codes(name).values)
        if evidence.is_text(name)
        else evidence.numbers(name).copy()
        for name in evidence.names
    }
    return pd.DataFrame(columns)
