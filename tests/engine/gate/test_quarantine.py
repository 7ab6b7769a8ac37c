"""Quarantine: flaky examples leave the tested rows before anybody looks, and can hide nothing that a reader would miss."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from seatrial.errors import ConfigError
from seatrial.gate.confirm import examples_of, suspicious
from seatrial.gate.confirmation import check_second_stage, fresh_examples
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.gate.quarantine_file import (
    Entry,
    Quarantine,
    in_force,
    load_quarantine,
    parse_quarantine,
    quarantine_text,
)
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.verdict import ReasonClass, Verdict

TODAY = date(2026, 11, 20)
ENTRY = Entry("g", "x-1", "ann", 'says "both"', date(2026, 12, 1), "c1", "v1", 5, 0.4)


def entries(*ids: str) -> Quarantine:
    return Quarantine(tuple(replace(ENTRY, example=name) for name in ids))


def gate(evidence: Any, kept: Quarantine = Quarantine(), policy: Policy | None = None, critical: Any = ()) -> Any:  # noqa: B008
    return check(evidence, policy or Policy(), baseline="a", candidate="b", critical=critical, quarantine=kept)


def row_of(report: Any, segment: str, key: str = "score") -> Any:
    return next(f for f in report.findings if (f.segment, f.key) == (segment, key))


def raw(**change: Any) -> dict[str, Any]:
    (entry,) = tomllib.loads(quarantine_text([ENTRY]))["example"]
    return {"schema": "seatrial/quarantine/1", "example": [{**entry, **change}]}


def test_what_is_written_is_read_back(tmp_path):
    file = tmp_path / "quarantine.toml"
    odd = replace(ENTRY, example='q"1\\', owner="Zoë\x7f", reason="a\tb")
    file.write_text(quarantine_text([odd, ENTRY]), encoding="utf-8")
    assert load_quarantine(file, TODAY) == (odd, ENTRY)
    assert load_quarantine(tmp_path / "none.toml", TODAY) == ()


def test_the_file_is_sorted_so_that_its_order_is_no_change():
    other = replace(ENTRY, example="a-1")
    assert quarantine_text([ENTRY, other]) == quarantine_text([other, ENTRY])


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"until": "x"}, "'until' is unknown; choose one of: graph, id, owner"),
        ({"owner": " "}, "owner is a text that is not empty"),
        ({"expires": "2026-12-01"}, "expires is a date without quotes, e.g. 2026-11-20"),
        ({"expires": date(2027, 2, 19)}, r"91 days away; a quarantine lasts at most 90 \(until 2027-02-18\)"),
        ({"runs": 1}, "runs is a whole number of 2 or more"),
        ({"disagree": 0}, "an example that never contradicts itself is not flaky"),
    ],
)
def test_a_wrong_entry_names_its_place(change, reported):
    with pytest.raises(ConfigError, match=r"here: \[\[example\]\] number 1.*" + reported):
        parse_quarantine(raw(**change), "here", TODAY)


@pytest.mark.parametrize("word", ["id", "owner", "reason", "expires", "content", "version", "runs", "disagree"])
def test_an_entry_that_lacks_a_word_is_refused(word):
    given = raw()
    del given["example"][0][word]
    with pytest.raises(ConfigError, match=f"{word} is missing"):
        parse_quarantine(given, "here", TODAY)


def test_ninety_days_are_allowed_and_an_id_stands_once():
    assert parse_quarantine(raw(expires=TODAY + timedelta(days=90)), "here", TODAY)[0].days_left(TODAY) == 90
    aa_run = raw()
    aa_run["example"] *= 2
    with pytest.raises(ConfigError, match="'x-1' of g stands there twice"):
        parse_quarantine(aa_run, "here", TODAY)
    with pytest.raises(ConfigError, match='this version reads schema = "seatrial/quarantine/1"'):
        parse_quarantine({"schema": "2"}, "here", TODAY)


def test_an_entry_holds_through_its_last_day_and_then_gates_again_with_a_warning():
    def on(day: date) -> Quarantine:
        return in_force([ENTRY], "g", "golden", {"x-1": "c1"}, day, "file")

    assert on(ENTRY.expires) == Quarantine((ENTRY,), ())
    late = on(ENTRY.expires + timedelta(days=1))
    assert late.entries == ()
    assert late.warnings == ("the quarantine of x-1 (ann) expired on 2026-12-01: it gates again",)


def test_another_example_under_the_same_id_is_not_in_quarantine():
    found = in_force([ENTRY], "g", "golden", {"x-1": "c2"}, TODAY, "file")
    assert found.entries == ()
    assert "no longer the example that ann put in quarantine" in found.warnings[0]


def test_an_unknown_id_is_refused_and_other_graphs_and_datasets_are_not_meant():
    with pytest.raises(ConfigError, match="g has no example 'x-1' in its golden dataset"):
        in_force([ENTRY], "g", "golden", {"y": "c"}, TODAY, "file")
    assert in_force([ENTRY], "h", "golden", {}, TODAY, "file") == Quarantine()
    assert in_force([ENTRY], "g", "hard", {}, TODAY, "file") == Quarantine()


def test_an_example_in_quarantine_is_counted_shown_and_in_no_tested_row(build, pairs):
    evidence = build(pairs({"x": (50, 1, 2, 7)}))  # x-50 broke, x-51 and x-52 were fixed
    report = gate(evidence, entries("x-50", "x-51"))
    assert [row_of(report, name).n for name in ("overall", "t=x")] == [58, 58]
    assert (row_of(report, "t=x").regressed, row_of(report, "t=x").fixed) == (0, 1)
    assert report.counts["planned"] == 120
    assert [(kept.entry.example, kept.moved) for kept in report.quarantine.examples] == [
        ("x-50", "regressed"),
        ("x-51", "fixed"),
    ]
    assert (
        report.quarantine.sentence
        == "2 examples shown and not judged: 1 broke (x-50), 1 fixed; ann until 2026-12-01; with them: PASS"
    )


def test_without_entries_nothing_is_said(build, pairs):
    assert gate(build(pairs({"x": (50, 1, 2, 7)}))).quarantine is None


def test_what_a_critical_segment_shows_is_counted_without_them(build, pairs):
    ten = Policy(must_detect=0.1)
    needed = clusters_to_rule_out(0.1)
    assert needed >= 20, "one of so many is no more than a twentieth"
    evidence = build(pairs({"x": (100, 0, 0, 0), "y": (needed, 0, 0, 0)}))
    assert gate(evidence, policy=ten, critical=("t=y",)).verdict is Verdict.PASS
    report = gate(evidence, entries("y-1"), ten, critical=("t=y",))
    assert (report.verdict, report.reason_class) == (Verdict.INCONCLUSIVE, ReasonClass.UNDERPOWERED)


def test_hiding_exactly_what_broke_is_written_on_the_verdict(build, pairs):
    evidence = build(pairs({"x": (120, 12, 0, 68)}))
    hidden = [f"x-{i}" for i in range(120, 132)]
    assert gate(evidence).verdict is Verdict.FAIL
    report = gate(evidence, entries(*hidden))
    assert report.verdict is Verdict.PASS
    assert report.reason.endswith("With the 12 examples in quarantine it would read FAIL.")
    assert report.quarantine.with_them is Verdict.FAIL
    # 12 broke and none was fixed: 2^-12
    assert any("12 broke and 0 were fixed (p 0.00024): flaky ones flip both ways" in w for w in report.warnings)


def test_a_critical_segment_with_more_than_a_twentieth_in_quarantine_is_judged_whole(build, pairs):
    evidence = build(pairs({"x": (40, 12, 0, 8), "y": (60, 0, 0, 40)}))
    kept = entries(*(f"x-{i}" for i in range(40, 52)))
    report = gate(evidence, kept, critical=("t=x",))
    assert (report.verdict, row_of(report, "t=x").n, row_of(report, "t=x").regressed) == (Verdict.FAIL, 60, 12)
    assert row_of(report, "overall").n == 148, "only the critical segment keeps them"
    assert report.quarantine.kept_complete == ("t=x",)
    assert any("12 of 60 examples of t=x, a critical segment, are in quarantine" in w for w in report.warnings)
    few = gate(evidence, entries("x-40", "x-41", "x-42"), critical=("t=x",))  # 3 of 60 are 5 %
    assert (row_of(few, "t=x").n, few.quarantine.kept_complete) == (57, ())


def test_a_tenth_of_any_segment_is_named(build, pairs):
    evidence = build(pairs({"x": (30, 0, 0, 0), "y": (70, 0, 0, 0)}))
    assert gate(evidence, entries("x-1", "x-2", "x-3")).warnings == ()
    (reported,) = gate(evidence, entries("x-1", "x-2", "x-3", "x-4")).warnings
    assert reported == "4 of 30 examples of t=x are in quarantine: over 10 % it is hardly tested"


def test_a_zero_tolerance_key_sees_what_is_in_quarantine(build, pairs):
    rows = [*pairs({"x": (60, 0, 0, 0)}), *pairs({"x": (59, 1, 0, 0)}, key="leak")]
    policy = Policy(keys=(KeyRule("score"), KeyRule("leak", zero_tolerance=True)))
    report = gate(build(rows), entries("x-59"), policy)
    assert (report.verdict, row_of(report, "overall", "leak").verdict) == (Verdict.FAIL, Verdict.FAIL)


def test_what_is_missing_in_quarantine_hangs_no_verdict(build, pairs):
    rows = [
        {**row, "outcome": "evaluator_error", "score": None} if row["example_id"] == "x-1" else row
        for row in pairs({"x": (60, 0, 0, 0), "y": (60, 0, 0, 0)})
    ]
    evidence = build(rows)
    assert row_of(gate(evidence, entries("x-1")), "t=x").missing == 0
    assert gate(evidence, entries("x-1")).quarantine.examples[0].moved == "unmeasured"


def test_a_quarantine_that_leaves_too_few_is_no_pass(build, pairs):
    evidence = build(pairs({"x": (22, 0, 0, 0)}))
    report = gate(evidence, entries("x-1", "x-2", "x-3"))
    assert (report.verdict, report.reason_class) == (Verdict.INCONCLUSIVE, ReasonClass.UNDERPOWERED)


def test_confirming_repeats_and_tests_only_what_is_not_in_quarantine(build, pairs):
    rows = pairs({"x": (40, 6, 1, 13), "y": (50, 0, 2, 8)})
    evidence, kept = build(rows), entries("x-40")
    first = gate(evidence, kept, critical=("t=x",))
    names = examples_of(evidence, first, suspicious(first))
    assert "x-40" not in names
    fresh = build([{**row, "repetition": k} for row in rows for k in range(3) if row["example_id"] in names])
    report = check_second_stage(first, evidence, fresh, Policy(), critical=("t=x",), quarantine=kept)
    assert (row_of(report, "t=x").n, row_of(report, "t=x").regressed) == (59, 5)
    assert report.quarantine.with_them is Verdict.INCONCLUSIVE, "nobody repeated x-40, so nobody knows"


def test_what_the_verdict_would_be_with_them_is_confirmed_like_the_rest(build, pairs):
    rows = pairs({"x": (120, 12, 0, 68), "y": (60, 6, 0, 34)})
    evidence, kept = build(rows), entries(*(f"x-{i}" for i in range(120, 132)))
    first = gate(evidence, kept)
    names = fresh_examples(first, evidence, Policy())
    assert len(names) == 300, "overall is suspicious either way"

    def repeated(counts: Any) -> Any:
        second_stage = [
            {**row, "repetition": k} for row in pairs(counts) for k in range(3) if row["example_id"] in names
        ]
        return check_second_stage(first, evidence, build(second_stage), Policy(), quarantine=kept)

    unlucky = repeated({"x": (132, 0, 0, 68), "y": (66, 0, 0, 34)})
    assert (unlucky.verdict, unlucky.quarantine.with_them) == (Verdict.PASS, Verdict.PASS)
    hidden = repeated({"x": (120, 12, 0, 68), "y": (66, 0, 0, 34)})
    assert (hidden.verdict, hidden.quarantine.with_them) == (Verdict.PASS, Verdict.FAIL)
    assert hidden.reason.endswith("With the 12 examples in quarantine it would read FAIL.")


def test_confirming_repeats_a_whole_critical_segment_with_its_quarantine(build, pairs):
    rows = pairs({"x": (40, 12, 0, 8), "y": (60, 0, 0, 40)})
    evidence, kept = build(rows), entries(*(f"x-{i}" for i in range(40, 52)))
    first = gate(evidence, kept, critical=("t=x",))
    names = examples_of(evidence, first, suspicious(first))
    assert set(names) >= {f"x-{i}" for i in range(60)}
    fresh = build([{**row, "repetition": k} for row in rows for k in range(3) if row["example_id"] in names])
    report = check_second_stage(first, evidence, fresh, Policy(), critical=("t=x",), quarantine=kept)
    assert (report.verdict, row_of(report, "t=x").n) == (Verdict.FAIL, 60)
