"""run: graph x dataset x repetition -> evidence on disk, resumable, with every planned row accounted for."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from seatrial import pool
from seatrial.dataset.fingerprint import IDENTITY_DIGITS
from seatrial.dataset.fingerprint import identity as example_identity
from seatrial.errors import ConfigError, DataError, UsageError
from seatrial.evidence import canonical_json
from seatrial.evidence.write import write_parquet
from seatrial.graph.interrupts import Script
from seatrial.graph.stdout import captured_stdout
from seatrial.graph.target import one_line
from seatrial.pool.row_log import BACKGROUND, EACH, OWN_GROUPS, RowLog, read_lines
from seatrial.privacy.exits import refresh
from seatrial.runner.gc_tuning import heap_left_alone
from seatrial.runner.lock import one_writer
from seatrial.runner.plan import RunResult
from seatrial.runner.record import Record, parse
from seatrial.runner.summary import HASH, failures, identity, read_summary, refuse_another, tokens, write_summary
from seatrial.runner.table import cells, columns, count, learn_keys
from seatrial.runner.work import Work

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from seatrial.dataset import Example
    from seatrial.evidence.write import Repeated
    from seatrial.graph.target import Target
    from seatrial.runner.plan import RunPlan
    from seatrial.scoring import Bound

    Keep: TypeAlias = Callable[[Mapping[str, Sequence[Any] | Repeated], Path, Mapping[str, str]], str | None]
    """What becomes of a whole run's columns: they are written to the path, as a rule; the hash of what was written."""

ROWS, EVIDENCE, SUMMARY = "rows.jsonl", "evidence.parquet", "run.json"

GRACE_S = 0.25
"""How much longer than its timeout a run may take to end itself before its worker is given up."""

ABSENT = "unknown"
"""Segment value of an example that a dimension says nothing about."""

WARNINGS = 20
"""Different warnings a summary names; the rest are counted."""


@one_writer
@heap_left_alone()
def run(
    plan: RunPlan,
    target: Target,
    evaluators: Sequence[Bound],
    segments: Callable[[Example], Mapping[str, str]],
    run_dir: Path,
    *,
    concurrency: int = 1,
    timeout_s: float | None = None,
    resume: bool = False,
    retry_errors: bool = False,
    limit: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
    keep: Keep = write_parquet,
) -> RunResult:
    """Run the plan and leave `rows.jsonl`, `run.json` and, when nothing is missing, `evidence.parquet` in `run_dir`.

    A KeyboardInterrupt, or `stop` being set, ends it early: what was done is kept and `complete` is False.

    Args:
        plan: what to run.
        target: from `graph_target` or `callable_target`.
        evaluators: bound; their keys are unique.
        segments: dimension -> value of one example.
        run_dir: made when it is not there.
        concurrency: runs at once.
        timeout_s: seconds a run may take, and then its evaluators.
        resume: go on with the run in `run_dir`; without it a run that is already there is refused.
        retry_errors: with `resume`, also run again what was not measured (an evaluator's failure, an abstention).
        limit: only so many examples.
        clock: seconds, monotonic.
        now: wall clock.
        progress: told (done, planned) twenty to forty times a second, from another thread.
        stop: set it to stop after the runs under way.
        keep: given the columns of a whole run, where they would be written, and their provenance; writes them, as a rule.

    Raises:
        ConfigError: no evaluator, or two with one key.
        UsageError: an option out of range, a run that is already there, a resume of something else, or of a run that
            another process is writing.
        DataError: an example that is no JSON or has a malformed script; rows that cannot be read.
    """
    keys = _keys(plan.graph, evaluators)
    examples = plan.chosen(limit)
    hashes, dimensions = _hashes(examples), _dimensions(examples, segments)
    summary = identity(plan, evaluators)
    before = _begin(run_dir, summary, resume=resume)
    records: list[Record | None] = [None] * (len(examples) * plan.repetitions)
    _restore(records, run_dir / ROWS, examples, plan.repetitions, keys)
    todo = [n for n, record in enumerate(records) if record is None or (retry_errors and not record.measured)]
    refresh()  # a graph's module may have loaded a .env file
    began = clock()
    (run_dir / EVIDENCE).unlink(missing_ok=True)
    summary |= {
        "planned": len(records),
        "limit": limit,
        "started": before.get("started") or now().isoformat(),
        "complete": False,
    }
    write_summary(run_dir / SUMMARY, summary)

    work = Work(target, evaluators, examples, repetitions=plan.repetitions, timeout_s=timeout_s, first=plan.first)
    _work_through(
        todo,
        work,
        records,
        run_dir / ROWS,
        concurrency=concurrency,
        timeout_s=timeout_s,
        progress=progress,
        stop=stop,
    )

    done = [record for record in records if record is not None]
    ran = _Ran(run_dir, before, planned=len(records), only_read=not todo)
    learnt = learn_keys(evaluators, done)
    found = cells(learnt, done)
    if len(done) == len(records):
        table = columns(
            plan,
            examples=examples,
            example_hashes=hashes,
            segments=dimensions,
            evaluators=evaluators,
            records=done,
            keys=learnt,
            found=found,
        )
        summary |= ran.kept(keep(table, run_dir / EVIDENCE, {"run_id": plan.run_id}))
    result = ran.result(done, count(found))
    summary |= {
        "done": result.done,
        "rows": result.rows,
        "system_failures": result.system_failures,
        "measurement_failures": result.measurement_failures,
        "tokens": tokens(done),
        "duration_ms": (clock() - began) * 1000.0 + before.get("duration_ms", 0.0),
        "warnings": list(result.warnings),
        "seatrial": _version(),
        "complete": result.complete,
        **({"finished": ran.finished() or now().isoformat()} if result.complete else {}),
    }
    write_summary(run_dir / SUMMARY, summary)
    return result


