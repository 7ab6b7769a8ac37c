"""Segments: how an example falls into business slices, by rules that are data and versioned in `segments.toml`."""

from __future__ import annotations

from seatrial.segment.definition import changed_dimensions, definition_of, named, version_of
from seatrial.segment.dimension import OTHER, UNKNOWN, Band, Dimension, Rule, assign, critical_segments, for_graph
from seatrial.segment.guard import Guard, guards_of
from seatrial.segment.load import load, parse
from seatrial.segment.op import OPS

__all__ = [
    "OPS",
    "OTHER",
    "UNKNOWN",
    "Band",
    "Dimension",
    "Guard",
    "Rule",
    "assign",
    "changed_dimensions",
    "critical_segments",
    "definition_of",
    "for_graph",
    "guards_of",
    "load",
    "named",
    "parse",
    "version_of",
]
