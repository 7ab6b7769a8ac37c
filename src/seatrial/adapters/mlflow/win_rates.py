"""Win rates as metrics: one judge's rates per segment, under the same names in a gate's run and in a judged comparison's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.adapters.mlflow.names import metric_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.gate.report import Report
    from seatrial.report.judges import JudgeView
    from seatrial.vote import Standing

WINRATE = "winrate"


def row_metrics(judge: str, segment: str, numbers: Mapping[str, float | None]) -> dict[str, float]:
    """`winrate/JUDGE/SEGMENT/rate` and whatever else is known of a row; unknowns have no name."""
    where = (WINRATE, judge, *segment.split("=", 1))
    return {metric_name(*where, name): float(number) for name, number in numbers.items() if number is not None}


def position_metrics(judge: str, numbers: Mapping[str, float | None]) -> dict[str, float]:
    """`winrate/JUDGE/consistency` and whatever else is known of its position bias."""
    return {metric_name(WINRATE, judge, name): float(number) for name, number in numbers.items() if number is not None}


def judges_metrics(views: tuple[JudgeView, ...]) -> dict[str, float]:
    """The win rates of every judge of a gate."""
    found: dict[str, float] = {}
    for view in views:
        for row in view.rows:
            judged = row.wins + row.ties + row.losses
            numbers = {"rate": row.share.mark, "ci_low": row.share.low, "ci_high": row.share.high, "judged": judged}
            counts = {"missing": row.missing, "wins": row.wins, "ties": row.ties, "losses": row.losses}
            found |= row_metrics(view.name, row.segment, {**numbers, **counts})
        found |= position_metrics(view.name, {"consistency": view.consistency.mark})
    return found


def standing_tags(report: Report) -> dict[str, str]:
    """`seatrial.judge.NAME`: what each judge of the policy was allowed to do, and why no more."""
    return {f"seatrial.judge.{metric_name(name)}": _allowed(found) for name, found in report.standings.items()}


def _allowed(found: Standing) -> str:
    from seatrial.vote import bar_sentence  # noqa: PLC0415 - where there is a judge

    why = "; ".join(map(bar_sentence, found.bars))
    return f"{found.level.value}: {why}" if why else found.level.value
