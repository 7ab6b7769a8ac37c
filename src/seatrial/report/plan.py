"""Plans as text and as `seatrial/plan/1`: comparisons on the same examples and on two arms of different units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from seatrial.report.console import Line
from seatrial.stats.interval import CannotTell
from seatrial.wording import count, percent, verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seatrial.certify.plan_paired import DropPlan, GraphPlan, MarginPlan, PairedPlan, SegmentPlan
    from seatrial.certify.plan_unpaired import UnpairedPlan

SCHEMA = "seatrial/plan/1"


def paired_lines(p: PairedPlan) -> Iterator[Line]:
    """Examples for each drop, then for each margin."""
    a = p.assumed
    yield Line(
        f"the same examples through both versions: a drop is detected in {100 * a.power:g} of 100 cases, and one is reported in at most {100 * a.alpha:g} of 100 where nothing changed",
        "plain",
    )
    runs = "one run each" if a.repetitions == 1 else f"{count(a.repetitions, 'run')} each, averaged"
    yield Line(f"  assumed: {percent(a.churn)} of examples flip on their own, half each way; {runs}", "dim")
    have = "" if p.n is None else f"  {f'power with {p.n}':>14}  runs that suffice"
    yield Line(f"  {'drop':>9}  {'examples':>9}  {'model calls':>12}{have}", "dim")
    for d in p.drops:
        yield Line(f"  {_points(d.drop):>9}  {_n(d.need):>9}  {_n(d.calls):>12}{_seen(d)}", "plain")
    if p.n is not None:
        least = (
            "not even a total loss"
            if p.detects is None
            else f"a drop of {math.ceil(round(1000 * p.detects, 6)) / 10:g} points"
        )
        yield Line(f"  {count(p.n, 'example')} {verb(p.n, 'show')} {least} in {100 * a.power:g} of 100 cases", "plain")
    for m in p.margins:
        yield Line(f"  {margin_sentence(m)}", "plain")


def graph_lines(p: GraphPlan) -> Iterator[Line]:
    """Every segment of a project's graph: what it has and what it needs."""
    yield Line(
        f"{p.name} · {p.key}: examples that detect a drop of {_points(p.drop)} in {100 * p.power:g} of 100 cases, each segment at its own alpha",
        "plain",
    )
    yield Line(f"  assumed: {percent(p.churn)} of examples flip on their own", "dim")
    width = max([len(s.segment) + 1 for s in p.segments] + [8])
    yield Line(f"  {'segment':<{width}} {'n':>6} {'needed':>7} {'alpha':>8}  detects now", "dim")
    for s in p.segments:
        detects = "nothing" if s.detects is None else f"{math.ceil(round(1000 * s.detects, 6)) / 10:g} points"
        name = s.segment + ("*" if s.critical else "")
        if s.need is None and not s.alpha:
            yield Line(f"  {name:<{width}} {s.n:>6,} {'':>7} {'':>8}  not tested: under min_n = {s.least}", "unsure")
            continue
        short = s.need is None or s.n < s.need
        yield Line(
            f"  {name:<{width}} {s.n:>6,} {_n(s.need):>7} {s.alpha:>8.4f}  {detects}{_instead(s)}{_to_show(s)}",
            "unsure" if short else "plain",
        )
    yield Line(f"  {margin_sentence(p.margin)} (promotable)", "plain")


def _to_show(s: SegmentPlan) -> str:
    """What a row has to be shown not to have lost before anything passes, and the examples that show it."""
    if s.only_reported:
        return f' · only reported (thin = "report") under {s.least} examples'
    if not s.rules_out:
        return ""
    return f" · not worse by {_points(s.rules_out)} is shown from {_n(s.to_show).strip()} examples"


def unpaired_lines(p: UnpairedPlan) -> Iterator[Line]:
    """Units per arm, days, and what looking early costs."""
    a = p.requested
    if a.margin is None:
        yield Line(
            f"to tell {percent(a.base)} from {percent(a.rate)} in {100 * a.power:g} of 100 cases, at a {'one' if a.sides == 1 else 'two'}-sided level of {a.alpha:g}: {count(p.each, 'unit')} per arm",
            "plain",
        )
    else:
        yield Line(
            f"to show an arm that is truly at {percent(a.base)} not worse by {_points(a.margin)}, {100 * a.power:g} times of 100 at a one-sided level of {a.alpha:g}: {count(p.each, 'unit')} per arm",
            "plain",
        )
    if a.share != 0.5 or p.looks:
        with_looks = "" if p.looks is None else f" with {p.looks.looks} planned looks"
        yield Line(
            f"  {percent(a.share)} of those who take part in the new arm{with_looks}: {p.other_units:,} there, {p.base_units:,} in the old one",
            "plain",
        )
    if p.days is not None:
        yield Line(
            f"  at {a.units_per_day:,.0f} units a day, {percent(a.traffic)} of which take part: {_days(p.days)}",
            "plain",
        )
    if p.looks is None:
        yield Line(
            "  one look, when the units are there: looking earlier and believing a hit breaks the level (14 looks at .05: .22)",
            "dim",
        )
    else:
        yield Line(
            f"  {p.looks.looks} looks at the full level would be wrong {percent(p.looks.peeking)} of the time; with limits z = {', '.join(f'{z:.2f}' for z in p.looks.z)} they are wrong {percent(a.alpha)} and cost {percent(p.looks.inflation - 1)} more units",
            "plain",
        )
    yield Line("  to look after every unit, plan a canary: seatrial plan canary", "dim")


