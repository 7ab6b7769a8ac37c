"""Detail: what a page has room for and a terminal has not, in words and numbers that surfaces only draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.gate.row import OVERALL
from seatrial.reason import NotShown, OnlyReported, Shown
from seatrial.report.flips import FlipView, flip_view, groups, is_in, worst_first
from seatrial.report.headline import limits
from seatrial.report.power_curves import Curve, curves
from seatrial.report.provenance import facts, notes, second_stage
from seatrial.report.row_name import labels, short
from seatrial.verdict import MEASUREMENT_FAILURES, SYSTEM_FAILURES, State
from seatrial.wording import count, interval, percent, points

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seatrial.gate.report import Report
    from seatrial.report.terms import Terms

ALONE = 3
"""Reasons shown when no two answers give the same."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One number above the table: what it is, the number, what stands behind it."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Cause:
    """What broken answers say: the reason, how many say it, and their share of all that broke."""

    reason: str
    regressed: int
    share: float


@dataclass(frozen=True, slots=True)
class Counted:
    """The cells of one version: how many, and (outcome, cells, what it counts as) of each word that occurs."""

    arm: str
    version: str
    cells: int
    words: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class Override:
    """A row that somebody let pass in their own name.

    Attributes:
        segment: `overall` or `NAME=value`.
        key: evaluator key.
        reason: why, in the author's words.
        author: who answers for it.
        expires: the day it ends.
        renewals: how often it was written before.
    """

    segment: str
    key: str
    reason: str
    author: str
    expires: str
    renewals: int = 0


@dataclass(frozen=True, slots=True)
class Detail:
    """What stands behind a verdict.

    Attributes:
        must_detect: drop that critical segments are shown not to have had, as a share.
        tiles: numbers above the table.
        causes: what broken answers say.
        broke: how many such answers there are.
        curves: chance to block by true drop, of the rows that matter most.
        coverage: how many critical rows could have shown the drop they must show, in a sentence.
        model: what the curves take for granted.
        flips: the examples that flipped, worst first, at most FLIPS.
        flips_known: examples that flipped, shown here or not.
        groups: (name, flips of those shown) that a reader may want to see alone.
        counted: cells and outcomes of each version.
        facts: (name, value) of everything the verdict rests on.
        again: command that gives the same verdict once more.
        overrides: rows that somebody let pass.
        notes: (title, sentences) of what else the report carries.
    """

    must_detect: float
    tiles: tuple[Tile, ...]
    causes: tuple[Cause, ...]
    regressed: int
    curves: tuple[Curve, ...]
    coverage: str
    model: str
    flips: tuple[FlipView, ...]
    flips_known: int
    groups: tuple[tuple[str, int], ...]
    counted: tuple[Counted, ...]
    facts: tuple[tuple[str, str], ...]
    second_stage: str
    overrides: tuple[Override, ...]
    notes: tuple[tuple[str, tuple[str, ...]], ...]


def detail(report: Report, terms: Terms, overrides: Iterable[Override] = ()) -> Detail:
    """What stands behind the verdict of a report whose texts are plain."""
    shown = worst_first(report)
    names = groups(report, shown)
    of_rows = sum(f.regressed + f.fixed for f in report.findings if f.segment == OVERALL and f.alpha_row is not None)
    return Detail(
        must_detect=report.must_detect,
        tiles=_tiles(report, terms),
        causes=_causes(report),
        regressed=report.regressed,
        curves=curves(report),
        coverage=_coverage(report),
        model=f"{100 * report.churn:g} % of the examples flip either way though nothing changed, or what a row flips where that is more; each row at the level it starts with",
        flips=tuple(flip_view(flip, report, names) for flip in shown),
        flips_known=max(len(report.flips), of_rows),
        groups=tuple((name, sum(is_in(name, flip) for flip in shown)) for name in names),
        counted=_counted(report),
        facts=facts(report),
        second_stage=second_stage(report),
        overrides=tuple(overrides),
        notes=notes(report),
    )


