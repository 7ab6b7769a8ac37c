"""Reruns: which look at a candidate a decision is, and what it pools; a rerun adds to what there is and replaces nothing."""

from __future__ import annotations

from dataclasses import dataclass

from seatrial.wording import count


@dataclass(frozen=True, slots=True)
class Reruns:
    """What is known of earlier looks at the same candidate.

    Five fresh tries of a candidate that lost 20 points of a critical segment pass .11 to .13 of the time, and .06 where they are
    pooled: so a look counts all runs up to it.

    Attributes:
        look: number of this look at the candidate, from 1.
        pooled: pairs of runs, one of each version, that the decision pools; fewer than `look` where the baseline was run less often.
        runs: ids of the runs pooled, baseline and candidate in turn, oldest first.
        left_out: why earlier runs are not among them, a sentence each.
    """

    look: int
    pooled: int
    runs: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The line every report shows."""
        wording = f"look {self.look} at this candidate"
        if self.pooled < self.look:
            wording += f": decided on the first {count(self.pooled, 'run')} of each version, as a rerun of one version alone replaces nothing; run both versions again and all runs are pooled"
        elif self.pooled > 1:
            wording += f": the {self.pooled} runs of each version are pooled and decide, so nothing is repeated"
        return "; ".join((wording, *self.left_out))
