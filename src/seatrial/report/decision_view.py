"""Decision view: any decision that carries the header becomes the one view that every surface shows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from seatrial.privacy import strip_text
from seatrial.report.sanitize import line, sentence
from seatrial.report.view import GLYPHS, Figure, RowView, View
from seatrial.verdict import Verdict
from seatrial.wording import drop, interval, percent, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.report.terms import Terms
    from seatrial.verdict import Decision, Finding

_STATES = {Verdict.PASS: "pass", Verdict.FAIL: "blocked", Verdict.INCONCLUSIVE: "cannot tell"}


def decision_view(
    decision: Decision, terms: Terms, *, scored: str = "", error_rate: str = "", figures: Sequence[Figure] = ()
) -> View:
    """The view of a decision.

    Args:
        decision: what was decided.
        terms: headings and words of its kind.
        scored: how much of what was planned was measured, e.g. `512 of 600 decisions have an outcome`.
        promise: the error rate the verdict stands for, e.g. `≤ 5 % of calibrated classifiers flagged a year`.
        figures: pictures for a page.
    """
    glyph, word = terms.verdicts[decision.verdict]
    rows = tuple(_row(finding, terms) for finding in decision.findings)
    tally = Counter(row.state for row in rows)
    return View(
        glyph=glyph,
        word=word,
        title=line(decision.subject),
        headline=sentence(decision.reason),
        average="",
        cause="",
        todo=sentence(decision.next_step),
        primary_key="",
        rows=rows,
        tally=tuple((state, tally[state]) for state in GLYPHS if tally[state]),
        source="",
        scored=line(scored),
        error_rate=line(error_rate),
        mode=decision.mode,
        warnings=tuple(map(sentence, decision.warnings)),
        exit_code=decision.exit_code,
        state=_STATES[decision.verdict],
        graph=line(decision.subject),
        reported=(),
        detail=None,
        terms=terms,
        facts=tuple((line(name), sentence(value)) for name, value in decision.facts),
        figures=tuple(figures),
    )


def _row(f: Finding, terms: Terms) -> RowView:
    low, high = f.ci or (None, None)
    own_low, own_high = f.ci_row or (None, None)
    before = percent(f.baseline).removesuffix(" %") if f.baseline is not None else ""
    after = percent(f.candidate).removesuffix(" %") if f.candidate is not None else ""
    return RowView(
        label=strip_text(line(" · ".join(part for part in (f.segment, f.key) if part))),
        critical=f.critical,
        state=f.state,
        glyph=GLYPHS[f.state],
        word=terms.states[f.state],
        n=f.n,
        rates="→".join(part for part in (before, after) if part),
        delta=signed(f.difference) if f.difference is not None else "",
        ci=interval(f.ci) if f.ci else "",
        flips=f"{f.regressed} / {f.fixed}" if terms.flips else "",
        detects=f"≥ {drop(f.detectable_drop)}" if f.detectable_drop is not None else "",
        low=low,
        mark=f.difference,
        high=high,
        reason=sentence(f.reason),
        row_low=own_low,
        row_high=own_high,
        blind=None,
        needs=f"needs {f.needed_n:,}" if f.needed_n is not None and f.needed_n > f.n else "",
        borderline="",
        beside=f.difference is None,
        overridden=False,
    )
