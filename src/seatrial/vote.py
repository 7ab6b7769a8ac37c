"""Vote: what a judge's verdicts may do in a decision, and why no more; sealed types with numbers.

A judge's standing is measured where its licence and its verdicts lie, and handed to the gate as a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, assert_never

from seatrial.reason_kind import Kind
from seatrial.wording import count, percent

ALPHA = 0.025
"""One-sided level of every row of a win rate; all that count must clear, so nothing is corrected for their number."""


class Level(StrEnum):
    """What a judge's verdicts may do: nothing but be shown, hold, or decide."""

    NONE = "none"
    PROVISIONAL = "provisional"
    FULL = "full"


class ShipRule(StrEnum):
    """What a candidate must show: to be better everywhere that counts, or better overall and not worse where it is critical."""

    SUPERIOR = "superior"
    NONINFERIOR = "superior_overall_noninferior_critical"


# ---------------------------------------------------------------- why a judge does not count, or not fully


@dataclass(frozen=True, slots=True)
class NoLicence(Kind):
    """There is no licence for the judge.

    Attributes:
        judge: its name.
    """

    kind: ClassVar[str] = "no_licence"
    judge: str


@dataclass(frozen=True, slots=True)
class LicenceExpired(Kind):
    """The licence lasted until some days ago.

    Attributes:
        days: full days since then.
    """

    kind: ClassVar[str] = "licence_expired"
    days: int


@dataclass(frozen=True, slots=True)
class LicenceNotBegun(Kind):
    """The licence says that it was measured at a time that is yet to come: it would last longer than any licence.

    Attributes:
        days: full days until then.
    """

    kind: ClassVar[str] = "licence_not_begun"
    days: int


@dataclass(frozen=True, slots=True)
class LicenceSuspended(Kind):
    """Control items that were judged again got other verdicts than in the run of the licence.

    Attributes:
        flips: control items with another verdict.
        of: control items judged again.
    """

    kind: ClassVar[str] = "licence_suspended"
    flips: int
    of: int


@dataclass(frozen=True, slots=True)
class OtherVersion(Kind):
    """The licence is for another prompt, other settings or another model than gave the verdicts.

    Attributes:
        licensed: identity the licence is for.
        judge: identity the verdicts carry; empty where they name none, or several.
        prompt: it is the prompt that differs, as far as that is known.
    """

    kind: ClassVar[str] = "other_version"
    licensed: str
    judge: str
    prompt: bool = False


@dataclass(frozen=True, slots=True)
class OtherModel(Kind):
    """Another model answered than those the licence was measured on.

    Attributes:
        answered: its name; empty where the verdicts do not say.
        licensed: models of the licence.
    """

    kind: ClassVar[str] = "other_model"
    answered: str
    licensed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherGraph(Kind):
    """The licence was measured on other graphs.

    Attributes:
        graph: the one that is gated.
        licensed: graphs of the licence; empty where it does not say.
    """

    kind: ClassVar[str] = "other_graph"
    graph: str
    licensed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SameFamily(Kind):
    """The judge and a judged version are models of one family.

    Attributes:
        families: which.
    """

    kind: ClassVar[str] = "same_family"
    families: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FamilyUnknown(Kind):
    """Whether the judge and a judged version are of one family is not known.

    Attributes:
        of_judge: it is the judge's family that its licence does not say; else it is not recorded which models the versions
            ran on.
    """

    kind: ClassVar[str] = "family_unknown"
    of_judge: bool = False


@dataclass(frozen=True, slots=True)
class ShortOfLicence(Kind):
    """One thing that a full licence asks for and this one lacks.

    Attributes:
        what: what.
        have: what there is; None where it was not measured.
        floor: what is asked for.
        advice: what measures it; empty where nothing but labels does.
    """

    kind: ClassVar[str] = "short_of_licence"
    what: str
    have: float | None
    floor: float
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ConstantAnswers(Kind):
    """The candidate gives one and the same answer to most examples; what a judge thinks of it says nothing.

    Attributes:
        times: examples with that answer.
        of: examples with an answer.
    """

    kind: ClassVar[str] = "constant_answers"
    times: int
    of: int


@dataclass(frozen=True, slots=True)
class AnswersUnknown(Kind):
    """Whether the candidate gives one and the same answer to most examples cannot be known: too many answers have no hash.

    Attributes:
        unknown: examples whose answer has no `output_hash`.
        of: examples with an answer.
    """

    kind: ClassVar[str] = "answers_unknown"
    unknown: int
    of: int


