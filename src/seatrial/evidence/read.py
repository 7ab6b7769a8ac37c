"""Read anybody's results as evidence: Parquet, CSV or JSONL, with foreign column names mapped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seatrial.errors import DataError, UsageError
from seatrial.evidence.check import check
from seatrial.evidence.columns import EVIDENCE_COLUMNS, NAMES, SEGMENT_PREFIX
from seatrial.evidence.table import Evidence
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORMATS = (".parquet", ".csv", ".jsonl")
LONGEST_LINE = 8_000_000
_OWN = ("example_id", "output_hash", "thread_id")
"""Text that is another on nearly every row: a dictionary of it costs more than it saves."""


def read_evidence(
    path: Path,
    *,
    mapping: Mapping[str, Sequence[str]] | None = None,
    segments: Sequence[str] = (),
    version: str | None = None,
) -> Evidence:
    """Read a file as evidence and check it.

    Args:
        path: a .parquet, .csv or .jsonl file.
        mapping: canonical column -> the foreign columns it is made of; several are joined by `/`.
        segments: foreign columns that become dimensions.
        version: version of every row, where the file does not say.

    Raises:
        DataError: the file cannot be read, or does not hold evidence; names file, column, row and what to do.
        UsageError: the mapping names columns that do not exist; lists those that do.
    """
    table, stamp = _table(path)
    if table.num_rows == 0:
        raise DataError(f"{path} holds no rows: there is nothing to judge")
    columns = _rename(table, path, mapping or {}, segments, version)
    evidence = Evidence(_canonical(columns, path), str(path), stamp)
    check(evidence)
    return evidence


def _table(path: Path) -> tuple[pa.Table, dict[str, str]]:
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be opened: {_first_line(error)}") from error
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
        with pq.ParquetFile(path, read_dictionary=repeating) as file:
            table = file.read()
        # Text that is no UTF-8 and words that are not in their dictionary would surface later, as our bug.
        table.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is no readable Parquet file (cut short, or another format): {_first_line(error)}"
        ) from error
    raw = table.schema.metadata or {}
    return table, {
        key.decode(errors="replace").removeprefix("seatrial."): value.decode(errors="replace")
        for key, value in raw.items()
        if key.startswith(b"seatrial.")
    }


def _csv(path: Path) -> pa.Table:
    from pyarrow import csv  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            head = file.readline(LONGEST_LINE + 1)
        if len(head) > LONGEST_LINE:
            raise DataError(f"{path} line 1 is longer than {LONGEST_LINE:,} bytes; this is no table")
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
        raise DataError(f"{path} is no readable CSV in UTF-8: {_first_line(error)}") from error


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
        raise DataError(f"{path} cannot be opened: {_first_line(error)}") from error
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
        raise DataError(f"{path} line {number} is no JSON object (cut short?): {_first_line(error)}") from error
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


def _rename(
    table: pa.Table, path: Path, mapping: Mapping[str, Sequence[str]], segments: Sequence[str], version: str | None
) -> dict[str, Any]:
    have = table.column_names
    twice = sorted({name for name in have if have.count(name) > 1})
    if twice:
        raise DataError(f"{path} has the column {twice[0]!r} more than once; which one counts cannot be known")
    for target, sources in mapping.items():
        if target not in NAMES and not target.startswith(SEGMENT_PREFIX):
            raise UsageError(
                f"--map {target}=...: no evidence column is called {target!r}; choose one of: {', '.join(NAMES)}, segment.NAME"
            )
        _must_have(path, have, sources, f"--map {target}={','.join(sources)}")
    _must_have(path, have, segments, "--segment")
    columns = {name: table.column(name) for name in have if name in NAMES or name.startswith(SEGMENT_PREFIX)}
    for target, sources in mapping.items():
        parts = [table.column(source) for source in sources]
        columns[target] = (
            parts[0]
            if len(parts) == 1
            else pc.binary_join_element_wise(*[pc.cast(_text(p, target, path), pa.string()) for p in parts], "/")
        )
    for name in segments:
        columns[SEGMENT_PREFIX + name] = table.column(name)
    if "example_id" not in columns:
        raise DataError(
            f"{path} has no column example_id; map it with --map example_id=COLUMN. Columns: {', '.join(have)}"
        )
    if "version" not in columns:
        if version is None:
            raise DataError(
                f"{path} has no column version; map it with --map version=COLUMN. Columns: {', '.join(have)}"
            )
        columns["version"] = _constant(version, table.num_rows)
    if "score" not in columns and "outcome" not in columns:
        raise DataError(
            f"{path} has neither score nor outcome; map one with --map score=COLUMN. Columns: {', '.join(have)}"
        )
    return columns


def _must_have(path: Path, have: Sequence[str], wanted: Sequence[str], flag: str) -> None:
    for name in wanted:
        if name not in have:
            raise UsageError(f"{flag}: {path} has no column {name!r}; it has: {', '.join(have)}")


def _canonical(columns: dict[str, Any], path: Path) -> pa.Table:
    rows = len(columns["example_id"])
    types = {column.name: column.type for column in EVIDENCE_COLUMNS}
    out: dict[str, Any] = {}
    for name, column in columns.items():
        kind = types.get(name, "string")
        out[name] = (
            _text(column, name, path) if kind == "string" else _number(column, name, path, whole=kind == "int64")
        )
    if "score" not in out:
        out["score"] = pa.nulls(rows, pa.float64())
    score_there = pc.is_valid(out["score"])
    implied = pc.if_else(score_there, Outcome.SCORED.value, Outcome.TARGET_ERROR.value)
    if "outcome" not in out:
        out["outcome"] = implied
    elif out["outcome"].null_count:
        out["outcome"] = pc.coalesce(out["outcome"], implied)
    out["key"] = pc.fill_null(out["key"], "score") if "key" in out else _constant("score", rows)
    out["repetition"] = (
        pc.fill_null(out["repetition"], 0) if "repetition" in out else pa.array(np.zeros(rows, dtype=np.int64))
    )
    for name in list(out):
        if name.startswith(SEGMENT_PREFIX):
            filled = pc.fill_null(out[name], "unknown")
            blank = pc.equal(filled, "")
            out[name] = pc.if_else(blank, "unknown", filled) if pc.any(blank).as_py() else filled
    return pa.table(out)


def _constant(value: str, rows: int) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array([value]))


def _text(column: Any, name: str, path: Path) -> Any:
    kind = column.type
    if pa.types.is_string(kind) or (pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type)):
        return column
    if pa.types.is_null(kind):
        return pc.cast(column, pa.string())
    if pa.types.is_nested(kind):
        return pa.array(
            [None if v is None else json.dumps(v, default=str) for v in column.to_pylist()], type=pa.string()
        )
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException as error:
        raise DataError(f"{path}: column {name} ({kind}) cannot be read as text: {_first_line(error)}") from error


_WORDS = {"true": "1", "false": "0", "True": "1", "False": "0", "TRUE": "1", "FALSE": "0"}


def _number(column: Any, name: str, path: Path, *, whole: bool) -> Any:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
        kind = column.type
    if pa.types.is_boolean(kind):
        column = pc.cast(column, pa.int8())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        for word, digit in _WORDS.items():
            column = pc.if_else(pc.equal(column, word), digit, column)
    try:
        return pc.cast(column, pa.int64() if whole else pa.float64())
    except pa.ArrowException:
        pass
    # Slower, and with the row that is wrong: 3.0 is a whole number too.
    numbers = []
    for row, value in enumerate(column.to_pylist(), start=1):
        try:
            numbers.append(None if value is None else _whole(value) if whole else _plain(value))
        except (TypeError, ValueError, OverflowError):
            need = "a whole number" if whole else "a number"
            raise DataError(f"{path} row {row}: column {name} holds {str(value)[:60]!r}, which is not {need}") from None
    return pa.array(numbers, type=pa.int64() if whole else pa.float64())


def _plain(value: Any) -> float:
    if isinstance(value, str) and "_" in value:
        raise ValueError("1_0 is Python, not data")
    return float(value)


def _whole(value: Any) -> int:
    number = _plain(value)
    if number % 1 or abs(number) > 2**53:
        raise ValueError("not a whole number a float can hold")
    return int(number)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