def _keys(graph: str, evaluators: Sequence[Bound]) -> list[str]:
    """The evaluators' keys; a ConfigError where there is none, or one twice."""
    keys = [bound.key for bound in evaluators]
    if not keys or len(set(keys)) != len(keys):
        raise ConfigError(
            f"graph {graph!r} needs evaluators, each with a key of its own; it has: {', '.join(keys) or 'none'}"
        )
    return keys


def _begin(run_dir: Path, summary: Mapping[str, Any], *, resume: bool) -> dict[str, Any]:
    """The summary of the run that is resumed, else nothing."""
    before = read_summary(run_dir / SUMMARY)
    if resume and before is None:
        raise UsageError(f"{run_dir} holds no run to resume; leave out resume to start one")
    if not resume and (before is not None or (run_dir / ROWS).exists()):
        raise UsageError(f"{run_dir} already holds a run; resume it, or choose another run id")
    if before is not None:
        refuse_another(run_dir, before, summary)
    run_dir.mkdir(parents=True, exist_ok=True)
    return before or {}


@dataclass(frozen=True, slots=True)
class _Ran:
    """A run that ended.

    Attributes:
        folder: where it is kept.
        before: its summary before it was gone on with; empty for a new one.
        planned: how many rows there are to be.
        only_read: nothing was run now.
    """

    folder: Path
    before: Mapping[str, Any]
    planned: int
    only_read: bool

    def kept(self, made: str | None) -> dict[str, Any]:
        """What the summary says of the table that was made.

        Raises:
            DataError: rows that were only read again give another table than they gave before.
        """
        complete = self.only_read and self.before.get("complete") and self.before.get("planned") == self.planned
        kept = self.before.get(HASH) if complete else None
        if kept and made and made != kept:
            (self.folder / EVIDENCE).unlink(missing_ok=True)
            write_summary(self.folder / SUMMARY, self.before)  # so that the same is refused the next time
            raise DataError(
                f"{self.folder / ROWS} gives another table ({made}) than when the run was made ({kept}): it was damaged or edited since, or another version of seatrial made it. Make a new run"
            )
        return {HASH: made} if made else {}

    def finished(self) -> str | None:
        """When a run that is only read again was finished; None for one that ran something now."""
        if not (self.only_read and self.before.get("complete")):
            return None
        return str(self.before.get("finished", self.before["started"]))

    def result(self, done: Sequence[Record], rows: dict[str, int]) -> RunResult:
        """What it came to, by its records and its rows of evidence."""
        system, measurement = failures(rows)
        complete = len(done) == self.planned
        warnings = _warnings(done, self.planned)
        return RunResult(self.folder, complete, self.planned, len(done), rows, system, measurement, warnings)


