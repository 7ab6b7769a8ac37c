"""The merge gate: known verdicts with their arithmetic, real pairs, and measured error rates."""

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seatrial.cli.app import run
from seatrial.errors import ConfigError, InvalidComparison, UsageError
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.gate.sentence import sentence
from seatrial.gate.thresholds import SegmentRule
from seatrial.gate.verdict import sum_up
from seatrial.reason import NotShown, Shown, Unmeasured
from seatrial.report.data import gate_data, gate_json
from seatrial.report.view import view
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.stats.power import mcnemar_power
from seatrial.verdict import Finding, ReasonClass, State, Verdict
from seatrial.wording import drop_under

REPO_ROOT = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
DATA = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data"


def gate(evidence, policy=None, critical=()):
    return check(evidence, policy or Policy(), baseline="a", candidate="b", critical=critical)


def row_of(report, segment):
    return next(f for f in report.findings if f.segment == segment)


# ---------------------------------------------------------------- known verdicts


def test_one_segment_that_broke_blocks_and_the_arithmetic_is_all_there(build, pairs):
    # x: 50, 10 broke, 1 fixed; mid-p = P(Bin(11,.5) >= 11) ... = (1 + 11/2) / 2048 = 6.5 / 2048
    report = gate(build(pairs({"x": (35, 10, 1, 4), "y": (50, 0, 0, 0)})))
    x = row_of(report, "t=x")
    assert x.p == pytest.approx(6.5 / 2048)
    # no critical: x has .4 of .05. Overall moved by the same 11 answers, so no sign that flips tells the two apart: the
    # joint level of both is the p of one, where Holm takes 6.5 / 2048 / .4
    assert x.alpha_row == pytest.approx(0.02)
    assert x.p_adjusted == pytest.approx(6.5 / 2048, abs=0.002)
    assert (x.baseline, x.candidate) == (pytest.approx(0.9), pytest.approx(0.72))
    assert (x.difference, x.regressed, x.fixed, x.n) == (pytest.approx(-0.18), 10, 1, 50)
    assert (report.verdict, report.exit_code, x.state) == (Verdict.FAIL, 1, State.BLOCKS)
    assert row_of(report, "overall").p_adjusted == pytest.approx(6.5 / 2048, abs=0.002)


def test_the_row_under_the_first_step_is_watched_and_does_not_block(build, pairs):
    # 4 broke: mid-p 1/32 <= .05 alone, > .4 x .05; joint, y and overall are as low by chance as often: about 1/32 x 2.5
    report = gate(build(pairs({"x": (46, 4, 0, 0), "y": (376, 12, 12, 0)})))
    assert row_of(report, "t=x").p == pytest.approx(1 / 32)
    assert (report.verdict, row_of(report, "t=x").state) == (Verdict.PASS, State.WATCH)
    assert "looks worse, not proven in the family" in row_of(report, "t=x").reason


def test_the_exact_test_may_be_asked_for(build, pairs):
    evidence = build(pairs({"x": (45, 5, 0, 0), "y": (376, 12, 12, 0)}))
    # exact 1/32 > .4 x .04, mid-p 1/64 <= .4 x .04
    assert gate(evidence, Policy(alpha=0.04)).verdict is Verdict.FAIL
    exact = gate(evidence, Policy(alpha=0.04, test="exact"))
    assert (exact.verdict, row_of(exact, "t=x").p) == (Verdict.PASS, pytest.approx(1 / 32))


def test_a_better_segment_is_called_better_and_blocks_nothing(build, pairs):
    report = gate(build(pairs({"x": (30, 0, 20, 0), "y": (50, 0, 0, 0)})))
    assert (report.verdict, row_of(report, "t=x").state) == (Verdict.PASS, State.BETTER)


def test_all_tied_with_enough_examples_passes(build, pairs):
    report = gate(build(pairs({"x": (40, 0, 0, 10), "y": (60, 0, 0, 0)})), critical=["t=x"])
    assert (report.verdict, report.exit_code, report.reason_class) == (Verdict.PASS, 0, None)
    # with no flip at all p is 1
    assert {f.p for f in report.findings} == {1.0}


