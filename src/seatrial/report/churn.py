"""Churn and quarantine as text and as `seatrial/flaky/1`, `seatrial/quarantine-debt/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.report.console import Line
from seatrial.wording import count, percent, verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from seatrial.gate.churn import Churn
    from seatrial.gate.policy import Policy
    from seatrial.gate.quarantine_file import Entry

SCHEMA = "seatrial/flaky/1"
DEBT = "seatrial/quarantine-debt/1"


def churn_lines(c: Churn, policy: Policy) -> Iterator[Line]:
    """The lines of a terminal report."""
    overall = c.segments[0]
    yield Line(
        f"{c.version} · {c.key}: two runs of the same example disagree {percent(overall.churn)} of the time ({count(overall.n, 'example')}, {count(c.repetitions, 'run')} each)",
        "plain",
    )
    width = max(len(row.segment) for row in c.segments) + 1
    yield Line(
        f"  {'segment':<{width}} {'n':>5}  {'churn':>7}  {'95 % interval':>17}  runs that suffice",
        "dim",
    )
    for row in c.segments:
        ends = f"{percent(row.ci[0])} to {percent(row.ci[1])}" if row.ci else "no spread"
        runs = "more examples" if row.repetitions is None else str(row.repetitions)
        runs += f" (not worse by {100 * row.rules_out:g} points)" if row.rules_out else ""
        yield Line(
            f"  {row.segment + ('*' if row.critical else ''):<{width}} {row.n:>5}  {percent(row.churn):>7}  {ends:>17}  {runs}",
            "plain",
        )
    yield Line(
        f"  runs that suffice, per example and version, with power 0.8: an unchanged candidate is shown not worse; where nothing has to be shown, a drop of {100 * policy.must_detect:g} points is detected",
        "dim",
    )
    if c.flakiest:
        yield Line("  flakiest  " + ", ".join(f"{name} {100 * share:.0f} %" for name, share in c.flakiest), "plain")
    if c.unusable:
        yield Line(
            f"  note  {count(c.unusable, 'example')} {verb(c.unusable, 'have')} fewer than two measured runs and were left out",
            "unsure",
        )
    if c.proposed > policy.churn:
        yield Line(
            f"  next  churn = {c.proposed:.2f} in the policy; it says {policy.churn:g}, so the examples that plan asks for are too few",
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
                        "rules_out": r.rules_out or None,
                    }
                    for r in c.segments
                ],
                "flakiest": [{"example": name, "disagree": share} for name, share in c.flakiest],
            }
            for c in found
        ],
    }


def quarantine_lines(entries: Sequence[Entry]) -> Iterator[Line]:
    """What was just written."""
    for e in entries:
        yield Line(
            f"{e.example} is in quarantine until {e.expires} ({e.owner}): two of its {count(e.runs, 'run')} of {e.graph}@{e.version} disagree {percent(e.disagree)} of the time",
            "plain",
        )
    yield Line("  next  commit gates/quarantine.toml; until then every report shows them and no row counts them", "dim")


def debt_lines(entries: Sequence[Entry], today: date) -> Iterator[Line]:
    """The debt table: whose, until when."""
    if not entries:
        yield Line("nothing is in quarantine", "plain")
        return
    expired = sum(e.days_left(today) < 0 for e in entries)
    yield Line(
        f"{count(len(entries), 'example')} in quarantine{f', {expired} expired and gating again' if expired else ''}",
        "unsure" if expired else "plain",
    )
    names = [f"{e.graph} {e.example}" for e in entries]
    wide, owners = max(map(len, names)), max(5, *(len(e.owner) for e in entries))
    yield Line(f"  {'example':<{wide}}  {'owner':<{owners}}  {'expires':<10}  {'days left':>9}  reason", "dim")
    for name, e in zip(names, entries, strict=True):
        left = e.days_left(today)
        yield Line(
            f"  {name:<{wide}}  {e.owner:<{owners}}  {e.expires}  {left if left >= 0 else 'expired':>9}  {e.reason}",
            "plain" if left >= 0 else "unsure",
        )


def debt_data(entries: Sequence[Entry], today: date) -> dict[str, Any]:
    """Plain data."""
    return {
        "schema": DEBT,
        "examples": [
            {
                "graph": e.graph,
                "dataset": e.dataset,
                "id": e.example,
                "owner": e.owner,
                "reason": e.reason,
                "expires": e.expires.isoformat(),
                "days_left": e.days_left(today),
                "expired": e.days_left(today) < 0,
                "version": e.version,
                "runs": e.runs,
                "disagree": e.disagree,
            }
            for e in entries
        ],
    }
