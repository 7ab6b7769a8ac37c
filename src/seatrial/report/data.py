"""Data: a report as `seatrial/gate/1`, canonical, byte for byte the same for the same evidence and policy."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json
from seatrial.evidence.schema import SEVERAL
from seatrial.privacy.exits import redacted
from seatrial.reason import reason_data
from seatrial.report.annotations import looks_data

if TYPE_CHECKING:
    from seatrial.gate.report import Report
    from seatrial.verdict import Finding
    from seatrial.vote import Standing

SCHEMA = "seatrial/gate/1"
DIGITS = 12
"""Significant digits of a float: sums over rows in another order differ beyond them."""


def gate_data(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "schema": SCHEMA,
        "verdict": report.verdict.value,
        "exit_code": report.exit_code,
        "reason_class": report.reason_class.value if report.reason_class else None,
        "reason": report.reason,
        "mode": report.mode,
        "evidence": SEVERAL.join(file.replace("\\", "/").rpartition("/")[2] for file in report.source.split(SEVERAL)),
        "graph": report.graph,
        "baseline": report.baseline,
        "candidate": report.candidate,
        "policy": dict(report.policy),
        "alpha": report.alpha,
        "budget": asdict(report.budget),
        "must_detect": report.must_detect,
        "must_detect_overall": report.must_detect_overall,
        "floors": report.floors,
        "goal": report.goal,
        "prices": report.prices,
        "segments_file": dict(report.segments_file),
        "tolerated": report.tolerated,
        "churn": report.churn,
        "family_size": report.family_size,
        "counts": report.counts,
        "unchanged": report.unchanged,
        "overall": _finding(report.overall),
        "segments": [_finding(f) for f in report.segments],
        "reported": [_finding(f) for f in report.reported],
        "causes": [{"reason": reason, "regressed": count} for reason, count in report.causes],
        "warnings": list(report.warnings),
        **({"judges": {name: _standing(one) for name, one in report.standings.items()}} if report.standings else {}),
        **looks_data(report),
    }


def refusal_data(reason: str, reason_class: str, schema: str = SCHEMA, *, exit_code: int = 2) -> dict[str, Any]:
    """What `--json` prints when nothing could be judged: no row, so that nobody reads one as clean."""
    return {
        "schema": schema,
        "verdict": "inconclusive",
        "exit_code": int(exit_code),
        "reason_class": reason_class,
        "reason": reason,
    }


def gate_json(data: dict[str, Any]) -> str:
    """Canonical JSON with a newline."""
    return canonical_json(redacted(_rounded(data))) + "\n"


def _standing(one: Standing) -> dict[str, Any]:
    return {
        "level": one.level.value,
        "reasons": [reason_data(bar) for bar in one.bars],
        "consistency": list(one.consistency) if one.consistency else None,
        "floor": one.floor,
    }


def _finding(f: Finding) -> dict[str, Any]:
    return {
        "segment": f.segment,
        "critical": f.critical,
        "key": f.key,
        "n": f.n,
        "baseline": f.baseline,
        "candidate": f.candidate,
        "difference": f.difference,
        "ci": list(f.ci) if f.ci else None,
        "ci_row": list(f.ci_row) if f.ci_row else None,
        "p": f.p,
        "p_adjusted": f.p_adjusted,
        "alpha_row": f.alpha_row,
        "threshold": f.threshold,
        "verdict": f.verdict.value if f.verdict else None,
        "state": f.state.value,
        "promotable": f.promotable,
        "detectable_drop": f.detectable_drop,
        "needed_n": f.needed_n,
        "regressed": f.regressed,
        "fixed": f.fixed,
        "missing": f.missing,
        "outcomes": {arm: dict(words) for arm, words in f.outcomes.items()},
        "reason": f.reason,
        "reasons": [reason_data(one) for one in f.reasons],
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value
