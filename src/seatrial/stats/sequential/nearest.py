"""The point of the null "canary >= control - margin" nearest to two estimated rates: what a block is bet against.

It minimises n_c KL(t_c || q_c) + n_b KL(t_b || q_b) on the line q_b = q_c + margin. That is the restricted maximum likelihood of
Miettinen and Nurminen (1985) with fractional successes, so its cubic and their closed root serve. Estimates must lie outside
the null and strictly within (0, 1); margin in (-1, 1). Exact to 1e-9 of the distance to the nearest of 0 and 1 while the
estimates keep .001 from them, and to an effect on E that cannot be seen beyond.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TINY = 1e-15


def nearest(t_c: float, t_b: float, n_c: float, n_b: float, margin: float) -> float:
    """q_c of the nearest point: the cubic's root, one Newton step on. Floats, for one block at a time."""
    n = n_c + n_b
    good_b = n_b * t_b
    good = n_c * t_c + good_b
    l2 = -((n_c + 2 * n_b) * margin + n + good) / n
    l1 = (good - (-n_b * margin - n - 2 * good_b) * margin) / n
    l0 = -good_b * margin * (1 + margin) / n
    r = l2 * l2 * l2 / 27 - l1 * l2 / 6 + l0 / 2
    p = math.copysign(math.sqrt(max(l2 * l2 / 9 - l1 / 3, _TINY)), r)
    turn = math.acos(max(-1.0, min(1.0, r / (p * p * p))))
    low, high = max(t_c, _TINY - margin), min(t_b - margin, 1 - _TINY)
    q_c = min(max(2 * p * math.cos((math.pi + turn) / 3) - l2 / 3 - margin, low), high)
    q_b = q_c + margin
    # the cubic loses digits where a rate is close to 0 or 1; a step that leaves the bracket is one that lost them too
    slope = n_c * (t_c / q_c**2 + (1 - t_c) / (1 - q_c) ** 2) + n_b * (t_b / q_b**2 + (1 - t_b) / (1 - q_b) ** 2)
    step = q_c + (n_c * (t_c - q_c) / (q_c * (1 - q_c)) + n_b * (t_b - q_b) / (q_b * (1 - q_b))) / slope
    return step if low <= step <= high else q_c


def nearest_array(
    t_c: NDArray[np.float64],
    t_b: NDArray[np.float64],
    n_c: NDArray[np.float64],
    n_b: NDArray[np.float64],
    margin: float,
) -> NDArray[np.float64]:
    """`nearest`, elementwise."""
    n = n_c + n_b
    good_b = n_b * t_b
    good = n_c * t_c + good_b
    l2 = -((n_c + 2 * n_b) * margin + n + good) / n
    l1 = (good - (-n_b * margin - n - 2 * good_b) * margin) / n
    l0 = -good_b * margin * (1 + margin) / n
    r = l2 * l2 * l2 / 27 - l1 * l2 / 6 + l0 / 2
    p = np.copysign(np.sqrt(np.maximum(l2 * l2 / 9 - l1 / 3, _TINY)), r)
    turn = np.arccos(np.clip(r / (p * p * p), -1, 1))
    low, high = np.maximum(t_c, _TINY - margin), np.minimum(t_b - margin, 1 - _TINY)
    q_c = np.minimum(np.maximum(2 * p * np.cos((math.pi + turn) / 3) - l2 / 3 - margin, low), high)
    q_b = q_c + margin
    slope = n_c * (t_c / q_c**2 + (1 - t_c) / (1 - q_c) ** 2) + n_b * (t_b / q_b**2 + (1 - t_b) / (1 - q_b) ** 2)
    step = q_c + (n_c * (t_c - q_c) / (q_c * (1 - q_c)) + n_b * (t_b - q_b) / (q_b * (1 - q_b))) / slope
    return np.asarray(np.where((low <= step) & (step <= high), step, q_c))
