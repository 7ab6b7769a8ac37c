"""Log: contents become MLflow runs, each in one batch, each read back; logging the same run twice changes nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from seatrial.adapters.mlflow.comparison import comparison, verdict_tags
from seatrial.adapters.mlflow.content import EVIDENCE_HASH, content
from seatrial.adapters.mlflow.session import NotLogged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mlflow import MlflowClient
    from mlflow.entities import Run

    from seatrial.adapters.mlflow.content import Content
    from seatrial.adapters.mlflow.place import Place
    from seatrial.gate.report import Report

RUN_ID, COMPLETE = "seatrial.run_id", "seatrial.logged"
"""Tags: which run it is, and that everything of it was written and read back; the second is written last."""

COMMIT = ("seatrial.git_sha", "seatrial.git_dirty", "mlflow.source.git.commit")


@dataclass(frozen=True, slots=True)
class Entry:
    """One run to log.

    Attributes:
        run_dir: its folder.
        report: the gate's, where the run is a candidate.
        baseline: folder of the run it was compared with, which is an entry before this one.
        reports: files of the report.
    """

    run_dir: Path
    report: Report | None = None
    baseline: Path | None = None
    reports: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Logged:
    """What was logged: experiments, in order, and seatrial run id -> MLflow run id."""

    experiments: tuple[str, ...] = ()
    runs: Mapping[str, str] = field(default_factory=dict)


def log_runs(
    client: MlflowClient,
    place: Place,
    fleet: str,
    entries: Sequence[Entry],
    *,
    commit: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
) -> Logged:
    """Log every entry, baselines before the candidates that name them, and a comparison after each candidate.

    Raises:
        NotLogged: fewer values came back than were written.
    """
    runs: dict[str, str] = {}
    made: dict[str, Content] = {}
    experiments: dict[str, None] = {}
    for entry in entries:
        tags = verdict_tags(entry.report) if entry.report else {}
        mine = content(entry.run_dir, fleet, commit=commit, tags=tags)
        runs[mine.run_id] = log_content(client, place, mine, clock=clock)
        made[mine.run_id], experiments[mine.experiment] = mine, None
        if entry.report is not None and entry.baseline is not None:
            before = made[entry.baseline.name]
            both = comparison(entry.report, before, runs[before.run_id], mine, runs[mine.run_id], entry.reports)
            runs[both.run_id] = log_content(client, place, both, clock=clock)
    return Logged(tuple(experiments), runs)


def log_content(client: MlflowClient, place: Place, made: Content, *, clock: Callable[[], float] = time.time) -> str:
    """Write one content, or what is missing of it, read it back, and return the MLflow run id.

    A run that is there already keeps its id and is completed. One that says something else in a place MLflow never
    changes (a parameter, a metric that is no longer known) goes to MLflow's trash, and a new one takes its place.
    """
    experiment = _experiment(client, place, made.experiment)
    run = find_run(client, [experiment], made.run_id)
    if run is not None and _contradicts(run, made):
        client.delete_run(run.info.run_id)
        run = None
    if run is not None:
        # The commit it was measured at, not the one it is logged again from.
        made = replace(made, tags={**made.tags, **{k: v for k, v in run.data.tags.items() if k in COMMIT}})
    if run is not None and _holds(run, made) and not _absent_files(client, run.info.run_id, made):
        return str(run.info.run_id)
    if run is None:
        run = client.create_run(experiment, start_time=made.started_ms, tags={**made.tags})
    run_id = str(run.info.run_id)
    # Files before numbers: MLflow reads the whole run to learn where its files go, and reads less while it is empty.
    for file, folder in made.files:
        client.log_artifact(run_id, str(file), folder or None)
    for name, text in made.texts.items():
        client.log_text(run_id, text, name)
    write(client, run, made, int(clock() * 1000))
    client.set_terminated(run_id, "FINISHED", made.ended_ms)
    verify(client, run_id, made)
    client.set_tag(run_id, COMPLETE, "true")
    return run_id


def verify(client: MlflowClient, run_id: str, made: Content) -> None:
    """Read a run back and count.

    Raises:
        NotLogged: a value or a file is not there, or is another; says how many and names the first.
    """
    run = client.get_run(run_id)
    missing = [
        *_other(made.metrics, run.data.metrics),
        *_other(made.params, run.data.params),
        *_other(made.tags, run.data.tags),
        *_absent_files(client, run_id, made),
    ]
    if missing:
        requested = len(made.metrics) + len(made.params) + len(made.tags) + len(made.files) + len(made.texts)
        raise NotLogged(
            f"MLflow kept {requested - len(missing)} of the {requested} values of run {made.run_id}; missing or changed: {missing[0]}"
            f"{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}. The evidence is whole under .seatrial/runs/{made.run_id}"
        )


def find_run(client: MlflowClient, experiments: Sequence[str], run_id: str) -> Run | None:
    """The MLflow run of a seatrial run, by its tag; the oldest where somebody copied one."""
    quote = '"' if "'" in run_id else "'"
    found = client.search_runs(
        [*experiments],
        f"tags.`{RUN_ID}` = {quote}{run_id}{quote}",
        order_by=["attributes.start_time ASC"],
        max_results=1,
    )
    return found[0] if found else None


def _experiment(client: MlflowClient, place: Place, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name, artifact_location=place.artifacts(name)))
    if found.lifecycle_stage != "active":
        raise NotLogged(
            f"MLflow's experiment {name!r} is in its trash; bring it back with: mlflow experiments restore --experiment-id {found.experiment_id}"
        )
    return str(found.experiment_id)


def write(client: MlflowClient, run: Run, made: Content, now_ms: int) -> None:
    """Everything that is not there yet in one batch; the client cuts it at the server's limits."""
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - loaded by the session

    data = run.data
    metrics = [Metric(k, v, now_ms, 0) for k, v in made.metrics.items() if data.metrics.get(k) != v]
    params = [Param(k, v) for k, v in made.params.items() if k not in data.params]
    tags = [RunTag(k, v) for k, v in made.tags.items() if data.tags.get(k) != v]
    client.log_batch(run.info.run_id, metrics, params, tags, synchronous=True)
    if "seatrial.verdict" in made.tags:
        for name in [name for name in data.tags if name.startswith("seatrial.") and name not in (*made.tags, COMPLETE)]:
            client.delete_tag(run.info.run_id, name)  # a word of an earlier verdict


