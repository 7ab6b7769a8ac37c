"""Verdict: that of a complete decision, its sentence, and the order its rows are read in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.gate.row import OVERALL
from seatrial.reason import (
    BelowFloor,
    Dropped,
    NotBetter,
    NotProven,
    NotShown,
    OnlyReported,
    Shown,
    SmallDrop,
    Thin,
    Underpowered,
    Unmeasured,
)
from seatrial.verdict import Finding, ReasonClass, State, Verdict
from seatrial.vote import NoWin
from seatrial.win_rate import Inconsistent, Loses, MayOnlyHold, NotShownToWin, Unjudged
from seatrial.wording import count, drop, drop_under, drops, points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NAMED = 3
"""Rows that look worse and are named in a sentence."""


def undecided(f: Finding) -> bool:
    """Whether a row cannot be told and the verdict waits for it; for a thin row, or one that is only reported, it does not."""
    return f.verdict is Verdict.INCONCLUSIVE and not any(isinstance(one, (Thin, OnlyReported)) for one in f.reasons)


def only_reported(findings: Iterable[Finding]) -> str:
    """The sentence on critical segments that decide nothing but a proven drop; empty where there is none."""
    found = [(f, one) for f in findings for one in f.reasons if isinstance(one, OnlyReported)]
    several = len({f.key for f, _ in found}) > 1
    named = [
        f"{f.segment}{f' · {f.key}' if several else ''} ({one.n} of {count(one.min_n, 'example')})" for f, one in found
    ]
    if not named:
        return ""
    rows = "critical segment is" if len(named) == 1 else "critical rows are"
    return f'{len(named)} {rows} only reported (thin = "report"): {", ".join(named)}; a drop there that is not proven passes unseen.'


def held_back(f: Finding) -> bool:
    """Whether a row would fail if its judge had a full licence: neither more examples nor scores are what it lacks."""
    fails = isinstance(f.reasons[0] if f.reasons else None, (Loses, Dropped, BelowFloor))
    return undecided(f) and fails and any(isinstance(one, MayOnlyHold) for one in f.reasons)


def reason_class_of(f: Finding) -> ReasonClass:
    """Why an undecided row is undecided, for machines: its first reason says it."""
    first = f.reasons[0] if f.reasons else None
    if isinstance(first, Unmeasured) and first.outage and f.alpha_row is not None:
        return ReasonClass.OUTAGE
    if isinstance(first, Unjudged) and first.outage:
        return ReasonClass.OUTAGE
    if isinstance(first, (Inconsistent, NoWin)) or held_back(f):
        return ReasonClass.INVALID
    few = (Underpowered, NotShown, NotBetter, NotProven, SmallDrop, BelowFloor, NotShownToWin)
    return ReasonClass.UNDERPOWERED if isinstance(first, few) else ReasonClass.MISSING


def tolerable(findings: Iterable[Finding]) -> bool:
    """Whether every undecided row is so for too few examples or for missing cells: never for an outage or a defect.

    What an outage kept from a row is measured first, also where it is not all that the row lacks.
    """
    allowed = (ReasonClass.UNDERPOWERED, ReasonClass.MISSING)
    return all(reason_class_of(f) in allowed and not _lacks_an_outage(f) for f in findings if undecided(f))


def _lacks_an_outage(f: Finding) -> bool:
    return any(isinstance(one, Unmeasured) and one.provider > 0 for one in f.reasons)


def sum_up(findings: Sequence[Finding], *, unchanged: bool, n: int) -> tuple[Verdict, ReasonClass | None, str]:
    """FAIL dominates INCONCLUSIVE dominates PASS; a pass names the smallest drop it detects."""
    if unchanged:
        return Verdict.PASS, None, f"Unchanged: outputs identical on all {count(n, 'example')}."
    failed = [f for f in findings if f.verdict is Verdict.FAIL]
    if failed:
        return (
            Verdict.FAIL,
            None,
            f"{len(failed)} of {count(len(findings), 'row')} failed; first {worst(failed).reason}.",
        )
    open_ = [f for f in findings if undecided(f)]
    if open_:
        first = max(open_, key=first_cause)
        return (
            Verdict.INCONCLUSIVE,
            reason_class_of(first),
            f"{len(open_)} of {count(len(findings), 'row')} could not be judged; first {first.reason}.",
        )
    watched = looks_worse(findings)
    wording = _shown(findings)
    if watched:
        return Verdict.PASS, None, f"{looking_worse(watched)}: {worse_rows(watched)}; {why_watched(watched)}. {wording}"
    return Verdict.PASS, None, wording


def why_watched(watched: Sequence[Finding]) -> str:
    """Why rows that look worse do not block."""
    kinds = {type(f.reasons[0]) for f in watched if f.reasons}
    if kinds <= {NotProven}:
        return "not proven at this level"
    if kinds == {SmallDrop}:
        return "proven, and smaller than a drop that blocks (min_drop)"
    return "under a floor, not proven" if kinds == {BelowFloor} else "none of them blocks"


def _shown(findings: Sequence[Finding]) -> str:
    """What a pass has shown of the critical segments and of all examples, and what could pass unseen where none is critical."""
    shown = [(f, one) for f in findings for one in f.reasons if isinstance(one, Shown)]
    critical = [one for f, one in shown if f.critical]
    overall = [one for f, one in shown if f.segment == OVERALL]
    let_off = only_reported(findings)
    wording = [
        f"{what} {drops(one.rules_out for one in rows)} or more; the drop is at most {_largest(rows)}."
        for what, rows in (
            (f"Every {'other ' if let_off else ''}critical segment is shown not worse by", critical),
            ("Overall not worse by" if critical else "Shown not worse overall by", overall),
        )
        if rows
    ]
    if let_off:
        return " ".join([let_off, *wording])
    return " ".join(wording if any(f.critical for f in findings) else [*wording, _unguarded(findings)])


def _largest(shown: Sequence[Shown]) -> str:
    """The largest of the bounds, held under the limit of its own row."""
    first = max(shown, key=lambda one: one.at_most)
    return drop_under(first.at_most, first.rules_out)


def _unguarded(findings: Sequence[Finding]) -> str:
    """Which drop could pass unseen in a segment, where none is critical."""
    rows = [f for f in findings if f.segment != OVERALL and (f.alpha_row is not None or _thin(f))]
    if not rows:
        return "No segment was judged."
    detectables = [f.detectable_drop for f in rows if f.alpha_row is not None]
    if None in detectables or len(detectables) < len(rows):
        unseen = [f.segment for f in rows if f.detectable_drop is None]
        return f"No segment is critical: any drop could pass unseen in {', '.join(dict.fromkeys(unseen[:NAMED]))}."
    largest = drop(max(one for one in detectables if one is not None))
    return f"No segment is critical: a drop under {largest} could pass unseen in one."


def _thin(f: Finding) -> bool:
    return any(isinstance(one, Thin) for one in f.reasons)


def first_cause(f: Finding) -> tuple[float, int, bool]:
    """Sorts rows that cannot be told: the one with the largest reason comes first, by share, then by count, then the critical one."""
    share, number = max(((one.share, one.count) for one in f.reasons), default=(0.0, 0))
    return share, number, f.critical


def looks_worse(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Rows that pass and look worse all the same, the worst first: critical before others, segments before all of it."""
    found = [f for f in findings if f.state is State.WATCH and (f.p is not None or (f.difference or 0.0) < 0)]
    return tuple(
        sorted(found, key=lambda f: (not f.critical, f.segment == OVERALL, f.difference or 0.0, f.key, f.segment))
    )