@pytest.mark.parametrize(
    ("counts", "passes"),
    [
        # nothing moved: the bound is (1 + t_n) / (n + 1) = 2.782 / 13 = .214 at 12 examples, 2.771 / 14 = .198 at 13
        ((12, 0, 0, 0), False),
        ((13, 0, 0, 0), True),
        ((28, 0, 0, 0), True),
        # 20 examples, one lost and one won: mean -1 / 21, variance (3 - 21 / 441) / 20 = .1476, .0476 + 1.725 x .0838 = .192
        ((18, 1, 1, 0), True),
        # two lost: mean -3 / 21, variance (3 - 9 / 21) / 20 = .1286, .1429 + 1.725 x .0782 = .278
        ((18, 2, 0, 0), False),
        # a baseline that starts at or under the drop cannot show it: a total loss would pass
        ((8, 0, 0, 32), False),
        ((0, 0, 0, 40), False),
        ((0, 0, 40, 0), False),
        ((9, 0, 0, 31), True),
    ],
)
def test_a_critical_segment_passes_where_the_drop_is_ruled_out(build, pairs, counts, passes):
    report = gate(build(pairs({"x": counts, "y": (60, 0, 0, 0)})), critical=["t=x"])
    assert (report.verdict is Verdict.PASS) == passes
    assert report.exit_code == (0 if passes else 2)
    assert (report.reason_class is ReasonClass.UNDERPOWERED) != passes


def test_a_noisy_segment_that_may_have_lost_twenty_points_cannot_be_told(build, pairs):
    """The power rule let it pass: 60 examples were enough whatever they showed."""
    report = gate(build(pairs({"x": (30, 14, 8, 8), "y": (60, 0, 0, 0)})), critical=["t=x"])
    x = row_of(report, "t=x")
    # mean -7 / 61, squares 23: variance (23 - 49 / 61) / 60 = .37, .1148 + 1.6706 x .0779 = .245
    assert (x.verdict, type(x.reasons[0])) == (Verdict.INCONCLUSIVE, NotShown)
    assert x.reasons[0].at_most == pytest.approx(0.245, abs=5e-4)
    assert x.reasons[0].baseline is None


def test_a_loss_in_a_large_cluster_is_stated_by_examples_and_by_clusters(build, pairs):
    # 20 of 40 examples of x broke, all of one conversation: -50 points, and of its 21 clusters one in 21
    rows = pairs({"x": (20, 20, 0, 0), "y": (160, 0, 0, 0)})
    broke = {f"x-{i}" for i in range(20, 40)}
    rows = [row | {"cluster": "talk" if row["example_id"] in broke else row["example_id"]} for row in rows]
    report = gate(build(rows), critical=["t=x"])
    assert report.verdict is Verdict.PASS
    assert "t=x · score: −50.0 points over 40 examples, −4.8 points over 21 clusters" in report.warnings[1]
    alone = gate(build([row | {"cluster": row["example_id"]} for row in rows]), critical=["t=x"])
    assert not any("clusters" in one for one in alone.warnings)


def test_an_unshown_critical_segment_says_how_many_examples_it_needs(build, pairs):
    report = gate(build(pairs({"x": (10, 0, 0, 0), "y": (90, 0, 0, 0)})), critical=["t=x"])
    x = row_of(report, "t=x")
    assert (x.state, x.verdict) == (State.CANNOT_TELL, Verdict.INCONCLUSIVE)
    assert x.needed_n == clusters_to_rule_out(0.2, 0.05) == 21
    assert "the drop may be up to 26 points, and less than 20 points must be shown" in x.reason
    enough = (
        "about 21 examples in all are enough four times out of five if nothing changed (at the policy's churn, 5.0 %)"
    )
    assert f"{enough}, and more repetitions help" in x.reason
    assert view(report).headline.endswith(f"must be shown: it has 10 examples, and {enough}.")


def test_examples_are_planned_at_what_moved_and_never_fewer_than_there_are(build, pairs):
    """6 of 30 moved, all of it flips if nothing changed: 145 show .1 four of five times. 18 of 160 take fewer than 160."""
    report = gate(build(pairs({"x": (24, 4, 2, 0)})))
    assert report.overall.needed_n == clusters_to_rule_out(0.1, 0.2) == 145
    assert view(report).headline.endswith(
        "it has 30 examples, and about 145 examples in all are enough four times out of five if nothing changed (at what moved in this row, 20.0 %)."
    )
    assert view(report).todo == "collect 115 more examples (enough four times out of five if nothing changed)"
    wide = gate(build(pairs({"x": (140, 16, 2, 2)})), Policy(must_detect_overall=0.13, alpha=1e-6))
    (reason,) = (one for one in wide.overall.reasons if isinstance(one, NotShown))
    assert wide.overall.needed_n < reason.planned == 160
    assert "must be shown: its 160 examples are enough four times out of five" in view(wide).headline
    assert "about" not in wide.overall.reason
    assert view(wide).todo == "score every example several times (a column repetition), both versions: overall"


