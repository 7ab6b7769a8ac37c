"""Page: a report's HTML at the edge, where the texts of a project's runs, files and a browser are."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.errors import SeatrialError, UsageError
from seatrial.privacy.exits import redacted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from seatrial.gate.report import Report
    from seatrial.report.html import SideBySide

EMPTY = "holds no rows"
"""How the evidence reader says that there is nothing to judge."""


def page(report: Report, *, examples: bool = True) -> str:
    """The page of a report, with the texts of its flipped answers unless they are to be left out."""
    from seatrial.report.html import html  # noqa: PLC0415 - only who wants a page waits for it
    from seatrial.report.view import view  # noqa: PLC0415

    return html(view(report), _texts(report) if examples else None)


def _texts(report: Report) -> Mapping[tuple[str, str], SideBySide]:
    from seatrial.report.provenance import runs_of  # noqa: PLC0415

    if runs_of(report.source) is None:
        return {}
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.outputs import answers  # noqa: PLC0415

    try:
        return answers(open_project(Path.cwd()), report)
    except (SeatrialError, OSError):
        # The verdict stands without its texts, and the page says that they are not there.
        return {}


@contextmanager
def refusals(files: Iterable[Path], title: str = "") -> Iterator[None]:
    """Where nothing can be judged, every file asked for says why, with the exit code to which the error goes on.

    A file of an earlier run is written over: it would be read as the verdict of this one.
    """
    try:
        yield
    except SeatrialError as error:
        from seatrial.report.refusal import refusal_texts  # noqa: PLC0415

        reason = str(error)
        empty = EMPTY in reason
        if files := list(files):
            texts = refusal_texts(title, reason, error.reason_class, error.exit_code, name="", empty=empty)
        for file in files:
            save(file, texts[file.suffix])
        raise


def save(file: Path, text: str) -> None:
    """Write one file, or say why not."""
    try:
        file.write_text(text if file.suffix == ".json" else redacted(text), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error


def browse(files: Iterable[Path]) -> None:
    """Open pages in the browser; in CI there is nobody to look."""
    if os.environ.get("CI"):
        click.echo("CI is set: no browser was opened", err=True)
        return
    import webbrowser  # noqa: PLC0415 - slow, and asked for rarely

    for file in files:
        if not webbrowser.open(file.resolve().as_uri()):
            click.echo(f"no browser could be opened; the page is {file}", err=True)
