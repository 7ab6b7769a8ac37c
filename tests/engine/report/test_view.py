"""The view: each state has its shape, its word and its first sentence, and no surface disagrees with it."""

from dataclasses import replace

import pytest

from seatrial.gate.report import Flip
from seatrial.reason import FewRatios, FewRuns, NewContract
from seatrial.report.console import console
from seatrial.report.html import html
from seatrial.report.junit import junit
from seatrial.report.markdown import summary
from seatrial.report.view import GLYPHS, WORDS, view
from seatrial.verdict import ReasonClass, State, Verdict

from .conftest import make_finding, make_report

EXPECTED = {
    "blocked": ("✕", "BLOCKED", 1, "1 of 5 segments got worse; one critical: de −29.0 points."),
    "observed": ("✕", "WOULD BLOCK", 0, "1 of 5 segments got worse; one critical: de −29.0 points."),
    "pass": ("✓", "PASS", 0, "No drop found; would have seen 12 points or more on every segment."),
    "unchanged": ("✓", "PASS", 0, "Unchanged: outputs identical on all 100 examples."),
    "cannot tell": ("?", "CANNOT TELL", 2, "gdpr has 10 examples, needs 40 to show a drop of 20 points."),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_state_has_its_shape_word_code_and_headline(states, name):
    v = view(states[name])
    assert (v.glyph, v.word, v.exit_code, v.headline) == EXPECTED[name]


def test_every_rows_shape_and_word_are_its_tests_state(states):
    for report in states.values():
        v = view(report)
        assert len(v.rows) == len(report.findings)
        for row, finding in zip(v.rows, report.findings, strict=True):
            assert row.state is finding.state
            assert (row.glyph, row.word) == (GLYPHS[finding.state], WORDS[finding.state])


def test_every_state_has_one_shape_and_one_word():
    assert set(GLYPHS) == set(WORDS) == set(State)
    assert len(set(GLYPHS.values())) == len(set(WORDS.values())) == len(State)


def test_the_average_is_named_where_it_hides_a_segment(states):
    v = view(states["blocked"])
    assert v.average.startswith("The average moved 0.0 points and hides both sides: de 90.0 % → 61.0 %, while it rose")
    assert view(states["pass"]).average == ""


def test_the_average_is_that_of_the_key_whose_segment_it_hides():
    fell = {"baseline": 1.0, "candidate": 0.75, "difference": -0.25}
    seen = {"baseline": 0.8, "candidate": 0.9, "difference": 0.1}
    rows = [
        make_finding(key="a", state=State.BETTER, **seen),
        make_finding("t=x", State.BETTER, key="a", **seen),
        make_finding("t=x", State.BLOCKS, key="b", **fell),
    ]
    of_b = make_finding(key="b", difference=-0.02)
    v = view(make_report(Verdict.FAIL, *rows, of_b))
    assert v.average == "The average of b moved −2.0 points and hides it: x 100.0 % → 75.0 %."
    assert v.headline == "1 of 1 segment got worse: x · b −25.0 points."
    assert (v.primary_key, [row.label for row in v.rows]) == ("a", ["overall", "x", "x · b", "overall · b"])
    blocks = make_finding(key="b", state=State.BLOCKS, difference=-0.08)
    assert view(make_report(Verdict.FAIL, *rows, blocks)).average == ""
    assert view(make_report(Verdict.FAIL, *rows)).average == ""


def test_every_surface_names_the_key_that_rows_leave_out_and_none_where_there_is_one(states):
    two = make_report(Verdict.PASS, make_finding(key="answer_ok"), make_finding("t=x", key="faithful"))
    for surface in (lambda v: "\n".join(line.text for line in console(v)), lambda v: summary(v, ""), html):
        assert "answer_ok" in surface(view(two)).replace("\\", "")
    assert view(states["pass"]).primary_key == ""
    beside = make_finding(key="pii", ci=None, alpha_row=None)
    assert view(make_report(Verdict.PASS, make_finding(), beside)).primary_key == ""


def test_a_segment_with_two_keys_lacks_its_examples_once():
    few = {"critical": True, "n": 10, "detectable_drop": 0.6}
    overall = make_finding(state=State.CANNOT_TELL, n=10, needed_n=67, reason="overall has too few")
    rows = [
        make_finding("t=de", State.CANNOT_TELL, **few),
        make_finding("t=de", State.CANNOT_TELL, key="f", **few | {"needed_n": 45}),
    ]
    v = view(make_report(Verdict.INCONCLUSIVE, overall, *rows, reason_class=ReasonClass.UNDERPOWERED))
    assert v.headline == "de · f has 10 examples, needs 45 to show a drop of 20 points (3 such rows)."
    assert v.todo == "collect 35 more examples of de, 57 more in all"
    alone = view(make_report(Verdict.INCONCLUSIVE, overall, reason_class=ReasonClass.UNDERPOWERED))
    assert (alone.headline, alone.todo) == ("overall has too few.", "collect 57 more examples")


def test_the_headline_counts_the_overall_row_where_it_got_worse_too():
    rows = [make_finding(state=State.BLOCKS, difference=-0.05), make_finding("t=x", State.BLOCKS, difference=-0.2)]
    v = view(make_report(Verdict.FAIL, *rows, make_finding("t=y")))
    assert v.headline == "overall and 1 of 2 segments got worse: x −20.0 points."


def test_a_critical_segment_that_fell_in_two_keys_is_one_critical_segment():
    fell = {"difference": -0.2, "critical": True}
    rows = [make_finding("t=x", State.BLOCKS, **fell), make_finding("t=x", State.BLOCKS, key="b", **fell)]
    assert view(make_report(Verdict.FAIL, make_finding(), *rows)).headline.startswith(
        "1 of 1 segment got worse; one critical: x"
    )


def test_the_first_cause_is_a_count_and_not_an_opinion(states):
    assert view(states["blocked"]).cause == "25 of 31 broken answers (81 %) say: decoder_failed"
    assert view(states["cannot tell"]).cause == ""


def test_what_to_do_next_is_said_unless_it_passed(states):
    assert view(states["cannot tell"]).todo == "collect 30 more examples of gdpr"
    assert view(states["blocked"]).todo
    assert view(states["pass"]).todo == ""


@pytest.mark.parametrize(
    ("segment", "reason", "step"),
    [
        ("must_pass=q1", FewRuns(("candidate",), 3), "give 3 repetitions of q1 (must_pass) to each version: one row each, told apart by a column repetition (0, 1, 2)"),
        ("must_pass=q1", NewContract(passed=False), "let the candidate pass q1 (must_pass), or accept a baseline that holds it"),
        ("overall", FewRatios(3, 0.9), "bring a number in the column score for every run of both versions"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_as_what_it_is(states, segment, reason, step):
    row = make_finding(segment, State.CANNOT_TELL, critical=True, alpha_row=None, reasons=(reason,))
    undecided = replace(states["cannot tell"], reason_class=ReasonClass.MISSING, segments=(row,))
    assert view(undecided).todo == step


def test_the_first_broken_examples_of_the_worst_row_are_named(states):
    fell = [Flip(f"e{i}", "score", ("t=de",), 1.0, 0.0, "") for i in range(31)]
    other = Flip("elsewhere", "score", ("t=fr",), 1.0, 0.0, "")
    rose = Flip("fixed", "score", ("t=de",), 0.0, 1.0, "")
    v = view(replace(states["blocked"], flips=(other, rose, *fell)))
    assert v.todo == "read what broke: e0, e1, e2 and 28 more; fix it and run the gate again"
    mailed = view(replace(states["blocked"], flips=(Flip("ann@acme.internal", "score", ("t=de",), 1.0, 0.0, ""),)))
    assert "ann@" not in mailed.todo
    assert "and 30 more" in mailed.todo


def test_graded_examples_that_fell_furthest_are_named_with_their_scores(states):
    counts = {**states["blocked"].counts, "fractions": ["score"]}
    fell = [Flip("far", "score", ("t=de",), 0.9, 0.25, "terse"), Flip("near", "score", ("t=de",), 0.9, 0.875, "")]
    v = view(replace(states["blocked"], counts=counts, flips=tuple(fell)))
    assert v.todo.startswith("read what dropped most: far 0.9 → 0.25, near 0.9 → 0.875 and 29 more; fix it")
    assert v.cause == "25 of 31 answers that scored lower (81 %) say: decoder_failed"
    assert v.detail is not None
    assert ("Examples whose score moved", "0 lower · 0 higher") in {(one.name, one.value) for one in v.detail.tiles}


def test_no_surface_shows_whose_address_an_id_or_a_reason_holds():
    mail = "jane.roe@acme.internal"
    hits = make_finding(key="pii", state=State.BLOCKS, ci=None, alpha_row=None, reason=f"1 new hit: {mail}")
    segment = make_finding(f"customer={mail}", State.BLOCKS, difference=-0.2)
    report = make_report(
        Verdict.FAIL,
        make_finding(),
        hits,
        segment,
        causes=((f"said {mail}", 9),),
        regressed=9,
        warnings=(f"see {mail}",),
    )
    v = view(report)
    shown = "\n".join(line.text for line in console(v, every=True)) + summary(v, "") + junit(v)
    assert "jane.roe" not in shown
    assert "<email>" in shown


def test_the_tally_counts_every_segment_row_once(states):
    v = view(states["blocked"])
    assert dict(v.tally) == {State.BLOCKS: 1, State.CANNOT_TELL: 1, State.WATCH: 1, State.NO_DROP: 1, State.BETTER: 1}


def test_the_mode_that_does_not_act_says_so(states):
    assert view(states["blocked"]).mode == "block"
    assert view(states["observed"]).mode == "observe: shown, not acted on"


def test_one_dimension_and_the_leading_key_need_no_name(report, finding):
    one = view(report(Verdict.PASS, finding(), finding("t=x")))
    assert [row.label for row in one.rows] == ["overall", "x"]
    two = view(report(Verdict.PASS, finding(), finding("t=x"), finding("u=x")))
    assert [row.label for row in two.rows] == ["overall", "t=x", "u=x"]
    keys = view(report(Verdict.PASS, finding(), finding("overall", key="pii")))
    assert [row.label for row in keys.rows] == ["overall", "overall · pii"]


def test_what_is_not_known_is_never_shown_as_a_number(report, finding):
    empty = {"baseline": None, "candidate": None, "difference": None, "ci": None, "detectable_drop": None, "n": 0}
    row = view(report(Verdict.INCONCLUSIVE, finding(), finding("t=x", State.CANNOT_TELL, **empty))).rows[1]
    assert (row.rates, row.delta, row.ci, row.detects) == ("", "", "", "")
    assert (row.low, row.mark, row.high) == (None, None, None)


def test_zero_is_never_said_with_a_minus(report, finding):
    row = view(report(Verdict.PASS, finding("overall", difference=-0.0003))).rows[0]
    assert row.delta == "0.0"
