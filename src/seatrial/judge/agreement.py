"""Agreement: how far a judge says what people say, with intervals, and whether it finds the worse answers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.judge.votes import BASELINE
from seatrial.stats.agreement.kappa import cohen_kappa
from seatrial.stats.agreement.krippendorff import krippendorff_alpha
from seatrial.stats.agreement.resampled import resampled_agreement
from seatrial.stats.agreement.table import cross
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.proportions import clopper_pearson, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.judge.votes import Compared

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Measured:
    """A share or coefficient with its 95 % interval; None where it is not known."""

    estimate: float | None
    low: float | None
    high: float | None


UNKNOWN = Measured(None, None, None)


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge against people, over pairs both decided.

    Attributes:
        n: pairs.
        negative: of them, pairs in which people prefer the baseline, or answers that they fail.
        raw: share of pairs on which both say the same.
        kappa: Cohen's; collapses where nearly all pairs are of one class.
        ac1: Gwet's; does not, and hides that a rare class is never found.
        alpha: Krippendorff's, over the judge and every annotator.
        recall: share of the negative pairs the judge finds.
        labels: classes either used.
        confusion: counts, people in rows, judge in columns, in the order of `labels`.
    """

    n: int
    negative: int
    raw: Measured
    kappa: Measured
    ac1: Measured
    alpha: Measured
    recall: Measured
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]


def agreement_of(pairs: Sequence[Compared], negative_class: str = BASELINE) -> Agreement:
    """Measure it; `negative_class` is the word of the answers that must be found: the baseline is better, or the answer fails.

    Kappa and AC1 have bootstrap intervals over pairs, which hold where one class is rare; classes are those either used, so AC1
    is not raised by a class that nobody needs. Assumes that labels are a random sample of the pairs and were given blind.
    """
    people, judge = [one.people for one in pairs], [one.judge for one in pairs]
    table = cross(people, judge)
    counts = table.counts
    n = len(pairs)
    seed = hashlib.sha256(counts.tobytes()).digest()
    rng = np.random.default_rng(int.from_bytes(seed[:8], "big"))
    agree = sum(a == b for a, b in zip(people, judge, strict=True))
    negative = people.count(negative_class)
    found = sum(a == b == negative_class for a, b in zip(people, judge, strict=True))
    plain = cohen_kappa(counts)
    bent = resampled_agreement(counts, rng, "kappa")
    kappa = (
        UNKNOWN
        if isinstance(plain, CannotTell) or isinstance(bent, CannotTell)
        else _measured(plain.estimate, bent.interval)
    )
    ac1 = resampled_agreement(counts, rng, "ac1")
    raters = sorted({who for one in pairs for who in one.votes})
    ratings: list[list[str | None]] = [[*judge], *([one.votes.get(who) for one in pairs] for who in raters)]
    alpha = krippendorff_alpha(ratings, "nominal", rng)
    return Agreement(
        n=n,
        negative=negative,
        raw=_measured(agree / n, wilson(agree, n, LEVEL)) if n else UNKNOWN,
        kappa=kappa,
        ac1=UNKNOWN if isinstance(ac1, CannotTell) else _measured(ac1.estimate, ac1.interval),
        alpha=UNKNOWN if isinstance(alpha, CannotTell) else _measured(alpha.estimate, alpha.interval),
        recall=_measured(found / negative, clopper_pearson(found, negative, LEVEL)) if negative else UNKNOWN,
        labels=tuple(table.labels),
        confusion=tuple(tuple(int(count) for count in row) for row in counts),
    )


def _measured(estimate: float, ends: Interval | CannotTell) -> Measured:
    return Measured(estimate, None, None) if isinstance(ends, CannotTell) else Measured(estimate, ends.low, ends.high)
