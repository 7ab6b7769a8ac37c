"""Fetch: the evidence of a run that was logged, as it was logged."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.adapters.mlflow.content import EVIDENCE, EVIDENCE_HASH
from seatrial.adapters.mlflow.log import RUN_ID, find_run
from seatrial.errors import DataError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow import MlflowClient
    from mlflow.entities import Run


@dataclass(frozen=True, slots=True)
class Fetched:
    """One run brought back.

    Attributes:
        run_id: seatrial run id.
        mlflow_run: MLflow run id.
        graph: its graph.
        version: its version.
        evidence: the file.
    """

    run_id: str
    mlflow_run: str
    graph: str
    version: str
    evidence: Path


def fetch(client: MlflowClient, name: str, fleet: str, folder: Path) -> Fetched:
    """Download the evidence of a run.

    Args:
        client: of a session.
        name: MLflow run id or seatrial run id.
        fleet: whose experiments are searched for a seatrial run id.
        folder: where a folder for the run is made.

    Raises:
        UsageError: no run is called so, or it is not one of ours.
        DataError: what came back is not what was logged.
    """
    run = _by_id(client, name) or _by_tag(client, name, fleet)
    if run is None:
        raise UsageError(
            f"MLflow has no run {name!r}, neither by its own id nor by the tag {RUN_ID} in the experiments of {fleet!r}"
        )
    tags = run.data.tags
    if tags.get("seatrial.kind") != "evaluation":
        what = "is a comparison" if RUN_ID in tags else f"was not logged by seatrial: it has no tag {RUN_ID}"
        raise UsageError(f"MLflow's run {name} {what}; name the run of a version")
    target = folder / run.info.run_id
    target.mkdir(parents=True, exist_ok=True)
    client.download_artifacts(run.info.run_id, EVIDENCE, str(target))
    file = target / EVIDENCE
    logged = tags.get(EVIDENCE_HASH)
    if logged is not None and hashlib.sha256(file.read_bytes()).hexdigest() != logged:
        raise DataError(f"MLflow's run {name}: its {EVIDENCE} is not the one that was logged; log the run again")
    return Fetched(tags[RUN_ID], run.info.run_id, tags["seatrial.graph"], tags["seatrial.graph_version"], file)


def _by_id(client: MlflowClient, name: str) -> Run | None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - loaded by the session

    if not re.fullmatch(r"[0-9a-f]{32}", name):
        return None
    try:
        return client.get_run(name)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def _by_tag(client: MlflowClient, name: str, fleet: str) -> Run | None:
    mine = [one.experiment_id for one in client.search_experiments() if one.name.startswith(f"{fleet}/")]
    return find_run(client, mine, name) if mine else None
