"""Pointwise at the edge: a judge of the project's evaluators asked about the stored answers of a run, each more than once."""

from __future__ import annotations

import contextvars
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json
from seatrial.errors import DataError, SeatrialError, UsageError, one_of
from seatrial.evidence.schema import POINTWISE
from seatrial.graph.run import Run
from seatrial.model.family import families_of
from seatrial.pool.row_log import read_lines
from seatrial.scoring.rubric import rubric_identity, rubric_of
from seatrial.segment import assign, for_graph
from seatrial.table import SEGMENT_PREFIX
from seatrial.trial.judging import JUDGED, judge_hub
from seatrial.trial.runs import RUNS, latest_run, summary
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from seatrial.dataset import Example
    from seatrial.model.hub import Hub
    from seatrial.project import Project
    from seatrial.scoring import Bound

Row = dict[str, Any]
SCORES = "scores.jsonl"


@dataclass(frozen=True, slots=True)
class Rubricated:
    """The stored answers of one run and the judge they are put to.

    Attributes:
        bound: the evaluator.
        graph: assistant id.
        run_id: whose answers.
        identity: `judge:NAME@VERSION#HASH`.
        file: where its scores are kept.
        rows: one per answer and draw, without what the judge says of it.
        runs: the answer and its example, of each row.
    """

    bound: Bound
    graph: str
    run_id: str
    identity: str
    file: Path
    rows: tuple[Row, ...]
    runs: tuple[tuple[Run, Example], ...]


def rubric_judges(project: Project) -> dict[str, Bound]:
    """Key -> evaluator, of every evaluator of the project that says it is a judge."""
    found = {}
    for spec in project.graphs:
        for bound in project.evaluators(spec.assistant_id):
            if rubric_of(bound) is not None:
                found[bound.key] = bound
    return found


def rubricated(project: Project, name: str, judge: str, *, repeat: int = 2, limit: int | None = None) -> Rubricated:
    """Read the answers of a run for a judge.

    Args:
        project: the mounted project.
        name: `GRAPH@VERSION` (its latest finished run) or a run id.
        judge: the judge's name, with or without `judge:`.
        repeat: how often each answer is judged.
        limit: only the first so many examples.

    Raises:
        UsageError: the run or the judge cannot be found.
        DataError: the dataset changed since the run.
        UnknownFamily: the family of the judge's model is unknown.
    """
    run_id = latest_run(project, name)
    about = summary(project, run_id)
    graph = str(about["graph"])
    judges = {bound.key: bound for bound in project.evaluators(graph) if rubric_of(bound) is not None}
    key = judge if judge.startswith(POINTWISE) else f"{POINTWISE}{judge}"
    if not judges:
        raise UsageError(
            f"{graph}: no evaluator says that it is a judge; mark it with pointwise_judge(NAME, model=..., prompt=...)"
        )
    bound = judges[one_of(key, list(judges), "a judge of this graph's evaluators")]
    rubric, identity = rubric_of(bound), rubric_identity(bound)
    assert rubric is not None  # noqa: S101 - as filtered
    assert identity is not None  # noqa: S101
    dataset = project.dataset(graph, str(about["dataset"]["name"]).rpartition(":")[2])
    if dataset.hash != about["dataset"]["hash"]:
        raise DataError(
            f"{name}: the dataset {dataset.name} changed since its run; make a new one with seatrial eval {graph}"
        )
    common = {
        "version": str(about["version"]),
        "judge": identity,
        "requested_model": rubric.model,
        "family": "+".join(sorted(families_of(rubric.model, project.settings.model.families))),
        "prompt_hash": rubric.prompt_hash,
        "graph": graph,
    }
    dimensions = for_graph(project.dimensions, graph)
    folder = project.root / RUNS / run_id
    examples = {example.id: example for example in dataset.examples[:limit]}
    rows, runs = [], []
    for stored in _answers(folder / "rows.jsonl"):
        example = examples.get(stored["example_id"])
        if example is None:
            continue
        segments = {f"{SEGMENT_PREFIX}{one}": value for one, value in assign(dimensions, example.row()).items()}
        run = Run(f"{example.id}#{stored['repetition']}", example.inputs, stored["outputs"])
        at = {"example_id": example.id, "run_repetition": stored["repetition"], "output_hash": stored["output_hash"]}
        for draw in range(repeat):
            rows.append({**at, **common, "draw": draw, **segments})
            runs.append((run, example))
    if not rows:
        raise DataError(f"run {run_id} holds no answer that was kept whole; make a new one with seatrial eval {graph}")
    file = folder / JUDGED / f"{rubric.name}--pointwise" / SCORES
    return Rubricated(bound, graph, run_id, identity, file, tuple(rows), tuple(runs))


