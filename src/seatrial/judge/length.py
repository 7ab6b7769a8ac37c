"""Length: the win rate two answers of one length would have, from a logistic fit; shown beside the raw rate, never deciding."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.wording import count, verb

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOWEST, HIGHEST = 0.25, 0.75
"""Raw rates outside have too few wins or losses for the fit: there it missed published figures by up to 20 points."""
LEAST = 50


def length_adjusted(score: NDArray[np.float64], longer: NDArray[np.float64]) -> float | CannotTell:
    """Win rate (0..1) at equal length: score ~ 1 + tanh(difference of lengths / its deviation), logit link, at difference 0.

    The length term of AlpacaEval's length-controlled rate (Dubois et al. 2024) without its term for the difficulty of each
    question, which needs many models' verdicts. Assumes that length moves the judge's log odds as that curve says, alike for all
    examples, and that no quality is bought by length; so it is shown and never decides.

    Args:
        score: one per example, NaN where missing.
        longer: length of the candidate's answer minus the baseline's, NaN where unknown.
    """
    known = ~(np.isnan(score) | np.isnan(longer))
    y, d = score[known], longer[known]
    if y.size < LEAST:
        return CannotTell(
            f"{count(y.size, 'example')} {verb(y.size, 'have')} a score and both lengths; the fit needs {LEAST}"
        )
    if not LOWEST <= float(y.mean()) <= HIGHEST:
        return CannotTell(f"the raw rate {100 * float(y.mean()):.1f} % lies outside 25 to 75 %, where the fit is off")
    if float(np.ptp(d)) == 0:
        return CannotTell("every pair differs by the same length")
    try:
        from statsmodels.genmod.families import Binomial  # noqa: PLC0415 - a second to load
        from statsmodels.genmod.generalized_linear_model import GLM  # noqa: PLC0415
        from statsmodels.tools.sm_exceptions import PerfectSeparationWarning  # noqa: PLC0415
    except ImportError:
        return CannotTell("it is a fit of statsmodels, which is not installed: pip install 'seatrial[judges]'")
    model = GLM(y, np.column_stack([np.ones(y.size), np.tanh(d / d.std())]), family=Binomial())
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerfectSeparationWarning)
        try:
            fit = model.fit()
        except PerfectSeparationWarning:
            return CannotTell("the lengths alone tell who won, so no rate at equal length can be told from them")
    return 1 / (1 + math.exp(-float(fit.params[0])))
