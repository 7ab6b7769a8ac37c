"""Runner: graph x dataset x repetition -> evidence, with one outcome for everything that was planned."""

from seatrial.runner.loop import run
from seatrial.runner.plan import RunPlan, RunResult

__all__ = ["RunPlan", "RunResult", "run"]
