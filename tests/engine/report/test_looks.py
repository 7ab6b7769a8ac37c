"""The second look and the quarantine stand on every surface, and only where there is one."""

from dataclasses import replace
from datetime import date

import pytest

from seatrial.gate.confirm import Confirmed, Look
from seatrial.gate.quarantine import Quarantined, QuarantinedExample
from seatrial.gate.quarantine_file import Entry
from seatrial.report.console import console
from seatrial.report.data import gate_data
from seatrial.report.junit import junit
from seatrial.report.markdown import comment
from seatrial.report.read import report_of
from seatrial.report.view import view
from seatrial.verdict import Verdict

LOOKS = (
    Look("overall", "score", 0.04, 0.6, 100, confirmed=False),
    Look("t=de", "score", 0.001, 0.0004, 40, confirmed=True),
)
ENTRY = Entry("mail", "m\x1b[2J1", "ann <b>", "two readings", date(2026, 12, 1), "c", "v1", 5, 0.4)


@pytest.fixture
def looked_twice(report, finding):
    return replace(
        report(Verdict.PASS, finding(), finding("t=de")),
        confirm=Confirmed("fresh", "2 suspicious rows tested", 0.3, 3, LOOKS, 100, 600, -200),
        quarantine=Quarantined((QuarantinedExample(ENTRY, "regressed"),), (), Verdict.FAIL, "it fails"),
    )


def test_every_surface_shows_both_looks_and_whose_the_quarantine_is(looked_twice):
    v = view(looked_twice)
    for text in ("\n".join(line.text for line in console(v)), comment(v, "mail"), junit(v)):
        plain = " ".join(text.replace("&lt;", "<").replace("&gt;", ">").replace("\\", "").split())
        assert "overall · score p 0.040 → 0.60 (n 100), t=de · score p 0.0010 → 0.00040 (n 40) blocks" in plain
        assert "1 broke (m" in plain
        assert "ann <b> until 2026-12-01; with them: FAIL" in plain
        assert "\x1b" not in text


def test_a_stored_report_with_a_quarantine_is_read_back(looked_twice):
    assert any(
        "1 example in quarantine: 1 broke, 0 fixed" in one
        for one in report_of(gate_data(looked_twice), "g.json").warnings
    )


def test_json_has_both_looks_and_null_where_there_is_none(looked_twice, report, finding):
    reported = gate_data(looked_twice)
    assert (reported["confirm"]["calls"], reported["confirm"]["calls_saved"]) == (600, -200)
    assert [row["p_fresh"] for row in reported["confirm"]["rows"]] == [0.6, 0.0004]
    assert (reported["quarantine"]["regressed"], reported["quarantine"]["with_them"]) == (1, "fail")
    bare = gate_data(report(Verdict.PASS, finding()))
    assert (bare["confirm"], bare["quarantine"]) == (None, None)


def test_nothing_is_said_where_nothing_was_looked_at_twice(report, finding):
    assert view(report(Verdict.PASS, finding())).looks == ()
