"""Runs: what lies under `.seatrial/runs/`, and which run a name means."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, DataError, UsageError
from seatrial.trial.code_hash import code_hash

if TYPE_CHECKING:
    from seatrial.evidence import Evidence
    from seatrial.project import Project

RUNS = ".seatrial/runs"
_STATED = {"run_id", "graph", "version", "version_config", "dataset", "evaluators", "repetitions", "started"}
"""What is read of every run.json."""


def latest_run(project: Project, name: str) -> str:
    """The run id behind `GRAPH@VERSION`, `GRAPH` (current version) or a run id.

    A name means the run over the complete dataset (its trial row's, else golden) that finished last, whatever it scored:
    a version that crashes everywhere is judged as it is now, not by an older run. When the registry, the dataset or the
    evaluators have changed since, that run measured something else, and the name is refused.
    """
    if name != PurePath(name).name:
        raise UsageError(f"{name!r} is no run; a run is named by its id alone, without a folder")
    if (project.root / RUNS / name / "run.json").is_file():
        return name
    graph, _, version = name.partition("@")
    wanted = version or project.spec(graph).current
    runs = [folder.name for folder in (project.root / RUNS).glob("*") if (folder / "run.json").is_file()]
    row = next((row for row in project.settings.trial if row.graph == graph), None)
    kind = row.dataset if row else "golden"
    found = [reported for run_id in runs if _is_finished(reported := summary(project, run_id), graph, wanted, kind)]
    if not found:
        registered = [one.name for one in project.spec(graph).versions]
        if wanted not in registered and not any(
            (reported["graph"], reported["version"]) == (graph, wanted)
            for reported in (summary(project, run_id) for run_id in runs)
        ):
            raise UsageError(f"{name}: graph {graph!r} has no version {wanted!r}; it has: {', '.join(registered)}")
        raise UsageError(
            f"{name}: no finished run of {graph}@{wanted} over its whole {kind} dataset yet; make one with seatrial eval {graph}@{wanted}"
        )
    # One that was stopped and finished later is newer than one that began and ended in between.
    latest = max(found, key=lambda reported: (reported.get("finished") or reported["started"], reported["run_id"]))
    changed = changed_since(project, latest)
    if changed:
        raise UsageError(
            f"{name}: {changed} since its latest run {latest['run_id']}; make a new one with seatrial eval {graph}@{wanted}, or name that run by its id"
        )
    return str(latest["run_id"])


def unfinished_since(project: Project, run_id: str) -> str:
    """A sentence on the newest run of the same version and dataset that was begun after `run_id` ended and is not finished."""
    of = summary(project, run_id)
    ended = of.get("finished") or of["started"]
    kind = str(of["dataset"]["name"]).rpartition(":")[2]
    later = [
        one
        for folder in (project.root / RUNS).glob("*")
        if (folder / "run.json").is_file()
        and not (one := summary(project, folder.name)).get("complete")
        and one["started"] > ended
        and _is_finished({**one, "complete": True}, of["graph"], of["version"], kind)
    ]
    if not later:
        return ""
    newest = max(later, key=lambda one: (one["started"], one["run_id"]))
    name = f"{of['graph']}@{of['version']}"
    done = f" ({newest['done']} of {newest['planned']} runs done)" if "done" in newest else ""
    return f"run {newest['run_id']} of {name} was begun later and is not finished{done}: what is judged is the run before it, {run_id}. Finish it with seatrial eval {name} --resume {newest['run_id']}"


def evidence_of(project: Project, run_id: str) -> Evidence:
    """The evidence of a run: the table that it made, checked against the hash in its run.json.

    Raises:
        DataError: it cannot be read, is another run's, or was damaged or edited since.
    """
    from seatrial.runner.stored import stored_evidence  # noqa: PLC0415 - Arrow: a list of runs does without

    return stored_evidence(project.root / RUNS / run_id)


def summary(project: Project, run_id: str) -> dict[str, Any]:
    """What `run.json` of a run says."""
    file = project.root / RUNS / run_id / "run.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    if not isinstance(found, dict) or not found.keys() >= _STATED:
        raise DataError(f"{file} is no run.json; what it was is lost, so make a new run")
    return found


def known(project: Project) -> str:
    """The last runs, for a message."""
    runs = sorted(folder.name for folder in (project.root / RUNS).glob("*"))
    return f"the last ones: {', '.join(runs[-5:])}" if runs else "there is none yet; make one with seatrial eval GRAPH"


def _is_finished(reported: dict[str, Any], graph: str, version: str, kind: str) -> bool:
    """Whether a run covers the complete dataset its trial row names; any other has to be asked for by its id."""
    return bool(
        reported["graph"] == graph
        and reported["version"] == version
        and str(reported["dataset"]["name"]).endswith(f":{kind}")
        and reported.get("complete")
        and reported.get("limit") is None
        and not reported.get("part")
    )


def changed_since(project: Project, reported: dict[str, Any]) -> str:
    """What a run was made with that is no longer so; empty when nothing is."""
    graph, version = reported["graph"], reported["version"]
    try:
        # As run.json would say it: a tuple in the registry is a list there.
        config = json.loads(json.dumps(dict(project.spec(graph).version(version).config), default=str))
    except ConfigError:
        config = reported[
            "version_config"
        ]  # recorded under a label of its own (--version-label): no row to compare with
    if reported["version_config"] != config:
        return f"the registry's config of {version} changed ({json.dumps(reported['version_config'])} -> {json.dumps(config)})"
    registered = any(one.name == version for one in project.spec(graph).versions)
    if registered and reported.get("code", "") not in ("", code_hash(project, graph, version)):
        return f"the files of {graph} changed"
    kind = str(reported["dataset"]["name"]).rpartition(":")[2]
    if project.dataset(graph, kind).hash != reported["dataset"]["hash"]:
        return "the dataset changed"
    now = {bound.key: (bound.version, bound.hash) for bound in project.evaluators(graph)}
    then = {one["key"]: (one["version"], one.get("hash")) for one in reported["evaluators"]}
    changed = sorted(key for key in now.keys() | then.keys() if now.get(key) != then.get(key))
    return f"the evaluators changed ({', '.join(changed)})" if changed else ""
