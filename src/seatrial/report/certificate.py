"""A certificate as text and as `seatrial/certify/1`; its picture stands in `power.py`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from seatrial.gate.pointwise import pointwise_keys
from seatrial.report.console import Line
from seatrial.stats.interval import Interval
from seatrial.stats.power import POWER
from seatrial.wording import count, drop, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seatrial.certify.certificate import Certificate, Confirmation
    from seatrial.certify.confirm import Confirming
    from seatrial.certify.simulate import Gates
    from seatrial.gate.policy import Policy

SCHEMA = "seatrial/certify/1"
HEAD = "chance to block a drop of"
FIXES = 6
"""Ways to fix a gate that a terminal shows; the JSON has all."""


def certificate_lines(c: Certificate, policy: Policy) -> Iterator[Line]:
    """The lines of a terminal report."""
    for line in _lines(c, policy):
        # A name from outside may neither start a line of its own nor drive the terminal.
        yield Line("".join(sign if sign.isprintable() else "�" for sign in line.text), line.tone)


def _lines(c: Certificate, policy: Policy) -> Iterator[Line]:
    glyph, tone = {True: ("✓", "good"), False: ("✕", "bad"), None: ("?", "unsure")}[
        None if c.kept and not c.judges else c.kept
    ]
    yield Line(
        f"{glyph} {c.name}: false block {percent(c.false_block)} of {c.null.gates:,} unchanged candidates, promised ≤ {percent(c.alpha)}{' and ≤ 5 % by floors' if c.null.by_floor else ''}"
        + ("; too few were simulated to tell (--gates)" if c.kept is None else ""),
        tone,
    )
    if c.null.by_hit or c.null.by_measure or c.null.by_floor:
        floors = f"by floors {percent(c.null.rate(c.null.by_floor))}, " if c.null.by_floor else ""
        yield Line(
            f"  of these {floors}by zero tolerance {percent(c.null.rate(c.null.by_hit))}, by measurements at their margin {percent(c.null.rate(c.null.by_measure))}, by scores {percent(c.null.rate(c.null.by_score))}",
            "plain",
        )
    yield Line("  simulated with " + " · ".join(_facts(c)), "dim")
    licences = _licences(policy)
    if licences:
        yield Line(
            f"  taken as fully licensed, which was not looked up: {', '.join(licences)}; a gate counts a judge as far as its licence goes (seatrial judge licence)",
            "unsure",
        )
    others = f"any raw drop > 2 points {percent(c.null.rate(c.null.raw_drop))} · any p < .05 {percent(c.null.rate(c.null.raw_p))} · a bootstrap interval per segment {percent(c.null.rate(c.null.bootstrap))}"
    yield Line(f"  on the same unchanged candidates the rules people write first block: {others}", "plain")
    yield from _cannot_tell(c, policy)
    yield from _table(c)
    at = [p for p in c.power if p.critical and p.drop == policy.must_detect]
    if at:
        worst = max(at, key=lambda p: p.passed)
        yield Line(
            f"  a critical segment that lost {100 * policy.must_detect:g} points passes at most {percent(worst.passed)} of the time ({worst.segment})",
            "plain",
        )
    yield from _two_stages(c.confirm)
    first = [advice for advice in c.advice if advice.critical]
    for advice in first[:FIXES]:
        yield Line(f"  to fix it  {advice.sentence}{_cost(advice.calls)}", "plain")
    rest = [p for p in c.power if not p.critical and p.drop == policy.must_detect and p.blocked < POWER]
    if rest:
        least = min(rest, key=lambda p: p.blocked)
        fixes = [advice for advice in c.advice if advice.segment == least.segment]
        how = f"; {fixes[0].sentence}{_cost(fixes[0].calls)}" if fixes else ""
        yield Line(
            f"  {len(rest)} of the segments not called critical show {100 * policy.must_detect:g} points with power below 0.8, {least.segment} least ({100 * least.blocked:.0f} %){how}",
            "dim",
        )


def _two_stages(found: Confirmation | None) -> Iterator[Line]:
    if found is None:
        return
    null = found.null
    yield Line(
        f"  with --confirm: false block {percent(null.blocked / null.gates)}, cannot tell {percent(null.uncertain / null.gates)} of unchanged candidates; {null.calls:,.0f} more calls on average, both versions",
        "plain",
    )
    if found.broken:
        segment, worst = max(found.broken, key=lambda one: one[1].passed / one[1].gates)
        yield Line(
            f"    a critical segment that lost what it has to rule out passes at most {percent(worst.passed / worst.gates)} of the time and is blocked {percent(worst.blocked / worst.gates)} ({segment})",
            "plain",
        )


def _facts(c: Certificate) -> Iterator[str]:
    for fact in c.facts:
        note = f": {fact.note}" if fact.note else ""
        yield f"{fact.name} {fact.value} ({fact.source}{note})"
    if not c.facts:
        yield f"churn {percent(c.truth.churn)} · not measured {percent(c.truth.missing)}"


def _only_reported(c: Certificate, policy: Policy) -> list[str]:
    """Critical segments with too few examples that their dimension lets be reported."""
    return list(dict.fromkeys(p.segment for p in c.power if p.critical and policy.only_reports(p.segment, p.n)))


def _cannot_tell(c: Certificate, policy: Policy) -> Iterator[Line]:
    let_off = _only_reported(c, policy)
    if let_off:
        yield Line(
            f'  only reported (thin = "report"): {", ".join(let_off)}; a drop there is blocked only where it is proven',
            "unsure",
        )
    if c.null.underpowered:
        yield Line(
            f"  cannot tell, always: {', '.join(c.uncovered)} too small to be shown not worse by enough",
            "unsure",
        )
    elif c.null.uncertain:
        why = f" (by zero-tolerance answers {percent(c.null.rate(c.null.unseen))})" if c.null.unseen else ""
        yield Line(f"  cannot tell of an unchanged candidate: {percent(c.null.rate(c.null.uncertain))}{why}", "unsure")
        for segment, n in c.null.unshown:
            if n:
                wording = f"{segment} not shown not worse by {drop(c.rules_out[segment])} {percent(c.null.rate(n))}"
                yield Line(f"    {wording}", "dim")
        if c.null.not_better:
            rate = percent(c.null.rate(c.null.not_better))
            yield Line(f"    not shown better, which is the goal, and open for nothing else {rate}", "dim")


def _table(c: Certificate) -> Iterator[Line]:
    drops = sorted({p.drop for p in c.power})
    if not drops:
        return
    width = max([len(HEAD), *(len(p.segment) + 1 for p in c.power)])
    yield Line(f"  {HEAD:<{width}} {'n':>6} " + " ".join(f"{f'{100 * drop:.3g}pt':>6}" for drop in drops), "dim")
    for segment in dict.fromkeys(p.segment for p in sorted(c.power, key=lambda p: (not p.critical, p.segment))):
        row = {p.drop: p for p in c.power if p.segment == segment}
        first = next(iter(row.values()))
        # A segment that passes less often than that cannot lose it.
        cells = " ".join(f"{100 * row[d].blocked:>5.0f}%" if d in row else f"{'-':>6}" for d in drops)
        yield Line(f"  {segment + ('*' if first.critical else ''):<{width}} {first.n:>6} {cells}", "plain")


def _cost(calls: int) -> str:
    return f" ({count(calls, 'call')} more, both versions)" if calls else ""


def certificate_data(certificates: Sequence[Certificate], policies: Sequence[Policy]) -> dict[str, Any]:
    """Plain data; the rates at the top are the worst of all graphs, and of the fleet as if its graphs were independent."""
    graphs = [_graph(c, p) for c, p in zip(certificates, policies, strict=True)]
    at = [
        p.blocked
        for c, policy in zip(certificates, policies, strict=True)
        for p in c.power
        if p.critical and p.drop == policy.must_detect
    ]
    return {
        "schema": SCHEMA,
        "alpha": max(c.alpha for c in certificates),
        "false_block_rate": max(c.false_block for c in certificates),
        "fleet_false_block_rate": fleet_rate(certificates),
        "power": min(at) if at else None,
        "graphs": graphs,
    }


def fleet_rate(certificates: Sequence[Certificate]) -> float:
    """Chance that an unchanged candidate is blocked in one of the graphs at least."""
    return 1 - math.prod(1 - c.false_block for c in certificates)


def fleet_line(certificates: Sequence[Certificate]) -> Line:
    """The fleet-wide rate, said once for several graphs."""
    return Line(
        f"of {count(len(certificates), 'graph')} that changed nothing at least one is blocked {percent(fleet_rate(certificates))} of the time",
        "dim",
    )


def _licences(policy: Policy) -> tuple[str, ...]:
    """Judges that the simulated gate counts in full: those that compare, and keys of those that score one answer."""
    return (*(rule.name for rule in policy.judges), *pointwise_keys(policy))


def _graph(c: Certificate, policy: Policy) -> dict[str, Any]:
    return {
        "graph": c.name,
        "only_reported": _only_reported(c, policy),
        "policy": {"source": policy.source, "hash": policy.hash},
        "sizes_hash": c.shape_hash,
        "alpha": c.alpha,
        "kept": c.kept,
        "gates": c.null.gates,
        "false_block_rate": c.false_block,
        "false_block_ci": _ends(c.null, c.null.blocked),
        "false_block_by": {
            "scores": c.null.rate(c.null.by_score),
            "floors": c.null.rate(c.null.by_floor),
            "zero_tolerance": c.null.rate(c.null.by_hit),
            "measurements": c.null.rate(c.null.by_measure),
        },
        "inconclusive": {
            "missing": c.null.rate(c.null.uncertain),
            "not_better": c.null.rate(c.null.not_better),
            "zero_tolerance_missing": c.null.rate(c.null.unseen),
            "underpowered": c.null.rate(c.null.underpowered),
            "uncovered": list(c.uncovered),
        },
        "confirm": _confirm_data(c.confirm),
        "naive": {
            "raw_drop_2_points": c.null.rate(c.null.raw_drop),
            "any_p_05": c.null.rate(c.null.raw_p),
            "bootstrap_per_segment": c.null.rate(c.null.bootstrap),
        },
        "assumed": {
            "churn": c.truth.churn,
            "missing": c.truth.missing,
            "missing_by_key": dict(c.truth.missing_cells),
            "rate": c.truth.rate,
            "repetitions": c.truth.repetitions,
            "icc": c.truth.icc,
            "false_hits": dict(c.truth.hits),
            "licences": list(_licences(policy)),
            "from": [{"name": f.name, "value": f.value, "source": f.source, "note": f.note} for f in c.facts],
        },
        "sizes": c.sizes,
        "power": [
            {
                "segment": p.segment,
                "critical": p.critical,
                "n": p.n,
                "drop": p.drop,
                "blocked": p.blocked,
                "inconclusive": p.inconclusive,
                "passed": p.passed,
            }
            for p in c.power
        ],
        "advice": [
            {
                "segment": a.segment,
                "critical": a.critical,
                "kind": a.kind,
                "advice": a.sentence,
                "calls": a.calls,
                "power": a.power,
            }
            for a in c.advice
        ],
    }


def _confirm_data(found: Confirmation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    of_broken = [{"segment": segment, **_stages(one)} for segment, one in found.broken]
    return {"unchanged": _stages(found.null), "broken": of_broken}


def _stages(one: Confirming) -> dict[str, Any]:
    return {
        "gates": one.gates,
        "blocked": one.blocked / one.gates,
        "inconclusive": one.uncertain / one.gates,
        "passed": one.passed / one.gates,
        "shown": {segment: one.shown(segment) for segment, _ in one.unshown},
        "calls": one.calls,
    }


def _ends(null: Gates, count: int) -> list[float] | None:
    found = null.interval(count)
    return [found.low, found.high] if isinstance(found, Interval) else None