def test_a_project_is_told_its_command_for_repetitions_and_a_file_its_column(build, pairs):
    report = gate(build(pairs({"x": (17, 3, 0, 0), "y": (300, 0, 0, 0)})), critical=["t=x"])
    assert "--repeat" not in view(report).todo
    assert view(report).todo.endswith("score every example several times (a column repetition)")
    project = view(replace(report, source="runs r1 and r2", graph="mail")).todo
    assert project.endswith("run more repetitions (seatrial eval mail --repeat 3)")


@pytest.mark.parametrize(
    ("bound", "limit", "wording"),
    [
        (0.0655, 0.2, "7 points"),
        (0.194, 0.2, "19.4 points"),
        (0.1996, 0.2, "19.96 points"),
        (0.199999999, 0.2, "19.9999999 points"),
        (-0.01, 0.2, "0 points"),
        (0.07, 0.1, "7 points"),
        (0.0251, 0.03, "2.6 points"),
    ],
)
def test_a_bound_that_is_shown_never_reaches_its_limit(bound, limit, wording):
    assert drop_under(bound, limit) == wording
    finding = Finding("overall", "k", reasons=(Shown(limit, bound),), verdict=Verdict.PASS, state=State.NO_DROP)
    assert f"the drop is at most {wording}" in sum_up((finding,), unchanged=False, n=40)[2]
    assert sentence(finding.reasons[0]).endswith(f"the drop is at most {wording}")


def test_a_pass_says_which_drop_is_ruled_out_and_both_error_rates(build, pairs):
    report = gate(build(pairs({"x": (40, 0, 0, 0), "y": (60, 0, 0, 0)})), critical=["t=x"])
    # (1 + 1.6839) / 41 = .0655
    assert report.reason == (
        "Every critical segment is shown not worse by 20 points or more; the drop is at most 7 points. "
        "Overall not worse by 10 points or more; the drop is at most 3 points."
    )
    assert view(report).error_rate == (
        "≤ 5 % false block over 3 tests · ≤ 5 % of candidates that cost a critical segment 20 points or 10 points overall pass"
    )


def test_what_is_missing_counts_at_its_worst_in_what_a_critical_segment_shows(build, pairs):
    rows = pairs({"x": (30, 0, 0, 0), "y": (60, 0, 0, 0)})
    for row in rows:
        if row["version"] == "b" and row["example_id"] in ("x-0", "x-1", "x-2", "x-3"):
            row |= {"score": None, "outcome": "evaluator_error"}
    x = row_of(gate(build(rows), critical=["t=x"]), "t=x")
    # four of 30 may have lost everything: mean -5 / 31, .1613 + 1.697 x .0672 = .275; one alone leaves (2 + ...) under .2
    assert (x.verdict, {type(one) for one in x.reasons} >= {NotShown, Unmeasured}) == (Verdict.INCONCLUSIVE, True)
    for row in rows:
        if row["example_id"] in ("x-1", "x-2", "x-3"):
            row |= {"score": 1.0, "outcome": "scored"}
    assert row_of(gate(build(rows), critical=["t=x"]), "t=x").verdict is Verdict.PASS


def test_a_significant_drop_on_an_uncovered_critical_segment_still_blocks(build, pairs):
    report = gate(build(pairs({"x": (2, 8, 0, 0), "y": (90, 0, 0, 0)})), critical=["t=x"])
    assert (report.verdict, row_of(report, "t=x").state) == (Verdict.FAIL, State.BLOCKS)


