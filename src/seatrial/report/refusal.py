"""Refusal: a comparison that could not be judged, on every surface a report has; never a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import ExitCode
from seatrial.report.console import Line
from seatrial.report.junit import attribute
from seatrial.report.markdown import MARKER, escape
from seatrial.report.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = {ExitCode.COULD_NOT_TELL: "? CANNOT TELL", ExitCode.NOTHING_JUDGED: "! NOTHING JUDGED"}


def refusal_texts(
    title: str, reason: str, reason_class: str, exit_code: int, *, name: str, empty: bool = False
) -> Mapping[str, str]:
    """A file's suffix -> what it holds in place of a report, the same answer in each.

    Args:
        title: what was to be compared.
        reason: why it was not.
        reason_class: as in JSON.
        exit_code: of the process: 2 or 3.
        name: the row of the pull-request comment.
        empty: there was no row to judge.
    """
    from seatrial.report.data import gate_json, refusal_data  # noqa: PLC0415 - where something is written
    from seatrial.report.html import html  # noqa: PLC0415 - as above
    from seatrial.report.view import refusal  # noqa: PLC0415 - as above

    return {
        ".html": html(refusal(reason, title=title, empty=empty, exit_code=exit_code)),
        ".json": gate_json(refusal_data(reason, reason_class, exit_code=exit_code)),
        ".md": refusal_comment(title, reason, name, exit_code),
        ".xml": refusal_junit(title, reason, exit_code),
        ".txt": "".join(f"{line.text}\n" for line in refusal_lines(title, reason, exit_code)),
    }


def refusal_lines(title: str, reason: str, exit_code: int = ExitCode.COULD_NOT_TELL) -> list[Line]:
    """The terminal's lines: what was to be compared, and why it was not."""
    return [
        Line(f"{_word(exit_code)}  {plain(title)}   exit {exit_code:d}", "unsure"),
        Line(f"  {plain(reason)}", "plain"),
    ]


def refusal_comment(title: str, reason: str, name: str, exit_code: int = ExitCode.COULD_NOT_TELL) -> str:
    """The pull-request comment of the row `name`."""
    ended = " (exit code 3)" if exit_code == ExitCode.NOTHING_JUDGED else ""
    what = f" {escape(title)}" if title else ""
    marker = MARKER.format(escape(name) or "gate")
    return f"{marker}\n> [!WARNING]\n> **{_word(exit_code)}**{ended}{what}: {escape(reason)}\n"


def refusal_junit(title: str, reason: str, exit_code: int = ExitCode.COULD_NOT_TELL) -> str:
    """A `<testsuite>` of one case, which is an error."""
    message = f"nothing was judged, exit code 3: {reason}" if exit_code == ExitCode.NOTHING_JUDGED else reason
    case = f'  <testcase classname={attribute(title)} name="gate"><error message={attribute(message)}/></testcase>'
    head = '<testsuite name="seatrial gate" tests="1" failures="0" errors="1" skipped="0">'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}\n{case}\n</testsuite>\n'


def _word(exit_code: int) -> str:
    return WORDS[ExitCode(exit_code)]
