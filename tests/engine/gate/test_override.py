"""An override lets one failing row of one comparison through, for a while, and nothing else."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from seatrial.errors import DataError, UsageError
from seatrial.gate.merge import check
from seatrial.gate.override import (
    LONGEST_DAYS,
    Bound,
    apply,
    override_line,
    read_overrides,
    renewals,
    write_for,
    write_rows,
)
from seatrial.gate.policy import Policy
from seatrial.gate.quarantine_file import LONGEST_DAYS as QUARANTINE_DAYS
from seatrial.verdict import Verdict

TODAY = date(2026, 3, 1)
HERE = Bound("base", "cand")


@pytest.fixture
def blocked(build, pairs):
    """x lost 20 of 60; overall 20 of 110; both rows fail."""
    return check(build(pairs({"x": (40, 20, 0, 0), "y": (50, 0, 0, 0)})), Policy(), baseline="a", candidate="b")


def written(report, before=(), *, segment="t=x", today=TODAY, days=10, **more):
    words = {"reason": "fixed on Friday", "author": "ada", **more}
    return write_for(
        report, HERE, before, segment=segment, key="score", expires=today + timedelta(days=days), today=today, **words
    )


def both(report):
    return written(report), written(report, segment="overall")


def test_the_verdict_stays_fail_and_the_exit_code_is_0(blocked):
    report = apply(blocked, both(blocked), HERE, TODAY)
    assert report.verdict is Verdict.FAIL
    assert report.overridden
    assert report.exit_code == 0
    assert blocked.exit_code == 1


def test_one_failing_row_nobody_answers_for_still_stops(blocked):
    report = apply(blocked, both(blocked)[:1], HERE, TODAY)
    assert not report.overridden
    assert report.exit_code == 1


def test_a_row_that_could_not_be_judged_is_not_overridden_with_the_rest(blocked):
    report = replace(apply(blocked, both(blocked), HERE, TODAY), undecided=1)
    assert report.exit_code == 2


@pytest.mark.parametrize("other", [Bound("base", "another"), Bound("another", "cand")])
def test_the_next_change_is_judged_anew(blocked, other):
    report = apply(blocked, both(blocked), other, TODAY)
    assert report.exit_code == 1
    assert any("was written for another" in warning for warning in report.warnings)


def test_the_day_after_it_expires_it_is_over(blocked):
    ours = both(blocked)
    assert apply(blocked, ours, HERE, TODAY + timedelta(days=10)).exit_code == 0
    late = apply(blocked, ours, HERE, TODAY + timedelta(days=11))
    assert late.exit_code == 1
    assert any("expired on 2026-03-11" in warning for warning in late.warnings)


def test_a_deeper_drop_is_another_question(blocked, build, pairs):
    worse = check(build(pairs({"x": (30, 30, 0, 0), "y": (50, 0, 0, 0)})), Policy(), baseline="a", candidate="b")
    report = apply(worse, both(blocked), HERE, TODAY)
    assert report.exit_code == 1
    assert any("was for −33.3 points, and it is −50.0 points now" in warning for warning in report.warnings)


def test_another_graph_is_not_let_through(blocked):
    assert apply(replace(blocked, graph="other"), both(blocked), HERE, TODAY).exit_code == 1


def test_a_pass_needs_none_and_an_inconclusive_verdict_gets_none(build, pairs, blocked):
    fine = check(build(pairs({"x": (50, 0, 0, 0), "y": (50, 0, 0, 0)})), Policy(), baseline="a", candidate="b")
    assert apply(fine, both(blocked), HERE, TODAY).overrides == ()
    thin = check(build(pairs({"x": (12, 0, 0, 0)})), Policy(), baseline="a", candidate="b", critical=["t=x"])
    assert thin.verdict is Verdict.INCONCLUSIVE
    assert apply(thin, both(blocked), HERE, TODAY).exit_code == 2


def test_a_row_that_does_not_fail_cannot_be_overridden_in_advance(blocked):
    with pytest.raises(UsageError, match=r"t=y · score does not fail.*--segment t=x --key score"):
        written(blocked, segment="t=y")


@pytest.mark.parametrize("days", [0, -1, 31])
def test_it_lasts_a_month_at_most(blocked, days):
    with pytest.raises(UsageError, match="1 to 30 days"):
        written(blocked, days=days)


@pytest.mark.parametrize("blank", ["reason", "author"])
def test_somebody_answers_and_says_why(blocked, blank):
    with pytest.raises(UsageError, match=f"--{blank} is blank"):
        written(blocked, **{blank: "  "})


def test_two_renewals_are_the_most(blocked):
    before = []
    for times in range(3):
        before.append(written(blocked, before, today=TODAY + timedelta(days=times)))
    with pytest.raises(UsageError, match="2 renewals are the most"):
        written(blocked, before, today=TODAY + timedelta(days=3))
    assert [times for _, times in renewals(before)] == [2]
    assert apply(blocked, before, HERE, TODAY).overrides[0].renewals == 2


def test_an_override_of_a_smaller_drop_does_not_cover_a_deeper_one(blocked, build, pairs):
    before = both(blocked)
    worse = check(build(pairs({"x": (30, 30, 0, 0), "y": (50, 0, 0, 0)})), Policy(), baseline="a", candidate="b")
    assert [is_new for _, is_new in all_rows(blocked, before)] == [False, False]
    assert [is_new for _, is_new in all_rows(worse, before)] == [True, True]


def all_rows(report, before, *, days=10, today=TODAY):
    rows = [(f.segment, f.key) for f in report.stopping]
    more = {"reason": "fixed on Friday", "author": "ada", "expires": today + timedelta(days=days), "today": today}
    return write_rows(report, HERE, before, rows, **more)


def test_one_command_answers_for_many_rows(blocked):
    first = all_rows(blocked, ())
    assert [(one.segment, is_new) for one, is_new in first] == [("overall", True), ("t=x", True)]
    assert apply(blocked, [one for one, _ in first], HERE, TODAY).exit_code == 0


def test_a_command_given_once_more_burns_no_renewal(blocked):
    before = [one for one, _ in all_rows(blocked, ())]
    for _ in range(5):
        assert [(one, False) for one in before] == list(all_rows(blocked, before))
    later = [one for one, is_new in all_rows(blocked, before, days=12) if is_new]
    assert [times for _, times in renewals([*before, *later])] == [1, 1]


def test_a_line_that_a_merge_doubled_is_no_renewal(blocked):
    before = [written(blocked)] * 4
    assert [times for _, times in renewals(before)] == [0]
    assert apply(blocked, [*before, written(blocked, segment="overall")], HERE, TODAY).exit_code == 0


def test_of_many_rows_all_are_written_or_none(blocked):
    with pytest.raises(UsageError, match="t=y · score does not fail"):
        write_rows(
            blocked,
            HERE,
            (),
            [("t=x", "score"), ("t=y", "score")],
            reason="r",
            author="a",
            expires=TODAY + timedelta(days=1),
            today=TODAY,
        )


def test_it_survives_its_file(blocked):
    ours = both(blocked)
    text = "".join(map(override_line, ours))
    assert read_overrides(text, Path("overrides.jsonl")) == ours


@pytest.mark.parametrize(
    "line", ["no json", "[]", "{}", '{"graph": "g"}', json.dumps({"expires": "soon"})]
)  # fmt: skip
def test_a_line_that_cannot_be_read_lets_nothing_through(line):
    with pytest.raises(DataError, match=r"overrides.jsonl line 1 is no override"):
        read_overrides(line + "\n", Path("overrides.jsonl"))


def test_a_date_that_is_none_is_found_when_it_is_read(blocked):
    row = json.loads(override_line(written(blocked)))
    with pytest.raises(DataError, match="line 1"):
        read_overrides(json.dumps({**row, "expires": "2026-02-31"}), Path("overrides.jsonl"))


@pytest.mark.parametrize(
    ("page", "sentence", "days"),
    [
        ("docs/how-to/baselines.md", r"expires on its last day, at most (\d+) days away", LONGEST_DAYS),
        ("src/seatrial/template/README.md", r"An override lasts (\d+) days at most", LONGEST_DAYS),
        ("docs/reference/cli.md", r"It lasts (\d+) days at most", LONGEST_DAYS),
        ("docs/how-to/flaky-graphs.md", r"It expires\*\*, at most (\d+) days from today", QUARANTINE_DAYS),
        ("docs/explanation/concepts.md", r"left out of the decision for at most (\d+) days", QUARANTINE_DAYS),
    ],
)
def test_a_page_that_states_how_long_something_lasts_states_the_constant(page, sentence, days):
    root = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
    text = " ".join((root / page).read_text(encoding="utf-8").split())
    assert re.findall(sentence, text) == [str(days)]
