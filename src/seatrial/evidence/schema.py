"""The columns of evidence, format 1: name, what each holds, and in a few words what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.table.column import SEGMENT_PREFIX, Column, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CONTRACT",
    "EVIDENCE_COLUMNS",
    "KINDS",
    "MEASUREMENTS",
    "NAMES",
    "PER_RUN",
    "POINTWISE",
    "SCHEMA",
    "SEGMENT_PREFIX",
    "SEVERAL",
    "STAMP_PREFIX",
    "WINRATE",
    "kind_of",
    "provenance",
]

SCHEMA = "seatrial/evidence/1"
WINRATE = "winrate:"
"""Begins the key of a judge's win rate, which is tested against 0.5 and never against the baseline's column."""
POINTWISE = "judge:"
"""Begins the key of a judge that scores one answer by a rubric, which gates under a licence only."""
SEVERAL = " + "
"""Between the files that one table was read from, in what it names as its source."""

CONTRACT = "must_pass"
"""What contract tests are called where a segment stands; no dimension may be."""

STAMP_PREFIX = "seatrial."
"""What the names of a file's provenance begin with, among those that other writers leave there."""


def _text(name: str, meaning: str, *, required: bool = False, distinct: bool = False) -> Column:
    return Column(name, Kind.TEXT, meaning, required=required, distinct=distinct)


def _number(name: str, meaning: str, kind: Kind = Kind.NUMBER) -> Column:
    return Column(name, kind, meaning, nan=False)  # a NaN that a file holds is something, and wrong


EVIDENCE_COLUMNS = (
    _text("example_id", "which example", required=True, distinct=True),
    _text("version", "which version of the graph"),
    _text("key", "which evaluator key; default `score`"),
    _number("repetition", "which repetition; default 0", Kind.COMPLETE),
    _text("outcome", "what became of the row; default `scored` where a score stands, else `skipped` (missing)"),
    _text("error_kind", "why it was not scored"),
    _number("score", "0..1; null unless scored"),
    _text("reason", "one sentence"),
    _text("output_hash", "hash of the canonical output; without it `unchanged` is never claimed", distinct=True),
    _text("cluster", "rows of one cluster are not independent; default the example"),
    _number("latency_ms", "wall time of the run"),
    _number("input_tokens", "tokens read", Kind.COMPLETE),
    _number("output_tokens", "tokens written", Kind.COMPLETE),
    _number("calls", "model calls of the run", Kind.COMPLETE),
    _number("cache_read_tokens", "of the tokens read, those read from a cache", Kind.COMPLETE),
    _number("cache_write_tokens", "of the tokens read, those written to a cache", Kind.COMPLETE),
    _number("reasoning_tokens", "of the tokens written, those of reasoning", Kind.COMPLETE),
    _text("model", "model that answered, as it named itself"),
    _text("thread_id", "thread the run had to itself", distinct=True),
    _text("dataset", "provenance: dataset name"),
    _text("dataset_hash", "provenance: content hash of the dataset"),
    _text("example_hash", "provenance: content of the example: inputs and reference"),
    _text("graph", "provenance: graph"),
    _text("evaluator_version", "provenance: version of the evaluator that gave the score"),
    _text("evaluator_hash", "provenance: content of the evaluator that gave the score: code, helpers, arguments"),
    _text("prompt_version", "provenance: name of the prompt"),
    _text("prompt_hash", "provenance: sha256 of the prompt's text"),
    _text("segments_version", "provenance: version of the segments file"),
    _text(
        "segments_hash", "provenance: what put the example into its segments: each dimension with the hash of its rules"
    ),
    _text("judge", "provenance: judge"),
)


NAMES = tuple(column.name for column in EVIDENCE_COLUMNS)
KINDS = {column.name: column.kind for column in EVIDENCE_COLUMNS}
MEASUREMENTS = (
    "latency_ms",
    "input_tokens",
    "output_tokens",
    "calls",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
"""Columns counted once per example x repetition x version; never keys."""

PER_RUN = (*MEASUREMENTS, "output_hash", "model", "thread_id")
"""Columns that must say the same on every key of one run."""


def kind_of(name: str) -> Kind:
    """What a column of evidence holds; a dimension holds text."""
    return KINDS.get(name, Kind.TEXT)


def provenance(known: Mapping[str, str]) -> dict[str, str]:
    """What a whole table says of itself: its format, and what is known beside."""
    return {"schema": SCHEMA, **known}
