"""Write evidence as Parquet, typed as the format says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.evidence.columns import EVIDENCE_COLUMNS, SCHEMA, SEGMENT_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def write_parquet(columns: Mapping[str, Sequence[Any]], path: Path, metadata: Mapping[str, str]) -> None:
    """Write `columns` (canonical names and `segment.NAME`, all of one length) to `path`, replacing it whole or not at all.

    Raises:
        ValueError: a column that is neither canonical nor a segment (our bug, not the user's).
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy; the runner's hot loop starts without it
    import pyarrow.parquet as pq  # noqa: PLC0415

    types = {column.name: column.type for column in EVIDENCE_COLUMNS}
    arrays, fields = [], []
    for name, values in columns.items():
        if name not in types and not name.startswith(SEGMENT_PREFIX):
            raise ValueError(f"{name!r} is no evidence column")
        array = pa.array(
            values, type=getattr(pa, types.get(name, "string"))() if types.get(name) != "double" else pa.float64()
        )
        arrays.append(array)
        fields.append(pa.field(name, array.type))
    stamp = {"seatrial.schema": SCHEMA, **metadata}
    schema = pa.schema(fields, metadata={key: value.encode() for key, value in stamp.items()})
    beside = path.with_name(path.name + ".partial")
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), beside, compression="zstd")
    beside.replace(path)
