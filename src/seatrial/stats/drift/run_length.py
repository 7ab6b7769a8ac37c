"""Average run length of a chart: how many points until a false alarm, and until it sees a shift."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.validate import complete

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LONGEST = 1e12
_WIDEST = 1e6


def cusum_run_length(slack: float, limit: float, shift: float, states: int = 400) -> float:
    """Points until the upper sum of `chart.cusum` first passes `limit`, on average, with normal points of mean `shift`.

    The Markov chain of Brook and Evans (1972) over `states` cells, in deviations of one point; within .1 per cent at
    400. For the two-sided chart 1 / ARL = 1 / ARL(shift) + 1 / ARL(-shift).
    """
    _check(limit, shift, states)
    if not 0 <= slack <= _WIDEST:
        raise ValueError(f"slack must be finite, at most {_WIDEST:g} and not negative, got {slack}")
    # State 0 is the sum at zero, its cell half as wide as the others (Brook and Evans' layout).
    width = 2 * limit / (2 * states - 1)
    i = np.arange(states)
    step = (i[None, :] - i[:, None]) * width + slack - shift
    chain = special.ndtr(step + width / 2) - special.ndtr(step - width / 2)
    chain[:, 0] = special.ndtr(step[:, 0] + width / 2)
    return _first_passage(chain, 0)


def ewma_run_length(weight: float, width: float, shift: float, states: int = 401) -> float:
    """Points until `chart.ewma` first leaves its limits, on average, with normal points of mean `shift` (Lucas and Saccucci 1990)."""
    _check(width, shift, states)
    if not 0 < weight <= 1:
        raise ValueError(f"weight must lie in (0, 1], got {weight}")
    cells = states + 1 - states % 2
    limit = width * math.sqrt(weight / (2 - weight))
    cell = 2 * limit / cells
    middle = -limit + cell * (np.arange(cells) + 0.5)
    edge = (middle[None, :] - (1 - weight) * middle[:, None]) / weight - shift
    chain = special.ndtr(edge + cell / 2 / weight) - special.ndtr(edge - cell / 2 / weight)
    return _first_passage(chain, cells // 2)


def _first_passage(chain: NDArray[np.float64], start: int) -> float:
    """Mean steps until the chain, whose rows hold the chances to stay inside, is left."""
    try:
        steps = float(np.linalg.solve(np.eye(len(chain)) - chain, np.ones(len(chain)))[start])
    except np.linalg.LinAlgError:
        steps = math.inf
    if not 1 <= steps <= _LONGEST:
        raise ValueError(f"this chart's run length is beyond {_LONGEST:g} points, more than the chain can count")
    return steps


def _check(limit: float, shift: float, states: int) -> None:
    if not 0 < limit <= _WIDEST:
        raise ValueError(f"the limit must be positive and finite, at most {_WIDEST:g}, got {limit}")
    if not abs(shift) <= _WIDEST:
        raise ValueError(f"shift must be finite, at most {_WIDEST:g} either way, got {shift}")
    complete("states", states, 2)
