"""Rebuild: the evidence of a finished run made again from its rows, where these still give the table the run made."""

from __future__ import annotations

import json
import threading
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError, UsageError
from seatrial.segment import assign, critical_segments, definition_of, for_graph, version_of
from seatrial.trial.runs import RUNS, known, summary
from seatrial.wording import count

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.dataset import Example
    from seatrial.project import Project
    from seatrial.runner import RunResult


def rebuild(project: Project, graph: str, run_id: str) -> RunResult:
    """Write `evidence.parquet` of a finished run again, from its rows.jsonl; no graph is run.

    Raises:
        UsageError: there is no such run of the graph, or its dataset or evaluators have changed since.
        DataError: the run is not finished, rows are missing, or they give another table than the run made.
    """
    from seatrial.graph.target import callable_target  # noqa: PLC0415 - as in evaluate
    from seatrial.runner import RunPlan, run  # noqa: PLC0415

    run_dir = project.root / RUNS / run_id
    if run_id != PurePath(run_id).name or not run_dir.is_dir():
        raise UsageError(f"no run is called {run_id!r}; {known(project)}")
    wording = summary(project, run_id)
    if wording["graph"] != graph:
        raise UsageError(
            f"{run_id} is a run of {wording['graph']!r}: seatrial eval {wording['graph']} --rebuild {run_id}"
        )
    if not wording.get("complete"):
        raise DataError(f"{run_id} is not finished: seatrial eval {graph} --resume {run_id}")
    dataset = project.dataset(graph, str(wording["dataset"]["name"]).rpartition(":")[2])
    ids = _ids(run_dir / "rows.jsonl", int(wording.get("planned", 0)))
    dimensions = for_graph(project.dimensions, graph)
    plan = RunPlan(
        run_id=run_id,
        graph=graph,
        version=str(wording["version"]),
        dataset=dataset.name,
        dataset_hash=dataset.hash,
        examples=tuple(example for example in dataset.examples if example.id in ids),
        version_config=wording["version_config"],
        dataset_version=dataset.version,
        repetitions=int(wording["repetitions"]),
        must=frozenset(ids),
        part=str(wording.get("part", "")),
        code=str(wording.get("code", "")),
        beside=str(wording.get("beside", "")),
        replayed=bool(wording.get("replayed")),
        segments_version=version_of(dimensions),
        segments_hash=definition_of(dimensions),
        critical=tuple(sorted(critical_segments(dimensions))),
    )

    def segments(example: Example) -> dict[str, str]:
        return assign(dimensions, example.row())

    nothing = threading.Event()
    nothing.set()  # every row is there; should one not be, it is not run
    suite = project.evaluators(graph)
    target = callable_target(_never)
    return run(plan, target, suite, segments, run_dir, resume=True, limit=wording.get("limit"), stop=nothing)


def _never(_inputs: Any) -> Any:
    raise AssertionError("a rebuild runs nothing")


def _ids(rows: Path, planned: int) -> frozenset[str]:
    """Ids of the examples that have rows.

    Raises:
        DataError: fewer runs have a row than were planned.
    """
    from seatrial.pool.row_log import read_lines  # noqa: PLC0415 - as in evaluate

    runs = set()
    for number, text in enumerate(read_lines(rows), start=1):
        try:
            row = json.loads(text)
            runs.add((str(row["example_id"]), int(row["repetition"])))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{rows} line {number} cannot be read ({error}); make a new run") from error
    if len(runs) < planned:
        raise DataError(
            f"{rows} holds {len(runs)} of {count(planned, 'run')}, so the evidence cannot be rebuilt; make a new run"
        )
    return frozenset(example for example, _ in runs)
