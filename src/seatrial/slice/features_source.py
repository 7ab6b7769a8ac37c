"""Given: what is known about each example, from the dataset, from the evidence's segments, or from a file of features."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from seatrial.errors import DataError, NotFound, UsageError
from seatrial.evidence.schema import SEGMENT_PREFIX
from seatrial.slice.features import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from seatrial.dataset import Example
    from seatrial.evidence import Evidence

FORMATS = (".jsonl", ".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Given:
    """Columns for the compared examples, and how many of these nothing is known about: they are in no slice."""

    columns: tuple[Column, ...]
    unknown: int = 0


def from_segments(evidence: Evidence, ids: Sequence[str]) -> Given:
    """The evidence's own dimensions: fixed before any version answered."""
    names = evidence.codes("example_id")
    place = {name: code for code, name in enumerate(names.values)}
    mine = np.array([place[one] for one in ids])
    columns = []
    for dimension in evidence.dimensions:
        codes = evidence.codes(SEGMENT_PREFIX + dimension)
        of_example = np.zeros(len(names.values), dtype=np.int64)
        of_example[names.index] = codes.index
        values = tuple(codes.values[code] for code in of_example[mine])
        columns.append(Column(dimension, values, "segment", dimension))
    return Given(tuple(columns))


def from_examples(examples: Sequence[Example], ids: Sequence[str]) -> Given:
    """Inputs, metadata and tags of the dataset's examples; the reference only speaks through declared segments.

    Raises:
        DataError: the dataset does not hold the examples of the evidence.
    """
    by_id = {example.id: example for example in examples}
    mine = [by_id.get(one) for one in ids]
    if not any(mine):
        raise DataError(
            f"the dataset holds none of the examples of these runs, such as {ids[0]!r}; it has changed since"
        )
    known: list[dict[str, Any]] = [{} if one is None else dict(_fields(one)) for one in mine]
    tags = [{} if one is None else _tags(one.tags) for one in mine]
    paths = sorted({path for row in known for path in row})
    short = Counter(path.rpartition(".")[2] for path in paths)
    fields = [
        Column(
            path.rpartition(".")[2] if short[path.rpartition(".")[2]] == 1 else path,
            tuple(row.get(path) for row in known),
            "field",
            path,
        )
        for path in paths
    ]
    labels = sorted({tag for row in tags for tag in row})
    tagged = [Column(tag, tuple(row.get(tag) for row in tags), "tag", tag) for tag in labels]
    return Given((*fields, *tagged), sum(one is None for one in mine))


def from_file(path: Path, id_columns: Sequence[str], ids: Sequence[str]) -> Given:
    """A file with one row per example; every column but those of the id is a feature.

    Args:
        path: .jsonl, .csv or .parquet.
        id_columns: columns that make the example's id, joined by `/`.
        ids: the compared examples.

    Raises:
        DataError: the file cannot be read, names an example twice, or names none of the compared ones.
        UsageError: an id column is not there; lists those that are.
    """
    table = _table(path)
    for name in id_columns:
        if name not in table.column_names:
            raise UsageError(
                f"--feature-id {','.join(id_columns)}: {path} has no column {name!r}; it has: {', '.join(table.column_names)}"
            )
    parts = [table.column(name).to_pylist() for name in id_columns]
    names = ["/".join(str(part) for part in row) for row in zip(*parts, strict=True)]
    place = {name: row for row, name in enumerate(names)}
    if len(place) != len(names):
        duplicates = next(name for name, n in Counter(names).items() if n > 1)
        raise DataError(f"{path} has more than one row for example {duplicates!r}; features are one row per example")
    mine = [place.get(one) for one in ids]
    if all(row is None for row in mine):
        raise DataError(
            f"{path} names none of the compared examples: it has {names[0] if names else 'no row'!r}, the evidence {ids[0]!r}; map ids with --feature-id and --map"
        )
    columns = []
    for name in table.column_names:
        if name not in id_columns:
            values = table.column(name).to_pylist()
            of_examples = tuple(None if row is None else _clean(values[row]) for row in mine)
            columns.append(Column(name, of_examples, "field", f"metadata.{name}"))
    if not columns:
        raise DataError(f"{path} has no column beside {', '.join(id_columns)}: there is no feature to look at")
    return Given(tuple(columns), sum(row is None for row in mine))


def _fields(example: Example) -> Iterator[tuple[str, Any]]:
    for root, mapping in (("inputs", example.inputs), ("metadata", example.metadata)):
        yield from _leaves(root, mapping)


def _leaves(path: str, mapping: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in mapping.items():
        # A dot inside a name could not be told from a level, neither here nor in a segment rule.
        if "." in name or value is None:
            continue
        if isinstance(value, Mapping):
            yield from _leaves(f"{path}.{name}", value)
        else:
            yield f"{path}.{name}", value


def _tags(tags: Sequence[str]) -> dict[str, str]:
    pairs = [tag.partition(":") for tag in tags]
    return {name: value for name, sign, value in pairs if sign and value}


def _clean(value: Any) -> Any:
    """NaN is how some writers say that nothing is there."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _table(path: Path) -> pa.Table:
    from pyarrow import csv, json, parquet  # noqa: PLC0415 - one of them is needed

    readers = {
        ".jsonl": json.read_json,
        ".parquet": lambda file: parquet.ParquetFile(file).read(),
        ".csv": lambda file: csv.read_csv(
            file,
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(strings_can_be_null=True, null_values=[""]),
        ),
    }
    if path.suffix not in readers:
        raise DataError(
            f"{path}: cannot tell its format from {path.suffix or 'a name without a suffix'!r}; features are one of: {', '.join(FORMATS)}"
        )
    try:
        return readers[path.suffix](str(path))
    except FileNotFoundError:
        raise NotFound(f"{path} does not exist") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} cannot be read: {(str(error).splitlines() or [type(error).__name__])[0][:200]}"
        ) from error