def test_a_critical_value_that_is_not_in_the_evidence_is_uncovered_and_not_overlooked(build, pairs):
    report = gate(build(pairs({"x": (100, 0, 0, 0)})), critical=["t=gdpr"])
    missing_share = row_of(report, "t=gdpr")
    assert (report.verdict, report.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert (missing_share.n, missing_share.baseline, missing_share.p, missing_share.critical) == (0, None, None, True)


def test_a_critical_dimension_that_is_not_in_the_evidence_is_refused(build, pairs):
    with pytest.raises(UsageError, match=r"critical segment 'tier=x': the evidence has no dimension 'tier'; it has: t"):
        gate(build(pairs({"x": (100, 0, 0, 0)})), critical=["tier=x"])


def test_only_the_primary_key_has_to_show_a_critical_segment_not_worse(build, pairs):
    rows = pairs({"x": (50, 0, 0, 0), "y": (60, 0, 0, 0)}, key="p")
    rows += pairs({"x": (10, 0, 0, 0), "y": (60, 0, 0, 0)}, key="q")
    policy = Policy(keys=(KeyRule("p", primary=True), KeyRule("q")), must_detect=0.2)
    assert gate(build(rows), policy, critical=["t=x"]).verdict is Verdict.PASS
    # without a policy it is asked of each key
    few = [row for key in ("p", "q") for row in pairs({"x": (10, 0, 0, 0), "y": (60, 0, 0, 0)}, key=key)]
    found = gate(build(few), critical=["t=x"])
    assert sum(f.verdict is Verdict.INCONCLUSIVE for f in found.findings) == 2


def test_a_thin_row_is_shown_and_decides_nothing(build, pairs):
    report = gate(build(pairs({"x": (100, 0, 0, 0), "thin": (0, 19, 0, 0)})))
    thin = row_of(report, "t=thin")
    assert (thin.state, thin.alpha_row, thin.p) == (State.CANNOT_TELL, None, None)
    assert "thin: 19 examples, min_n is 20" in thin.reason
    # and yet the overall row sees its 19 broke: 2^-20
    assert report.verdict is Verdict.FAIL
    assert report.overall.verdict is Verdict.FAIL


def test_the_whole_is_shown_not_worse_by_ten_points_or_cannot_be_told(build, pairs):
    report = gate(build(pairs({"x": (26, 0, 0, 0)})))
    assert (report.verdict, report.reason_class) == (Verdict.INCONCLUSIVE, ReasonClass.UNDERPOWERED)
    assert report.overall.needed_n == clusters_to_rule_out(0.1, 0.05) == 56
    assert gate(build(pairs({"x": (27, 0, 0, 0)}))).verdict is Verdict.PASS
    assert gate(build(pairs({"x": (26, 0, 0, 0)})), Policy(must_detect_overall=0.2)).verdict is Verdict.PASS


def test_the_overall_row_of_another_key_is_under_min_n(build, pairs):
    rows = [*pairs({"x": (30, 0, 0, 0)}), *pairs({"x": (19, 0, 0, 0)}, key="tone")]
    report = gate(build(rows), Policy(keys=(KeyRule("score", primary=True), KeyRule("tone"))))
    (tone,) = [f for f in report.findings if (f.segment, f.key) == ("overall", "tone")]
    assert (report.verdict, tone.state) == (Verdict.INCONCLUSIVE, State.CANNOT_TELL)


@pytest.mark.parametrize(("min_drop", "verdict", "state"), [(0.01, "pass", "watch"), (0.002, "fail", "blocks")])
def test_a_proven_drop_smaller_than_min_drop_is_watched(build, quick, min_drop, verdict, state):
    """.2 points on 20,000 examples: 60 broke and 20 were fixed, which chance does not do."""
    before = np.ones(20_000)
    before[-20:] = 0
    after = np.ones(20_000)
    after[:60] = 0
    policy = Policy(keys=(KeyRule("score", min_drop=min_drop),))
    report = gate(quick({"x": 20_000}, before, after), policy)
    assert (report.verdict, report.overall.state) == (verdict, state)
    assert report.overall.p_adjusted < 1e-4


def test_every_step_counts_where_the_first_drop_is_too_small_to_block(build, quick):
    """Overall -.4 points of 20,000 is the surer drop, and too small; a critical segment of 60 lost 12 points."""
    sizes = {"big": 19_940, "small": 60}
    before, after = np.ones(20_000), np.ones(20_000)
    after[:73] = after[-7:] = 0
    report = check(quick(sizes, before, after), Policy(), baseline="a", candidate="b", critical=["t=small"])
    states = {f.segment: f.state for f in report.findings}
    assert (states["overall"], states["t=small"]) == (State.WATCH, State.BLOCKS)


# ---------------------------------------------------------------- goals, and what may pass untold


@pytest.mark.parametrize(
    ("goal", "counts", "verdict"),
    [
        ("no_regression", (55, 1, 1, 3), "pass"),
        ("non_inferior", (55, 1, 1, 3), "inconclusive"),  # within 5 points takes 53 that did not move
        ("non_inferior", (57, 0, 0, 3), "pass"),
        ("superior", (57, 0, 0, 3), "inconclusive"),
        ("superior", (50, 0, 7, 3), "pass"),
        ("superior", (40, 12, 0, 8), "fail"),
    ],
)
def test_the_goal_says_what_exit_0_takes(build, pairs, goal, counts, verdict):
    report = gate(build(pairs({"x": counts})), Policy(goal=goal), critical=["t=x"])
    assert (report.verdict, report.goal) == (verdict, goal)


def test_identical_outputs_are_not_worse_and_not_better(build, pairs):
    rows = [{**row, "output_hash": row["example_id"]} for row in pairs({"x": (60, 0, 0, 0)})]
    assert gate(build(rows), Policy(goal="non_inferior")).unchanged
    assert gate(build(rows), Policy(goal="superior")).verdict is Verdict.INCONCLUSIVE


def test_too_few_examples_may_pass_by_policy_and_a_fail_never_does(build, pairs):
    lenient = Policy(inconclusive="pass")
    few = gate(build(pairs({"x": (12, 0, 0, 0)})), lenient)
    assert (few.verdict, few.exit_code, gate_data(few)["tolerated"]) == (Verdict.INCONCLUSIVE, 0, True)
    assert any("lets too few examples" in said for said in view(few).warnings)
    assert gate(build(pairs({"x": (20, 30, 0, 0)})), lenient).exit_code == 1
    rows = pairs({"x": (60, 0, 0, 0)})
    for row in rows[: 2 * 40]:
        if row["version"] == "b":
            row |= {"score": None, "outcome": "skipped", "error_kind": "outage"}
    lost = gate(build(rows), lenient)
    assert (lost.verdict, lost.reason_class, lost.exit_code) == (Verdict.INCONCLUSIVE, ReasonClass.OUTAGE, 2)
    # One answer of 40 that could not be read makes the class "missing", and lets no outage through.
    next(row for row in rows if row.get("error_kind")).update(outcome="unparsed", error_kind=None)
    mixed = gate(build(rows), lenient)
    assert (mixed.verdict, mixed.reason_class, mixed.exit_code) == (Verdict.INCONCLUSIVE, ReasonClass.MISSING, 2)
    leak = [{**row, "key": "leak"} for row in rows]
    rows = [*pairs({"x": (60, 0, 0, 0)}), *leak]
    keys = (KeyRule("score", primary=True), KeyRule("leak", zero_tolerance=True))
    assert gate(build(rows), replace(lenient, keys=keys)).exit_code == 2


# ---------------------------------------------------------------- floors


def floored(build, pairs, rows, **rule):
    policy = Policy(keys=(KeyRule("score", **rule),))
    return gate(build(pairs(rows)), policy)


def test_a_floor_fails_what_never_reached_it(build, pairs):
    # 40 % before and after, floor .95
    report = floored(build, pairs, {"x": (24, 0, 0, 36)}, floor=0.95)
    assert (report.verdict, report.overall.reasons[0].baseline) == (Verdict.FAIL, pytest.approx(0.4))
    assert "below its floor of 95.0 %: at most" in report.overall.reason


def test_a_rate_under_its_floor_that_is_not_proven_is_watched(build, pairs):
    # 56 of 60 = 93.3 % under .95; its upper bound is 97.7 %
    report = floored(build, pairs, {"x": (56, 0, 0, 4)}, floor=0.95)
    assert (report.verdict, report.overall.state) == (Verdict.PASS, State.WATCH)
    assert floored(build, pairs, {"x": (56, 0, 0, 4)}, floor=0.95, floor_rule="observed").verdict is Verdict.FAIL


def test_floors_share_their_level_and_a_thin_segment_may_have_one(build, pairs):
    # 19 examples, 14 pass: at most 89.0 % at .05 and 90.8 % at .025
    rows, own = {"x": (14, 0, 0, 5), "y": (60, 0, 0, 0)}, SegmentRule("t=x", floor=0.9)
    assert floored(build, pairs, rows, segments=(own,)).verdict is Verdict.FAIL
    both = floored(build, pairs, rows, segments=(own, SegmentRule("t=y", floor=0.9)))
    assert both.floors == 2
    assert row_of(both, "t=x").verdict is Verdict.INCONCLUSIVE, "thin, and its floor is not proven missed"


def test_what_is_missing_may_decide_an_observed_floor(build, pairs):
    rows = pairs({"x": (58, 0, 0, 2)})
    for row in rows:
        if row["version"] == "b" and row["example_id"] in ("x-0", "x-1"):
            row |= {"score": None, "outcome": "unparsed"}
    policy = Policy(keys=(KeyRule("score", floor=0.95, floor_rule="observed"),))
    assert gate(build(rows), policy).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("n", "reported"),
    [(0, "key 'k' gates but is not in memory; it holds: l"), (1, "1 example of 'k' cannot be compared")],
)
def test_no_or_one_example_is_no_comparison(build, n, reported):
    rows = [{"example_id": "e0", "version": v, "score": 1.0, "key": "k"} for v in "ab" for _ in range(n)]
    rows += [{"example_id": f"e{i}", "version": v, "score": 1.0, "key": "l"} for v in "ab" for i in range(30)]
    policy = Policy(keys=(KeyRule("k"),))
    with pytest.raises((ConfigError, InvalidComparison), match=reported):
        gate(build(rows), policy)


