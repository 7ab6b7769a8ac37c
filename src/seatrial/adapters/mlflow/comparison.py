"""Comparison: a gate's report as a run of its own, beside the runs it compares.

    compare/<baseline8>/valid/diff                        candidate minus baseline, over everything
    compare/<baseline8>/valid/tier/enterprise/ci_low      the same on a segment: key, dimension, value
    winrate/helpful/tier/enterprise/rate                  what a judge says: its win rate of the candidate

`baseline8` is the beginning of the baseline's MLflow run id. The names are those MLflow gives its own comparisons, with
the segment added. `p_value` is one-sided, against "not worse", before any correction; `n_paired` is absent where
something was not measured in both versions. Since every baseline brings names of its own, comparisons have an
experiment of their own: the charts of the versions keep the same names for ever.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seatrial.adapters.mlflow.content import Content, fitting
from seatrial.adapters.mlflow.names import metric_name
from seatrial.adapters.mlflow.win_rates import judges_metrics, standing_tags
from seatrial.gate.verdict import looks_worse
from seatrial.report.judges import is_win_rate, judges_of
from seatrial.report.markdown import comment
from seatrial.report.sanitize import plain_report
from seatrial.report.view import view
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from seatrial.gate.report import Report
    from seatrial.verdict import Finding

COMPARE = "compare"
OVERALL = "overall"
NOTE_LIMIT = 7_500
"""Characters of a description; MLflow takes 8,000 of a tag."""


def comparison(
    report: Report, baseline: Content, baseline_run: str, candidate: Content, candidate_run: str, files: Iterable[Path]
) -> Content:
    """What a comparison says to MLflow.

    Args:
        report: the gate's.
        baseline: the run compared with.
        baseline_run: its MLflow run id.
        candidate: the run judged.
        candidate_run: its MLflow run id.
        files: of the report; they become artifacts under `report/`.
    """
    params = {
        "graph": candidate.params["graph"],
        "baseline": report.baseline,
        "candidate": report.candidate,
        "dataset_hash": candidate.params["dataset_hash"],
        **{f"policy_{name}": value for name, value in report.policy.items() if name != "source" and value},
        "alpha": f"{report.alpha:g}",
        "must_detect": f"{report.must_detect:g}",
    }
    tags = {
        "seatrial.run_id": f"{baseline.run_id}..{candidate.run_id}",
        "seatrial.kind": "comparison",
        "seatrial.baseline_run": baseline_run,
        "seatrial.candidate_run": candidate_run,
        "mlflow.source.name": "seatrial",
        "mlflow.source.type": "LOCAL",
        "mlflow.runName": f"{candidate.params['graph']} {report.baseline} → {report.candidate}",
        **verdict_tags(report),
        **standing_tags(report),
    }
    params, long_params = fitting(params)
    return Content(
        run_id=tags["seatrial.run_id"],
        experiment=f"{candidate.experiment}/comparisons",
        started_ms=candidate.started_ms,
        ended_ms=candidate.ended_ms,
        params=params,
        tags=tags,
        metrics=comparison_metrics(report, baseline_run),
        files=tuple((file, "report") for file in files),
        long=long_params,
    )


def comparison_metrics(report: Report, baseline_run: str) -> dict[str, float]:
    """Every row of the report that has numbers; a row's unknown numbers are left out."""
    found: dict[str, float] = {}
    for finding in (*report.findings, *report.reported):
        if is_win_rate(finding):
            continue  # a rate against one half is no difference from the baseline
        where = () if finding.segment == OVERALL else tuple(finding.segment.split("=", 1))
        for statistic, number in _numbers(finding).items():
            if number is not None and math.isfinite(number):
                # A key that is also held to zero tolerance has two rows here; the first is the tested one.
                found.setdefault(metric_name(COMPARE, baseline_run[:8], finding.key, *where, statistic), number)
    return found | judges_metrics(judges_of(plain_report(report)))


def _numbers(finding: Finding) -> dict[str, float | None]:
    low, high = finding.ci or (None, None)
    return {
        "diff": finding.difference,
        "ci_low": low,
        "ci_high": high,
        "p_value": finding.p,
        "n_paired": None if finding.missing else float(finding.n),
    }


def verdict_tags(report: Report) -> dict[str, str]:
    """The verdict and what led to it, so that a table of runs reads as a list of verdicts."""
    # Segments come critical first, then worst first; everything together is named where no part of it failed.
    failing = [finding.segment for finding in (*report.segments, report.overall) if finding.verdict is Verdict.FAIL]
    watched = [finding.segment for finding in looks_worse(report.findings)] if report.verdict is Verdict.PASS else []
    tags = {
        "seatrial.verdict": report.verdict.value,
        "seatrial.reason": report.reason,
        "seatrial.reason_class": report.reason_class.value if report.reason_class else None,
        "seatrial.worst_segment": next(iter(failing or watched), None),
        "seatrial.look_worse": str(len(watched)) if watched else None,
        "seatrial.mode": report.mode,
        "mlflow.note.content": _note(report),
    }
    return {name: value for name, value in tags.items() if value}


def _note(report: Report) -> str:
    """The pull request's comment as the run's description, without the two lines only a pull request understands."""
    text = comment(view(report), report.graph).split("\n", 2)[2]
    if len(text) <= NOTE_LIMIT:
        return text
    kept = text[:NOTE_LIMIT].rpartition("\n")[0]
    return f"{kept}\n\nThe whole report is among the artifacts, under `report/`."
