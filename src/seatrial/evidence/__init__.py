"""Evidence: one tidy table, one row per example x repetition x version x key; everything right of it is pure."""

from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json, content_hash
from seatrial.evidence.schema import EVIDENCE_COLUMNS, SEGMENT_PREFIX
from seatrial.evidence.write import write_parquet

if TYPE_CHECKING:
    from seatrial.evidence.read import read_evidence
    from seatrial.evidence.table import Evidence

__all__ = [
    "EVIDENCE_COLUMNS",
    "SEGMENT_PREFIX",
    "Evidence",
    "canonical_json",
    "content_hash",
    "read_evidence",
    "write_parquet",
]


def __getattr__(name: str) -> Any:
    # The runner writes rows without Arrow in memory until the end; reading needs it from the start.
    if name == "Evidence":
        from seatrial.evidence.table import Evidence  # noqa: PLC0415

        return Evidence
    if name == "read_evidence":
        from seatrial.evidence.read import read_evidence  # noqa: PLC0415

        return read_evidence
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
