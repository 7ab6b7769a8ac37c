"""Any decision that carries the header is shown on every surface and comes back from its JSON without loss."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.cli.output import show_decision
from seatrial.errors import DataError
from seatrial.report.data import gate_json
from seatrial.report.decision_data import decision_data, decision_of
from seatrial.report.decision_view import decision_view
from seatrial.report.terms import Terms
from seatrial.report.view import Figure
from seatrial.verdict import Decision, Finding, ReasonClass, Sequential, State, Verdict

TERMS = Terms(gate="feedback gate", rates="stated→seen", axis="over │ under", flips="", detects="")
FLAGGED = Decision(
    kind="feedback",
    subject="email_classify",
    verdict=Verdict.FAIL,
    reason="1 of 2 bands is over-confident: .8 to .9 stated, 60.0 % observed.",
    findings=(
        Finding("tier=pro", "interested .8-.9", True, 200, 0.85, 0.6, -0.25, (-0.32, -0.18), state=State.BLOCKS,
                verdict=Verdict.FAIL, reason="120 of 200 were right", sequential=Sequential(4.2, 3.0)),
        Finding("overall", "interested", n=400, baseline=0.8, candidate=0.79, difference=-0.01, ci=(-0.05, 0.03),
                state=State.NO_DROP, reason="as stated"),
    ),
    policy_hash="0" * 16,
    warnings=("12 labels are unknown",),
    facts=(("Horizon", "14 days"),),
    next_step="lower the threshold of tier=pro",
)  # fmt: skip

shares = st.none() | st.floats(-1, 1, allow_nan=False)
ends = st.none() | st.tuples(st.floats(-1, 0), st.floats(0, 1))
findings = st.builds(
    Finding, segment=st.text(max_size=5), key=st.text(max_size=5), critical=st.booleans(), n=st.integers(0, 9),
    baseline=shares, candidate=shares, difference=shares, ci=ends, ci_row=ends, p=shares,
    verdict=st.none() | st.sampled_from(Verdict), state=st.sampled_from(State), reason=st.text(max_size=9),
    outcomes=st.dictionaries(st.text(max_size=3), st.dictionaries(st.text(max_size=3), st.integers(0, 5))),
    sequential=st.none() | st.builds(Sequential, log_e=st.floats(-5, 5), log_threshold=st.floats(0, 5)),
)  # fmt: skip
decisions = st.builds(
    Decision, kind=st.sampled_from(["feedback", "winrate"]), subject=st.text(max_size=9),
    verdict=st.sampled_from(Verdict), reason=st.text(max_size=9), reason_class=st.none() | st.sampled_from(ReasonClass),
    findings=st.lists(findings, max_size=3).map(tuple), warnings=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    facts=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=2).map(tuple),
    details=st.dictionaries(st.text(max_size=3), st.integers(0, 5)),
    mode=st.sampled_from(["block", "warn", "observe", "warn-only"]), next_step=st.text(max_size=5),
)  # fmt: skip


def test_a_kind_that_was_spelt_otherwise_is_read_as_it_is_spelt_now():
    data = {**decision_data(FLAGGED), "schema": "seatrial/replay_traffic/1"}
    assert decision_of(data, "x.json").kind == "replay-traffic"


@given(decisions)
@settings(max_examples=50, deadline=None)
def test_every_decision_comes_back_from_its_json(decision):
    assert decision_of(json.loads(json.dumps(decision_data(decision))), "x.json") == decision


@given(decisions)
@settings(max_examples=20, deadline=None)
def test_every_decision_has_a_view(decision):
    v = decision_view(decision, TERMS)
    assert v.exit_code == decision.exit_code
    assert len(v.rows) == len(decision.findings)


@pytest.mark.parametrize(
    ("mode", "verdict", "code"),
    [
        ("block", Verdict.FAIL, 1),
        ("block", Verdict.INCONCLUSIVE, 2),
        ("warn", Verdict.FAIL, 0),
        ("observe", Verdict.INCONCLUSIVE, 0),
        ("warn-only", Verdict.FAIL, 0),
        ("warn-only", Verdict.INCONCLUSIVE, 2),
    ],
)
def test_a_mode_changes_the_exit_code_and_never_the_verdict(mode, verdict, code):
    decision = Decision("feedback", "x", verdict, "r", mode=mode)
    assert (decision.verdict, decision.exit_code) == (verdict, code)


def test_one_view_serves_every_surface(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    v = decision_view(FLAGGED, TERMS, figures=[Figure("Reliability", "<svg></svg>", "stated against observed")])
    files = [tmp_path / f"r.{kind}" for kind in ("html", "json", "md", "xml", "txt")]
    show_decision(FLAGGED, v, as_json=False, files=files)
    text = capsys.readouterr().out
    assert text.startswith("✕ BLOCKED  email_classify   exit 1")
    assert "stated→seen" in text
    assert "85.0→60.0" in text
    assert "detects" not in text
    page, data, comment, xml, plain = (file.read_text() for file in files)
    assert "feedback gate" in page
    assert "<svg></svg>" in page
    assert "merge gate" not in page
    assert decision_of(json.loads(data), "r.json") == FLAGGED
    assert "lower the threshold of tier=pro" in comment
    assert "detects" not in comment
    suite = ET.fromstring(xml)
    assert (suite.get("failures"), suite[0].get("name")) == ("2", "tier=pro · interested .8-.9")
    assert "overall" in plain
    assert "85.0→60.0" in (tmp_path / "summary.md").read_text()


def test_json_on_stdout_is_canonical(capsys):
    show_decision(FLAGGED, decision_view(FLAGGED, TERMS), as_json=True)
    assert capsys.readouterr().out == gate_json(decision_data(FLAGGED))


@pytest.mark.parametrize("data", [{}, {"schema": "other/feedback/1"}, {"schema": "seatrial/feedback/2"}])
def test_another_format_is_refused(data):
    with pytest.raises(DataError, match="a decision says seatrial/KIND/1"):
        decision_of(data, "x.json")


def test_a_decision_with_a_field_missing_is_refused():
    data = decision_data(FLAGGED)
    del data["findings"]
    with pytest.raises(DataError, match=r"x.json is no complete seatrial/feedback/1 decision: KeyError 'findings'"):
        decision_of(data, "x.json")
