"""Trials: the edge where projects, runs, clocks and folders meet; the decision itself is `gate.merge.check`."""

from seatrial.project import open_project
from seatrial.trial.confirm import Confirming
from seatrial.trial.evaluate import evaluate
from seatrial.trial.flaky import flaky, put_in_quarantine
from seatrial.trial.gating import gate_runs
from seatrial.trial.policies import policy_of
from seatrial.trial.quarantine import debt
from seatrial.trial.runs import RUNS, latest_run, summary
from seatrial.trial.trials import Trial, preflight, trials

__all__ = [
    "RUNS",
    "Confirming",
    "Trial",
    "debt",
    "evaluate",
    "flaky",
    "gate_runs",
    "latest_run",
    "open_project",
    "policy_of",
    "preflight",
    "put_in_quarantine",
    "summary",
    "trials",
]
