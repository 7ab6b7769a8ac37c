"""Columns of the tables that feedback reads: decisions and outcomes, or both joined in one."""

from __future__ import annotations

from dataclasses import replace

from seatrial.table import Column, Kind

DECISIONS = (
    Column("decision_id", Kind.TEXT, "which decision; the same id is read once", required=True),
    Column("thread_id", Kind.TEXT, "thread it was made in", required=True),
    Column("classifier", Kind.TEXT, "which classifier", required=True),
    Column("verdict", Kind.TEXT, "what it decided"),
    Column("confidence", Kind.NUMBER, "stated confidence, 0..1", required=True),
    Column("decided_at", Kind.TIME, "when it decided", required=True),
    Column("graph", Kind.TEXT, "graph that decided"),
    Column("version", Kind.TEXT, "version of the graph"),
)
OUTCOMES = (
    Column("event_id", Kind.TEXT, "which event; the same id is read once"),
    Column("thread_id", Kind.TEXT, "thread the outcome belongs to", required=True),
    Column("outcome", Kind.TEXT, "its type, e.g. reply, opt_out, refund"),
    Column("label", Kind.TEXT, "the raw label"),
    Column("observed_at", Kind.TIME, "when it was observed", required=True),
)
_LATER = ("thread_id", "classifier", "decided_at", "decision_id")
JOINED = (
    *(replace(column, required=False) if column.name in _LATER else column for column in DECISIONS),
    replace(OUTCOMES[2]),
    replace(OUTCOMES[3], required=True),
    replace(OUTCOMES[4], required=False),
)
"""A decision and its outcome in one row."""
