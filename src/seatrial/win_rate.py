"""Win rate: what a judge's win rate shows in a gate; sealed reasons with numbers, and their sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, assert_never

from seatrial.reason_kind import Kind, Short
from seatrial.wording import count, percent


@dataclass(frozen=True, slots=True)
class NoVote(Kind):
    """The win rate is shown and counts for nothing."""

    kind: ClassVar[str] = "no_vote"


@dataclass(frozen=True, slots=True)
class MayOnlyHold(Kind):
    """The judge has no full licence: its win rate may hold a verdict, and neither pass nor fail it."""

    kind: ClassVar[str] = "may_only_hold"


@dataclass(frozen=True, slots=True)
class Wins(Kind):
    """The candidate is shown to win at least so often.

    Attributes:
        over: the share that the lower bound lies above.
    """

    kind: ClassVar[str] = "wins"
    over: float


@dataclass(frozen=True, slots=True)
class Loses(Kind):
    """The candidate is shown to win less than half of the comparisons.

    Attributes:
        p: one-sided p against "no worse", what is missing counted as won.
        alpha: what p is compared with.
    """

    kind: ClassVar[str] = "loses"
    p: float | None
    alpha: float


@dataclass(frozen=True, slots=True)
class NotShownToWin(Short):
    """Neither winning nor losing is shown.

    Attributes:
        over: the share that the lower bound must lie above.
        n: judged examples.
        needs: examples that would show the rate it has with probability .8; None where the rate itself is too low.
        decided: examples that are no tie.
    """

    kind: ClassVar[str] = "not_shown_to_win"
    over: float
    n: int
    needs: int | None
    decided: int


@dataclass(frozen=True, slots=True)
class Unjudged(Kind):
    """So much has no verdict that the answer hangs on it.

    Attributes:
        missing: examples without a verdict.
        planned: examples.
        low: the rate were each of them lost.
        high: the rate were each of them won.
        outage: all of them were kept from it by an outage, a budget or the kill switch.
    """

    kind: ClassVar[str] = "unjudged"
    missing: int
    planned: int
    low: float
    high: float
    outage: bool = False

    @property
    def share(self) -> float:
        """Share of the examples."""
        return self.missing / max(self.planned, 1)

    @property
    def count(self) -> int:
        """Examples without a verdict."""
        return self.missing


@dataclass(frozen=True, slots=True)
class Inconsistent(Kind):
    """The judge is proven to give one pair two verdicts, by the order it is shown in, too often to decide anything.

    Attributes:
        consistency: share of its pairs with one verdict in both orders.
        floor: share that is asked for.
    """

    kind: ClassVar[str] = "inconsistent"
    consistency: float
    floor: float

    @property
    def share(self) -> float:
        """How far it is under the floor."""
        return max(0.0, 1 - self.consistency / self.floor) if self.floor else 0.0


@dataclass(frozen=True, slots=True)
class WinRate(Kind):
    """What a win rate looked at.

    Attributes:
        rate: mean score of the judged examples; None where none is judged.
        low: lower end of its 95 % interval.
        high: upper end.
        planned: examples.
        won: judged examples above one half.
        tied: at one half.
        lost: below.
    """

    kind: ClassVar[str] = "win_rate"
    rate: float | None
    low: float | None
    high: float | None
    planned: int
    won: int
    tied: int
    lost: int


Judged = NoVote | MayOnlyHold | Wins | Loses | NotShownToWin | Unjudged | Inconsistent | WinRate


def judged_sentence(reason: Judged) -> str:
    """What a win rate shows, without a full stop."""
    match reason:
        case NoVote():
            return "report only: the judge has no vote"
        case MayOnlyHold():
            return "the judge may hold and not decide"
        case Wins():
            return f"shown to win more than {percent(reason.over)}"
        case Loses():
            return "shown to lose: its upper bound is under 50.0 %"
        case NotShownToWin():
            return _not_shown(reason)
        case Unjudged():
            rate = f"{percent(reason.low)} to {percent(reason.high)}"
            return f"{reason.missing:,} of {count(reason.planned, 'example')} have no verdict, and with them the rate is {rate}: judge them"
        case Inconsistent():
            return f"the judge is {percent(reason.consistency)} consistent over both orders, floor {percent(reason.floor)}: no winner"
        case WinRate(rate=None):
            return f"no verdict on {count(reason.planned, 'example')}"
        case WinRate():
            judged = reason.won + reason.tied + reason.lost
            missing = f", {reason.planned - judged:,} without a verdict" if judged < reason.planned else ""
            return (
                f"wins {percent(reason.rate)} ({percent(reason.low)} to {percent(reason.high)}) of {count(judged, 'comparison')}: "
                f"{reason.won:,} won, {reason.tied:,} tied, {reason.lost:,} lost{missing}"
            )
        case _:
            assert_never(reason)


def _not_shown(reason: NotShownToWin) -> str:
    stated = f"not shown to win more than {percent(reason.over)}"
    if reason.needs is None:
        return f"{stated}, and at this rate no number of examples shows it"
    if reason.needs > reason.n:
        return f"{stated}: this rate needs about {count(reason.needs, 'example')}"
    return f"{stated} on {count(reason.decided, 'decided example')}"