def margin_sentence(m: MarginPlan) -> str:
    """One margin, in words."""
    if isinstance(m.need, CannotTell):
        return f"not worse by {_points(m.margin)}: cannot tell, {m.need.reason}"
    return f"{count(m.need, 'example')} {verb(m.need, 'show')} an unchanged candidate not worse by {_points(m.margin)}"


def paired_data(p: PairedPlan) -> dict[str, Any]:
    """Plain data."""
    a = p.assumed
    return {
        "schema": SCHEMA,
        "kind": "paired",
        "assumed": {
            "alpha": a.alpha,
            "power": a.power,
            "churn": a.churn,
            "repetitions": a.repetitions,
            "test": a.method,
        },
        "n": p.n,
        "detects": p.detects,
        "drops": [
            {"drop": d.drop, "examples": d.need, "calls": d.calls, "power": d.power, "repetitions": d.repetitions}
            for d in p.drops
        ],
        "non_inferiority": [_margin(m) for m in p.margins],
    }


def graphs_data(plans: Sequence[GraphPlan]) -> dict[str, Any]:
    """Plain data of every graph planned."""
    return {
        "schema": SCHEMA,
        "kind": "segments",
        "graphs": [
            {
                "graph": p.name,
                "key": p.key,
                "drop": p.drop,
                "power": p.power,
                "churn": p.churn,
                "segments": [
                    {
                        "segment": s.segment,
                        "critical": s.critical,
                        "n": s.n,
                        "alpha": s.alpha or None,
                        "examples": s.need,
                        "rules_out": s.rules_out or None,
                        "examples_to_show": s.to_show,
                        "min_n": s.least,
                        "only_reported": s.only_reported,
                        "detects": s.detects,
                        "repetitions": s.repetitions,
                        "calls_for_examples": s.more_calls,
                        "calls_for_repetitions": s.repeat_calls,
                    }
                    for s in p.segments
                ],
                "non_inferiority": _margin(p.margin),
            }
            for p in plans
        ],
    }


def unpaired_data(p: UnpairedPlan) -> dict[str, Any]:
    """Plain data."""
    a = p.requested
    return {
        "schema": SCHEMA,
        "kind": "unpaired",
        "base": a.base,
        "rate": a.rate,
        "margin": a.margin,
        "alpha": a.alpha,
        "power": a.power,
        "sides": 1 if a.margin is not None else a.sides,
        "formula": a.formula if a.margin is None else "blackwelder",
        "share": a.share,
        "traffic": a.traffic,
        "per_arm": p.each,
        "units": {"base": p.base_units, "other": p.other_units},
        "days": p.days,
        "looks": None
        if p.looks is None
        else {
            "looks": p.looks.looks,
            "peeking_error": p.looks.peeking,
            "inflation": p.looks.inflation,
            "z": [z if math.isfinite(z) else None for z in p.looks.z.tolist()],
        },
    }


def _margin(m: MarginPlan) -> dict[str, Any]:
    given = isinstance(m.need, CannotTell)
    return {
        "margin": m.margin,
        "examples": None if given else m.need,
        "reason": m.need.reason if isinstance(m.need, CannotTell) else None,
    }


def _instead(s: SegmentPlan) -> str:
    if s.need is None or s.n >= s.need:
        return ""
    ways = [f"{count(s.need - s.n, 'more example')} ({count(s.more_calls, 'call')} for both versions)"]
    if s.repetitions is not None:
        ways.append(f"{count(s.repetitions, 'run')} of each ({count(s.repeat_calls or 0, 'call')} more)")
    return "; enough with " + " or ".join(ways)


def _seen(d: DropPlan) -> str:
    if d.power is None:
        return ""
    return f"  {percent(d.power):>14}  {'more examples' if d.repetitions is None else d.repetitions}"


def _points(share: float) -> str:
    return f"{100 * share:g} point{'' if round(100 * share, 9) == 1 else 's'}"


def _n(n: int | None) -> str:
    return "none do" if n is None else f"{n:,}"


def _days(days: float) -> str:
    return f"{days:.1f} days" if days < 10 else f"{count(math.ceil(days), 'day')}"
