"""RunPlan: what will be run, fixed before anything is; RunResult: what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.dataset import Example


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One version of one graph on one dataset, so many times.

    Attributes:
        run_id: names the run.
        graph: assistant id.
        version: name of the version.
        dataset: name of the dataset.
        dataset_hash: hash of its content.
        examples: in the order they are run and reported; ids are unique.
        version_config: what `build` was given.
        dataset_version: as its settings say.
        repetitions: runs per example.
        must: ids that a `limit` never cuts off (contract tests).
        part: why `examples` is only a part of the dataset; empty when it is all of it.
        code: hash of what the version is made of; empty when unknown.
        first: how often these examples were run before: a model is asked for a new draw, not for the one it gave.
        beside: id of the run this one is interleaved with; empty when it runs alone.
        replayed: models answered from recordings, so its latencies say nothing.
        prompt_hash: sha256 of the prompt's text; empty when it has none.
        segments_version: of the segments file; empty when unknown.
        critical: its critical segments, `NAME=value`.
        segments_hash: what puts its examples into segments (`segment.definition_of`); empty likewise.
    """

    run_id: str
    graph: str
    version: str
    dataset: str
    dataset_hash: str
    examples: tuple[Example, ...]
    version_config: Mapping[str, Any] = field(default_factory=dict)
    dataset_version: str = "1"
    repetitions: int = 1
    must: frozenset[str] = frozenset()
    part: str = ""
    code: str = ""
    first: int = 0
    beside: str = ""
    replayed: bool = False
    prompt_hash: str = ""
    segments_version: str = ""
    segments_hash: str = ""
    critical: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.repetitions < 1:
            raise UsageError(f"repetitions {self.repetitions} is out of range; choose 1 or more")
        if len({example.id for example in self.examples}) != len(self.examples):
            raise UsageError(f"run {self.run_id!r}: dataset {self.dataset!r} holds an example id twice")

    def chosen(self, limit: int | None) -> tuple[Example, ...]:
        """The first `limit` examples, and those that must not be missing."""
        if limit is None:
            return self.examples
        if limit < 1:
            raise UsageError(f"limit {limit} is out of range; choose 1 or more")
        return self.examples[:limit] + tuple(example for example in self.examples[limit:] if example.id in self.must)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run left behind.

    Attributes:
        run_dir: where `rows.jsonl`, `run.json` and (when complete) `evidence.parquet` lie.
        complete: every planned run has an outcome; False when it was stopped.
        planned: runs planned, examples x repetitions.
        done: runs that have an outcome.
        rows: evidence rows by outcome word, over the runs done.
        system_failures: rows where the graph failed.
        measurement_failures: rows where we failed to measure.
        warnings: sentences.
    """

    run_dir: Path
    complete: bool
    planned: int
    done: int
    rows: Mapping[str, int]
    system_failures: int
    measurement_failures: int
    warnings: tuple[str, ...] = ()
