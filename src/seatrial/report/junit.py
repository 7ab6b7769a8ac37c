"""JUnit: one test case per row, and one last case that decides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from seatrial.verdict import State

if TYPE_CHECKING:
    from seatrial.report.view import View

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(v: View) -> str:
    """A `<testsuite>`: rows only show (a blocking row fails, one that cannot tell is skipped), the last case decides."""
    cases = []
    for row in v.rows:
        inner = {
            State.BLOCKS: f"<failure message={attribute(row.reason)}/>",
            State.CANNOT_TELL: f"<skipped message={attribute(row.reason)}/>",
        }.get(row.state, "")
        cases.append(f"  <testcase classname={attribute(v.title)} name={attribute(row.label)}>{inner}</testcase>")
    decides = {"✕": "failure", "?": "error"}.get(v.glyph)
    if decides and v.exit_code == 0:
        decides = "skipped"  # the mode shows the verdict and does not act on it; whoever reads JUnit must not either
    inner = f"<{decides} message={attribute(v.headline)}/>" if decides else ""
    cases.append(f'  <testcase classname={attribute(v.title)} name="{v.terms.gate.split()[-1]}">{inner}</testcase>')
    failures = sum("<failure" in case for case in cases)
    errors, skipped = sum("<error" in case for case in cases), sum("<skipped" in case for case in cases)
    head = f'<testsuite name="seatrial {v.terms.gate.split()[-1]}" tests="{len(cases)}" failures="{failures}" errors="{errors}" skipped="{skipped}">'
    watched = [f"{v.word}: {v.headline}"] if v.worse else []
    wording = [*watched, *(f"{name}: {text}" for name, text in v.looks), *v.warnings]
    note = "".join(f"  <system-out>{escape(_clean(text))}</system-out>\n" for text in wording)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + head + "\n" + "\n".join(cases) + f"\n{note}</testsuite>\n"


def attribute(text: str) -> str:
    """Text as a quoted attribute of XML."""
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
