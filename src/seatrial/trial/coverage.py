"""Coverage of a dataset: its graph's nodes and edges, held against the paths of a stored run or of runs made now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError, UsageError
from seatrial.graph.coverage import Coverage, coverage_of, drawing
from seatrial.trial.evaluate import evaluate
from seatrial.trial.runs import RUNS, latest_run, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from seatrial.project import Project


@dataclass(frozen=True, slots=True)
class DatasetCoverage:
    """What a dataset reaches of one version of a graph.

    Attributes:
        graph: its id.
        version: of the graph.
        dataset: name of the dataset.
        run_id: whose paths were counted.
        fresh: the run was made for this.
        coverage: the counts.
    """

    graph: str
    version: str
    dataset: str
    run_id: str
    fresh: bool
    coverage: Coverage


def dataset_coverage(
    project: Project,
    name: str,
    *,
    kind: str | None = None,
    run: bool | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> DatasetCoverage:
    """Count what the examples of a dataset reach.

    Args:
        project: the mounted project.
        name: `GRAPH`, `GRAPH@VERSION`, or the id of a run.
        kind: which examples; None means those of its trial row, else golden.
        run: True runs the dataset now; False reads the latest stored run; None reads it where it is current, else runs.
        progress: told (what, done, planned).

    Raises:
        UsageError: there is no such graph, or no run and `run` is False.
        DataError: the run's rows cannot be read, or none has a path.
    """
    stored = (project.root / RUNS / name / "run.json").is_file()
    run_id, fresh = (name, False) if stored else ("", False)
    if not stored and run is not True and kind is None:
        try:
            run_id = latest_run(project, name)
        except UsageError:
            project.spec(name.partition("@")[0])  # no such graph is no reason to run one
            if run is False:
                raise
    if not run_id:
        graph, _, version = name.partition("@")
        row = next((row for row in project.settings.trial if row.graph == graph), None)
        result = evaluate(
            project, graph, version or None, kind=kind or (row.dataset if row else None), progress=progress
        )
        run_id, fresh = result.run_dir.name, True
    wording = summary(project, run_id)
    compiled = project.runtime.compiled(wording["graph"], wording["version"])
    nodes, edges = drawing(compiled.graph)
    found = coverage_of(nodes, edges, _paths(project.root / RUNS / run_id / "rows.jsonl"))
    if not any(n for _, n in found.nodes):
        raise DataError(
            f"{run_id} has no run that passed a node of {wording['graph']}; look at its failures: seatrial eval {name}"
        )
    return DatasetCoverage(wording["graph"], wording["version"], wording["dataset"]["name"], run_id, fresh, found)


def _paths(file: Path) -> Iterator[tuple[list[str], bool]]:
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    try:
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows[row["example_id"], row["repetition"]] = row  # a row that was run again stands last
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file} cannot be read: {type(error).__name__}: {error}") from error
    for row in rows.values():
        yield row.get("path", []), row["outcome"] == "scored"
