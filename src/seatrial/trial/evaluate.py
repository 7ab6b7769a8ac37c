"""Evaluate: one version of a graph over its dataset, as a run under `.seatrial/runs/`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from seatrial.errors import ConfigError, MissingExtra, UsageError
from seatrial.graph.spec import RULES
from seatrial.project.prompts import prompt_of
from seatrial.segment import assign, critical_segments, definition_of, for_graph, version_of
from seatrial.trial.code_hash import code_hash
from seatrial.trial.contracts import WHY, contracts_run
from seatrial.trial.models import models_at_hand, replays
from seatrial.trial.policies import contracts_of
from seatrial.trial.runs import RUNS, known, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from seatrial.dataset import Dataset, Example
    from seatrial.graph.spec import GraphSpec, Version
    from seatrial.graph.target import Target
    from seatrial.project import Project
    from seatrial.runner import RunPlan, RunResult
    from seatrial.runner.loop import Keep

DEFAULT_TIMEOUT_S = 120.0


class Requested(NamedTuple):
    """Which run is made: of which version and under which label, on which examples, how often and of how many."""

    version: str | None
    label: str | None
    kind: str
    repeat: int
    limit: int | None


def _going_on(
    before: Requested, run_id: str, requested: tuple[str | None, str | None, str | None, int | None, int | None]
) -> Requested:
    """How a run goes on that was begun as `before`, where the caller asks for more, or for nothing."""
    version, label, kind, repeat, limit = requested
    if repeat is not None and repeat < before.repeat:
        raise UsageError(f"{run_id} was begun with --repeat {before.repeat}; a run that goes on gets no smaller")
    if limit is not None and (before.limit is None or limit < before.limit):
        begun = "whole" if before.limit is None else f"with --limit {before.limit}"
        raise UsageError(f"{run_id} was begun {begun}; a run that goes on gets no smaller")
    return Requested(
        version or before.version,
        label or before.label,
        kind or before.kind,
        repeat or before.repeat,
        limit or before.limit,
    )


def _resumed(project: Project, run_id: str, spec: GraphSpec) -> Requested:
    """How a run was begun; what the registry no longer has is the label it was recorded under."""
    if run_id != PurePath(run_id).name or not (project.root / RUNS / run_id).is_dir():
        raise UsageError(f"no run is called {run_id!r}; {known(project)}")
    wording = summary(project, run_id)
    if wording.get("part"):
        raise UsageError(f"{run_id} is a part of another run ({wording['part']}); what made it goes on with it")
    if wording["graph"] != spec.assistant_id:
        raise UsageError(
            f"{run_id} is a run of {wording['graph']!r}: seatrial eval {wording['graph']} --resume {run_id}"
        )
    name = str(wording["version"])
    registered = any(version.name == name for version in spec.versions)
    return Requested(
        version=name if registered else None,
        label=None if registered else name,
        kind=str(wording["dataset"]["name"]).rpartition(":")[2],
        repeat=int(wording["repetitions"]),
        limit=None
        if wording.get("beside")
        else wording.get("limit"),  # of runs in turns, so much as was anybody's turn
    )


@dataclass(frozen=True, slots=True)
class Part:
    """Some examples of a dataset, run for a purpose.

    Attributes:
        run_id: names the run; one of that name is gone on with.
        examples: ids.
        why: what `run.json` says it is for.
        first: how often these examples were run before.
    """

    run_id: str
    examples: frozenset[str]
    why: str
    first: int = 0

    def of(self, dataset: Dataset) -> tuple[Example, ...]:
        """Its examples, in the order of the dataset."""
        absent = sorted(self.examples - {example.id for example in dataset.examples})
        if absent:
            raise UsageError(f"{dataset.name} has no example {absent[0]!r}")
        return tuple(example for example in dataset.examples if example.id in self.examples)


@dataclass(frozen=True, slots=True)
class Turn:
    """A run that is interleaved with another: begun or gone on with under its own name.

    Attributes:
        run_id: names it.
        beside: id of the other.
    """

    run_id: str
    beside: str


def new_run_id(graph: str, version: str, now: datetime) -> str:
    """`20261120-174502-text_to_sql-v1-3f9a`: sorts by time, says what it is, never collides."""
    return f"{now:%Y%m%d-%H%M%S}-{graph}-{version}-{secrets.token_hex(2)}"


def evaluate(
    project: Project,
    graph: str,
    version: str | None = None,
    *,
    kind: str | None = None,
    repeat: int | None = None,
    concurrency: int | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    limit: int | None = None,
    resume: str | None = None,
    retry_errors: bool = False,
    label: str | None = None,
    part: Part | None = None,
    turn: Turn | None = None,
    into: Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    keep: Keep | None = None,
) -> RunResult:
    """Run one version of a graph over its dataset and leave its evidence under `.seatrial/runs/`.

    Args:
        project: the mounted project.
        graph: assistant id.
        version: version name; None means the current one, or that of the run to go on with.
        kind: which examples; None means golden, or as above.
        repeat: runs per example; None means 1, or as above.
        concurrency: runs at once; None means 1 for graphs made of rules (they only compute) and 8 for the rest.
        timeout_s: seconds a run may take.
        limit: only the first so many examples.
        resume: id of a run to go on with.
        retry_errors: with `resume`, also run again what was not measured.
        label: name the version is recorded under, instead of its own.
        part: only these examples, in a run that is never taken for one of the whole dataset.
        turn: the run is one of two that are interleaved.
        into: folder of the run, instead of one of its own under `.seatrial/runs/`.
        progress: told (what, done, planned).
        keep: what becomes of the evidence; None means that it is written into the run's folder.
    """
    # a light install gates evidence and runs nothing
    from seatrial.evidence.write import write_parquet  # noqa: PLC0415
    from seatrial.runner import run  # noqa: PLC0415

    spec = project.spec(graph)
    requested = Requested(version, label, kind or "golden", repeat or 1, limit)
    if resume:
        requested = _going_on(_resumed(project, resume, spec), resume, (version, label, kind, repeat, limit))
    chosen = spec.version(requested.version)
    suite = project.evaluators(graph)
    dataset = project.dataset(graph, requested.kind)
    project.check_prompt(spec, chosen)
    must_pass = _must_pass(project, graph, dataset, requested.kind)
    name = requested.label or chosen.name
    named = part or turn
    run_id = resume or (named.run_id if named else new_run_id(graph, name, datetime.now(UTC)))
    plan = _plan(project, spec, chosen, dataset, requested, run_id, part, turn)
    dimensions = for_graph(project.dimensions, graph)

    def segments(example: Example) -> dict[str, str]:
        return assign(dimensions, example.row())

    with models_at_hand(project, graph):
        result = run(
            plan,
            _target(project, graph, chosen.name, plan.chosen(requested.limit)),
            suite,
            segments,
            into or project.root / RUNS / run_id,
            concurrency=concurrency or (1 if spec.family_of(chosen) == RULES else 8),
            timeout_s=timeout_s,
            resume=resume is not None or (named is not None and (project.root / RUNS / run_id).is_dir()),
            retry_errors=retry_errors,
            limit=requested.limit,
            progress=None if progress is None else lambda done, planned: progress(f"{graph}@{name}", done, planned),
            keep=keep or write_parquet,
        )
    more = max(0, must_pass.runs - requested.repeat) if must_pass.examples else 0
    if part is None and more and requested.limit is None and into is None and result.complete:
        evaluate(
            project,
            graph,
            requested.version,
            kind=requested.kind,
            repeat=more,
            concurrency=concurrency,
            timeout_s=timeout_s,
            label=requested.label,
            part=Part(contracts_run(run_id), must_pass.examples, WHY, first=requested.repeat),
            retry_errors=retry_errors,
        )
    return result


class _MustPass(NamedTuple):
    """Examples that have to pass, and in how many runs of each."""

    examples: frozenset[str]
    runs: int


def _must_pass(project: Project, graph: str, dataset: Dataset, kind: str) -> _MustPass:
    critical, runs = contracts_of(project, graph, kind)
    absent = sorted(critical - {example.id for example in dataset.examples})
    if absent:
        raise ConfigError(f"must_pass names {absent[0]!r}, and {dataset.name} has no such example; nothing was run")
    return _MustPass(frozenset(critical), runs)


def _plan(
    project: Project,
    spec: GraphSpec,
    chosen: Version,
    dataset: Dataset,
    requested: Requested,
    run_id: str,
    part: Part | None,
    turn: Turn | None,
) -> RunPlan:
    """What is run, with everything that says what it was when it ran."""
    from seatrial.runner import RunPlan  # noqa: PLC0415 - as in `evaluate`

    graph, prompt = spec.assistant_id, prompt_of(project.root, spec, chosen)
    dimensions = for_graph(project.dimensions, graph)
    return RunPlan(
        run_id=run_id,
        graph=graph,
        version=requested.label or chosen.name,
        dataset=dataset.name,
        dataset_hash=dataset.hash,
        examples=part.of(dataset) if part else dataset.examples,
        version_config=chosen.config,
        dataset_version=dataset.version,
        repetitions=requested.repeat,
        part=part.why if part else "",
        code=code_hash(project, graph, chosen.name),
        first=part.first if part else 0,
        beside=turn.beside if turn else "",
        replayed=spec.family_of(chosen) != RULES and replays(),
        prompt_hash=prompt.sha256 if prompt else "",
        segments_version=version_of(dimensions),
        segments_hash=definition_of(dimensions),
        critical=tuple(sorted(critical_segments(dimensions))),
    )


def _target(project: Project, graph: str, version: str, examples: Sequence[Example]) -> Target:
    from seatrial.graph.run_config import check_run_configs  # noqa: PLC0415 - as below

    try:
        from seatrial.graph.invoke import graph_target  # noqa: PLC0415 - LangGraph, for those who run graphs
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "langgraph", "fleet", "running a graph") from error
    compiled = project.runtime.compiled(graph, version)
    check_run_configs(compiled, examples)
    return graph_target(compiled)
