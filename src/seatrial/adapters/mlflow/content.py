"""Content: everything one seatrial run says to MLflow, as plain values, before MLflow is asked anything."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from seatrial.adapters.mlflow.metrics import run_metrics, score_metrics
from seatrial.adapters.mlflow.names import is_cut, metric_name
from seatrial.errors import DataError
from seatrial.evidence import canonical_json
from seatrial.privacy.exits import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.evidence import Evidence

EVIDENCE, SUMMARY = "evidence.parquet", "run.json"
EVIDENCE_HASH = "seatrial.evidence_sha256"
LONG, CUT_NAMES = "long_values.json", "cut_names.json"
PARAM_LIMIT, TAG_LIMIT = 6_000, 8_000
"""Characters MLflow keeps of a value; what is longer it would cut without a trace."""


@dataclass(frozen=True, slots=True)
class Content:
    """What one MLflow run will hold.

    Attributes:
        run_id: the seatrial run.
        experiment: experiment it belongs to, `FLEET/GRAPH`.
        started_ms: begin, milliseconds since 1970.
        ended_ms: end.
        params: what the run was made with.
        tags: where it comes from and, for a candidate, the verdict.
        metrics: finite numbers; what is unknown is not there.
        files: (file, folder among the artifacts).
        long: values that MLflow would cut, whole.
    """

    run_id: str
    experiment: str
    started_ms: int
    ended_ms: int
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    files: tuple[tuple[Path, str], ...]
    long: Mapping[str, str]

    @property
    def texts(self) -> dict[str, str]:
        """Artifacts that are no file yet: name -> text."""
        cut = {name: number for name, number in self.metrics.items() if is_cut(name)}
        found = {LONG: self.long, CUT_NAMES: cut}
        return {name: json.dumps(what, indent=2, ensure_ascii=False) + "\n" for name, what in found.items() if what}


def content(
    run_dir: Path,
    fleet: str,
    *,
    commit: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Content:
    """Read a complete run.

    Args:
        run_dir: its folder under `.seatrial/runs/`.
        fleet: name of the project's fleet.
        commit: `git_sha` and `git_dirty` of the project, where they are known.
        tags: more tags, of a candidate's verdict.

    Raises:
        DataError: the run is not complete, or cannot be read.
    """
    from seatrial.runner.stored import stored_evidence  # noqa: PLC0415 - Arrow, for those who log

    evidence = stored_evidence(run_dir)
    wording = _summary(run_dir / SUMMARY)
    started = int(datetime.fromisoformat(wording["started"]).timestamp() * 1000)
    params, long_params = fitting(_params(evidence, wording))
    tags, long_tags = fitting({**_tags(run_dir, wording, commit or {}), **(tags or {})}, TAG_LIMIT)
    return Content(
        run_id=wording["run_id"],
        experiment=f"{fleet}/{wording['graph']}",
        started_ms=started,
        ended_ms=started + int(wording.get("duration_ms") or 0),
        params=params,
        tags=tags,
        metrics={**score_metrics(evidence), **run_metrics(evidence, wording)},
        files=((run_dir / EVIDENCE, ""), (run_dir / SUMMARY, "")),
        long={**long_params, **long_tags},
    )


def _summary(file: Path) -> dict[str, Any]:
    try:
        wording: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    return wording


def _params(evidence: Evidence, reported: Mapping[str, Any]) -> dict[str, str]:
    """What the run was made with: all of it stands still when a run is resumed."""
    dataset = reported["dataset"]
    given = {
        "graph": reported["graph"],
        "version": reported["version"],
        "version_config": canonical_json(reported["version_config"]),
        "dataset": dataset["name"],
        "dataset_version": dataset["version"],
        "dataset_hash": dataset["hash"],
        "repetitions": reported["repetitions"],
        "limit": reported.get("limit"),
        **{metric_name("evaluator", one["key"]): one["version"] for one in reported["evaluators"]},
        **{name: ", ".join(_different(evidence, name)) for name in ("prompt_version", "prompt_hash", "model", "judge")},
    }
    return {name: str(value) for name, value in given.items() if value not in (None, "")}


def _tags(run_dir: Path, reported: Mapping[str, Any], commit: Mapping[str, str]) -> dict[str, str]:
    """Where it comes from."""
    return {
        "seatrial.run_id": reported["run_id"],
        "seatrial.kind": "evaluation",
        "seatrial.graph": reported["graph"],
        "seatrial.graph_version": reported["version"],
        "seatrial.version": reported["seatrial"],
        "seatrial.outcomes": canonical_json(reported["rows"]),
        EVIDENCE_HASH: hashlib.sha256((run_dir / EVIDENCE).read_bytes()).hexdigest(),
        **{f"seatrial.{name}": value for name, value in commit.items()},
        **({"mlflow.source.git.commit": commit["git_sha"]} if "git_sha" in commit else {}),
        "mlflow.source.name": "seatrial",
        "mlflow.source.type": "LOCAL",
        "mlflow.runName": f"{reported['graph']}@{reported['version']} {reported['run_id'][:15]}",
    }


def _different(evidence: Evidence, name: str) -> list[str]:
    return sorted(evidence.codes(name).values) if evidence.has(name) else []


def fitting(values: Mapping[str, str], limit: int = PARAM_LIMIT) -> tuple[dict[str, str], dict[str, str]]:
    """The values as MLflow keeps them, and those that are longer whole."""
    values = redacted(dict(values))
    long = {name: value for name, value in values.items() if len(value) > limit}
    cut = {
        name: f"{value[: limit - 100]} ... sha256 {hashlib.sha256(value.encode()).hexdigest()[:16]}, whole in {LONG}"
        for name, value in long.items()
    }
    return {**values, **cut}, long
