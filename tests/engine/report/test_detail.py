"""Detail: curves that agree with their rows, flips worst first, and what only some reports carry."""

from dataclasses import replace
from datetime import date

import pytest

from seatrial.gate.confirm import Confirmed, Look
from seatrial.gate.override import Applied
from seatrial.gate.override import Override as Answered
from seatrial.gate.quarantine import Quarantined, QuarantinedExample
from seatrial.gate.quarantine_file import Entry
from seatrial.gate.report import Flip
from seatrial.reason import NoDrop, NotShown, Shown
from seatrial.report.flips import FLIPS
from seatrial.report.html import html
from seatrial.report.provenance import runs_of
from seatrial.report.view import Override, view
from seatrial.stats.power import detectable_drop, needed_n
from seatrial.verdict import State, Verdict


def sized(finding, segment, n, *, method="mid-p", **more):
    detects = detectable_drop(n, 0.05, 0.0225, method)
    return finding(segment, n=n, detectable_drop=detects, needed_n=needed_n(0.2, 0.05, 0.0225, method), **more)


@pytest.mark.parametrize("method", ["mid-p", "exact"])
def test_a_curve_passes_four_fifths_at_the_drop_its_row_would_have_seen(report, finding, method):
    rows = [sized(finding, "overall", 300, method=method), sized(finding, "t=x", 40, method=method, critical=True)]
    curves = view(report(Verdict.PASS, *rows)).detail.curves
    assert [curve.label for curve in curves] == ["overall", "x"]
    for row, curve in zip(rows, curves, strict=True):
        under = [chance for drop, chance in curve.points if drop < row.detectable_drop]
        over = [chance for drop, chance in curve.points if drop >= row.detectable_drop]
        assert max(under) < 0.8 <= min(over)


def test_what_was_not_measured_moves_a_curve_to_the_right(report, finding):
    complete, less = sized(finding, "overall", 300), sized(finding, "t=x", 300)
    hidden = finding("t=x", n=300, detectable_drop=less.detectable_drop + 0.1, missing=30)
    first, second = view(report(Verdict.PASS, complete, hidden)).detail.curves
    assert all(b <= a + 1e-9 for (_, a), (_, b) in zip(first.points, second.points, strict=True))
    assert second.points != first.points


def test_a_row_whose_figure_no_test_gives_has_no_curve(report, finding):
    assert view(report(Verdict.PASS, finding("overall", detectable_drop=0.123))).detail.curves == ()


def test_coverage_counts_critical_rows_and_names_what_they_lack(report, finding):
    rows = [
        sized(finding, "overall", 300),
        sized(finding, "t=x", 20, critical=True, reasons=(NotShown(20, 40, 0.2, 0.24),)),
        sized(finding, "t=y", 90, critical=True, reasons=(NoDrop(0.5), Shown(0.2, 0.05))),
    ]
    assert rows[1].needed_n == 40
    assert view(report(Verdict.PASS, *rows)).detail.coverage == (
        "1 of 2 critical rows shown not worse by 20 points or more; too few: x (has 20, needs 40)."
    )
    assert view(report(Verdict.PASS, rows[0])).detail.coverage.startswith("No segment is declared critical")


def test_flips_of_failing_segments_come_first_and_both_directions_have_room(report, finding):
    flips = [
        *(Flip(f"calm{i:03}", "score", ("t=x",), 1.0, 0.0, "") for i in range(400)),
        *(Flip(f"fixed{i:03}", "score", ("t=x",), 0.0, 1.0, "") for i in range(400)),
        Flip("small", "score", ("t=y",), 1.0, 0.9, ""),
        Flip("large", "score", ("t=y",), 1.0, 0.0, ""),
    ]
    shown = view(report(Verdict.FAIL, finding(), finding("t=y", State.BLOCKS), flips=tuple(flips))).detail.flips
    assert [flip.id for flip in shown[:3]] == ["large", "small", "calm000"]
    assert len(shown) == FLIPS
    assert sum(not flip.regressed for flip in shown) == FLIPS // 4
    assert [flip.regressed for flip in shown] == sorted([flip.regressed for flip in shown], reverse=True)


