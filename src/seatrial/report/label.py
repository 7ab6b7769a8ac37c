"""Label: what a row is called where there is little room for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.gate.row import OVERALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.gate.report import Report
    from seatrial.verdict import Finding

LONGEST = 120
"""Characters of a name that any surface shows; the JSON has it whole."""


def labels(report: Report) -> Callable[[Finding], str]:
    """`overall`, `value` when there is one dimension, else `NAME=value`; with its key unless it is the leading one."""
    dimensions = {f.segment.partition("=")[0] for f in report.findings if f.segment != OVERALL and not beside(f)}

    def label(f: Finding) -> str:
        dimension, _, value = f.segment.partition("=")
        name = value if dimensions == {dimension} else f.segment
        return short(name if f.key == report.overall.key else f"{name} · {f.key}")

    return label


def beside(f: Finding) -> bool:
    """Whether a row stands beside the family with nothing to draw: zero tolerance, a measurement, a contract test."""
    return f.ci is None and f.alpha_row is None


def label(finding: Finding, report: Report) -> str:
    """The name of one row of `report`."""
    return labels(report)(finding)


def short(text: str, longest: int = LONGEST) -> str:
    """`text` with its middle left out where it is long: names differ at their ends more often."""
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[-(longest // 2) :]}"
