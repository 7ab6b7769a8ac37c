"""Looks: what stands beside the rows of a verdict: a second look, who is in quarantine, the anchor, who answers for what."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seatrial.gate.override import RENEWALS
from seatrial.gate.report import Against
from seatrial.privacy import strip_text
from seatrial.report.sanitize import plain
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from seatrial.gate.report import Report


def looks(report: Report) -> tuple[tuple[str, str], ...]:
    """(name, sentence) of each line that every surface shows beneath the rows."""
    wording = []
    if report.reruns is not None:
        wording.append(("look", report.reruns.sentence))
    if report.confirm is not None:
        wording.append(("confirmed" if report.confirm.how == "fresh" else "confirm", report.confirm.sentence))
    if report.quarantine is not None:
        wording.append(("quarantine", report.quarantine.sentence))
    if report.anchor is not None:
        a = report.anchor
        wording.append(("decided by", _decided_by(report, a)))
        wording.append(("anchor", f"{a.baseline} → {a.candidate}, at alpha {a.alpha:g}: {a.verdict.value}. {a.reason}"))
    for one in report.overrides:
        o = one.override
        wording.append(
            (
                "overridden",
                f"{o.segment} · {o.key} until {o.expires}, {o.author}: {o.reason} (renewed {one.renewals} of {RENEWALS} times)",
            )
        )
    # Who answers for a row is named on purpose.
    return tuple((name, plain(text) if name == "overridden" else plain(strip_text(text))) for name, text in wording)


def _decided_by(report: Report, anchor: Report) -> str:
    """Which of the two comparisons the verdict is that of, at its part of alpha."""
    if report.decided_by is Against.ANCHOR:
        return f"the anchor {anchor.baseline}, at alpha {anchor.alpha:g}"
    return f"the baseline {report.baseline}, at alpha {report.alpha - report.budget.anchor:g}"


def looks_data(report: Report) -> dict[str, Any]:
    """The same as plain data, null where there is nothing."""
    c, q, a = report.confirm, report.quarantine, report.anchor
    return {
        "reruns": None if report.reruns is None else asdict(report.reruns),
        "undecided": report.undecided,
        "overrides": [{**asdict(one.override), "renewals": one.renewals} for one in report.overrides],
        "anchor": None
        if a is None
        else {
            "baseline": a.baseline,
            "decided_by": report.decided_by.value,
            "alpha": a.alpha,
            "verdict": a.verdict.value,
            "reason": a.reason,
            "failing": [{"segment": f.segment, "key": f.key} for f in a.findings if f.verdict is Verdict.FAIL],
        },
        "confirm": None
        if c is None
        else {
            "how": c.how,
            "reason": c.reason,
            "screen": c.screen,
            "repetitions": c.repetitions,
            "examples": c.examples,
            "calls": c.calls,
            "calls_saved": c.calls_saved,
            "rows": [
                {
                    "segment": look.segment,
                    "key": look.key,
                    "p": look.p,
                    "p_fresh": look.p_fresh,
                    "n_fresh": look.n_fresh,
                    "confirmed": look.confirmed,
                }
                for look in c.rows
            ],
        },
        "quarantine": None
        if q is None
        else {
            "n": len(q.examples),
            "regressed": len(q.moved("regressed")),
            "fixed": len(q.moved("fixed")),
            "with_them": q.with_them.value,
            "with_them_reason": q.with_them_reason,
            "whole": list(q.kept_complete),
            "examples": [
                {
                    "id": kept.entry.example,
                    "moved": kept.moved,
                    "owner": kept.entry.owner,
                    "reason": kept.entry.reason,
                    "expires": kept.entry.expires.isoformat(),
                }
                for kept in q.examples
            ],
        },
    }
