"""Licence: what a judge has shown against people, and whether its verdicts count in a gate today.

Full: >= 100 labels, >= 30 negative, lower bounds of AC1, negative recall and consistency at their floors. Provisional: >= 30
labels and the same as point estimates; it may hold a release and never decides alone. Else none: report only.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json, content_hash
from seatrial.errors import DataError
from seatrial.judge.agreement import Agreement, Measured
from seatrial.verdict import Verdict
from seatrial.vote import (
    Bar,
    FamilyUnknown,
    Level,
    LicenceExpired,
    LicenceNotBegun,
    LicenceSuspended,
    NoLicence,
    OtherGraph,
    OtherModel,
    OtherVersion,
    SameFamily,
    ShortOfLicence,
    Standing,
    bar_sentence,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SCHEMA = "seatrial/judge-licence/1"
DAY = 86_400.0
UNSAID = ("", "unknown")
"""How a table says that it does not know a family."""
PAIRWISE, POINTWISE = "pairwise", "pointwise"
_OVER = {PAIRWISE: "both orders", POINTWISE: "repeats of one answer"}
_MEASURED_BY = {
    PAIRWISE: "judge every pair in both orders (`seatrial judge pairwise --resume`)",
    POINTWISE: "judge each answer at least twice (`seatrial judge pointwise --repeat 2`)",
}


@dataclass(frozen=True, slots=True)
class Floors:
    """What a licence asks for: numbers of labels, floors as shares, days it lasts."""

    labels: int = 100
    negative: int = 30
    few_labels: int = 30
    judged: float = 0.95
    ac1: float = 0.6
    recall: float = 0.5
    consistency: float = 0.7
    days: int = 90


FLOORS = Floors()


@dataclass(frozen=True, slots=True)
class Licence:
    """What was measured of one version of a judge; its level follows from the numbers and is never read from the file.

    Attributes:
        judge: `name@version#hash`, of one that scores single answers `judge:name@version#hash`.
        prompt_hash: sha256 of its prompt's text.
        models: model names that answered.
        families: of the judge's model.
        labels: pairs, or answers, that people and judge both decided.
        negative: of them, those in which people prefer the baseline, or that people fail.
        ac1: agreement with people beyond chance (Gwet's AC1), with its 95 % interval.
        recall: share of the negative ones that the judge finds, likewise.
        consistency: share of pairs with the same verdict in both orders, or of answers with the same word each time, likewise.
        measured_at: when, seconds since 1970.
        expires_at: likewise.
        graphs: graphs it was measured on; empty = not said, and then it may hold for one.
        segments: `NAME=value` that were among the labelled pairs.
        evidence: hashes of the tables of labels and of verdicts.
        suspended: control items with another verdict, of how many that were judged again, and when; None where the licence is not suspended.
        kind: `pairwise`, or `pointwise`; then consistency is that of the same answer judged more than once.
        unjudged: labels of the judged versions without a verdict.
    """

    judge: str
    prompt_hash: str
    models: tuple[str, ...]
    families: tuple[str, ...]
    labels: int
    negative: int
    ac1: Measured
    recall: Measured
    consistency: Measured
    measured_at: float
    expires_at: float
    graphs: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    suspended: tuple[int, int, float] | None = None
    kind: str = PAIRWISE
    unjudged: int = 0

    @property
    def judged(self) -> float | None:
        """Share of the labels that have a verdict of the judge: one whose disagreements were taken out lacks them."""
        of = self.labels + self.unjudged
        return self.labels / of if of else None


def level_of(found: Licence, floors: Floors = FLOORS) -> tuple[Level, tuple[ShortOfLicence, ...]]:
    """The level that the numbers give, and what is short of a full licence."""
    bounds = (
        ShortOfLicence("labels", found.labels, floors.labels),
        ShortOfLicence("negative labels", found.negative, floors.negative),
        ShortOfLicence("share of labels with a verdict", found.judged, floors.judged),
        ShortOfLicence("lower bound of AC1", found.ac1.low, floors.ac1),
        ShortOfLicence("lower bound of the recall of worse answers", found.recall.low, floors.recall),
        ShortOfLicence(
            f"lower bound of the consistency over {_OVER[found.kind]}",
            found.consistency.low,
            floors.consistency,
            _MEASURED_BY[found.kind],
        ),
    )
    short = tuple(one for one in bounds if one.have is None or one.have < one.floor)
    if not short:
        return Level.FULL, ()
    points = (
        (found.labels, floors.few_labels),
        (found.judged, floors.judged),
        (found.ac1.estimate, floors.ac1),
        (found.recall.estimate, floors.recall),
        (found.consistency.estimate, floors.consistency),
    )
    enough = all(have is not None and have >= floor for have, floor in points)
    return (Level.PROVISIONAL if enough else Level.NONE), short


def proven(found: Licence, floors: Floors = FLOORS) -> Verdict:
    """PASS at a full licence, FAIL where an upper bound lies under its floor, else INCONCLUSIVE."""
    if level_of(found, floors)[0] is Level.FULL:
        return Verdict.PASS
    pairs = ((found.ac1, floors.ac1), (found.recall, floors.recall), (found.consistency, floors.consistency))
    under = any(one.high is not None and one.high < floor for one, floor in pairs)
    return Verdict.FAIL if under else Verdict.INCONCLUSIVE


def standing_of(
    licence: Licence | None,
    judge: str,
    *,
    now: float,
    models: Iterable[str] = (),
    arm_families: Iterable[str] | None = (),
    graph: str = "",
    floors: Floors = FLOORS,
    consistency: tuple[float, float, float] | None = None,
    prompt_hash: str = "",
) -> Standing:
    """Whether verdicts of `judge` count at `now`.

    A licence that is not for these verdicts gives no vote. What lies with the two versions, or is not known of them, leaves
    a licensed judge its hold: else a candidate that loses would pass by taking a model of the judge's family.

    Args:
        licence: its licence; None where there is none.
        judge: identity that the verdicts carry; empty where they name none, or several.
        now: seconds since 1970.
        models: model names that gave the verdicts; an empty name is one that was not recorded.
        arm_families: families of the candidate's and the baseline's models; None where they are not recorded.
        graph: which graph is gated; empty = not asked.
        floors: of a licence.
        consistency: of these verdicts over both orders, and the ends of its interval; None where that is not known.
        prompt_hash: of the prompt that the verdicts were asked with; empty where that is not known.
    """
    if licence is None:
        return Standing(Level.NONE, (NoLicence(judge),), consistency)
    bars = [*_of_other_verdicts(licence, judge, models, graph, prompt_hash), *_of_other_times(licence, now)]
    unsure = [*_unsaid(licence, judge, graph), *_of_family(licence, arm_families)]
    level, short = level_of(licence, floors)
    if bars:
        level = Level.NONE
    elif unsure and level is Level.FULL:
        level = Level.PROVISIONAL
    return Standing(level, (*bars, *unsure, *short), consistency)


def _of_other_verdicts(
    licence: Licence, judge: str, models: Iterable[str], graph: str, prompt_hash: str
) -> Iterator[Bar]:
    """Why the licence is for other verdicts than these."""
    if judge and licence.judge != judge:
        yield OtherVersion(licence.judge, judge, prompt=prompt_hash not in ("", licence.prompt_hash))
    strange = sorted(set(models) - set(licence.models))
    if strange:
        yield OtherModel(strange[0], licence.models)
    if graph and licence.graphs and graph not in licence.graphs:
        yield OtherGraph(graph, licence.graphs)


def _unsaid(licence: Licence, judge: str, graph: str) -> Iterator[Bar]:
    """What neither the verdicts nor the licence says: whose they are, and which graphs it was measured on."""
    if not judge:
        yield OtherVersion(licence.judge, judge)
    if graph and not licence.graphs:
        yield OtherGraph(graph, ())


def _of_other_times(licence: Licence, now: float) -> Iterator[Bar]:
    """Why the licence does not hold now."""
    if licence.suspended is not None:
        yield LicenceSuspended(*licence.suspended[:2])
    if licence.measured_at > now + DAY:  # clocks, and the time zone of a date, differ by less
        yield LicenceNotBegun(int((licence.measured_at - now) // DAY))
    if now >= licence.expires_at:
        yield LicenceExpired(int((now - licence.expires_at) // DAY))


def _of_family(licence: Licence, arm_families: Iterable[str] | None) -> Iterator[Bar]:
    """Why the judge is, or may be, of a judged version's family."""
    shared = sorted(set(arm_families or ()) & set(licence.families))
    if shared:
        yield SameFamily(tuple(shared))
    if not licence.families or set(licence.families) & set(UNSAID):
        yield FamilyUnknown(of_judge=True)
    if arm_families is None:
        yield FamilyUnknown()


def licence_from(measured: Agreement, consistency: Measured, **of: Any) -> Licence:
    """A licence of what was measured; `of` names its other fields."""
    return Licence(
        labels=measured.n,
        negative=measured.negative,
        ac1=measured.ac1,
        recall=measured.recall,
        consistency=consistency,
        **of,
    )


def as_old_as_its_verdicts(found: Licence, before: Licence | None) -> Licence:
    """A licence of verdicts that an earlier one was measured on: it dates from that one, and is suspended as that one is.

    The model that gave them may have changed since, and more labels do not show that.
    """
    if before is None or before.judge != found.judge or before.evidence[1:] != found.evidence[1:]:
        return found
    return replace(
        found,
        measured_at=min(before.measured_at, found.measured_at),
        expires_at=min(before.expires_at, found.expires_at),
        suspended=before.suspended,
    )


def licence_data(found: Licence) -> dict[str, Any]:
    """As `seatrial/judge-licence/1`; `level` and `short_of` are for readers."""
    level, short = level_of(found)
    stated = {"level": level.value, "short_of": [bar_sentence(one) for one in short], "content_hash": _content(found)}
    return {"schema": SCHEMA, **stated, **asdict(found)}


def _content(found: Licence) -> str:
    """Hash of all that was measured: a number edited by hand is noticed; an edit that computes the hash anew is not."""
    return content_hash(json.loads(canonical_json(asdict(found))))


def read_licence(file: Path) -> Licence | None:
    """The licence of a file; None where there is no file.

    Raises:
        DataError: it is no licence.
    """
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        if raw["schema"] != SCHEMA:
            raise DataError(f"{file}: schema is {raw['schema']!r}; this version reads {SCHEMA}")
        measures: dict[str, Any] = {name: Measured(**raw[name]) for name in ("ac1", "recall", "consistency")}
        lists: dict[str, Any] = {
            name: tuple(raw[name]) for name in ("models", "families", "graphs", "segments", "evidence")
        }
        plain = ("judge", "prompt_hash", "labels", "negative", "measured_at", "expires_at")
        suspended = raw.get("suspended")
        found = Licence(
            **{name: raw[name] for name in plain},
            **measures,
            **lists,
            suspended=None if suspended is None else _suspension(suspended),
            kind=str(raw.get("kind", PAIRWISE)),
            unjudged=int(raw.get("unjudged", 0)),
        )
        _check(found, raw.get("content_hash"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file} is no licence: {error}; write it anew with seatrial judge agreement VERDICTS --labels LABELS --licence NAME"
        ) from error
    return found


def _suspension(raw: Any) -> tuple[int, int, float]:
    flips, of, when = raw
    if not (isinstance(flips, int) and isinstance(of, int) and 0 <= flips <= of and isinstance(when, int | float)):
        raise ValueError(f"suspended is {raw!r}")
    return flips, of, float(when)


def _check(found: Licence, stated: Any) -> None:
    if stated != _content(found):
        raise ValueError(
            "its numbers are not those that were measured: it was edited, or written by an earlier version"
        )
    if found.kind not in _OVER:
        raise ValueError(f"kind is {found.kind!r}")
    for one in (found.ac1, found.recall, found.consistency):
        for value in (one.estimate, one.low, one.high):
            if value is not None and not (isinstance(value, float | int) and -1 <= value <= 1):
                raise ValueError(f"{value!r} is no share")
    if not found.expires_at <= found.measured_at + FLOORS.days * DAY:
        raise ValueError(f"it lasts longer than {FLOORS.days} days")
