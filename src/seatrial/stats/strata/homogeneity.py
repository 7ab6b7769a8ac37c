"""May the strata be pooled: do they share one odds ratio?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.interval import CannotTell
from seatrial.stats.strata.odds_ratio import ChiSquare, odds_ratio

if TYPE_CHECKING:
    from seatrial.stats.strata.table import Strata


def breslow_day(strata: Strata) -> ChiSquare | CannotTell:
    """Breslow and Day's (1980) chi-square that all strata share the Mantel-Haenszel odds ratio; df = informative strata - 1.

    Without Tarone's correction, whose effect is in the third digit. Assumes expected counts of about five in every
    cell; with many thin strata it means nothing. A small p says: report each stratum, claim nothing pooled.
    """
    common = odds_ratio(strata)
    if isinstance(common, CannotTell):
        return common
    k, psi = strata.kept(), common.estimate
    informative = (k.x1 + k.x2 > 0) & (k.x1 + k.x2 < k.n1 + k.n2)
    if informative.sum() < 2:
        return CannotTell("homogeneity needs two strata with both arms and both outcomes")
    x1, n1, n2 = k.x1[informative], k.n1[informative], k.n2[informative]
    x = x1 + k.x2[informative]
    # The first arm's expected successes e solve e (n2 - x + e) = psi (n1 - e)(x - e) with the margins kept.
    low, high = np.maximum(0.0, x - n2), np.minimum(n1, x)
    quad = 1 - psi
    lin = n2 - x + psi * (n1 + x)
    const = -psi * n1 * x
    # The root inside the margins, in the form that neither cancels nor divides by 1 - psi.
    e = np.clip(-2 * const / (lin + np.sqrt(np.maximum(0.0, lin**2 - 4 * quad * const))), low, high)
    cells = np.stack([e, n1 - e, x - e, n2 - x + e])
    if np.any(cells <= 0):
        return CannotTell("a stratum's expected count is 0 under the common odds ratio")
    statistic = float(((x1 - e) ** 2 * (1 / cells).sum(axis=0)).sum())
    df = int(informative.sum()) - 1
    return ChiSquare(statistic, df, float(special.chdtrc(df, statistic)))
