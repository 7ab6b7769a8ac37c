"""Unjudged: a trial row that could not be judged, on the terminal, in `--json`, in reports/ and in the step summary."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.errors import UsageError
from seatrial.privacy.exits import redacted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.project import TrialRow
    from seatrial.trial.trials import Unjudged


def report_name(row: TrialRow, rows: Sequence[TrialRow]) -> str:
    """A report's file name: its graph, and its versions where the graph has several rows."""
    alone = sum(other.graph == row.graph for other in rows) == 1
    return row.graph if alone else f"{row.graph}-{row.baseline}-{row.candidate}-{row.dataset}"


def title_of(row: TrialRow) -> str:
    """What was to be compared."""
    return f"{row.graph} {row.baseline} → {row.candidate}"


def show_unjudged(trial: Unjudged, *, as_json: bool) -> None:
    """Say on the terminal and in the step summary why a row was not judged."""
    from seatrial.cli.output import say  # noqa: PLC0415 - after the work, not before
    from seatrial.report.refusal import refusal_comment, refusal_lines  # noqa: PLC0415

    if trial.trace:
        click.echo(trial.trace, err=True)
    if not as_json:
        say(refusal_lines(title_of(trial.row), trial.reason, trial.exit_code))
        click.echo("")
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if target:
        try:
            with Path(target).open("a", encoding="utf-8") as step:
                step.write(
                    redacted(refusal_comment(title_of(trial.row), trial.reason, trial.row.graph, trial.exit_code))
                )
        except OSError as error:
            click.echo(f"seatrial: the step summary {target} cannot be written: {error.strerror}", err=True)


def unjudged_data(trial: Unjudged) -> dict[str, Any]:
    """Its entry in `seatrial/trial/1`: no report, but what refused one."""
    from seatrial.report.data import refusal_data  # noqa: PLC0415

    return {
        "graph": trial.row.graph,
        "expect": trial.row.expect,
        "as_expected": False,
        "report": refusal_data(trial.reason, trial.reason_class, exit_code=trial.exit_code),
    }


def write_unjudged(unjudged: Sequence[Unjudged], folder: Path, rows: Sequence[TrialRow]) -> None:
    """Write the files a report has, each saying why there is none."""
    from seatrial.report.refusal import refusal_texts  # noqa: PLC0415 - after the work, not before

    for trial in unjudged:
        name, title = report_name(trial.row, rows), title_of(trial.row)
        texts = refusal_texts(title, trial.reason, trial.reason_class, trial.exit_code, name=trial.row.graph)
        for suffix, text in texts.items():
            file = folder / f"{name}{suffix}"
            try:
                file.write_text(text if suffix == ".json" else redacted(text), encoding="utf-8")
            except OSError as error:
                raise UsageError(f"{file} cannot be written: {error.strerror}") from error
