"""Read anybody's results as evidence: Parquet, CSV or JSONL, with foreign column names mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError, NotFound, UsageError
from seatrial.evidence.check import check, run_codes
from seatrial.evidence.normalize import canonical
from seatrial.evidence.schema import CONTRACT, EVIDENCE_COLUMNS, SEGMENT_PREFIX, STAMP_PREFIX
from seatrial.table.codes import Codes, constant
from seatrial.table.read import FORMATS, raw_columns, table_of
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from seatrial.evidence.table import Evidence
    from seatrial.table.raw import Raw
    from seatrial.table.table import Table

__all__ = ["BLANKS", "FORMATS", "evidence_of", "read_evidence"]

BLANKS = {"missing": Outcome.SKIPPED, "failure": Outcome.TARGET_ERROR}
"""What a row without score and outcome is taken for."""

FEW = 20
"""Different values of a column that may be a segment nobody named."""
DISTINCT = tuple(column.name for column in EVIDENCE_COLUMNS if column.distinct)


def read_evidence(
    path: Path,
    *,
    mapping: Mapping[str, Sequence[str]] | None = None,
    segments: Sequence[str] = (),
    ignore: Sequence[str] = (),
    version: str | None = None,
    blank: str = "missing",
    content: str | None = None,
) -> Evidence:
    """Read a file as evidence and check it.

    >>> evidence = read_evidence(Path("scores.csv"), segments=["tier"])
    >>> len(evidence)
    80

    Args:
        path: a .parquet, .csv or .jsonl file.
        mapping: canonical column -> the foreign columns it is made of; several are joined by `/`.
        segments: foreign columns that become dimensions.
        ignore: columns of the file that are not what their name says in the format.
        version: version of every row, where the file does not say.
        blank: what a row without score and outcome is: `missing` (outcome `skipped`), or `failure` of the system
            (outcome `target_error`, worth 0; where another key of the same run has a score, `evaluator_error`).
        content: hash of the table's content, from `write_parquet`; another table is refused. None = whatever is there.

    Raises:
        DataError: the file cannot be read, or does not hold evidence; names file, column, row and what to do.
        UsageError: the mapping names columns that do not exist; lists those that do.
    """
    must_be_text((path,), mapping or {}, segments, ignore)
    raw, rows, wording = raw_columns(path, distinct=DISTINCT)
    if content is not None:
        _same_content(raw, content, path)
    return evidence_of(
        raw,
        rows,
        str(path),
        stamp_of(wording),
        mapping=mapping,
        segments=segments,
        ignore=ignore,
        version=version,
        blank=blank,
    )


def evidence_of(
    raw: Mapping[str, Raw],
    rows: int,
    source: str,
    stamp: Mapping[str, str],
    *,
    mapping: Mapping[str, Sequence[str]] | None = None,
    segments: Sequence[str] = (),
    ignore: Sequence[str] = (),
    version: str | None = None,
    blank: str = "missing",
) -> Evidence:
    """Raw columns as checked evidence; the arguments are those of `read_evidence`, `stamp` is what the file says of itself."""
    if blank not in BLANKS:
        raise UsageError(f"blank scores are one of: {', '.join(BLANKS)}; got {blank!r}")
    if rows == 0:
        raise DataError(f"{source} holds no rows: there is nothing to judge")
    table = table_of(raw, rows, EVIDENCE_COLUMNS, source, mapping=mapping, segments=segments, ignore=ignore)
    table = _complete(table, raw, version)
    empty = _empty(table)
    evidence, counted = _counted(canonical(table, BLANKS[blank]), empty, BLANKS[blank])
    metadata = {**stamp, **{name: str(found) for name, found in counted.items() if found}}
    unnamed = _could_be_segments(raw, table, mapping or {})
    if unnamed:
        metadata["could_be_segments"] = unnamed
    evidence = evidence.stamped(**metadata)
    check(evidence)
    return evidence


def stamp_of(reported: Mapping[str, str]) -> dict[str, str]:
    """What a file says of itself that is ours."""
    return {name.removeprefix(STAMP_PREFIX): value for name, value in reported.items() if name.startswith(STAMP_PREFIX)}


def _same_content(raw: Mapping[str, Raw], content: str, path: Path) -> None:
    from seatrial.evidence.content import raw_hash  # noqa: PLC0415 - Arrow, for what it wrote

    found = raw_hash(raw)
    if found != content:
        raise DataError(
            f"{path} is not the table that was written there: its content is {found} and was {content}. It was damaged or edited since"
        )


def _complete(table: Table, raw: Mapping[str, Raw], version: str | None) -> Table:
    """The table with a version on every row; what evidence cannot do without, and no default gives, is there."""
    source, have = table.source, ", ".join(raw)
    if table.has(SEGMENT_PREFIX + CONTRACT):
        raise DataError(f"{source}: a dimension cannot be called {CONTRACT!r}, which is what contract tests are called")
    if not table.has("version"):
        if version is None:
            raise NotFound(
                f"{source} has no column version; map it with --map version=COLUMN, or give a file per version (--evidence old.csv --evidence new.csv). A row says one score of one version: two score columns side by side become two rows. Columns: {have}"
            )
        table = table.replaced("version", constant(version, len(table)))
    if not table.has("score") and not table.has("outcome"):
        raise NotFound(f"{source} has neither score nor outcome; map one with --map score=COLUMN. Columns: {have}")
    return table


def _could_be_segments(raw: Mapping[str, Raw], table: Table, mapping: Mapping[str, Sequence[str]]) -> str:
    """Columns of few texts that nothing was made of, where nobody named a segment: `language (3), tier (2)`."""
    if table.dimensions:
        return ""
    taken = {*table.names, *(source for sources in mapping.values() for source in sources)}
    counted = {name: column.few(FEW) for name, column in raw.items() if name not in taken}
    return ", ".join(f"{name} ({found})" for name, found in counted.items() if found and found > 1)


def must_be_text(
    paths: Sequence[Path], mapping: Mapping[str, Sequence[str]], segments: Sequence[str], ignore: Sequence[str]
) -> None:
    """Raise a UsageError where a name is no UTF-8."""
    columns = (name for names in mapping.values() for name in names)
    for name in (*map(str, paths), *segments, *ignore, *mapping, *columns):
        try:
            name.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{name!a}: the name is no UTF-8; rename it") from None


def _empty(table: Table) -> NDArray[np.bool_]:
    """Per row, whether it has neither a score nor an outcome."""
    empty = np.ones(len(table), dtype=np.bool_)
    for name in ("score", "outcome"):
        if table.has(name):
            empty &= table.missing(name)
    return empty


def _counted(evidence: Evidence, empty: NDArray[np.bool_], taken: Outcome) -> tuple[Evidence, dict[str, int]]:
    """How many rows have neither score nor outcome, by what they were `taken` for.

    A blank score beside a score of the same run is no crash: a run that answered one key has not crashed on another.
    """
    blank = int(empty.sum())
    if taken is Outcome.SKIPPED or not blank:
        return evidence, {"blank_scores": blank}
    runs = run_codes(evidence)
    beside = empty & np.isin(runs, runs[~evidence.missing("score")])
    if not beside.any():
        return evidence, {"blank_failures": blank}
    outcome = evidence.codes("outcome")
    values = tuple(dict.fromkeys((*outcome.values, Outcome.EVALUATOR_ERROR.value)))
    failed = np.int32(values.index(Outcome.EVALUATOR_ERROR.value))
    fixed = Codes(values, np.where(beside, failed, outcome.index)).used()
    return evidence.replaced("outcome", fixed), {"blank_failures": blank - int(beside.sum())}
