"""Churn as text and as `seatrial/flaky/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.gate.sentence import percent
from seatrial.report.console import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.gate.churn import Churn
    from seatrial.gate.policy import Policy

SCHEMA = "seatrial/flaky/1"


def churn_lines(c: Churn, policy: Policy) -> Iterator[Line]:
    """The lines of a terminal report."""
    overall = c.segments[0]
    yield Line(
        f"{c.version} · {c.key}: two runs of the same example disagree {percent(overall.churn)} of the time ({overall.n} examples, {c.repetitions} runs each)",
        "plain",
    )
    width = max(len(row.segment) for row in c.segments) + 1
    yield Line(
        f"  {'segment':<{width}} {'n':>5}  {'churn':>7}  {'95 % interval':>17}  runs to see {100 * policy.must_detect:g} points",
        "dim",
    )
    for row in c.segments:
        ends = f"{percent(row.ci[0])} to {percent(row.ci[1])}" if row.ci else "no spread"
        runs = "more examples" if row.repetitions is None else str(row.repetitions)
        yield Line(
            f"  {row.segment + ('*' if row.critical else ''):<{width}} {row.n:>5}  {percent(row.churn):>7}  {ends:>17}  {runs}",
            "plain",
        )
    if c.flakiest:
        yield Line("  flakiest  " + ", ".join(f"{name} {100 * share:.0f} %" for name, share in c.flakiest), "plain")
    if c.unusable:
        yield Line(f"  note  {c.unusable} examples have fewer than two measured runs and were left out", "unsure")
    if c.proposed > policy.churn:
        yield Line(
            f"  next  churn = {c.proposed:.2f} in the policy; it says {policy.churn:g}, so power is promised that is not there",
            "unsure",
        )


def churn_data(found: tuple[Churn, ...]) -> dict[str, Any]:
    """Plain data."""
    return {
        "schema": SCHEMA,
        "keys": [
            {
                "key": c.key,
                "version": c.version,
                "repetitions": c.repetitions,
                "proposed_churn": c.proposed,
                "unusable": c.unusable,
                "segments": [
                    {
                        "segment": r.segment,
                        "critical": r.critical,
                        "n": r.n,
                        "churn": r.churn,
                        "ci": list(r.ci) if r.ci else None,
                        "repetitions": r.repetitions,
                    }
                    for r in c.segments
                ],
                "flakiest": [{"example": name, "disagree": share} for name, share in c.flakiest],
            }
            for c in found
        ],
    }