Bar = (
    NoLicence
    | LicenceExpired
    | LicenceNotBegun
    | LicenceSuspended
    | OtherVersion
    | OtherModel
    | OtherGraph
    | SameFamily
    | FamilyUnknown
    | ConstantAnswers
    | AnswersUnknown
    | ShortOfLicence
)
NoWin = ConstantAnswers | AnswersUnknown
"""What lies with the candidate's answers: it takes a win away, and never a loss."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a judge's verdicts may do today, and why no more.

    Attributes:
        level: none, provisional or full.
        bars: everything that keeps it from a full licence.
        consistency: share of its pairs with one verdict in both orders, and the ends of its interval; None where the
            orders of these verdicts are not known.
        floor: consistency that its policy asks of it; None where no policy names it.
    """

    level: Level
    bars: tuple[Bar, ...] = ()
    consistency: tuple[float, float, float] | None = None
    floor: float | None = None

    @property
    def no_win(self) -> NoWin | None:
        """Why a win of the candidate is none, whatever the licence says; None where it is one."""
        return next((bar for bar in self.bars if isinstance(bar, NoWin)), None)


def bar_sentence(bar: Bar) -> str:
    """Why a judge does not count, or not fully, without a full stop."""
    match bar:
        case NoLicence():
            return f"judge {bar.judge.removeprefix('judge:')} has no licence"
        case LicenceExpired() | LicenceNotBegun() | LicenceSuspended():
            return _of_time(bar)
        case OtherVersion(judge=""):
            return f"the licence is for {bar.licensed}, and the verdicts name no judge, or several"
        case OtherVersion():
            what = "its prompt changed" if bar.prompt else "its prompt, model or settings changed"
            return f"the licence is for {bar.licensed}, the verdicts are by {bar.judge}: {what}"
        case OtherModel():
            licensed = ", ".join(bar.licensed) or "no model"
            who = f"{bar.answered} answered" if bar.answered else "the model that answered is not recorded"
            return f"{who}, the licence is for {licensed}"
        case OtherGraph(licensed=()):
            return f"the licence does not say that it was measured on {bar.graph}"
        case OtherGraph():
            return f"the licence is for {', '.join(bar.licensed)}, not {bar.graph}"
        case SameFamily() | FamilyUnknown() | ConstantAnswers() | AnswersUnknown():
            return _of_versions(bar)
        case ShortOfLicence(what="labels" | "negative labels"):
            return f"{int(bar.have or 0)} {bar.what}, {int(bar.floor)} needed"
        case ShortOfLicence(have=None):
            return f"{bar.what} not measured{f': {bar.advice}' if bar.advice else ''}"
        case ShortOfLicence():
            return f"{bar.what} {percent(bar.have)}, floor {percent(bar.floor)}"
        case _:
            assert_never(bar)


def _of_time(bar: LicenceExpired | LicenceNotBegun | LicenceSuspended) -> str:
    """Why a licence does not hold at this time."""
    match bar:
        case LicenceExpired():
            return f"the licence expired {count(bar.days, 'day')} ago" if bar.days else "the licence expired today"
        case LicenceNotBegun():
            return f"the licence says that it will be measured {count(bar.days, 'day')} from now: measure it again"
        case LicenceSuspended():
            return f"the licence is suspended: {bar.flips} of {count(bar.of, 'control item')} judged again got another verdict"
        case _:
            assert_never(bar)


def _of_versions(bar: SameFamily | FamilyUnknown | NoWin) -> str:
    """What lies with the judged versions."""
    match bar:
        case SameFamily():
            return f"judge and judged are both of the family {', '.join(bar.families)}"
        case FamilyUnknown(of_judge=True):
            return "the licence does not say of which family the judge is, so it may be that of a judged version"
        case FamilyUnknown():
            return "the models of the judged versions are not recorded, so they may be of the judge's family"
        case ConstantAnswers():
            return f"the candidate gives one and the same answer to {bar.times:,} of {count(bar.of, 'example')}"
        case AnswersUnknown():
            unknown = f"{bar.unknown:,} of {count(bar.of, 'answer')} have no output_hash"
            return f"whether the candidate gives one and the same answer to most examples is not known: {unknown}"
        case _:
            assert_never(bar)