def _tiles(report: Report, terms: Terms) -> tuple[Tile, ...]:
    overall, rows = report.overall, [f for f in report.findings if f.alpha_row is not None]
    regressed, fixed = (sum(getattr(f, name) for f in rows if f.segment == OVERALL) for name in ("regressed", "fixed"))
    unsure = [f for f in report.findings if f.state is State.CANNOT_TELL]
    critical = sum(f.critical for f in unsure)
    keys = len({f.key for f in rows}) or 1
    found = [
        Tile(
            f"{'Overall' if keys == 1 else f'Overall, {short(overall.key, 40)}'}",
            f"{percent(overall.baseline).removesuffix(' %')} → {percent(overall.candidate)}",
            f"{points(overall.difference)}, 95 % interval {interval(overall.ci)}",
        )
        if overall.difference is not None
        else Tile("Overall", "not known", "nothing was measured in both arms"),
        Tile(
            terms.moved,
            f"{regressed:,} {terms.regressed} · {fixed:,} {terms.fixed}",
            f"of {count(int(str(report.counts.get('examples', 0))), 'example')}, the same in both arms"
            + (f", {count(keys, 'key')}" if keys > 1 else ""),
        ),
        Tile(
            "Could not tell",
            count(len(unsure), "row") if unsure else "none",
            (f"{critical} critical" if critical else "none of them critical")
            if unsure
            else "every row had examples enough to be judged",
        ),
        Tile(
            "If nothing had changed",
            f"≤ {100 * report.alpha:g} % false block",
            f"{count(report.family_size, 'test')} share{'s' if report.family_size == 1 else ''} that budget (weighted Holm or joint level)",
        ),
    ]
    return tuple(found)


def _causes(report: Report) -> tuple[Cause, ...]:
    """Reasons that at least two broken answers give; where there is none, a few of the single ones."""
    wording = [Cause(reason, n, n / report.regressed) for reason, n in report.causes if report.regressed]
    shared = [cause for cause in wording if cause.regressed > 1]
    return tuple(shared or wording[:ALONE])


def _coverage(report: Report) -> str:
    critical = [f for f in report.findings if f.critical and f.alpha_row is not None]
    if not critical:
        return "No segment is declared critical, so none has to be covered."
    requested = [f for f in critical if any(isinstance(one, (Shown, NotShown)) for one in f.reasons)]
    seen = [f for f in requested if any(isinstance(one, Shown) for one in f.reasons)]
    wording = f"{len(seen)} of {count(len(requested), 'critical row')} shown not worse by {limits(report)} or more"
    short_of = [f for f in requested if f not in seen and f.needed_n is not None and f.needed_n > f.n]
    if short_of:
        name = labels(report)
        wording += "; too few: " + ", ".join(f"{name(f)} (has {f.n:,}, needs {f.needed_n:,})" for f in short_of[:5])
    let_off = [f for f in critical if any(isinstance(one, OnlyReported) for one in f.reasons)]
    if let_off:
        wording += f"; only reported: {', '.join(f'{labels(report)(f)} ({f.n:,})' for f in let_off[:5])}"
    return f"{wording}."


def _counted(report: Report) -> tuple[Counted, ...]:
    outcomes = report.counts.get("outcomes")
    means = dict.fromkeys(SYSTEM_FAILURES, "counts as 0") | dict.fromkeys(
        MEASUREMENT_FAILURES, "bounded, never a number"
    )
    found = []
    for arm, version in (("baseline", report.baseline), ("candidate", report.candidate)):
        words: Mapping[str, int] = outcomes.get(arm, {}) if isinstance(outcomes, dict) else {}
        if words:
            wording = tuple((word.replace("_", " "), n, means.get(word, "its score")) for word, n in words.items())  # type: ignore[call-overload]
            found.append(Counted(arm, version, sum(words.values()), wording))
    return tuple(found)
