"""The columns of evidence, format 1: name, Arrow type, whether we could do without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "seatrial/evidence/1"
SEVERAL = " + "
"""Between the files that one table was read from, in what it names as its source."""

SEGMENT_PREFIX = "segment."
CONTRACT = "must_pass"
"""What contract tests are called where a segment stands; no dimension may be."""

STAMP_PREFIX = "seatrial."
"""What the names of a file's provenance begin with, among those that other writers leave there."""


class Column(NamedTuple):
    """One column: its name, its Arrow type by name, and in a few words what it means."""

    name: str
    type: str
    meaning: str


EVIDENCE_COLUMNS = (
    Column("example_id", "string", "which example; required"),
    Column("version", "string", "which version of the graph"),
    Column("key", "string", "which evaluator key; default `score`"),
    Column("repetition", "int64", "which repetition; default 0"),
    Column(
        "outcome", "string", "what became of the row; default `scored` where a score stands, else `skipped` (missing)"
    ),
    Column("error_kind", "string", "why it was not scored"),
    Column("score", "double", "0..1; null unless scored"),
    Column("reason", "string", "one sentence"),
    Column("output_hash", "string", "hash of the canonical output; without it `unchanged` is never claimed"),
    Column("cluster", "string", "rows of one cluster are not independent; default the example"),
    Column("latency_ms", "double", "wall time of the run"),
    Column("input_tokens", "int64", "tokens read"),
    Column("output_tokens", "int64", "tokens written"),
    Column("model", "string", "model that answered, as it named itself"),
    Column("thread_id", "string", "thread the run had to itself"),
    Column("dataset", "string", "provenance: dataset name"),
    Column("dataset_hash", "string", "provenance: content hash of the dataset"),
    Column("example_hash", "string", "provenance: content of the example: inputs and reference"),
    Column("graph", "string", "provenance: graph"),
    Column("evaluator_version", "string", "provenance: version of the evaluator that gave the score"),
    Column(
        "evaluator_hash", "string", "provenance: content of the evaluator that gave the score: code, helpers, arguments"
    ),
    Column("prompt_version", "string", "provenance: name of the prompt"),
    Column("prompt_hash", "string", "provenance: sha256 of the prompt's text"),
    Column("judge", "string", "provenance: judge"),
)


NAMES = tuple(column.name for column in EVIDENCE_COLUMNS)
MEASUREMENTS = ("latency_ms", "input_tokens", "output_tokens")
"""Columns counted once per example x repetition x version; never keys."""

PER_RUN = (*MEASUREMENTS, "output_hash", "model", "thread_id")
"""Columns that must say the same on every key of one run."""


def provenance(known: Mapping[str, str]) -> dict[str, str]:
    """What a whole table says of itself: its format, and what is known beside."""
    return {"schema": SCHEMA, **known}
