"""Recalibrate: what a mapping of stated confidence would gain, measured on decisions it was not fitted to; never applied.

Isotonic regression is scipy's, Platt's sigmoid statsmodels' (an extra). The later half of the answered decisions is held out
and fitted to by nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from seatrial.feedback.units import Units

LEAST = 100
"""Answered decisions under which no mapping is offered."""
THRESHOLDS = (0.5, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Offer:
    """One mapping of one classifier.

    Attributes:
        classifier: whose confidence.
        method: `isotonic` or `platt`.
        fitted, held_out: decisions it was fitted to, and decisions it was measured on.
        brier_before, brier_after: Brier score of the held-out decisions as stated, and mapped; lower is better.
        gain: the difference, and its standard error.
        thresholds: stated threshold -> the stated confidence that really means it; None where none does.
    """

    classifier: str
    method: str
    fitted: int
    validation: int
    brier_before: float
    brier_after: float
    gain: tuple[float, float]
    thresholds: dict[float, float | None]

    @property
    def helps(self) -> bool:
        """Whether the gain on held-out decisions is beyond two standard errors."""
        return self.gain[0] > 2 * self.gain[1]


def offers(units: Units) -> list[Offer]:
    """What each mapping would gain, for every classifier with enough answered decisions."""
    out: list[Offer] = []
    for code, name in enumerate(units.classifier.values):
        use = np.flatnonzero((units.classifier.index == code) & (units.state <= 1))
        if use.size < LEAST:
            continue
        # By time: a random split would let a later decision of the same customer be fitted to.
        use = use[np.argsort(units.entered[use], kind="stable")]
        p, y = units.confidence[use], units.state[use].astype(np.float64)
        half = use.size // 2
        if y[:half].min() == y[:half].max():
            continue  # one class teaches no mapping
        for method, fit in (("isotonic", isotonic), ("platt", platt)):
            mapped = fit(p[:half], y[:half])
            if mapped is not None:
                out.append(_offer(name, method, half, p[half:], y[half:], mapped))
    return out


def isotonic(p: NDArray[np.float64], y: NDArray[np.float64]) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """The rising step function nearest to the answers (Zadrozny and Elkan 2002), read between its steps by interpolation."""
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - heavy, and only where asked for

    order = np.argsort(p, kind="stable")
    points, place = np.unique(p[order], return_inverse=True)
    weight = np.bincount(place).astype(np.float64)
    rate = np.bincount(place, y[order]) / weight
    fitted = isotonic_regression(rate, weights=weight).x
    return lambda x: np.asarray(np.interp(x, points, fitted))


def platt(
    p: NDArray[np.float64], y: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]] | None:
    """A sigmoid of the logit of stated confidence (Platt 1999); None where it cannot be fitted or statsmodels is absent."""
    try:
        from statsmodels.genmod.families import Binomial  # noqa: PLC0415 - an extra
        from statsmodels.genmod.generalized_linear_model import GLM  # noqa: PLC0415
    except ImportError:
        return None
    design = np.column_stack([np.ones(p.size), _logit(p)])
    if np.ptp(design[:, 1]) == 0:
        return None
    fitted = GLM(y, design, family=Binomial()).fit()
    if not np.all(np.isfinite(fitted.params)):
        return None
    a, b = (float(one) for one in fitted.params)
    return lambda x: np.asarray(1 / (1 + np.exp(-(a + b * _logit(x)))))


def _offer(
    name: str,
    method: str,
    fitted: int,
    p: NDArray[np.float64],
    y: NDArray[np.float64],
    mapped: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> Offer:
    before, after = (p - y) ** 2, (mapped(p) - y) ** 2
    difference = before - after
    grid = np.linspace(0, 1, 1001)
    curve = mapped(grid)
    thresholds: dict[float, float | None] = {}
    for threshold in THRESHOLDS:
        enough = np.flatnonzero(curve >= threshold)
        # Beyond the largest confidence ever stated the curve is flat: what it never reached there, nothing reaches.
        thresholds[threshold] = float(grid[enough[0]]) if enough.size else None
    error = float(difference.std(ddof=1) / np.sqrt(difference.size))
    return Offer(
        name,
        method,
        fitted,
        int(p.size),
        float(before.mean()),
        float(after.mean()),
        (float(difference.mean()), error),
        thresholds,
    )


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.clip(p, 0.001, 0.999)
    return np.asarray(np.log(kept / (1 - kept)))
