"""Win-rate certificate: what a judge's rule does on a policy's sizes, as lines of a terminal and as data."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seatrial.report.console import Line
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.certify.win_rates import WinRateCertificate


def win_rate_lines(c: WinRateCertificate) -> Iterator[Line]:
    """The lines of a terminal report, under the certificate of its policy."""
    rows = ", ".join(f"{segment} {n:,}" for segment, n in c.rows)
    (_, unchanged), *better = c.clears
    yield Line(
        f"  judge {c.judge} on {rows} ({count(c.gates, 'candidate')} a rate, {percent(c.ties)} ties): an unchanged candidate "
        f"clears {percent(unchanged)} and is shown to lose on some row {percent(c.loses)} of the time",
        "plain",
    )
    chances = ", ".join(f"{percent(1 - clears)} at a true win rate of {percent(rate)}" for rate, clears in better)
    yield Line(f"    a truly better candidate does not clear {chances}", "plain")


def win_rate_data(c: WinRateCertificate) -> dict[str, Any]:
    """As plain data."""
    return {**asdict(c), "rows": dict(c.rows), "clears": [{"rate": rate, "clears": share} for rate, share in c.clears]}
