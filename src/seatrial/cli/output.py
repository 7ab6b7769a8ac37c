"""Output: a verdict goes to the terminal or as JSON to stdout, to `-o FILE` in its format, and to the step summary."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.errors import UsageError
from seatrial.privacy.exits import redacted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.gate.report import Report
    from seatrial.report.certified import Certified
    from seatrial.report.console import Line
    from seatrial.report.view import View
    from seatrial.verdict import Decision

FORMATS = (".html", ".json", ".md", ".xml", ".txt")
_STYLES: dict[str, dict[str, Any]] = {
    "bad": {"fg": "red", "bold": True},
    "good": {"fg": "blue", "bold": True},
    "unsure": {"bold": True},
    "dim": {"dim": True},
    "plain": {},
}


def check_targets(files: Iterable[Path]) -> None:
    """Refuse an output file we could not write before any work is done."""
    for file in files:
        if file.suffix not in FORMATS:
            raise UsageError(
                f"-o {file}: cannot tell the format from {file.suffix or 'no suffix'!r}; choose one of: {', '.join(FORMATS)}"
            )
        if not file.parent.is_dir():
            raise UsageError(f"-o {file}: the folder {file.parent} does not exist")


def show(
    report: Report,
    *,
    as_json: bool,
    files: Iterable[Path] = (),
    every: bool = False,
    certified: Certified | None = None,
    examples: bool = True,
) -> None:
    """Print and write one report on every surface asked for; `examples` puts texts of flipped answers on a page.

    `certified` stands beside the report on the terminal and in `--json`; files hold the report alone, the same bytes for
    the same evidence and policy whether or not somebody certified it.
    """
    from seatrial.report.data import gate_data, gate_json  # noqa: PLC0415 - after the work, not before
    from seatrial.report.view import view  # noqa: PLC0415

    v = view(report)
    if as_json:
        # As bytes: JSON is UTF-8 whatever the terminal's encoding is.
        click.echo(gate_json({**gate_data(report), **beside(certified)}).encode(), nl=False)
    else:
        from seatrial.report.certified import certified_line  # noqa: PLC0415
        from seatrial.report.console import console  # noqa: PLC0415

        page = not any(file.suffix == ".html" for file in files)
        lines = console(v, every=every, width=_width(), page=page)
        say([*lines, *([certified_line(certified)] if certified else [])])
    for file in files:
        write(file, report, examples=examples)
    _step_summary(v)


def write(file: Path, report: Report, *, examples: bool = True) -> None:
    """Write one report in the format its suffix names."""
    from seatrial.cli.page import page  # noqa: PLC0415
    from seatrial.report.console import console  # noqa: PLC0415
    from seatrial.report.data import gate_data, gate_json  # noqa: PLC0415
    from seatrial.report.junit import junit  # noqa: PLC0415
    from seatrial.report.markdown import comment  # noqa: PLC0415
    from seatrial.report.view import view  # noqa: PLC0415

    v = view(report)
    text = {
        ".html": lambda: page(report, examples=examples),
        ".json": lambda: gate_json(gate_data(report)),
        ".md": lambda: comment(v, v.graph),
        ".xml": lambda: junit(v),
        ".txt": lambda: "".join(f"{line.text}\n" for line in console(v, every=True)),
    }[file.suffix]()
    _write_text(file, text)


def show_decision(
    decision: Decision, v: View, *, as_json: bool, files: Iterable[Path] = (), every: bool = False
) -> None:
    """Print and write any decision on every surface asked for: terminal or JSON, files, step summary.

    Args:
        decision: what was decided; JSON is its lossless form.
        v: its view (`report.decision_view`).
        as_json: JSON on stdout instead of text.
        files: also written, each in the format its suffix names.
        every: show all rows, not only those that decide.
    """
    from seatrial.report.console import console  # noqa: PLC0415 - after the work, not before
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.report.decision_data import decision_data  # noqa: PLC0415

    if as_json:
        click.echo(gate_json(decision_data(decision)).encode(), nl=False)
    else:
        say(console(v, every=every, width=_width()))
    for file in files:
        _write_text(file, _decision_text(file, decision, v))
    _step_summary(v)


def _decision_text(file: Path, decision: Decision, v: View) -> str:
    from seatrial.report.console import console  # noqa: PLC0415
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.report.decision_data import decision_data  # noqa: PLC0415
    from seatrial.report.html import html  # noqa: PLC0415
    from seatrial.report.junit import junit  # noqa: PLC0415
    from seatrial.report.markdown import comment  # noqa: PLC0415

    return {
        ".html": lambda: html(v),
        ".json": lambda: gate_json(decision_data(decision)),
        ".md": lambda: comment(v, v.graph),
        ".xml": lambda: junit(v),
        ".txt": lambda: "".join(f"{line.text}\n" for line in console(v, every=True)),
    }[file.suffix]()


def _write_text(file: Path, text: str) -> None:
    try:
        file.write_text(text if file.suffix == ".json" else redacted(text), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"-o {file}: cannot be written: {error.strerror}") from error


def _step_summary(v: View) -> None:
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if not target:
        return
    from seatrial.report.markdown import summary  # noqa: PLC0415

    try:
        with Path(target).open("a", encoding="utf-8") as step:
            step.write(redacted(summary(v, v.graph)))
    except OSError as error:
        # The verdict stands whether or not its summary could be written.
        click.echo(f"seatrial: the step summary {target} cannot be written: {error.strerror}", err=True)


def annotation(text: str) -> str:
    """Text as a workflow command takes it: on one line, so that it cannot start a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def beside(certified: Certified | None) -> dict[str, Any]:
    """What stands beside a report in `--json`: the certified rate, where there is one."""
    from seatrial.report.certified import certified_data  # noqa: PLC0415

    return {"certified": certified_data(certified)} if certified else {}


def say(lines: Iterable[Line]) -> None:
    """Print lines, coloured on a terminal that wants colour, the same words without it everywhere else.

    Where the terminal cannot write one of the signs, every line is said in signs that any terminal can write.
    """
    lines = list(lines)
    if not _can_write("".join(line.text for line in lines)):
        from seatrial.report.console import to_ascii  # noqa: PLC0415

        lines = [line._replace(text=to_ascii(line.text)) for line in lines]
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for line in lines:
        click.echo(click.style(line.text, **_STYLES[line.tone]) if colour else line.text, color=colour)


def _width() -> int:
    """Columns of the terminal; of a file or a pipe 80."""
    import shutil  # noqa: PLC0415

    from seatrial.report.console import WIDTH  # noqa: PLC0415

    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


def _can_write(signs: str) -> bool:
    try:
        signs.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
