"""Refusal: a comparison that could not be judged, as lines of a terminal, Markdown and JUnit; never a pass."""

from __future__ import annotations

from seatrial.report.console import Line
from seatrial.report.junit import attribute
from seatrial.report.markdown import MARKER, escape
from seatrial.report.sanitize import plain

WORD = "? CANNOT TELL"


def refusal_lines(title: str, reason: str, exit_code: int = 2) -> list[Line]:
    """The terminal's lines: what was to be compared, and why it was not."""
    return [Line(f"{WORD}  {plain(title)}   exit {exit_code}", "unsure"), Line(f"  {plain(reason)}", "plain")]


def refusal_comment(title: str, reason: str, name: str) -> str:
    """The pull-request comment of the row `name`."""
    return f"{MARKER.format(escape(name) or 'gate')}\n> [!WARNING]\n> **{WORD}** {escape(title)}: {escape(reason)}\n"


def refusal_junit(title: str, reason: str) -> str:
    """A `<testsuite>` of one case, which is an error."""
    case = f'  <testcase classname={attribute(title)} name="gate"><error message={attribute(reason)}/></testcase>'
    head = '<testsuite name="seatrial gate" tests="1" failures="0" errors="1" skipped="0">'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}\n{case}\n</testsuite>\n'