def test_one_sided_examples_pair_with_nothing_and_are_counted(build, pairs):
    rows = pairs({"x": (60, 0, 0, 0)})
    rows += [{"example_id": "only-a", "version": "a", "score": 1.0, "segment.t": "x"}]
    report = gate(build(rows))
    assert (report.overall.n, report.overall.missing) == (61, 1)
    assert report.counts["planned"] == 122
    assert report.counts["scored"] == 121


def test_repeated_examples_are_flipped_by_sign_and_not_counted_as_rows(build):
    # 8 examples fall from 2/2 to 0/2, 22 stay: 8 differences of -1, sign-flip 2^-8, exact and not mid-p
    rows = [
        {"example_id": f"e{i}", "version": v, "repetition": r, "score": 0.0 if v == "b" and i < 8 else 1.0}
        for i in range(30)
        for v in "ab"
        for r in (0, 1)
    ]
    report = gate(build(rows))
    assert report.overall.p == pytest.approx(2**-8)
    assert report.overall.n == 30


def test_clusters_are_the_unit_and_not_their_rows(build):
    # 40 examples in 8 clusters, 2 clusters broke whole: sign-flip 1/4; as 10 rows of 40 it would be 2^-11
    rows = [
        {"example_id": f"e{i}", "version": v, "cluster": f"c{i // 5}", "score": 0.0 if v == "b" and i < 10 else 1.0}
        for i in range(40)
        for v in "ab"
    ]
    report = gate(build(rows), Policy(min_n=5))
    assert (report.overall.n, report.overall.p, report.verdict) == (8, pytest.approx(0.25), Verdict.INCONCLUSIVE)


