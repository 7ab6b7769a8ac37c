"""Read anybody's results as evidence: Parquet, CSV or JSONL, with foreign column names mapped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seatrial.errors import DataError, UsageError
from seatrial.evidence.arrow import from_numpy, texts
from seatrial.evidence.check import check, run_codes
from seatrial.evidence.content import table_hash
from seatrial.evidence.normalize import canonical, first_line, rename
from seatrial.evidence.quotes import refuse_open_quotes
from seatrial.evidence.schema import SEGMENT_PREFIX, STAMP_PREFIX
from seatrial.evidence.table import Evidence
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORMATS = (".parquet", ".csv", ".jsonl")
LONGEST_LINE = 8_000_000
BLANKS = {"missing": Outcome.SKIPPED, "failure": Outcome.TARGET_ERROR}
"""What a row without score and outcome is taken for."""

FEW, GLANCE = 20, 1_000
"""Different values of a column that may be a segment nobody named, and rows after which most others have more."""
_OWN = ("example_id", "output_hash", "thread_id")
"""Text that is another on nearly every row: a dictionary of it costs more than it saves."""


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
    if blank not in BLANKS:
        raise UsageError(f"blank scores are one of: {', '.join(BLANKS)}; got {blank!r}")
    _must_be_text(
        str(path), *segments, *ignore, *(mapping or ()), *(name for names in (mapping or {}).values() for name in names)
    )
    table, stamp = _table(path)
    if content is not None and (found := table_hash(table)) != content:
        raise DataError(
            f"{path} is not the table that was written there: its content is {found} and was {content}. It was damaged or edited since"
        )
    if table.num_rows == 0:
        raise DataError(f"{path} holds no rows: there is nothing to judge")
    columns = rename(table, path, mapping or {}, segments, version, ignore)
    shaped = canonical(columns, path, BLANKS[blank])
    shaped, counted = _blanks(shaped, columns.get("outcome"), BLANKS[blank])
    stamp = stamp | {name: str(rows) for name, rows in counted.items() if rows}
    unnamed = _could_be_segments(table, columns, mapping or {})
    if unnamed:
        stamp = {**stamp, "could_be_segments": unnamed}
    evidence = Evidence(shaped, str(path), stamp)
    check(evidence)
    return evidence


def _could_be_segments(table: pa.Table, columns: Mapping[str, Any], mapping: Mapping[str, Sequence[str]]) -> str:
    """Columns of few words that nothing was made of, where nobody named a segment: `language (3), tier (2)`."""
    if any(name.startswith(SEGMENT_PREFIX) for name in columns):
        return ""
    taken = {*columns, *(source for sources in mapping.values() for source in sources)}
    found = []
    for name in table.column_names:
        kind = table.schema.field(name).type
        if name not in taken and (pa.types.is_string(kind) or pa.types.is_dictionary(kind)):
            column = table.column(name)
            # Texts of answers show that they are no few words long before the last of a million was hashed.
            if len(pc.unique(column.slice(0, GLANCE))) <= FEW and 1 < (values := len(pc.unique(column))) <= FEW:
                found.append(f"{name} ({values})")
    return ", ".join(found)


def _must_be_text(*names: str) -> None:
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{name!a}: the name is no UTF-8; rename it") from None


def _blanks(shaped: pa.Table, said: Any, taken: Outcome) -> tuple[pa.Table, dict[str, int]]:
    """How many rows have neither score nor outcome, by what they were `taken` for.

    A blank score beside a score of the same run is no crash: a run that answered one key has not crashed on another.
    """
    if not shaped.column("score").null_count:
        return shaped, {}
    whole = Evidence(shaped, "")
    empty = np.isnan(whole.numbers("score"))
    if said is not None:
        empty &= pc.is_null(said).to_numpy(zero_copy_only=False)
    if taken is Outcome.SKIPPED or not empty.any():
        return shaped, {"blank_scores": int(empty.sum())}
    runs = run_codes(whole)
    beside = empty & np.isin(runs, runs[~np.isnan(whole.numbers("score"))])
    if not beside.any():
        return shaped, {"blank_failures": int(empty.sum())}
    place = shaped.column_names.index("outcome")
    failed = texts(Outcome.EVALUATOR_ERROR.value)[0]
    outcome = pc.if_else(from_numpy(beside), failed, pc.cast(shaped.column("outcome"), pa.string()))
    return shaped.set_column(place, "outcome", outcome), {"blank_failures": int(empty.sum() - beside.sum())}


def _table(path: Path) -> tuple[pa.Table, dict[str, str]]:
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be opened: {first_line(error)}") from error
    if path.is_dir():
        raise DataError(f"{path} is a folder; evidence is one file: {', '.join(FORMATS)}")
    if path.suffix not in FORMATS:
        raise DataError(
            f"{path}: cannot tell its format from {path.suffix or 'a name without a suffix'!r}; evidence is one of: {', '.join(FORMATS)}"
        )
    if size == 0:
        raise DataError(f"{path} is empty")
    if path.suffix == ".parquet":
        return _parquet(path)
    return (_csv(path) if path.suffix == ".csv" else _jsonl(path)), {}


def _parquet(path: Path) -> tuple[pa.Table, dict[str, str]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - a CSV user need not wait for it

    try:
        # One file, not a dataset: that layer takes a tenth of a second to import. Text that repeats stays in its dictionary.
        fields = pq.read_schema(path)
        repeating = [field.name for field in fields if pa.types.is_string(field.type) and field.name not in _OWN]
        with pq.ParquetFile(path, read_dictionary=repeating, page_checksum_verification=True) as file:
            table = file.read()
        # Text that is no UTF-8 and words that are not in their dictionary would surface later, as our bug.
        table.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is no readable Parquet file (cut short, or another format): {first_line(error)}"
        ) from error
    raw = table.schema.metadata or {}
    return table, {
        key.decode(errors="replace").removeprefix(STAMP_PREFIX): value.decode(errors="replace")
        for key, value in raw.items()
        if key.startswith(STAMP_PREFIX.encode())
    }


def _csv(path: Path) -> pa.Table:
    from pyarrow import csv  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            head = file.readline(LONGEST_LINE + 1)
        if len(head) > LONGEST_LINE:
            raise DataError(f"{path} line 1 is longer than {LONGEST_LINE:,} bytes; this is no table")
        refuse_open_quotes(path, LONGEST_LINE)
        names = csv.open_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True)).schema.names
        # Everything as text first, so that one odd value is an error with its row instead of a guess about its column.
        options = csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        return csv.read_csv(
            path,
            read_options=csv.ReadOptions(block_size=LONGEST_LINE * 2),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=options,
        )
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        if "straddl" in str(error):
            raise DataError(f"{path} has a row of more than a million bytes; is a quote left open?") from error
        raise DataError(f"{path} is no readable CSV in UTF-8: {first_line(error)}") from error


def _jsonl(path: Path) -> pa.Table:
    rows: list[dict[str, Any]] = []
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if len(line) > LONGEST_LINE:
                    raise DataError(
                        f"{path} line {number} is longer than {LONGEST_LINE:,} bytes; a row of evidence is a few hundred"
                    )
                if line.strip():
                    rows.append(_object(line, number, path))
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {first_line(error)}") from error
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _object(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        row = json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
        if b"\\ud" in line.lower():
            # Half a surrogate pair is valid JSON and no text.
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} line {number} is not UTF-8: {error.reason} at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} line {number} is no JSON object (cut short?): {first_line(error)}") from error
    if not isinstance(row, dict):
        raise DataError(f"{path} line {number} is a {type(row).__name__}, not an object")
    return row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in row if names.count(name) > 1)
        raise ValueError(f"it has {twice!r} more than once; which one counts cannot be known")
    return row


def _column(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        # Mixed types (an id written 7 here and "7" there) are told apart as text.
        return pa.array(
            [None if v is None else v if isinstance(v, str) else json.dumps(v) for v in values], type=pa.string()
        )


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number in JSON")
