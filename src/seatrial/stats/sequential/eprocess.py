"""Is the canary worse than the control: a bet per block, whose winnings are evidence at any look.

Safe tests for two rates (Turner, Ly and Grunwald 2024; Turner and Grunwald 2023). Outcomes come in blocks of n_c canary and
n_b control units. Before each block both rates are estimated from the blocks before it, t = (good + .18) / (n + .36); the
block then multiplies E by the chance of its outcomes under the estimates over their chance under q, the point of the null
nearest to the estimates in n_c KL(t_c || q_c) + n_b KL(t_b || q_b). Estimates that lie in the null bet nothing: E stays.

The estimates may be any function of the blocks before. "separate" ones, as above, suit a difference of any size. Where
"not worse by a margin" is to be shown the difference is expected to be small beside that margin: "shrunk" estimates draw both
rates to the common one by k = p (1 - p) / (margin / 4)^2 pseudo-units each, which is a prior of the difference with a standard
deviation of the order of a quarter of the margin. An equal candidate then needs a third fewer units (decision 019).

Why E <= 1 on average wherever the null holds: its mean is the product of (a linear function of each rate) to the power of
its count, so its log is concave; at q it is 0 and its gradient points out of the null. By Ville's inequality the chance that
E ever reaches 1 / alpha is then at most alpha, whatever the number of looks and the rule for stopping.

Assumes independent units, one observation a unit, both arms' units of a block drawn from the same traffic, and block sizes
and membership fixed by exposure order before outcomes are seen. Rates may drift: the bound holds while the null does in every
block. Not for events of one unit counted as rows, nor for blocks filled by arrival of outcomes (early failures would be read
first), nor across a change of the canary's share (start afresh). Look at every block, not only now and then: 245 instead of
280 canary units to see .95 -> .90.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.sequential.nearest import nearest, nearest_array
from seatrial.stats.validate import complete, numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Evidence = Literal["worse", "not_worse"]
Estimates = Literal["separate", "shrunk"]
_EVIDENCE = ("worse", "not_worse")
_ESTIMATES = ("separate", "shrunk")
_PRIOR = 0.18
_SPREAD = 0.25
"""Of shrunk estimates: the difference that they expect, in margins."""


class State(NamedTuple):
    """All that has to be kept: log E and the four counts. Resume from it, store it, never only the verdict."""

    log_e: float = 0.0
    canary_good: float = 0
    canary_bad: float = 0
    control_good: float = 0
    control_bad: float = 0


START = State()


@dataclass(frozen=True, slots=True)
class Path:
    """A run over many blocks: log E after each (last axis), and the state to go on from (None for several streams)."""

    log_e: NDArray[np.float64]
    state: State | None


def update(
    state: State,
    canary_good: float,
    canary_bad: float,
    control_good: float,
    control_bad: float,
    margin: float = 0.0,
    evidence: Evidence = "worse",
    estimates: Estimates = "separate",
) -> State:
    """The state after one more block, given as its four counts.

    Args:
        state: START, or what the last call returned.
        canary_good: the block's counts; its two sizes must have been fixed before its outcomes were seen.
        canary_bad: as above.
        control_good: as above.
        control_bad: as above.
        margin: a drop that is tolerated, 0 <= margin < 1, in points of rate (.02 is two points). The same in every call.
        evidence: what a large E speaks for. "worse": against canary >= control - margin (roll back);
            "not_worse": against canary <= control - margin (advance).
        estimates: what a block is bet on. "shrunk" goes with "not_worse"; at margin 0 it is the same as "separate". The same
            in every call.

    Raises:
        ValueError: a count is negative or not finite, the margin is out of range, the evidence or the estimates unknown, the
            state none that `update` returns.
    """
    _check(margin, evidence, estimates)
    # written as what must hold, so that NaN fails too
    total = canary_good + canary_bad + control_good + control_bad
    if not (canary_good >= 0 and canary_bad >= 0 and control_good >= 0 and control_bad >= 0 and total < math.inf):
        raise ValueError("a block's counts must be finite and not negative")
    _known(state)
    log_e, cg, cb, bg, bb = state
    if evidence == "worse":
        gain = _gain(cg, cb, bg, bb, canary_good, canary_bad, control_good, control_bad, margin)
    else:
        # canary <= control - margin is, in rates of failure, canary >= control + margin
        spread = _spread(margin, estimates)
        gain = _gain(cb, cg, bb, bg, canary_bad, canary_good, control_bad, control_good, -margin, spread)
    return State(log_e + gain, cg + canary_good, cb + canary_bad, bg + control_good, bb + control_bad)


def run(
    canary_good: ArrayLike,
    canary_bad: ArrayLike,
    control_good: ArrayLike,
    control_bad: ArrayLike,
    state: State = START,
    margin: float = 0.0,
    evidence: Evidence = "worse",
    estimates: Estimates = "separate",
) -> Path:
    """`update` over many blocks at once: equal to it up to rounding. Blocks lie on the last axis, further axes are streams."""
    _check(margin, evidence, estimates)
    given = [numbers("a block's counts", a) for a in (canary_good, canary_bad, control_good, control_bad)]
    if any(a.ndim == 0 or a.shape != given[0].shape for a in given):
        raise ValueError("need four arrays of one shape, one entry a block")
    if any(a.size and not (a.min() >= 0 and a.max() < math.inf) for a in given):
        raise ValueError("a block's counts must be finite and not negative")
    _known(state)
    after = [np.cumsum(a, axis=-1) + start for a, start in zip(given, state[1:], strict=True)]
    before = [a - block for a, block in zip(after, given, strict=True)]
    order, signed = ((0, 1, 2, 3), margin) if evidence == "worse" else ((1, 0, 3, 2), -margin)
    gain = _gains([before[i] for i in order], [given[i] for i in order], signed, _spread(margin, estimates))
    log_e = state.log_e + np.cumsum(gain, axis=-1)
    if log_e.ndim > 1:
        return Path(log_e, None)
    if not log_e.size:
        return Path(log_e, state)
    return Path(log_e, State(float(log_e[-1]), *(float(a[-1]) for a in after)))


def blocks(canary: ArrayLike, control: ArrayLike, n_canary: int = 1, n_control: int = 1) -> NDArray[np.float64]:
    """Cut two streams of outcomes (1 good, 0 bad; exposure order) into the four rows of counts that `run` takes.

    Whole blocks only: what is left over waits for the next call, so pass it again in front of what follows.
    """
    n_canary, n_control = complete("n_canary", n_canary), complete("n_control", n_control)
    arms = [numbers("outcomes", arm).ravel() for arm in (canary, control)]
    if any(arm.size and not np.all((arm == 0) | (arm == 1)) for arm in arms):
        raise ValueError("outcomes must be 0 or 1")
    count = min(arms[0].size // n_canary, arms[1].size // n_control)
    good = [arm[: count * n].reshape(count, n).sum(axis=1) for arm, n in zip(arms, (n_canary, n_control), strict=True)]
    return np.stack([good[0], n_canary - good[0], good[1], n_control - good[1]])


def combine(log_e: ArrayLike, weights: ArrayLike | None = None) -> float | CannotTell:
    """log of the fixed-weight mean of several E (cells, metrics): valid whatever their dependence.

    Weights are fixed before looking, positive, and sum to at most 1 (equal ones when left out); what they leave is never
    bet. A product would need independence: it is not offered.
    """
    logs = numbers("log E", log_e).ravel()
    if logs.size == 0:
        return CannotTell("no process to combine")
    shares = np.full(logs.size, 1 / logs.size) if weights is None else numbers("weights", weights).ravel()
    if shares.shape != logs.shape:
        raise ValueError(f"{logs.size} processes but {shares.size} weights")
    if np.any(np.isnan(logs)):
        raise ValueError("log E must not be NaN")
    if not np.all(shares > 0) or shares.sum() > 1 + 1e-9:
        raise ValueError("weights must be positive and sum to at most 1")
    idle = max(0.0, 1 - float(shares.sum()))
    largest = max(float(logs.max()), 0.0)
    if largest == math.inf:
        return math.inf
    return largest + math.log(float(shares @ np.exp(logs - largest)) + idle * math.exp(-largest))


def first_alarm(log_e: ArrayLike, alpha: float) -> int | None:
    """Index of the first look at which E >= 1 / alpha, None when there was none. Once raised an alarm stands."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie in (0, 1), got {alpha}")
    path = numbers("log E", log_e).ravel()
    if np.any(np.isnan(path)):
        raise ValueError("log E must not be NaN")
    hit = path >= -math.log(alpha)
    return int(hit.argmax()) if hit.any() else None


