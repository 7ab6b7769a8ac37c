"""Canary plans and rollout certificates as text and as `seatrial/plan/1`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from seatrial.report.console import Line
from seatrial.report.plan import SCHEMA
from seatrial.stats.interval import Interval
from seatrial.stats.power import POWER
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.rollout.certificate import Detectable, RolloutCertificate
    from seatrial.rollout.plan_canary import CanaryPlan, Times
    from seatrial.rollout.ramp_simulation import Share

FAR = "beyond 20,000"


def canary_lines(p: CanaryPlan) -> Iterator[Line]:
    """What it takes to stop a worse canary, and to clear each margin."""
    a = p.requested
    yield Line(
        f"a canary at {percent(a.base - a.drop)} beside a control at {percent(a.base)}, {percent(a.share)} of the traffic, looked at after every block",
        "plain",
    )
    yield Line(f"  {'':<44} {'canary units: half by':>22} {'80 % by':>14}", "dim")
    yield _time(p, f"stopped at 1 / alpha = {1 / a.alpha:,.0f}, nothing split", p.alone)
    if a.needed > 1 / a.alpha * (1 + 1e-9):
        yield _time(p, f"stopped as a rollout splits alpha: {a.needed:,.0f}", p.split)
        yield Line(f"    {_split_sentence(p)}", "dim")
    reach = "20,000 canary units" if a.dwell is None else f"its dwell of {a.dwell:,} canary units"
    yield Line(
        f"  an unchanged canary is stopped by mistake within {reach} {_rate(p.false_alarm)} of the time, however often one looks",
        "plain",
    )
    if p.split.within is not None:
        blind = p.split.within.rate < POWER
        yield Line(
            f"  {'✕' if blind else '✓'} the worse canary is stopped within the dwell {_rate(p.split.within)} of the time; a stage that cannot do {percent(POWER)} is blind",
            "bad" if blind else "good",
        )
    for c in p.clearings:
        yield _time(p, f"unchanged, shown not worse by {_points(c.margin)}", c.times)
        if c.margin > a.drop:
            note = "a margin wider than the drop lets it pass by design"
        else:
            note = f"a margin of the drop or less lets it pass at most {percent(a.alpha)}"
        yield Line(f"    the worse canary clears it {_rate(c.worse_clears)} of the time: {note}", "dim")


def canary_data(p: CanaryPlan) -> dict[str, Any]:
    """Plain data."""
    a = p.requested
    return {
        "schema": SCHEMA,
        "kind": "canary",
        "base": a.base,
        "drop": a.drop,
        "share": a.share,
        "cell_share": a.part,
        "alpha": a.alpha,
        "critical_cells": a.critical,
        "stages": a.stages,
        "try": a.attempt,
        "dwell": a.dwell,
        "threshold": {"alone": 1 / a.alpha, "split": a.needed},
        "stop": {"alone": _times(p, p.alone), "split": _times(p, p.split)},
        "false_alarm": _share(p.false_alarm),
        "advance": [
            {"margin": c.margin, **_times(p, c.times), "worse_clears": _share(c.worse_clears)} for c in p.clearings
        ],
        "curve": [{"units": units, "stopped": share} for units, share in p.curve],
    }


def rollout_lines(c: RolloutCertificate) -> Iterator[Line]:
    """The promise first, then each stage, then the whole way."""
    p, rate = c.plan, c.false_rollback
    kept = rate.rate <= c.alpha
    yield Line(
        f"{'✓' if kept else '✕'} {p.source}: false rollback {_rate(rate)} of {rate.runs:,} unchanged candidates, promised ≤ {percent(c.alpha)} on try {c.attempt + 1} (all tries ≤ {percent(p.alpha)})",
        "good" if kept else "bad",
    )
    for s in range(len(p.stages)):
        yield from _stage(c, s)
    for j in c.journeys:
        yield Line(
            f"  {j.cell}{'*' if j.critical else ''}: unchanged, {percent(j.unchanged_arrives.rate)} clear every stage and {percent(j.unchanged_rolled_back.rate)} are rolled back, the rest wait for a person; {_points(p.must_stop)} worse, {percent(j.worse_rolled_back.rate)} are rolled back and {percent(j.worse_arrives.rate)} arrive",
            "unsure" if j.unchanged_arrives.rate < POWER else "plain",
        )
    at_most = _arrival(c, c.longest)
    if c.traffic is None:
        yield Line(
            f"  an unchanged candidate does not clear every stage in every cell half of the time; {at_most} when each stage takes its whole dwell{_waiting(c)}",
            "unsure",
        )
    else:
        yield Line(
            f"  an unchanged candidate reaches all traffic in {_arrival(c, c.traffic)} (median), {at_most} at most{_waiting(c)}",
            "plain",
        )


def rollout_data(c: RolloutCertificate) -> dict[str, Any]:
    """Plain data."""
    p = c.plan
    return {
        "schema": SCHEMA,
        "kind": "rollout",
        "plan": {"source": p.source.replace("\\", "/").rpartition("/")[2], "hash": p.hash, "owner": p.owner},
        "kept": c.kept,
        "alpha": p.alpha,
        "try": c.attempt,
        "try_alpha": c.alpha,
        "must_stop": p.must_stop,
        "false_rollback": _share(c.false_rollback),
        "blind": [s + 1 for s in c.blind],
        "stages": [
            {
                "stage": i + 1,
                "share": stage.share,
                "margin": stage.margin,
                "units": stage.units,
                "days": c.days(stage.units),
                "blind": i in c.blind,
                "cells": [_detectable(s) for s in c.detectables if s.stage == i],
            }
            for i, stage in enumerate(p.stages)
        ],
        "cells": [
            {
                "cell": j.cell,
                "critical": j.critical,
                "unchanged": {"arrives": _share(j.unchanged_arrives), "rolled_back": _share(j.unchanged_rolled_back)},
                "worse": {"arrives": _share(j.worse_arrives), "rolled_back": _share(j.worse_rolled_back)},
            }
            for j in c.journeys
        ],
        "days": {"median": c.days(c.traffic), "most": c.days(c.longest)},
        "days_with_outcomes": {"median": c.arrives(c.traffic), "most": c.arrives(c.longest)},
        "units": {"median": c.traffic, "most": c.longest},
        "curves": [
            {"stage": k.stage + 1, "cell": k.cell, "points": [{"drop": d, "stopped": y} for d, y in k.points]}
            for k in c.curves
        ],
    }


def _stage(c: RolloutCertificate, s: int) -> Iterator[Line]:
    stage, rows = c.plan.stages[s], [detectable for detectable in c.detectables if detectable.stage == s]
    blind = s in c.blind
    yield Line(
        f"{'✕' if blind else '✓'} stage {s + 1}, {100 * stage.share:g} % for {_duration(c, stage.units)}: {'blind, it cannot stop' if blind else 'stops'} {_points(c.plan.must_stop)} worse within its dwell {percent(POWER)} of the time{'' if blind else ' or more'}",
        "bad" if blind else "good",
    )
    width = max(len(detectable.cell) + 1 for detectable in c.detectables)
    for r in rows:
        by = "" if r.stop_median is None else f", half by {r.stop_median:,.0f}"
        moves = (
            ""
            if r.advances is None
            else f"; unchanged, clears {_points(stage.margin)} {percent(r.advances.rate)} of the time"
        )
        yield Line(
            f"    {r.cell + ('*' if r.answers else ''):<{width}} {r.units:>8,} canary units: stopped {percent(r.stops.rate)}{by}{moves}",
            "bad" if r.blind else "plain",
        )
        if r.blind:
            yield Line(f"      {_fix(c, r)}", "unsure")
    if stage.margin > c.plan.must_stop:
        yield Line(
            f"      its margin is wider than must_stop: it lets a candidate pass that is {_points(c.plan.must_stop)} worse",
            "unsure",
        )


def _fix(c: RolloutCertificate, r: Detectable) -> str:
    if r.needs is None:
        return "to fix it: no dwell of 20,000 canary units would do; a larger must_stop or fewer cells"
    stage = c.plan.stages[r.stage]
    return f"to fix it: a dwell of {count(r.needs, 'unit')} of traffic{_in_days(c, r.needs)} in place of {stage.units:,}, or {100 * stage.share * r.needs / stage.units:.2g} % of the traffic"


def _duration(c: RolloutCertificate, units: float) -> str:
    days = c.days(units)
    return f"{units:,.0f} units of traffic" if days is None else _spelled(days)


def _arrival(c: RolloutCertificate, units: float) -> str:
    """The same with what the stages wait for outcomes, where both are known."""
    days = c.arrives(units)
    return _duration(c, units) if days is None else _spelled(days)


def _waiting(c: RolloutCertificate) -> str:
    """What every stage waits for outcomes: part of the time, beside it, or not known."""
    if c.horizon is None:
        return ", and in every stage the horizon of its outcomes (no gates/metrics.toml names it)"
    part = ", and" if c.days(c.longest) is None else ", of which"
    return f"{part} every stage waits {_spelled(c.horizon / 86_400)} for outcomes" if c.horizon else ""


def _spelled(days: float) -> str:
    return (
        f"{24 * 60 * days:.0f} min" if days < 2 / 24 else f"{24 * days:.0f} hours" if days < 3 else f"{days:.1f} days"
    )


def _in_days(c: RolloutCertificate, units: float) -> str:
    return "" if c.days(units) is None else f" ({_duration(c, units)})"


def _detectable(s: Detectable) -> dict[str, Any]:
    return {
        "cell": s.cell,
        "answers": s.answers,
        "canary_units": s.units,
        "threshold": s.threshold if math.isfinite(s.threshold) else None,
        "stops": _share(s.stops),
        "stop_median": s.stop_median,
        "advances": None if s.advances is None else _share(s.advances),
        "advance_median": s.advance_median,
        "worse_clears": None if s.lets_pass is None else _share(s.lets_pass),
        "needs_units": s.needs,
        "blind": s.blind,
    }


def _time(p: CanaryPlan, what: str, times: Times) -> Line:
    wording = [FAR if t is None else f"{t:,.0f}" for t in (times.median, times.most)]
    days = p.requested.days(times.most)
    tail = "" if days is None else f"  ({count(round(24 * days), 'hour')})" if days < 3 else f"  ({days:.1f} days)"
    return Line(f"  {what:<44} {wording[0]:>22} {wording[1]:>14}{tail}", "plain")


def _split_sentence(p: CanaryPlan) -> str:
    a = p.requested
    parts = [f"try {a.attempt + 1} spends alpha / {2 ** (a.attempt + 1)}"]
    if a.threshold * a.alpha > 2 ** (a.attempt + 1) * (1 + 1e-9):
        parts.append(f"80 % of it goes to {a.critical} critical cell{'' if a.critical == 1 else 's'}")
    if a.stages > 1:
        parts.append(f"{a.stages} stages share the stakes")
    return "; ".join(parts)


def _times(p: CanaryPlan, t: Times) -> dict[str, Any]:
    return {
        "median": t.median,
        "p80": t.most,
        "days_median": p.requested.days(t.median),
        "days_p80": p.requested.days(t.most),
        "within_dwell": None if t.within is None else _share(t.within),
    }


def _share(s: Share) -> dict[str, Any]:
    ends = s.interval
    return {"rate": s.rate, "runs": s.runs, "ci": [ends.low, ends.high] if isinstance(ends, Interval) else None}


def _rate(s: Share) -> str:
    return f"{percent(s.rate)} (± {100 * s.error:.1f})"


def _points(share: float) -> str:
    return f"{100 * share:g} point{'' if round(100 * share, 9) == 1 else 's'}"