def judge_answers(
    project: Project,
    made: Rubricated,
    *,
    hub: Hub | None = None,
    concurrency: int = 8,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Row], int]:
    """Ask about every answer and draw without a score, and write all rows; returns them and how many were asked for.

    A draw is asked for anew: nothing is answered from memory. What fails has no score, and its reason is in its row.
    """
    known = {
        _at(row): row
        for row in _stored(made.file)
        if row.get("judge") == made.identity and row.get("score") is not None
    }
    left = [place for place, row in enumerate(made.rows) if _at(row) not in known]
    found = {place: known[_at(row)] for place, row in enumerate(made.rows) if _at(row) in known}
    from seatrial.model import use  # noqa: PLC0415 - loads LangChain

    made.file.parent.mkdir(parents=True, exist_ok=True)
    with use(hub or judge_hub(project)), ThreadPoolExecutor(concurrency) as threads:
        here = [contextvars.copy_context() for _ in left]
        pending = [threads.submit(context.run, _ask, made, place) for context, place in zip(here, left, strict=True)]
        with made.file.open("a", encoding="utf-8") as lines:
            for finished, (place, one) in enumerate(zip(left, pending, strict=True), start=1):
                found[place] = {**made.rows[place], **one.result()}
                lines.write(f"{canonical_json(found[place])}\n")
                lines.flush()
                if progress is not None:
                    progress(finished, len(left))
    rows = [found[place] for place in range(len(made.rows))]
    beside = made.file.with_name(f"{SCORES}.partial")
    beside.write_text("".join(f"{canonical_json(row)}\n" for row in rows), encoding="utf-8")
    beside.replace(made.file)
    return rows, len(left)


def _ask(made: Rubricated, place: int) -> Row:
    from seatrial.model.context import at_repetition  # noqa: PLC0415 - as above

    run, example = made.runs[place]
    at_repetition(made.rows[place]["draw"])
    try:
        (score,) = made.bound(run, example)
    except SeatrialError as error:
        return {"score": None, "outcome": Outcome.EVALUATOR_ERROR.value, "reason": str(error)}
    except Exception as error:  # noqa: BLE001 - one failed call never ends a run
        return {"score": None, "outcome": Outcome.EVALUATOR_ERROR.value, "reason": f"{type(error).__name__}: {error}"}
    if score.score is None:
        return {"score": None, "outcome": Outcome.UNPARSED.value, "reason": score.reason or "the judge abstained"}
    return {"score": score.score, "outcome": Outcome.SCORED.value, "reason": score.reason}


def _answers(file: Path) -> Iterator[Row]:
    """The last line of each run that finished and was kept whole."""
    found: dict[tuple[str, int], Row] = {}
    for number, line in enumerate(read_lines(file), start=1):
        try:
            row = json.loads(line)
            found[row["example_id"], row["repetition"]] = row
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{file} line {number} cannot be read; make a new run") from error
    return (row for row in found.values() if row.get("outputs") is not None)


def _stored(file: Path) -> list[Row]:
    try:
        return [json.loads(line) for line in read_lines(file)] if file.is_file() else []
    except ValueError as error:
        raise DataError(f"{file} cannot be read ({error}); remove it and judge again") from error


def _at(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("example_id", "run_repetition", "output_hash", "draw"))