def _known(state: State) -> None:
    """Refuse a state that no blocks lead to: with a log E that is no number nothing would ever be stopped."""
    log_e, cg, cb, bg, bb = state
    if not (log_e < math.inf and min(cg, cb, bg, bb) >= 0 and cg + cb + bg + bb < math.inf):
        raise ValueError(f"a state needs a log E and four counts that are finite and not negative, got {tuple(state)}")


def _check(margin: float, evidence: str, estimates: str) -> None:
    if not 0 <= margin < 1:
        raise ValueError(f"margin must lie in [0, 1), got {margin}")
    if evidence not in _EVIDENCE:
        raise ValueError(f"evidence {evidence!r} is unknown; choose one of: {', '.join(_EVIDENCE)}")
    if estimates not in _ESTIMATES:
        raise ValueError(f"estimates {estimates!r} are unknown; choose one of: {', '.join(_ESTIMATES)}")
    if estimates == "shrunk" and evidence != "not_worse":
        raise ValueError(f"shrunk estimates expect no difference and go with evidence 'not_worse', not {evidence!r}")


def _spread(margin: float, estimates: str) -> float:
    """Standard deviation of the difference that the estimates expect; 0: any."""
    if estimates != "shrunk" or not margin:
        return 0.0
    return max(_SPREAD * margin, 1e-9)  # its square divides


