"""Page: one view and the texts of its flipped answers, as one file that needs nothing else.

Pure: the same view and the same texts give the same bytes. No script, no address, no style but its own: a policy in the
page says so to the browser.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seatrial.privacy import strip_pii
from seatrial.report.html.chart import bars, ladder
from seatrial.report.html.forest import Forest
from seatrial.report.html.rollout_chart import pictures
from seatrial.report.html.side import flips
from seatrial.report.html.win_axis import WinAxis
from seatrial.report.terms import GATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template

    from seatrial.report.html.side import SideBySide
    from seatrial.report.view import View

ROWS = 100
"""Rows of the table; they come critical first, then by state, and the JSON has them all."""
ROWS_OF_JUDGE = 60
"""Rows of one judge's table."""
TONES = {
    "blocked": "worse",
    "overridden": "worse",
    "pass": "better",
    "unchanged": "better",
    "cannot tell": "unsure",
    "needs a person": "unsure",
    "invalid": "none",
    "empty": "none",
}
"""How a state is coloured; its glyph and its word say the same."""


def html(view: View, examples: Mapping[tuple[str, str], SideBySide] | None = None) -> str:
    """The page of `view`.

    Args:
        view: what is shown; nothing is computed here.
        examples: texts of flipped answers by (example id, key), stripped of personal data and cut before they are shown;
            None leaves every text out.
    """
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    template, style, digest = _parts(_template(view))
    rows = [row for row in view.scores if not row.beside]
    forest = Forest.of(rows[:ROWS], view.detail.must_detect if view.detail else 0.05)
    facts: dict[str, Any] = {"pictures": pictures(view.rollout)} if view.rollout else {}
    if view.detail is not None:
        facts = {
            "causes": bars(view.detail.causes),
            "ladder": ladder(view.detail.curves, view.detail.must_detect),
            "flips": flips(view.detail, examples),
        }
    return template.render(
        v=view,
        d=view.detail,
        tone=TONES[view.state],
        cause=strip_pii(view.cause),
        rows=rows[:ROWS],
        rows_left=max(0, len(rows) - ROWS),
        beside=[row for row in view.scores if row.beside][:ROWS],
        reported=[row for row in view.reported if not row.judged][:ROWS],
        forest=forest,
        win_axis=WinAxis(),
        judge_rows=ROWS_OF_JUDGE,
        figures=[(one.title, Markup(one.svg), one.caption) for one in view.figures],  # noqa: S704 - drawn by us
        texts=examples is not None,
        style=style,
        digest=digest,
        **facts,
    )


def _template(view: View) -> str:
    if view.rollout is not None:
        return "rollout.html.j2"
    return "gate.html.j2" if view.terms.gate == GATE.gate else "decision.html.j2"


@lru_cache(maxsize=3)
def _parts(name: str) -> tuple[Template, str, str]:
    """The template, its style, and the hash by which the page allows that style and no other."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only who wants a page waits for it
    from markupsafe import Markup  # noqa: PLC0415

    loader = PackageLoader("seatrial.report")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sheets = ["gate.css", *(["rollout.css"] if name == "rollout.html.j2" else [])]
    style = "".join(loader.get_source(environment, sheet)[0] for sheet in sheets)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # Our own file, the one text that goes in as it is.
    return environment.get_template(name), Markup(style), digest  # noqa: S704
