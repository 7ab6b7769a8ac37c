"""Tables from outside: columns declared once, read from Parquet, CSV, JSONL or a data frame, held as numpy.

DECISIONS = (
    Column("decision_id", Kind.TEXT, "which decision", required=True),
    Column("confidence", Kind.NUMBER, "stated confidence, 0..1", required=True),
    Column("decided_at", Kind.TIME, "when it was made"),
)
table = read_table(path, DECISIONS, mapping={"decision_id": ["model", "item"]}, segments=["tier"])
table.numbers("confidence"), table.codes("segment.tier")
"""

from seatrial.table.codes import Codes
from seatrial.table.column import SEGMENT_PREFIX, Column, Kind
from seatrial.table.read import read_table
from seatrial.table.table import Table

__all__ = ["SEGMENT_PREFIX", "Codes", "Column", "Kind", "Table", "read_table"]
