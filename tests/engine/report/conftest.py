"""Small reports written by hand: what surfaces show is held against these, not against the gate."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.gate.report import Report
from seatrial.verdict import Finding, ReasonClass, State, Verdict

VERDICT_OF = {State.BLOCKS: Verdict.FAIL, State.CANNOT_TELL: Verdict.INCONCLUSIVE, State.REPORTED: None}


def make_finding(segment: str = "overall", state: State = State.NO_DROP, **more: Any) -> Finding:
    """100 examples, 90 % before and after, unless said otherwise."""
    numbers = {
        "segment": segment,
        "key": "score",
        "critical": False,
        "n": 100,
        "baseline": 0.9,
        "candidate": 0.9,
        "difference": 0.0,
        "ci": (-0.05, 0.05),
        "ci_row": (-0.07, 0.07),
        "p": 0.5,
        "p_adjusted": 1.0,
        "alpha_row": 0.0225,
        "threshold": 0.05,
        "verdict": VERDICT_OF.get(state, Verdict.PASS),
        "state": state,
        "promotable": False,
        "detectable_drop": 0.12,
        "needed_n": 40,
        "broke": 0,
        "fixed": 0,
        "missing": 0,
        "outcomes": {"baseline": {"scored": 100}, "candidate": {"scored": 100}},
        "reason": f"{segment} in one sentence",
    }
    return Finding(**{**numbers, **more})


def make_report(verdict: Verdict, *findings: Finding, **more: Any) -> Report:
    """A report of these rows, the overall one first."""
    facts = {
        "verdict": verdict,
        "reason_class": None,
        "reason": "The verdict in one sentence.",
        "mode": "block",
        "source": "results.csv",
        "graph": "mail",
        "baseline": "v1",
        "candidate": "v2",
        "policy": {"source": "merge.toml", "hash": "0" * 16, "owner": ""},
        "alpha": 0.05,
        "must_detect": 0.2,
        "churn": 0.05,
        "family_size": len(findings),
        "counts": {"planned": 200, "scored": 200, "examples": 100, "keys": 1, "outcomes": {}},
        "overall": findings[0],
        "segments": tuple(findings[1:]),
        "reported": (),
        "unchanged": False,
        "causes": (),
        "broke": 0,
        "flips": (),
        "warnings": (),
    }
    return Report(**{**facts, **more})


def all_states() -> dict[str, Report]:
    """One report per state a reader can meet."""
    fell = {"candidate": 0.61, "difference": -0.29, "ci": (-0.36, -0.22), "broke": 31, "fixed": 2, "critical": True}
    rose = {"candidate": 0.99, "difference": 0.09, "ci": (0.02, 0.16), "fixed": 9}
    few = {"critical": True, "n": 10, "detectable_drop": 0.6, "ci": (-0.27, 0.27)}
    lower = {"candidate": 0.85, "difference": -0.05, "ci": (-0.1, 0.0), "broke": 5}
    blocked = (
        make_finding(),
        make_finding("t=de", State.BLOCKS, **fell),
        make_finding("t=gdpr", State.CANNOT_TELL, **few),
        make_finding("t=es", State.WATCH, **lower),
        make_finding("t=fr"),
        make_finding("t=it", State.BETTER, **rose),
    )
    causes = {"causes": (("decoder_failed", 25),), "broke": 31}
    seen = {"reason": "No drop found; would have seen 12 points or more on every segment."}
    same = {"reason": "Unchanged: outputs identical on all 100 examples.", "unchanged": True}
    return {
        "blocked": make_report(Verdict.FAIL, *blocked, **causes),
        "observed": make_report(Verdict.FAIL, *blocked, **causes, mode="observe"),
        "pass": make_report(Verdict.PASS, make_finding(), make_finding("t=fr"), **seen),
        "unchanged": make_report(Verdict.PASS, make_finding(), make_finding("t=fr"), **same),
        "cannot tell": make_report(
            Verdict.INCONCLUSIVE,
            make_finding(),
            make_finding("t=gdpr", State.CANNOT_TELL, **few),
            reason_class=ReasonClass.UNDERPOWERED,
        ),
    }


@pytest.fixture(scope="session")
def finding() -> Any:
    """`finding(segment, state, **numbers)` -> Finding."""
    return make_finding


@pytest.fixture(scope="session")
def report() -> Any:
    """`report(verdict, *findings, **facts)` -> Report."""
    return make_report


@pytest.fixture(scope="session")
def states() -> dict[str, Report]:
    """Name -> report: blocked, observed, pass, unchanged, cannot tell."""
    return all_states()


HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "a|b`c``` d",
    "@everyone **bold** _it_ [click](http://evil.example)",
    "\\[click](http://evil.example) \\| \\@x",
    "two\nlines\r\n✓ PASS  all is well   exit 0",
    "\u202egnp.exe\u2066 \u200f",
    "\x1b[2J\x1b[31mred\x07\x00 \x9b0m",
    "]]> <!-- --> &amp; ' \"",
    "```\n# heading",
)


@pytest.fixture(params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request: Any) -> str:
    """Text from outside that would like to be markup."""
    return str(request.param)
