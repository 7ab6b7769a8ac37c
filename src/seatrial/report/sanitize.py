"""Plain: text from outside, made inert once, before any surface shows it.

A name may neither start a line of its own, nor drive a terminal, nor turn the reading direction of what stands beside it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.privacy import strip_text
from seatrial.privacy.exits import redacted
from seatrial.report.row_name import short

if TYPE_CHECKING:
    from seatrial.gate.report import Report
    from seatrial.verdict import Finding

LINE = 2_000
"""Characters of one name or sentence that any surface is given."""
_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls; escape sequences begin with one
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn the reading direction
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"  # what UTF-8 cannot hold, or nobody may write
)


def plain(text: str) -> str:
    """`text` on one line: breaks become a space, what cannot be seen becomes �."""
    return _INVISIBLE.sub("�", _BREAKS.sub(" ", redacted(text)))


def line(text: str) -> str:
    """A name or a sentence: plain, and without its middle where it is longer than LINE."""
    text = redacted(text)  # before its middle is left out: half a key is one
    return short(plain(text if len(text) <= 2 * LINE else text[:LINE] + text[-LINE:]), LINE)


def sentence(text: str) -> str:
    """What is said of examples and answers: a line, without the addresses and numbers of persons that ids and reasons hold."""
    return strip_text(line(text))


def plain_block(text: str) -> str:
    """`text` with its own lines and tabs, and nothing else that cannot be seen."""
    lines = redacted(text).replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(
        "\t".join(_INVISIBLE.sub("�", _BREAKS.sub(" ", part)) for part in one.split("\t")) for one in lines.split("\n")
    )


def plain_report(report: Report) -> Report:
    """The report with every text of it on one line and inert; but for the flips, of which few are ever shown."""
    return replace(
        report,
        reason=sentence(report.reason),
        mode=line(report.mode),
        source=line(report.source),
        graph=line(report.graph),
        baseline=line(report.baseline),
        candidate=line(report.candidate),
        policy={name: line(str(value)) for name, value in report.policy.items()},
        overall=_plain_finding(report.overall),
        segments=tuple(_plain_finding(f) for f in report.segments),
        reported=tuple(_plain_finding(f) for f in report.reported),
        causes=tuple((sentence(reason), count) for reason, count in report.causes),
        warnings=tuple(map(sentence, report.warnings)),
    )


def _plain_finding(f: Finding) -> Finding:
    return replace(f, segment=line(f.segment), key=line(f.key), reason=sentence(f.reason))