def test_fractional_scores_are_compared_by_their_size(build):
    # 6 examples lose .5 and 24 tie: 2^-6
    rows = [
        {"example_id": f"e{i}", "version": v, "score": 0.5 if v == "b" and i < 6 else 1.0}
        for i in range(30)
        for v in "ab"
    ]
    assert gate(build(rows)).overall.p == pytest.approx(2**-6)


def test_promotable_is_a_field_and_no_condition(build, pairs):
    wide, narrow = (gate(build(pairs({"x": (n, 0, 0, 0)}))) for n in (30, 400))
    assert (wide.verdict, wide.overall.promotable) == (Verdict.PASS, False)
    assert (narrow.verdict, narrow.overall.promotable) == (Verdict.PASS, True)


# ---------------------------------------------------------------- what may be compared


def both(change_b, n=30):
    base = [{"example_id": f"e{i}", "version": "a", "score": 1.0} for i in range(n)]
    return [{**row, **change_b("a")} for row in base] + [{**row, "version": "b", **change_b("b")} for row in base]


@pytest.mark.parametrize("name", ["dataset_hash", "evaluator_version", "graph"])
def test_two_datasets_evaluators_or_graphs_are_refused_or_said(build, name):
    evidence = build(both(lambda v: {name: f"of-{v}"}))
    with pytest.raises(InvalidComparison, match=f"{name}.* differs: a has of-a; b has of-b"):
        gate(evidence)
    report = gate(evidence, Policy(dataset_mismatch="warn"))
    assert report.verdict is Verdict.PASS
    assert any(name in warning for warning in report.warnings)


def test_one_dataset_for_both_is_no_warning(build):
    report = gate(build(both(lambda v: {"dataset_hash": "h", "evaluator_version": "1", "graph": "g"})))
    assert (report.warnings, report.graph) == ((), "g")


@pytest.mark.parametrize(
    ("baseline", "candidate", "reported"),
    [("x", "b", "baseline 'x' is not in memory; it holds: a, b"), ("a", "x", "candidate 'x'"), ("a", "a", "both 'a'")],
)
def test_a_version_that_is_not_there_lists_those_that_are(build, baseline, candidate, reported):
    with pytest.raises(UsageError, match=reported):
        check(build(both(lambda _: {})), Policy(), baseline=baseline, candidate=candidate)


def test_a_policys_key_that_is_not_in_the_evidence_is_refused(build, pairs):
    with pytest.raises(
        ConfigError, match="key 'scores' gates but is not in memory; it holds: score; did you mean 'score'"
    ):
        gate(build(pairs({"x": (30, 0, 0, 0)})), Policy(keys=(KeyRule("scores"),)))


