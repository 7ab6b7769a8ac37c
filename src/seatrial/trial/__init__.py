"""Trials: the edge where projects, runs, clocks and folders meet; the decision itself is `gate.merge.check`."""

from seatrial.project import open_project
from seatrial.trial.evaluate import evaluate
from seatrial.trial.flaky import flaky
from seatrial.trial.gating import gate_runs, policy_of
from seatrial.trial.runs import RUNS, latest_run, summary
from seatrial.trial.trials import Trial, preflight, trials

__all__ = [
    "RUNS",
    "Trial",
    "evaluate",
    "flaky",
    "gate_runs",
    "latest_run",
    "open_project",
    "policy_of",
    "preflight",
    "summary",
    "trials",
]