def looking_worse(watched: Sequence[Finding]) -> str:
    """`2 rows look worse`."""
    return f"{count(len(watched), 'row')} look{'s' if len(watched) == 1 else ''} worse"


def worse_rows(watched: Sequence[Finding], name: Callable[[Finding], str] | None = None) -> str:
    """`label=billing −21.4 points (6 of 28 regressed), overall −7.1 points (6 of 84 regressed)`, three at most."""
    several = len({f.key for f in watched}) > 1
    name = name or (lambda f: f"{f.segment} · {f.key}" if several else f.segment)
    wording = [f"{name(f)} {points(f.difference)} ({f.regressed:,} of {f.n:,} regressed)" for f in watched[:NAMED]]
    return ", ".join(wording) + (f" and {len(watched) - NAMED} more" if len(watched) > NAMED else "")


def worst(failed: Sequence[Finding]) -> Finding:
    """The failing row to speak of first: a critical segment before another, a segment before all of it, the deepest."""
    return min(failed, key=lambda f: (not f.critical, f.segment == OVERALL, f.difference or 0.0))


def reading_order(f: Finding) -> tuple[object, ...]:
    """Sorts rows: overall and critical first, then by state, then worst first."""
    states = (State.BLOCKS, State.CANNOT_TELL, State.WATCH, State.NO_DROP, State.BETTER, State.REPORTED)
    return (
        f.segment != OVERALL and not f.critical,
        states.index(f.state),
        f.difference if f.difference is not None else 0.0,
        f.key,
        f.segment,
    )