def _gain(
    cg: float,
    cb: float,
    bg: float,
    bb: float,
    dcg: float,
    dcb: float,
    dbg: float,
    dbb: float,
    margin: float,
    spread: float = 0.0,
) -> float:
    """log of one block's factor, in floats: the streamed twin of `_gains`."""
    n_c, n_b = dcg + dcb, dbg + dbb
    good, both = _PRIOR, 2 * _PRIOR
    if spread:
        common = (cg + bg + 2 * _PRIOR) / (cg + cb + bg + bb + 4 * _PRIOR)
        drawn = common * (1 - common) / (spread * spread)
        good, both = good + drawn * common, both + drawn
    t_c = (cg + good) / (cg + cb + both)
    t_b = (bg + good) / (bg + bb + both)
    if t_c >= t_b - margin or n_c == 0 or n_b == 0:
        return 0.0
    q_c = nearest(t_c, t_b, n_c, n_b, margin) if margin else (n_c * t_c + n_b * t_b) / (n_c + n_b)
    q_b = q_c + margin
    return (
        dcg * math.log(t_c / q_c)
        + dcb * math.log((1 - t_c) / (1 - q_c))
        + dbg * math.log(t_b / q_b)
        + dbb * math.log((1 - t_b) / (1 - q_b))
    )


def _gains(
    before: list[NDArray[np.float64]], block: list[NDArray[np.float64]], margin: float, spread: float = 0.0
) -> NDArray[np.float64]:
    cg, cb, bg, bb = before
    dcg, dcb, dbg, dbb = block
    n_c, n_b = dcg + dcb, dbg + dbb
    good, both = np.full_like(cg, _PRIOR), np.full_like(cg, 2 * _PRIOR)
    if spread:
        common = (cg + bg + 2 * _PRIOR) / (cg + cb + bg + bb + 4 * _PRIOR)
        drawn = common * (1 - common) / (spread * spread)
        good, both = good + drawn * common, both + drawn
    t_c = (cg + good) / (cg + cb + both)
    t_b = (bg + good) / (bg + bb + both)
    bets = (t_c < t_b - margin) & (n_c > 0) & (n_b > 0)
    gain = np.zeros_like(t_c)
    t_c, t_b, n_c, n_b = t_c[bets], t_b[bets], n_c[bets], n_b[bets]
    q_c = nearest_array(t_c, t_b, n_c, n_b, margin) if margin else (n_c * t_c + n_b * t_b) / (n_c + n_b)
    q_b = q_c + margin
    gain[bets] = (
        dcg[bets] * np.log(t_c / q_c)
        + dcb[bets] * np.log((1 - t_c) / (1 - q_c))
        + dbg[bets] * np.log(t_b / q_b)
        + dbb[bets] * np.log((1 - t_b) / (1 - q_b))
    )
    return gain
