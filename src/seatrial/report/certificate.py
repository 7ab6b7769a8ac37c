"""A certificate as text and as `seatrial/certify/1`; its picture stands in `power.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.gate.sentence import percent
from seatrial.report.console import Line
from seatrial.stats.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seatrial.certify.certificate import Certificate
    from seatrial.certify.simulate import Gates
    from seatrial.gate.policy import Policy

SCHEMA = "seatrial/certify/1"
HEAD = "chance to block a drop of"


def certificate_lines(c: Certificate, policy: Policy) -> Iterator[Line]:
    """The lines of a terminal report."""
    rate = c.null.rate(c.null.blocked)
    kept = rate <= c.alpha
    yield Line(
        f"{'✓' if kept else '✕'} {c.name}: false block {percent(rate)} of {c.null.gates:,} unchanged candidates, promised ≤ {percent(c.alpha)}",
        "good" if kept else "bad",
    )
    yield Line(
        f"  assumed: {percent(c.truth.churn)} of examples flip on their own, {percent(c.truth.missing)} of cells are not measured",
        "dim",
    )
    others = f"any raw drop > 2 points {percent(c.null.rate(c.null.raw_drop))} · any p < .05 {percent(c.null.rate(c.null.raw_p))} · a bootstrap interval per segment {percent(c.null.rate(c.null.bootstrap))}"
    yield Line(f"  on the same unchanged candidates the rules people write first block: {others}", "plain")
    if c.null.underpowered:
        yield Line(
            f"  cannot tell, always: {', '.join(c.uncovered)} too small to show a drop of {100 * policy.must_detect:g} points",
            "unsure",
        )
    elif c.null.uncertain:
        yield Line(f"  cannot tell for what is missing: {percent(c.null.rate(c.null.uncertain))}", "unsure")
    drops = sorted({p.drop for p in c.power})
    width = max([len(HEAD), *(len(p.segment) + 1 for p in c.power)])
    yield Line(
        f"  {HEAD:<{width}} {'n':>6} " + " ".join(f"{100 * drop:>4.0f}pt" for drop in drops),
        "dim",
    )
    for segment in dict.fromkeys(p.segment for p in sorted(c.power, key=lambda p: (not p.critical, p.segment))):
        row = {p.drop: p for p in c.power if p.segment == segment}
        first = row[drops[0]]
        cells = " ".join(f"{100 * row[drop].blocked:>5.0f}%" for drop in drops)
        yield Line(f"  {segment + ('*' if first.critical else ''):<{width}} {first.n:>6} {cells}", "plain")
    at = [p for p in c.power if p.critical and p.drop == policy.must_detect]
    if at:
        worst = max(at, key=lambda p: p.passed)
        yield Line(
            f"  a critical segment that lost {100 * policy.must_detect:g} points sails at most {percent(worst.passed)} of the time ({worst.segment})",
            "plain",
        )
    for advice in c.advice:
        yield Line(
            f"  to mend it  {advice.sentence}"
            + (f" ({advice.calls:,} calls for both versions)" if advice.calls else ""),
            "plain",
        )


def certificate_data(certificates: Sequence[Certificate], policies: Sequence[Policy]) -> dict[str, Any]:
    """Plain data; the rates at the top are the worst of all graphs."""
    graphs = [_graph(c, p) for c, p in zip(certificates, policies, strict=True)]
    return {
        "schema": SCHEMA,
        "alpha": max(c.alpha for c in certificates),
        "false_block_rate": max(c.null.rate(c.null.blocked) for c in certificates),
        "graphs": graphs,
    }


def _graph(c: Certificate, policy: Policy) -> dict[str, Any]:
    return {
        "graph": c.name,
        "policy": {"source": policy.source, "hash": policy.hash},
        "alpha": c.alpha,
        "gates": c.null.gates,
        "false_block_rate": c.null.rate(c.null.blocked),
        "false_block_ci": _ends(c.null, c.null.blocked),
        "inconclusive": {
            "missing": c.null.rate(c.null.uncertain),
            "underpowered": c.null.rate(c.null.underpowered),
            "uncovered": list(c.uncovered),
        },
        "naive": {
            "raw_drop_2_points": c.null.rate(c.null.raw_drop),
            "any_p_05": c.null.rate(c.null.raw_p),
            "bootstrap_per_segment": c.null.rate(c.null.bootstrap),
        },
        "assumed": {"churn": c.truth.churn, "missing": c.truth.missing, "rate": c.truth.rate},
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
        "advice": [{"segment": a.segment, "advice": a.sentence, "calls": a.calls} for a in c.advice],
    }


def _ends(null: Gates, count: int) -> list[float] | None:
    found = null.interval(count)
    return [found.low, found.high] if isinstance(found, Interval) else None
