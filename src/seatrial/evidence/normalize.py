"""Shape: a file's columns become evidence's columns: named, joined, typed, with their defaults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seatrial.errors import DataError, UsageError
from seatrial.evidence.arrow import from_numpy, texts
from seatrial.evidence.arrow_column import constant
from seatrial.evidence.schema import CONTRACT, EVIDENCE_COLUMNS, NAMES, SEGMENT_PREFIX
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def rename(
    table: pa.Table,
    path: Path,
    mapping: Mapping[str, Sequence[str]],
    segments: Sequence[str],
    version: str | None,
    ignore: Sequence[str] = (),
) -> dict[str, Any]:
    """The file's columns under their canonical names."""
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
    _must_have(path, have, ignore, "--ignore")
    columns = {
        name: table.column(name)
        for name in have
        if name not in ignore and (name in NAMES or name.startswith(SEGMENT_PREFIX))
    }
    for target, sources in mapping.items():
        parts = [table.column(source) for source in sources]
        columns[target] = (
            parts[0]
            if len(parts) == 1
            else pc.binary_join_element_wise(
                *[pc.cast(_text(p, target, path), pa.string()) for p in parts], texts("/")[0]
            )
        )
    for name in segments:
        if pa.types.is_nested(table.column(name).type):
            raise UsageError(
                f"--segment {name}: {path} holds objects there; a segment is one word or number per example"
            )
        columns[SEGMENT_PREFIX + name] = table.column(name)
    if f"{SEGMENT_PREFIX}{CONTRACT}" in columns:
        raise DataError(f"{path}: a dimension cannot be called {CONTRACT!r}, which is what contract tests are called")
    odd = [name for name in columns if name.startswith(SEGMENT_PREFIX) and "=" in name]
    if odd:
        raise DataError(
            f"{path}: dimension {odd[0].removeprefix(SEGMENT_PREFIX)!r} has '=' in its name; a segment is written NAME=value"
        )
    if "example_id" not in columns:
        semicolons = (
            " Is the file separated by ';'? Evidence is separated by ','" if len(have) == 1 and ";" in have[0] else ""
        )
        raise DataError(
            f"{path} has no column example_id; map it with --map example_id=COLUMN. Columns: {', '.join(have)}.{semicolons}"
        )
    if "version" not in columns:
        if version is None:
            raise DataError(
                f"{path} has no column version; map it with --map version=COLUMN, or give a file per version (--evidence old.csv --evidence new.csv). A row says one score of one version: two score columns side by side become two rows. Columns: {', '.join(have)}"
            )
        columns["version"] = constant(version, table.num_rows)
    if "score" not in columns and "outcome" not in columns:
        raise DataError(
            f"{path} has neither score nor outcome; map one with --map score=COLUMN. Columns: {', '.join(have)}"
        )
    return columns


def _must_have(path: Path, have: Sequence[str], wanted: Sequence[str], flag: str) -> None:
    for name in wanted:
        if name not in have:
            raise UsageError(f"{flag}: {path} has no column {name!r}; it has: {', '.join(have)}")


def canonical(columns: dict[str, Any], path: Path, blank: Outcome = Outcome.SKIPPED) -> pa.Table:
    """The columns typed as the format says, with the defaults of those that are not there.

    A row without score and outcome has the outcome `blank`.
    """
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
    implied = pc.if_else(score_there, *texts(Outcome.SCORED.value, blank.value))
    if "outcome" not in out:
        out["outcome"] = implied
    elif out["outcome"].null_count:
        out["outcome"] = pc.coalesce(out["outcome"], implied)
    out["key"] = _filled(out["key"], "score") if "key" in out else constant("score", rows)
    tries = out.get("repetition")
    if tries is None:
        out["repetition"] = from_numpy(np.zeros(rows, dtype=np.int64))
    elif tries.null_count:
        out["repetition"] = pc.coalesce(tries, from_numpy(np.zeros(1, dtype=np.int64))[0])
    if "cluster" in out:
        codes = out["cluster"]
        codes = codes if pa.types.is_dictionary(codes.type) else pc.dictionary_encode(codes)
        out["cluster"] = pc.cast(_clean(codes), pa.string())
    for name in list(out):
        if name.startswith(SEGMENT_PREFIX):
            codes = out[name]
            # A million rows have a handful of values: clean the values, not the rows.
            if not pa.types.is_dictionary(codes.type):
                codes = pc.dictionary_encode(codes)
            out[name] = _filled(pc.cast(_clean(codes), pa.string()), "unknown")
    return pa.table(out)


def _filled(column: Any, word: str) -> Any:
    """A text column without nulls."""
    return pc.fill_null(pc.cast(column, pa.string()), texts(word)[0]) if column.null_count else column


def _clean(codes: Any) -> Any:
    """A dictionary column with its values stripped of surrounding space, and blank ones null."""
    if isinstance(codes, pa.ChunkedArray):
        codes = codes.unify_dictionaries()
        return (
            pa.chunked_array([_clean(chunk) for chunk in codes.chunks], type=codes.type) if codes.num_chunks else codes
        )
    values = pc.utf8_trim_whitespace(codes.dictionary)
    values = pc.if_else(pc.equal(values, texts("")[0]), pa.nulls(1, values.type)[0], values)
    return pa.DictionaryArray.from_arrays(codes.indices, values)


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
        raise DataError(f"{path}: column {name} ({kind}) cannot be read as text: {first_line(error)}") from error


_YES = ("true", "yes", "pass", "passed", "t", "y")
_NO = ("false", "no", "fail", "failed", "f", "n")
"""How exports spell a pass and a fail, in any case."""


def _number(column: Any, name: str, path: Path, *, whole: bool) -> Any:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
        kind = column.type
    if pa.types.is_boolean(kind):
        column = pc.cast(column, pa.int8())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        lower = pc.utf8_lower(column)
        for words, digit in ((_YES, "1"), (_NO, "0")):
            known = pc.is_in(lower, value_set=pc.cast(texts(*words), kind))
            column = pc.if_else(known, pc.cast(texts(digit), kind)[0], column)
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
            hint = (
                ", nor a pass or a fail (true, yes, pass; false, no, fail)"
                if name == "score"
                else f" (where the file calls another thing {name}, --ignore {name} leaves it out)"
            )
            raise DataError(
                f"{path} row {row}: column {name} holds {str(value)[:60]!r}, which is not {need}{hint}"
            ) from None
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


def first_line(error: BaseException) -> str:
    """The first line of somebody else's message."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
