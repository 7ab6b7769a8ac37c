"""Win rate on the surfaces: a decision by a verdict table, as the rows of one judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seatrial.report.decision_view import decision_view
from seatrial.report.judges import JudgeRow, judge_view, share
from seatrial.report.sanitize import line, sentence
from seatrial.report.terms import WIN_RATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.report.view import View
    from seatrial.verdict import Decision, Finding
    from seatrial.vote import Standing

UNKNOWN = "licence not looked up here"


def winrate_view(decision: Decision, standing: Standing | None = None) -> View:
    """The view of a win-rate decision.

    Args:
        decision: what was decided.
        standing: what the judge may do in a gate; None where that was not requested.
    """
    details = decision.details
    overall, position = details["rates"][0], details["position"]
    measured = None if position is None else share(position["consistency"], position["consistency_ci"])
    rows = [
        _row(rate, finding, details["length_adjusted"] if place == 0 else None)
        for place, (rate, finding) in enumerate(zip(details["rates"], decision.findings, strict=True))
    ]
    name = ", ".join(details["judges"]) or "not named"
    judge = judge_view(name, rows, standing, consistency=measured)
    made = decision_view(
        decision,
        WIN_RATE,
        scored=f"{overall['judged']:,} of {overall['planned']:,} examples judged",
        error_rate=f"at most {100 * details['rules']['alpha']:g} % of candidates no better than the baseline are called winners",
    )
    barred = [f"in a gate: judge {judge.name}, {judge.licence}: {judge.why}"] if judge.why else []
    return replace(
        made,
        warnings=(*made.warnings, *barred),
        rows=tuple(replace(row, judged=True) for row in made.rows),
        judges=(
            replace(judge, licence=judge.licence if standing else UNKNOWN, floor=details["rules"]["min_consistency"]),
        ),
    )


def _row(rate: Mapping[str, Any], f: Finding, adjusted: float | None) -> JudgeRow:
    return JudgeRow(
        label=line(f.segment),
        segment=f.segment,
        critical=f.critical,
        state=f.state,
        word=WIN_RATE.states[f.state],
        n=rate["planned"],
        share=share(rate["rate"], rate["ci"]),
        wins=rate["wins"],
        ties=rate["ties"],
        losses=rate["losses"],
        missing=rate["missing"],
        reason=sentence(f.reason),
        adjusted=adjusted,
    )
