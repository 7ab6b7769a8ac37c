"""Rolled out: one decision of a rollout as an MLflow run with the share and the rates of every cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.adapters.mlflow.content import Content
from seatrial.adapters.mlflow.log import log_content
from seatrial.adapters.mlflow.names import metric_name
from seatrial.adapters.mlflow.place import place
from seatrial.adapters.mlflow.session import session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.verdict import Decision

CELL = ("share", "rung", "attempt", "control", "candidate")


def rollout_metrics(decision: Decision) -> dict[str, float]:
    """`rollout/CELL/share` and its like, and per metric `rollout/CELL/METRIC/candidate`, `control`, `units`, `log_e`."""
    found: dict[str, float] = {}
    for cell in decision.details["cells"]:
        for name in CELL:
            found[metric_name("rollout", cell["cell"], name)] = float(cell[name])
    for row in decision.findings:
        numbers = {
            "units": row.n,
            "control": row.baseline,
            "candidate": row.candidate,
            "log_e": row.sequential.log_e if row.sequential else None,
        }
        for name, number in numbers.items():
            if number is not None:
                found[metric_name("rollout", row.segment, row.key, name)] = float(number)
    return found


def log_rollout(
    decision: Decision,
    *,
    graph: str,
    fleet: str,
    sequence: int,
    row_hash: str,
    at: float,
    environ: Mapping[str, str],
    root: Path,
) -> str:
    """Log one decision; returns the id of the MLflow run. The same row of the ledger logged again changes nothing.

    Args:
        decision: of `rollout step`.
        graph: assistant id.
        fleet: of the project.
        sequence: of the ledger row.
        row_hash: hash of the ledger row.
        at: when it was decided, seconds since 1970.
        environ: names the tracking server.
        root: the project's.

    Raises:
        MissingExtra, NotLogged: mlflow is absent, or its store could not be written.
    """
    where, rollout = place(environ, root), str(decision.details["rollout"])
    run_id = f"rollout-{rollout}-{sequence}"
    made = Content(
        run_id=run_id,
        experiment=f"{fleet}/{graph}",
        started_ms=int(at * 1000),
        ended_ms=int(at * 1000),
        params={"rollout": rollout, "sequence": str(sequence), "policy_hash": decision.policy_hash},
        tags={
            "mlflow.runName": f"rollout: {rollout} #{sequence}",
            "seatrial.run_id": run_id,
            "seatrial.verdict": decision.verdict.value,
            "seatrial.reason": decision.reason,
            "seatrial.ledger_hash": row_hash,
        },
        metrics=rollout_metrics(decision),
        files=(),
        long={},
    )
    with session(where, environ=environ) as client:
        return log_content(client, where, made)