def test_a_key_one_version_was_never_asked_is_refused(build, pairs):
    rows = pairs({"x": (30, 0, 0, 0)}) + [row for row in pairs({"x": (30, 0, 0, 0)}, key="l") if row["version"] == "a"]
    with pytest.raises(InvalidComparison, match="key 'l' gates but version 'b' has no row of it"):
        gate(build(rows))
    # named keys gate, others are shown
    report = gate(build(rows), Policy(keys=(KeyRule("score"),)))
    assert {f.key for f in report.reported} == {"l"}
    assert {f.verdict for f in report.reported} == {None}


@pytest.mark.parametrize(("mode", "code"), [("block", 1), ("warn", 0), ("observe", 0)])
def test_the_mode_changes_the_exit_code_and_never_the_verdict(build, pairs, mode, code):
    report = gate(build(pairs({"x": (20, 30, 0, 0)})), Policy(mode=mode))
    assert (report.verdict, report.exit_code, report.mode) == (Verdict.FAIL, code, mode)
    few = gate(build(pairs({"x": (3, 0, 0, 0)})), Policy(mode=mode))
    assert (few.verdict, few.exit_code) == (Verdict.INCONCLUSIVE, 2 if mode == "block" else 0)


def test_graphs_moved_by_one_change_share_alpha(build, pairs):
    # 5 broke of 160: 1/64 <= .05, > .05 / 4
    evidence = build([{k: v for k, v in r.items() if "segment" not in k} for r in pairs({"x": (155, 5, 0, 0)})])
    assert gate(evidence).verdict is Verdict.FAIL
    assert gate(evidence, Policy(shared_change=4)).verdict is Verdict.PASS


# ---------------------------------------------------------------- what must not matter


def test_the_order_of_rows_has_no_say_in_a_single_byte(build, pairs):
    rows = pairs({"x": (30, 9, 2, 4), "y": (25, 1, 6, 0), "z": (10, 0, 0, 0)})
    rows = [{**row, "score": row["score"] * (1 if i % 7 else 0.37), "reason": "r"} for i, row in enumerate(rows)]
    texts = set()
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(rows)) if seed else range(len(rows))
        texts.add(gate_json(gate_data(gate(build([rows[i] for i in order]), critical=["t=x"]))))
    assert len(texts) == 1


def test_other_versions_in_the_table_have_no_say(build, pairs):
    rows = pairs({"x": (30, 3, 2, 4)})
    more = [{**row, "version": "c", "score": 0.0} for row in rows if row["version"] == "a"]
    assert gate(build(rows + more)).overall == gate(build(rows)).overall


# ---------------------------------------------------------------- real pairs

BFCL = json.loads((Path(__file__).parent / "bfcl_counts.json").read_text(encoding="utf-8"))["pairs"]
PARALLEL = {f"{e}parallel_{m}function" for e in ("", "executable_") for m in ("", "multiple_")}
REAL = [
    ("gpt-4-turbo-2024-04-09-FC -> gpt-4o-2024-05-13-FC", Verdict.FAIL, {"relevance"}, 0.06),
    ("claude-3-opus-20240229 -> claude-3-5-sonnet-20240620", Verdict.PASS, set(), 2.47),
    ("gemini-1.5-pro-preview-0409 -> gemini-1.5-pro-preview-0514", Verdict.PASS, set(), 0.47),
    ("command-r-plus -> command-r-plus-optimized", Verdict.PASS, set(), 0.06),
    ("mistral-small-2402-FC-Auto -> mistral-small-2402-FC-Any", Verdict.FAIL, {"relevance"}, 36.71),
    (
        "claude-3-haiku-20240307 -> claude-3-haiku-20240307-FC",
        Verdict.FAIL,
        {"overall", "relevance", *PARALLEL},
        -20.53,
    ),
]


@pytest.mark.parametrize(("pair", "verdict", "failing", "points"), REAL)
def test_a_real_pair_gets_its_verdict_from_its_counts(build, pairs, pair, verdict, failing, points):
    report = gate(build(pairs(BFCL[pair], dimension="segment")))
    assert (report.verdict, report.exit_code) == (verdict, 1 if verdict is Verdict.FAIL else 0)
    assert {f.segment.removeprefix("segment=") for f in report.findings if f.verdict is Verdict.FAIL} == failing
    assert round(100 * report.overall.difference, 2) == points
    assert (report.overall.n, report.family_size) == (1700, 13)
    for finding in report.segments:
        _, regressed, fixed, _ = BFCL[pair][finding.segment.removeprefix("segment=")]
        assert (finding.regressed, finding.fixed) == (regressed, fixed)


