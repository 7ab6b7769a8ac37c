"""Small reports written by hand: what surfaces show is held against these, not against the gate."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.errors import DataError, InvalidComparison
from seatrial.evidence import Evidence, read_evidence
from seatrial.evidence.frame import unchecked_rows
from seatrial.gate.budget import Budget
from seatrial.gate.merge import check
from seatrial.gate.policy import Policy
from seatrial.gate.report import Report
from seatrial.report.html import SideBySide
from seatrial.report.view import Override, View, refusal, view
from seatrial.table.codes import encode
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
        "regressed": 0,
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
        "budget": Budget(0.05, 0.05),
        "must_detect": 0.2,
        "must_detect_overall": 0.1,
        "floors": 0,
        "goal": "no_regression",
        "prices": "",
        "tolerated": False,
        "churn": 0.05,
        "family_size": len(findings),
        "counts": {"planned": 200, "scored": 200, "examples": 100, "keys": 1, "outcomes": {}},
        "overall": findings[0],
        "segments": tuple(findings[1:]),
        "reported": (),
        "unchanged": False,
        "causes": (),
        "regressed": 0,
        "flips": (),
        "warnings": (),
    }
    return Report(**{**facts, **more})


def all_states() -> dict[str, Report]:
    """One report per state a reader can meet."""
    fell = {"candidate": 0.61, "difference": -0.29, "ci": (-0.36, -0.22), "regressed": 31, "fixed": 2, "critical": True}
    rose = {"candidate": 0.99, "difference": 0.09, "ci": (0.02, 0.16), "fixed": 9}
    few = {"critical": True, "n": 10, "detectable_drop": 0.6, "ci": (-0.27, 0.27)}
    lower = {"candidate": 0.85, "difference": -0.05, "ci": (-0.1, 0.0), "regressed": 5}
    blocked = (
        make_finding(),
        make_finding("t=de", State.BLOCKS, **fell),
        make_finding("t=gdpr", State.CANNOT_TELL, **few),
        make_finding("t=es", State.WATCH, **lower),
        make_finding("t=fr"),
        make_finding("t=it", State.BETTER, **rose),
    )
    causes = {"causes": (("decoder_failed", 25),), "regressed": 31}
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


# ---- pages: one real decision per state a reader can meet

REASON = "the country is not in the list"


def table(segments: dict[str, tuple[int, int, int, int]], **columns: Any) -> Evidence:
    """Versions `v1` and `v2` whose segments have these (both, broke, fixed, neither); further columns are constant."""
    rows: list[dict[str, Any]] = []
    for value, (both, regressed, fixed, neither) in segments.items():
        pairs = [(1.0, 1.0)] * both + [(1.0, 0.0)] * regressed + [(0.0, 1.0)] * fixed + [(0.0, 0.0)] * neither
        for i, pair in enumerate(pairs):
            for version, score in zip(("v1", "v2"), pair, strict=True):
                reported = {"reason": "" if score else REASON, "graph": "mail", "segment.country": value}
                rows.append({"example_id": f"{value}-{i:03}", "version": version, "score": score, **reported})
    full = [{"key": "valid", "repetition": 0, "outcome": "scored", **row, **columns} for row in rows]
    return unchecked_rows(full, "results.csv")


def real_reports() -> dict[str, Report]:
    """State -> what the gate itself says of evidence that is in it."""
    rules = Policy(owner="mail-team", source="gates/merge.toml")
    mixed = {
        "DE": (58, 31, 2, 9),
        "AT": (28, 3, 2, 7),
        "ES": (88, 9, 1, 22),
        "FR": (90, 3, 2, 5),
        "IT": (60, 0, 25, 15),
    }
    calm = {"FR": (90, 3, 2, 5), "IT": (80, 2, 4, 14)}
    few = {"FR": (90, 3, 2, 5), "AT": (8, 0, 0, 2)}

    def judge(segments: dict[str, tuple[int, int, int, int]], critical: tuple[str, ...], **columns: Any) -> Report:
        critical_values = [f"country={name}" for name in critical]
        return check(table(segments, **columns), rules, baseline="v1", candidate="v2", critical=critical_values)

    return {
        "blocked": judge(mixed, ("DE", "AT")),
        "pass": judge(calm, ("FR",)),
        "cannot tell": judge(few, ("AT",)),
        "unchanged": judge({"FR": (90, 0, 0, 10)}, ("FR",), output_hash="a"),
    }


@pytest.fixture(scope="session")
def decided() -> dict[str, Report]:
    """State -> report of the gate: blocked, pass, cannot tell, unchanged."""
    return real_reports()


@pytest.fixture(scope="session")
def views(decided: dict[str, Report], tmp_path_factory: Any) -> dict[str, View]:
    """State -> view, of all seven."""
    blocked = decided["blocked"]
    failing = [f for f in blocked.findings if f.verdict is Verdict.FAIL]
    excused = [Override(f.segment, f.key, "the list is renewed on Monday", "mara", "2026-12-01") for f in failing]
    found = {name: view(report) for name, report in decided.items()}
    found["overridden"] = view(blocked, excused)
    other = table({"FR": (90, 3, 2, 5)}, dataset_hash="a")
    hashes = ["a" if version == "v1" else "b" for version in other.values("version")]
    with pytest.raises(InvalidComparison) as invalid:
        check(
            other.replaced("dataset_hash", encode(hashes)),
            Policy(),
            baseline="v1",
            candidate="v2",
        )
    found["invalid"] = refusal(str(invalid.value), title="mail v1 → v2")
    file = tmp_path_factory.mktemp("empty") / "results.csv"
    file.write_text("example_id,version,score\n")
    with pytest.raises(DataError) as empty:
        read_evidence(file)
    found["empty"] = refusal(str(empty.value).replace(str(file), "results.csv"), title="mail v1 → v2", empty=True)
    return found


@pytest.fixture(scope="session")
def texts(decided: dict[str, Report]) -> dict[tuple[str, str], SideBySide]:
    """What went in and came out of every flipped example."""
    return {
        (flip.example, flip.key): SideBySide(
            inputs=f"Which country is mail {flip.example} from?\nWrite to jane.roe@acme.internal if unsure.",
            reference='{"country": "DE"}',
            baseline='country: DE\nsure: true\nwhy: "the sender\'s address ends in .de & the text is German"',
            candidate='country: Germany\nsure: true\nwhy: "the sender\'s address ends in .de & the text is German"',
        )
        for flip in decided["blocked"].flips
    }
