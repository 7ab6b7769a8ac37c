"""`seatrial feedback-gate`: did production contradict the confidence that classifiers stated?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.decision_options import output_options, time_options
from seatrial.cli.feedback_sources import metrics_of, rules_of, source_options, tables_from
from seatrial.cli.output import check_targets, show_decision
from seatrial.cli.times import moment, time_zone
from seatrial.errors import DataError, SeatrialError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.feedback.units import Units
    from seatrial.verdict import Decision


@click.command("feedback-gate")
@source_options
@click.option("--one-shot", is_flag=True, help="Judge one fixed window, looked at once, instead of the year.")
@click.option("--from", "begin", metavar="TIME", help="Only decisions decided at or after this time.")
@click.option("--to", "end", metavar="TIME", help="Only decisions decided before this time.")
@time_options()
@click.option(
    "--since",
    type=click.Path(path_type=Path),
    help="An earlier report (.json): shows the trend; a moved share without an answer is exit 2.",
)
@click.option("--webhook", metavar="URL", help="Also post the JSON there; whether it arrives changes no exit code.")
@click.option(
    "--mlflow",
    "to_mlflow",
    is_flag=True,
    help="Also log stated and observed rates to MLflow (MLFLOW_TRACKING_URI, else mlflow.db).",
)
@click.option(
    "--recalibrate",
    is_flag=True,
    help="Also measure what mapping confidences would gain on held-out decisions; nothing is applied.",
)
@click.option("--warn-only", is_flag=True, help="Exit 0 where production contradicts a classifier (2 stays 2).")
@output_options("feedback")
def command(
    decisions: str | None,
    outcomes: str | None,
    sources: tuple[str, ...],
    maps: tuple[str, ...],
    segments: tuple[str, ...],
    only: tuple[str, ...],
    rules_file: Path | None,
    metrics_file: Path | None,
    begin: str | None,
    end: str | None,
    clock: str | None,
    zone: str | None,
    since: Path | None,
    webhook: str | None,
    files: tuple[Path, ...],
    *,
    recalibrate: bool,
    to_mlflow: bool,
    one_shot: bool,
    warn_only: bool,
    every: bool,
    as_json: bool,
) -> int:
    """Compare what production said with the confidence that classifiers stated.

    Outcomes are joined to decisions by thread, however late. A classifier, segment, verdict or confidence band with too
    few positives for what it stated is flagged (exit 1); a source that could not be fully evaluated is "cannot tell"
    (exit 2); everything else passes (exit 0). Run every night it flags a calibrated source with probability alpha a
    year; --one-shot judges one window.

    \b
    Examples:
      seatrial feedback-gate --decisions decisions.csv --outcomes outcomes.csv
      seatrial feedback-gate --one-shot --outcomes joined.parquet --map classifier=model \\
                             --map label=correct --segment segment
      feedback_gate --decisions store --outcomes store --since last.json -o feedback.json
    """
    from seatrial.adapters.feedback.source import Question, evidence_of  # noqa: PLC0415 - numpy is for those who gate
    from seatrial.adapters.post import is_web_address  # noqa: PLC0415
    from seatrial.feedback.decide import decide  # noqa: PLC0415
    from seatrial.feedback.year import year_at  # noqa: PLC0415
    from seatrial.report.feedback import feedback_view  # noqa: PLC0415

    check_targets(files)
    if webhook and not is_web_address(webhook):
        raise UsageError("--webhook: the address does not begin with http:// or https://")
    metrics = metrics_of(metrics_file)
    rules = rules_of(rules_file).with_metrics(metrics)
    declared = time_zone(zone)
    now = moment(clock, "--now", declared)
    window = (moment(begin, "--from", declared, -float("inf")), moment(end, "--to", declared, float("inf")))
    year = None if one_shot else year_at(now, rules.year)
    requested = tables_from(decisions, outcomes, sources, maps, segments, declared, rules)
    question = Question(rules, metrics, year, now, only, window)
    kept: list[Units] = []
    decision = decide(
        [evidence_of(one, question, kept.append if recalibrate else None) for one in requested],
        rules,
        year=year,
        warn_only=warn_only,
        previous=_previous(since),
        expected=() if only else tuple(rules.classifiers),
    )
    if recalibrate:
        decision = _with_offers(decision, kept)
    show_decision(decision, feedback_view(decision, alpha=rules.alpha), as_json=as_json, files=files, every=every)
    if decision.details["toml"] and not as_json:
        click.echo(f"\n{decision.details['toml']}", nl=False)
    if to_mlflow:
        _log(decision, now)
    if webhook:
        _post(decision, webhook)
    return decision.exit_code


def _with_offers(decision: Decision, sources: Sequence[Units]) -> Decision:
    """The same decision, with what each mapping of confidence would gain beside it."""
    from dataclasses import replace  # noqa: PLC0415 - only where it is asked for

    from seatrial.feedback.recalibrate import offers  # noqa: PLC0415
    from seatrial.feedback.sentence import offer  # noqa: PLC0415

    found = [one for units in sources for one in offers(units)]
    data = [
        {
            "classifier": one.classifier,
            "method": one.method,
            "fitted": one.fitted,
            "validation": one.validation,
            "brier_before": one.brier_before,
            "brier_after": one.brier_after,
            "gain": one.gain[0],
            "gain_error": one.gain[1],
            "helps": one.helps,
            "thresholds": {f"{stated:g}": means for stated, means in one.thresholds.items()},
        }
        for one in found
    ]
    facts = tuple((f"Recalibration of {one.classifier} ({one.method})", offer(one)) for one in found)
    return replace(decision, facts=(*decision.facts, *facts), details={**decision.details, "recalibration": data})


def _log(decision: Decision, now: float) -> None:
    """Log to MLflow; the verdict stands whether or not it could be."""
    from seatrial.adapters.feedback.metrics import log_feedback  # noqa: PLC0415 - an extra

    try:
        run = log_feedback(decision, Path.cwd().name, os.environ, Path.cwd(), now)
        click.echo(f"MLflow: run {run}", err=True)
    except SeatrialError as error:
        click.echo(f"seatrial: not logged to MLflow: {error}", err=True)


def _post(decision: Decision, url: str) -> None:
    from seatrial.adapters.post import post_json  # noqa: PLC0415 - only where one is given
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.report.decision_data import decision_data  # noqa: PLC0415

    failed = post_json(url, gate_json(decision_data(decision)))
    if failed:
        click.echo(f"seatrial: the webhook did not take the decision: {failed}", err=True)


def _previous(file: Path | None) -> Mapping[str, Any] | None:
    if file is None:
        return None
    from seatrial.report.decision_data import decision_of  # noqa: PLC0415

    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"--since {file} does not exist; write one with -o {file}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"--since {file} cannot be read: {error}") from error
    before = decision_of(data, str(file))
    if before.kind != "feedback":
        raise DataError(f"--since {file} holds a {before.kind} decision; a feedback report is needed")
    return before.details