def _work_through(
    todo: Sequence[int],
    work: Work,
    records: list[Record | None],
    path: Path,
    *,
    concurrency: int,
    timeout_s: float | None,
    progress: Callable[[int, int], None] | None,
    stop: threading.Event | None,
) -> None:
    """Fill `records`, one line of `path` each, until all are done or somebody stops it."""
    done = len(records) - len(todo)

    def tell() -> None:
        if progress is not None:
            progress(done, len(records))

    patience = EACH if work.awaited is not None else OWN_GROUPS if concurrency == 1 else BACKGROUND
    with (
        pool.user_code(),
        captured_stdout(),
        RowLog(path, None if progress is None else tell, patience=patience) as log,
    ):

        def keep(position: int, value: tuple[Record, bytes] | None, error: BaseException | None) -> None:
            nonlocal done
            if value is None:
                assert error is not None  # noqa: S101 - the pool's promise: a value or an error
                if not isinstance(error, pool.TimedOut):
                    raise error
                value = work.abandoned(position, error.seconds)
            log.append(value[1])
            records[position] = value[0]  # behind its line: what counts as done can be resumed from
            done += 1

        limit_s = None if timeout_s is None else timeout_s + GRACE_S
        with suppress(KeyboardInterrupt):  # what was done is kept; the result says it is not complete
            pool.run(
                todo,
                work,
                keep,
                concurrency=concurrency,
                timeout_s=limit_s,
                stop=stop,
                awaited=work.awaited,
            )
    tell()


def _restore(
    records: list[Record | None], path: Path, examples: Sequence[Example], repetitions: int, keys: Sequence[str]
) -> None:
    """Put what `path` holds into its places; of several lines for one run the last counts."""
    if not path.exists():
        return
    places = {example.id: number * repetitions for number, example in enumerate(examples)}
    for number, text in enumerate(read_lines(path), start=1):
        try:
            example_id, repetition, record = parse(text, keys)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} line {number} cannot be read ({one_line(error)}); start a new run") from error
        if example_id in places and repetition < repetitions:
            records[places[example_id] + repetition] = record


def _hashes(examples: Sequence[Example]) -> list[str]:
    """What each example is, for the evidence; a malformed one is a DataError before anything runs."""
    found = []
    for example in examples:
        if "resume" in example.metadata:
            Script(example)
        try:
            found.append(example_identity(example)[:IDENTITY_DIGITS])
        except (TypeError, ValueError) as error:
            raise DataError(_malformed(example, error)) from error
    return found


def _malformed(example: Example, error: Exception) -> str:
    for part, value in (("inputs", example.inputs), ("reference", example.outputs)):
        try:
            canonical_json(value).encode()
        except (TypeError, ValueError) as found:
            return (
                f"example {example.id!r}: its {part} {'are' if part == 'inputs' else 'is'} no JSON ({one_line(found)})"
            )
    return f"example {example.id!r}: its metadata is no JSON ({one_line(error)})"


def _dimensions(examples: Sequence[Example], segments: Callable[[Example], Mapping[str, str]]) -> dict[str, list[str]]:
    found = [segments(example) for example in examples]
    names = sorted({name for values in found for name in values})
    return {name: [values.get(name, ABSENT) for values in found] for name in names}


def _warnings(done: Sequence[Record], planned: int) -> tuple[str, ...]:
    given = Counter(sentence for record in done for sentence in record.warnings)
    sentences = [
        f"{sentence} ({times} {'run' if times == 1 else 'runs'})" for sentence, times in given.most_common(WARNINGS)
    ]
    if len(given) > WARNINGS:
        sentences.append(f"{len(given) - WARNINGS} further warnings stand in {ROWS}")
    if len(done) < planned:
        sentences.append(f"stopped after {len(done)} of {planned} runs; resume it to run the rest")
    return tuple(sentences)


@cache
def _version() -> str:
    try:
        return version("seatrial")
    except PackageNotFoundError:
        return "unknown"
