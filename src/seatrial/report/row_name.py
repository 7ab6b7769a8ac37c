"""Label: what a row is called where there is little room for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.gate.row import OVERALL
from seatrial.privacy import strip_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.gate.report import Report
    from seatrial.verdict import Finding

LONGEST = 120
"""Characters of a name that any surface shows; the JSON has it whole."""


def labels(report: Report) -> Callable[[Finding], str]:
    """Names of a table's rows: `overall`, or the segment; with its key unless it is the leading one.

    The table's head says which that is, where there is another: see `leading`.
    """
    name = segments(report)
    return lambda f: short(name(f) if f.key == report.overall.key else f"{name(f)} · {f.key}")


def segments(report: Report) -> Callable[[Finding], str]:
    """Names of segments: `overall`, `value` when there is one dimension, else `NAME=value`."""
    dimensions = {f.segment.partition("=")[0] for f in report.findings if f.segment != OVERALL and not beside(f)}

    def name(f: Finding) -> str:
        dimension, _, value = f.segment.partition("=")
        return strip_text(value if dimensions == {dimension} else f.segment)

    return name


def primary_key(report: Report) -> str:
    """The key that a row's name leaves out, where rows of another are judged beside it; empty where there is one key."""
    return report.overall.key if len({f.key for f in report.findings if not beside(f)}) > 1 else ""


def beside(f: Finding) -> bool:
    """Whether a row is outside the family with nothing to draw: zero tolerance, a measurement, a contract test."""
    return f.ci is None and f.alpha_row is None


def label(finding: Finding, report: Report) -> str:
    """The name of one row of `report` in a sentence, which has no head: with its key where several are judged."""
    name = segments(report)(finding)
    return short(f"{name} · {finding.key}" if primary_key(report) or finding.key != report.overall.key else name)


def short(text: str, longest: int = LONGEST) -> str:
    """`text` with its middle left out where it is long: names differ at their ends more often."""
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[-(longest // 2) :]}"
