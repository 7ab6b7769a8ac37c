"""Judged: a judged comparison as an MLflow run with a win rate per segment, its verdict table and its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.adapters.mlflow.content import Content
from seatrial.adapters.mlflow.log import log_content
from seatrial.adapters.mlflow.place import place
from seatrial.adapters.mlflow.session import session
from seatrial.adapters.mlflow.win_rates import position_metrics, row_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.verdict import Decision

STATISTICS = ("rate", "judged", "missing", "wins", "ties", "losses")


def winrate_metrics(decision: Decision, judge: str) -> dict[str, float]:
    """`winrate/JUDGE/SEGMENT/rate` and its counts, per segment, and the judge's position bias; unknowns have no name."""
    found: dict[str, float] = {}
    for rate in decision.details["rates"]:
        low, high = rate.get("ci") or (None, None)
        numbers = {"ci_low": low, "ci_high": high, **{name: rate[name] for name in STATISTICS}}
        found |= row_metrics(judge, rate["segment"], numbers)
    position = decision.details["position"]
    if position is not None:
        found |= position_metrics(judge, {"consistency": position["consistency"], "first_slot": position["first"]})
    return found


def log_judged(
    decision: Decision,
    *,
    judge: str,
    graph: str,
    fleet: str,
    runs: tuple[str, str],
    files: tuple[Path, ...],
    environ: Mapping[str, str],
    root: Path,
    now: float,
) -> str:
    """Log one comparison; returns the id of the MLflow run. The same verdicts logged again change nothing.

    Args:
        decision: the win rate's.
        judge: its identity, `name@version#hash`.
        graph: assistant id.
        fleet: of the project.
        runs: ids of the baseline's and the candidate's run.
        files: kept as artifacts.
        environ: names the tracking server.
        root: the project's.
        now: seconds since 1970.

    Raises:
        MissingExtra, NotLogged: mlflow is absent, or its store could not be written.
    """
    where, at = place(environ, root), int(now * 1000)
    run_id = f"judged-{judge.partition('@')[0]}-{decision.evidence_hash}"
    made = Content(
        run_id=run_id,
        experiment=f"{fleet}/{graph}",
        started_ms=at,
        ended_ms=at,
        params={"judge": judge, "baseline_run": runs[0], "candidate_run": runs[1]},
        tags={
            "mlflow.runName": f"judged: {decision.subject}",
            "seatrial.run_id": run_id,
            "seatrial.verdict": decision.verdict.value,
            "seatrial.reason": decision.reason,
        },
        metrics=winrate_metrics(decision, judge.partition("@")[0]),
        files=tuple((file, "") for file in files),
        long={},
    )
    with session(where, environ=environ) as client:
        return log_content(client, where, made)