def test_single_reasons_are_no_first_cause(report, finding):
    alone = tuple((f"reason {i}", 1) for i in range(10))
    v = view(report(Verdict.FAIL, finding(), finding("t=x", State.BLOCKS), causes=alone, regressed=10))
    assert [cause.reason for cause in v.detail.causes] == ["reason 0", "reason 1", "reason 2"]
    shared = (("often", 4), *alone[:6])
    v = view(report(Verdict.FAIL, finding(), finding("t=x", State.BLOCKS), causes=shared, regressed=10))
    assert [(cause.reason, cause.share) for cause in v.detail.causes] == [("often", 0.4)]
    assert "6 more gave another reason, or none." in html(v)


def test_the_command_names_two_runs_or_a_file_as_a_shell_takes_them(report, finding):
    def second_stage(source, **more):
        return view(report(Verdict.PASS, finding(), source=source, **more)).detail.second_stage

    assert second_stage("runs a-1 and b-2") == "seatrial gate a-1 b-2 --no-confirm"
    once = Confirmed("nothing_suspicious", "no row was suspicious", 0.3)
    assert second_stage("runs a-1 and b-2, fresh c", confirm=once) == "seatrial gate a-1 b-2"
    assert second_stage("my results.csv") == "seatrial gate --evidence 'my results.csv' --baseline v1 --candidate v2"
    assert runs_of("results and more.csv") is None
    assert runs_of("runs a and b") == ("a", "b")


def test_a_policy_is_named_without_its_machines_folders(report, finding):
    policy = {"source": "/home/someone/project/gates/merge.toml", "hash": "0" * 16, "owner": ""}
    facts = dict(view(report(Verdict.PASS, finding(), policy=policy)).detail.facts)
    assert facts["Policy"] == "gates/merge.toml"
    assert facts["Owner"].startswith("nobody is named")


def test_a_second_look_a_quarantine_and_the_last_release_have_their_sections(report, finding):
    looks = (Look("t=x", "score", 0.01, 0.2, 40, False), Look("t=y", "score", 0.2))
    entry = Entry("mail", "e7", "desk", "two\nreadings", date(2026, 12, 1), "h", "v1", 5, 0.6)
    found = report(
        Verdict.PASS,
        finding(),
        confirm=Confirmed("fresh", "2 rows tested again", 0.3, 3, looks, 40, 240, 100),
        quarantine=Quarantined((QuarantinedExample(entry, "regressed"),), ("t=z",), Verdict.FAIL, "it would fail"),
        anchor=report(Verdict.PASS, finding(), baseline="v0"),
        flips=(Flip("e7", "score", ("t=x",), 1.0, 0.0, ""),),
    )
    notes = dict(view(found).detail.notes)
    assert notes["Looked at twice"][1:] == (
        "t=x · score: p 0.010 at the first look, 0.20 on 40 fresh clusters: not confirmed",
        "t=y · score: p 0.20 at the first look",
    )
    assert notes["In quarantine"][1:] == (
        "t=z: judged with all its examples, too many are in quarantine",
        "e7: regressed; two readings (desk, until 2026-12-01)",
    )
    assert notes["Against the last release"] == ("v0 → v2: PASS. The verdict in one sentence.",)
    assert view(found).detail.flips[0].segments == ("in quarantine", "t=x")
    page = html(view(found))
    for title in notes:
        assert f"<h2>{title}</h2>" in page


def test_what_only_the_last_release_stops_is_blocked_and_says_why(report, finding):
    anchor = report(Verdict.FAIL, finding(), finding("t=x", State.BLOCKS), baseline="v0")
    found = report(Verdict.FAIL, finding(), reason="Worse than the anchor v0.", anchor=anchor)
    v = view(found)
    assert (v.state, v.headline) == ("blocked", "Worse than the anchor v0.")
    assert view(found, [Override("t=x", "score", "why", "who", "2026-12-01")]).state == "overridden"


def test_a_reports_own_overrides_are_shown_with_how_often_they_were_renewed(decided):
    blocked = decided["blocked"]
    facts = {"graph": "mail", "made": "2026-11-20", "baseline": "h", "candidate": "h", "difference": -0.2}
    applied = tuple(
        Applied(Answered(segment=f.segment, key=f.key, reason="known", author="mara", expires="2026-12-01", **facts), 2)
        for f in blocked.stopping
    )
    assert view(replace(blocked, overrides=applied[:1])).state == "blocked"
    v = view(replace(blocked, overrides=applied))
    assert (v.state, v.word, v.exit_code) == ("overridden", "BLOCKED", replace(blocked, overrides=applied).exit_code)
    assert "until <bdi>2026-12-01</bdi>, renewed 2 times" in html(v)
