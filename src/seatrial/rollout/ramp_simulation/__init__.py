"""What a ramp watched by block e-processes does, by simulation: false alarms, units until it stops, units until it moves on.

`ramp` says what is watched, `walk` draws it, `walks` is what came out; `blocks` cuts a stage's units into looks.
"""

from __future__ import annotations

from seatrial.rollout.ramp_simulation.blocks import block_size, looks
from seatrial.rollout.ramp_simulation.ramp import Ramp, Stage
from seatrial.rollout.ramp_simulation.walk import walk
from seatrial.rollout.ramp_simulation.walks import Share, Walks

__all__ = ["Ramp", "Share", "Stage", "Walks", "block_size", "looks", "walk"]