@pytest.mark.external
@pytest.mark.parametrize(("pair", "verdict", "failing", "points"), REAL)
def test_the_command_line_says_the_same_of_the_file_itself(build, pairs, capsys, pair, verdict, failing, points):
    path = DATA / "outcomes" / "bfcl_2024-07-06_outcomes.parquet"
    if not path.exists():
        pytest.skip("real outcomes are absent; SEATRIAL_SHARED names their folder")
    baseline, candidate = pair.split(" -> ")
    maps = ["example_id=segment,item", "score=valid", "version=model"]
    command = ["gate", "--evidence", str(path), "--segment", "segment", "--json"]
    command += [word for item in maps for word in ("--map", item)] + ["--baseline", baseline, "--candidate", candidate]
    code = run(command)
    reported = capsys.readouterr()
    assert (code, reported.err) == (1 if verdict is Verdict.FAIL else 0, "")
    data = json.loads(reported.out)
    rows = [data["overall"], *data["segments"]]
    assert {r["segment"].removeprefix("segment=") for r in rows if r["verdict"] == "fail"} == failing
    from_counts = gate(build(pairs(BFCL[pair], dimension="segment")))
    assert {r["segment"]: (r["n"], r["regressed"], r["fixed"], r["state"]) for r in rows} == {
        f.segment: (f.n, f.regressed, f.fixed, f.state.value) for f in from_counts.findings
    }


# ---------------------------------------------------------------- measured error rates

SIZES = {"s0": 400, "s1": 300, "s2": 200, "s3": 150, "s4": 120, "s5": 100, "s6": 60, "s7": 40}
CRITICAL = ["t=s6", "t=s7"]


def simulated(quick, gates, seed, drop, churn=0.10):
    """Share of gates that block; `churn` flips without a change, `drop` lost on s6 (60 examples) besides."""
    rng = np.random.default_rng(seed)
    n = sum(SIZES.values())
    missing_cells = np.repeat([drop if name == "s6" else 0.0 for name in SIZES], list(SIZES.values()))
    half = churn / 2 * (1 - missing_cells)
    blocked = 0
    for _ in range(gates):
        u = rng.random(n)
        before = np.where(
            u < missing_cells + half, 1.0, np.where(u < missing_cells + 2 * half, 0.0, (rng.random(n) < 0.85) * 1.0)
        )
        after = np.where(u < missing_cells + 2 * half, 1.0 - before, before)
        report = gate(quick(SIZES, before, after), critical=CRITICAL)
        blocked += report.verdict is Verdict.FAIL
    return blocked / gates


def test_an_unchanged_candidate_is_blocked_no_more_often_than_alpha(quick):
    # alpha .05, 120 gates: 3.29 sd of a share are .0655; measured .0245 over 2,000
    assert simulated(quick, 120, seed=1, drop=0.0) <= 0.05 + 3.29 * math.sqrt(0.05 * 0.95 / 120)


@pytest.mark.parametrize("churn", [0.0, 0.05, 0.10])
def test_fifteen_points_on_a_critical_segment_of_sixty_are_blocked_as_often_as_planned(quick, churn):
    # Its row has .6 / 2 of .05 = .015. Alone it sees 15 points with chance .90 / .73 / .60 at churn 0 / .05 / .10; the gate
    # can only see more, by the other rows and Holm's later steps. Measured .895 / .755 / .59; 70 gates, band 3.29 sd.
    planned = mcnemar_power(60, 0.15, churn, 0.015)
    share = simulated(quick, 70, seed=2, drop=0.15, churn=churn)
    assert share >= planned - 3.29 * math.sqrt(planned * (1 - planned) / 70)


@pytest.mark.slow
def test_the_same_rates_over_four_thousand_gates(quick):
    assert simulated(quick, 4_000, seed=3, drop=0.0) <= 0.05
    assert simulated(quick, 4_000, seed=4, drop=0.15, churn=0.0) >= 0.85


def test_the_report_is_a_frozen_value(build, pairs):
    report = gate(build(pairs({"x": (30, 0, 0, 0)})))
    with pytest.raises(AttributeError):
        report.verdict = Verdict.FAIL
    assert replace(report) == report


def test_a_pass_does_not_speak_for_a_segment_it_could_not_see(build, pairs):
    report = gate(build(pairs({"x": (200, 0, 0, 0), "thin": (10, 0, 0, 0)})))
    assert row_of(report, "t=thin").detectable_drop is None
    assert "on every segment" not in report.reason
