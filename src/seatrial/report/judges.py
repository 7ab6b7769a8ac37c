"""Judges: each judge's win rates in words and places, with what its licence lets them do; every surface shows the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.evidence.schema import WINRATE
from seatrial.gate.row import OVERALL
from seatrial.report.row_name import segments, short
from seatrial.report.sanitize import line, sentence
from seatrial.report.terms import WIN_RATE
from seatrial.verdict import State
from seatrial.vote import Level, bar_sentence
from seatrial.win_rate import WinRate
from seatrial.wording import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.gate.report import Report
    from seatrial.verdict import Finding
    from seatrial.vote import Standing

LICENCES = {
    Level.FULL: "full licence",
    Level.PROVISIONAL: "a provisional licence, may hold and not decide",
    Level.NONE: "no vote, shown only",
}


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval; `text` is empty where nothing is known, and then so are the numbers."""

    text: str = ""
    low: float | None = None
    mark: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class JudgeRow:
    """One win rate: every string is final.

    Attributes:
        label: `overall`, or the segment as its table names it.
        segment: `overall` or `NAME=value`.
        critical: declared critical.
        state: the test's answer; REPORTED where it decides nothing.
        word: of the state.
        n: planned examples.
        share: the win rate.
        wins, ties, losses: judged examples.
        missing: planned examples without a verdict.
        reason: its sentence.
        adjusted: rate at equal length, a share; None where it is not known.
    """

    label: str
    segment: str
    critical: bool
    state: State
    word: str
    n: int
    share: Share
    wins: int
    ties: int
    losses: int
    missing: int
    reason: str
    adjusted: float | None = None

    @property
    def counts(self) -> str:
        """`90 won, 0 tied, 30 lost`, and what is missing."""
        missing = f", {self.missing:,} missing" if self.missing else ""
        return f"{self.wins:,} won, {self.ties:,} tied, {self.losses:,} lost{missing}"


@dataclass(frozen=True, slots=True)
class JudgeView:
    """One judge of a decision.

    Attributes:
        name: the judge's.
        licence: what its verdicts may do.
        why: why no more; empty under a full licence.
        consistency: share of its pairs with one verdict in both orders.
        floor: the share asked for; None where it is not known.
        rows: overall first, then in the report's order.
    """

    name: str
    licence: str
    why: str
    consistency: Share
    floor: float | None
    rows: tuple[JudgeRow, ...]

    @property
    def position(self) -> str:
        """`same answer in both orders 95.0 % (90.0 % to 98.0 %), floor 70.0 %`; what is not known says so."""
        known = self.consistency.text or "not known"
        floor = "" if self.floor is None else f", floor {percent(self.floor)}"
        return f"same answer in both orders {known}{floor}"

    @property
    def sentence(self) -> str:
        """Licence, overall win rate and consistency in one line."""
        first = self.rows[0]
        rate = f"wins {first.share.text}: {first.counts}" if first.share.text else first.reason
        why = f" ({self.why})" if self.why else ""
        return f"{self.licence}{why}; {first.label}: {rate}; {self.position}"


def judges_of(report: Report) -> tuple[JudgeView, ...]:
    """The judges of a gate, those of the policy first, then those that are only reported."""
    by_judge = defaultdict[str, list["Finding"]](list)
    for found in (*report.findings, *report.reported):
        if is_win_rate(found):
            by_judge[found.key.removeprefix(WINRATE)].append(found)
    name, standings = segments(report), {line(one): found for one, found in report.standings.items()}
    named = [*standings, *(one for one in by_judge if one not in standings)]
    return tuple(
        judge_view(
            judge,
            [_row(found, short(name(found))) for found in _overall_first(by_judge[judge])],
            standings.get(judge),
        )
        for judge in named
        if by_judge.get(judge)
    )


def _overall_first(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda f: (f.segment != OVERALL, not f.critical))


def judge_view(
    name: str, rows: Sequence[JudgeRow], found: Standing | None, *, consistency: Share | None = None
) -> JudgeView:
    """A judge with its rows.

    Args:
        name: the judge's.
        rows: its win rates, overall first.
        found: what its verdicts may do; None where no policy names it.
        consistency: over both orders, where the standing does not hold it.
    """
    licence = "no policy names it, shown only" if found is None else LICENCES[found.level]
    measured = found.consistency if found is not None else None
    known = share(measured[0], measured[1:]) if measured is not None else consistency or Share()
    return JudgeView(
        name=line(name),
        licence=licence,
        why="" if found is None else sentence("; ".join(map(bar_sentence, found.bars))),
        consistency=known,
        floor=None if found is None else found.floor,
        rows=tuple(rows),
    )


def share(rate: float | None, ends: tuple[float, float] | None) -> Share:
    """A share as it is shown: `75.0 % (66.4 % to 82.1 %)`."""
    if rate is None:
        return Share()
    if ends is None:
        return Share(percent(rate), None, rate, None)
    return Share(f"{percent(rate)} ({percent(ends[0])} to {percent(ends[1])})", ends[0], rate, ends[1])


def is_win_rate(f: Finding) -> bool:
    """Whether a row is a judge's win rate."""
    return any(isinstance(one, WinRate) for one in f.reasons)


def _row(f: Finding, label: str) -> JudgeRow:
    found = next(one for one in f.reasons if isinstance(one, WinRate))
    ends = None if found.low is None or found.high is None else (found.low, found.high)
    return JudgeRow(
        label=label,
        segment=f.segment,
        critical=f.critical,
        state=f.state,
        word=WIN_RATE.states[f.state],
        n=found.planned,
        share=share(found.rate, ends),
        wins=found.won,
        ties=found.tied,
        losses=found.lost,
        missing=f.missing,
        reason=f.reason,
    )
