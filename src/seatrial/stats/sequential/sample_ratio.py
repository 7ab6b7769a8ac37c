"""Do units fall to the arms in the planned ratio: an e-value that may be looked at at any time.

Multinomial counts against a Dirichlet mixture centred on the plan (Lindon and Malek 2022). By Ville's inequality the chance
that it ever reaches 1 / alpha is at most alpha where every unit falls to an arm with its planned probability, independently.
The concentration says how far from the plan the alternative is thought to lie: 200 suits samples of a canary's size; 10,000
does not find a split of 600 to 400 out of planned halves. Not for events counted instead of units.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seatrial.stats.validate import counts as counts_of
from seatrial.stats.validate import finite

if TYPE_CHECKING:
    from collections.abc import Sequence

CONCENTRATION = 200.0


def log_e_sample_ratio(counts: Sequence[int], planned: Sequence[float], concentration: float = CONCENTRATION) -> float:
    """log E against "every unit falls to an arm with its planned probability".

    Args:
        counts: units per arm.
        planned: probability per arm, positive, summing to 1.
        concentration: pseudo-units of the Dirichlet prior.

    Raises:
        ValueError: lengths differ, a count is negative, the probabilities do not sum to 1, or a number is none.
    """
    units, shares = counts_of("counts", counts).tolist(), finite("planned shares", planned).tolist()
    if len(units) != len(shares) or not units:
        raise ValueError(f"{len(units)} counts but {len(shares)} planned shares")
    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"planned shares must be positive and sum to 1, got {shares}")
    finite("concentration", concentration)
    if concentration * min(shares) <= 0:
        raise ValueError(f"concentration must be positive, got {concentration:g}")
    log_e = math.lgamma(concentration) - math.lgamma(concentration + sum(units))
    for count, share in zip(units, shares, strict=True):
        prior = concentration * share
        log_e += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(share)
    return log_e
