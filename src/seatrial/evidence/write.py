"""Write evidence as Parquet, typed as the format says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.evidence.schema import KINDS, SEGMENT_PREFIX, STAMP_PREFIX, kind_of, provenance
from seatrial.table.column import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

UNIQUE = frozenset({"example_id", "cluster", "output_hash", "thread_id", "latency_ms"})
"""Columns whose values are many: Parquet would build a dictionary of them only to throw it away."""


class Repeated(NamedTuple):
    """A column said in short: every value `each` times, and all of that `times` times."""

    values: Sequence[Any]
    each: int = 1
    times: int = 1

    def in_full(self) -> list[Any]:
        """Every value as often as it stands there."""
        return [value for value in self.values for _ in range(self.each)] * self.times


def write_parquet(columns: Mapping[str, Sequence[Any] | Repeated], path: Path, metadata: Mapping[str, str]) -> str:
    """Write `columns` (canonical names and `segment.NAME`, all of one length) to `path`, replacing it whole or not at all.

    Every page has a checksum, which readers verify.

    Returns:
        The hash of the table's content, as `read_evidence(content=...)` checks it.

    Raises:
        ValueError: a column that is neither canonical nor a segment (our bug, not the user's).
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy; the runner's hot loop starts without it
    import pyarrow.parquet as pq  # noqa: PLC0415

    from seatrial.evidence.content import table_hash  # noqa: PLC0415
    from seatrial.table.arrow import listed  # noqa: PLC0415

    arrow = {Kind.TEXT: pa.string(), Kind.NUMBER: pa.float64(), Kind.COMPLETE: pa.int64()}
    arrays, fields = [], []
    made: dict[tuple[int, str], Any] = {}  # an example is its own cluster: one column said twice is made once
    for name, values in columns.items():
        if name not in KINDS and not name.startswith(SEGMENT_PREFIX):
            raise ValueError(f"{name!r} is no evidence column")
        kind = arrow[kind_of(name)]
        same = (id(values), str(kind))
        if same not in made:
            made[same] = _repeat(values, kind) if isinstance(values, Repeated) else listed(values, kind)
        array = made[same]
        arrays.append(array)
        fields.append(pa.field(name, array.type))
    stamp = {f"{STAMP_PREFIX}{name}": value for name, value in provenance(metadata).items()}
    schema = pa.schema(fields)
    repeating = [name for name in columns if name not in UNIQUE]
    beside = path.with_name(path.name + ".partial")
    with pq.ParquetWriter(
        beside,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=repeating,
        write_statistics=repeating,
        # Without Arrow's own schema in it a reader finds text, whether or not we held it as words and their numbers.
        store_schema=False,
        write_page_checksum=True,
    ) as writer:
        writer.add_key_value_metadata(stamp)
        table = pa.Table.from_arrays(arrays, schema=schema)
        writer.write_table(table)
    beside.replace(path)
    return table_hash(table)


def _repeat(column: Repeated, kind: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - as above
    import pyarrow as pa  # noqa: PLC0415

    from seatrial.table.arrow import from_numpy, listed  # noqa: PLC0415

    values = listed(column.values, kind)
    if values.null_count == len(values):
        return pa.nulls(len(values) * column.each * column.times, kind)
    index = np.tile(np.repeat(np.arange(len(values), dtype=np.int32), column.each), column.times)
    if pa.types.is_string(kind) and not values.null_count and len(index) > 4 * len(values):
        return pa.DictionaryArray.from_arrays(from_numpy(index), values)
    return values if len(index) == len(values) else values.take(from_numpy(index))
