"""Metrics: a feedback decision as numbers of an MLflow run, one run per evidence and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.adapters.mlflow import Content, log_content, place, session
from seatrial.adapters.mlflow.names import metric_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.verdict import Decision

STATISTICS = ("stated", "observed", "gap", "n")


def feedback_metrics(decision: Decision) -> dict[str, float]:
    """`CLASSIFIER/SEGMENT/stated`, `observed`, `gap` and `n` of every row that has answers; what is unknown has no name."""
    found: dict[str, float] = {"flagged": float(decision.verdict.value == "fail")}
    for one in decision.findings:
        values = (one.baseline, one.candidate, one.difference, float(one.n))
        for name, value in zip(STATISTICS, values, strict=True):
            if value is not None:
                found[metric_name(one.key, one.segment, name)] = value
    return found


def log_feedback(decision: Decision, fleet: str, environ: Mapping[str, str], root: Path, now: float) -> str:
    """Log a decision; returns the id of the MLflow run.

    Raises:
        MissingExtra, NotLogged: mlflow is absent, or its store could not be written.
    """
    where, at = place(environ, root), int(now * 1000)
    made = Content(
        run_id=f"feedback-{decision.evidence_hash}-{decision.policy_hash}",
        experiment=f"{fleet}/feedback",
        started_ms=at,
        ended_ms=at,
        params={"policy_hash": decision.policy_hash},
        tags={
            "mlflow.runName": f"feedback {decision.subject}",
            "seatrial.run_id": f"feedback-{decision.evidence_hash}-{decision.policy_hash}",
            "seatrial.verdict": decision.verdict.value,
            "seatrial.reason": decision.reason,
        },
        metrics=feedback_metrics(decision),
        files=(),
        long={},
    )
    with session(where, environ=environ) as client:
        return log_content(client, where, made)