def _contradicts(run: Run, made: Content) -> bool:
    data = run.data
    other = any(made.params.get(name, value) != value for name, value in data.params.items())
    # What somebody added by hand is theirs; a number of ours disappears only with other evidence.
    same = data.tags.get(EVIDENCE_HASH) == made.tags.get(EVIDENCE_HASH)
    return other or (not same and any(name not in made.metrics for name in data.metrics))


def _holds(run: Run, made: Content) -> bool:
    data = run.data
    return data.tags.get(COMPLETE) == "true" and not [
        *_other(made.metrics, data.metrics),
        *_other(made.params, data.params),
        *_other(made.tags, data.tags),
    ]


def _other(wanted: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    return [name for name, value in wanted.items() if name not in found or found[name] != value]


def _absent_files(client: MlflowClient, run_id: str, made: Content) -> list[str]:
    wanted = {f"{folder}/{file.name}".lstrip("/"): file.stat().st_size for file, folder in made.files}
    wanted |= {name: len(text.encode()) for name, text in made.texts.items()}
    there: dict[str, int | None] = {}
    for folder in {name.rpartition("/")[0] for name in wanted}:
        there |= {one.path: one.file_size for one in client.list_artifacts(run_id, folder or None) if not one.is_dir}
    # A store that does not say a size has at least the file.
    return [name for name, size in wanted.items() if name not in there or there[name] not in (size, None)]
