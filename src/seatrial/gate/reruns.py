"""Reruns: which look at a candidate a decision is, and what it pools; a rerun adds to what there is and replaces nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.gate.report import Report


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
        unseen: looks among them that left no runs here: attempts of a job that begins with an empty run store.
    """

    look: int
    pooled: int
    runs: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    unseen: int = 0

    @property
    def sentence(self) -> str:
        """The line every report shows."""
        wording = f"look {self.look} at this candidate"
        if self.pooled < self.look - self.unseen:
            wording += f": decided on the first {count(self.pooled, 'run')} of each version, as a rerun of one version alone replaces nothing; run both versions again and all runs are pooled"
        elif self.pooled > 1:
            wording += (
                f": the {count(self.pooled, 'run')} of each version are pooled and decide, so nothing is repeated"
            )
        absent = f"{count(self.unseen, 'earlier attempt')} of this job left no runs here, so nothing of {'it' if self.unseen == 1 else 'them'} is pooled"
        return "; ".join((wording, *([absent] if self.unseen else []), *self.left_out))


def with_attempt(report: Report, environ: Mapping[str, str], *, deterministic: bool) -> Report:
    """The report with the attempt of the CI job as its look, where that is more than the run store knows of.

    Args:
        report: the report.
        deterministic: the graph is made of rules: a rerun gives the same, and has no further look.
        environ: `GITHUB_RUN_ATTEMPT` counts how often the job was run, from 1.
    """
    stated, known = environ.get("GITHUB_RUN_ATTEMPT", ""), report.reruns or Reruns(1, 1)
    attempt = int(stated) if stated.isascii() and stated.isdecimal() else 1
    if deterministic or attempt <= known.look:
        return report
    return replace(report, reruns=replace(known, look=attempt, unseen=attempt - known.look))
