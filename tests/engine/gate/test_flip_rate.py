"""A row that flips more than the policy counts with says so, and what it detects counts with its own flips."""

import pytest

from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.reason import FlipRate, NotShown
from seatrial.report.power_curves import curves
from seatrial.stats.power import detectable_drop


def rows(regressed, fixed, n=200):
    """`n` examples of which some regress and some are fixed; the first half is `tier=a`."""
    for i in range(n):
        before = 0.0 if regressed <= i < regressed + fixed else 1.0
        after = 1.0 - before if i < regressed + fixed else before
        for version, score in (("x", before), ("y", after)):
            yield {
                "example_id": f"e{i:03}",
                "version": version,
                "key": "k",
                "repetition": 0,
                "outcome": "scored",
                "score": score,
                "segment.tier": "a" if i < n // 2 else "b",
            }


def judged(build, regressed, fixed, **rules):
    policy = Policy(keys=(KeyRule("k", primary=True),), **rules)
    return check(build(list(rows(regressed, fixed))), policy, baseline="x", candidate="y")


def test_a_row_that_flips_more_than_the_policy_counts_with_says_so(build):
    report = judged(build, 22, 20)
    # 20 of 200 examples were fixed: 2 x 20 / 200 flip both ways, and 2 points are the drop
    (found,) = (one for one in report.overall.reasons if isinstance(one, FlipRate))
    assert (found.observed, found.churn) == (pytest.approx(0.2), 0.05)
    assert report.overall.detectable_drop == detectable_drop(200, 0.2, report.overall.alpha_row)
    assert report.overall.detectable_drop > detectable_drop(200, 0.05, report.overall.alpha_row)
    assert "seatrial flaky" in report.overall.reason
    assert "a file: a column repetition" in report.overall.reason
    steady = next(f for f in report.segments if f.segment == "tier=b")
    assert steady.detectable_drop == detectable_drop(100, 0.05, steady.alpha_row)
    assert not any(isinstance(one, FlipRate) for one in steady.reasons)


def test_what_is_missing_neither_flips_nor_moves(build):
    # The last 80 of 200 examples were measured in neither version: each may be a regression or a fix, and is none.
    table = [
        row | ({"score": None, "outcome": "skipped"} if row["example_id"] >= "e120" else {}) for row in rows(10, 5)
    ]
    policy = Policy(keys=(KeyRule("k", primary=True),), churn=0.01)
    overall = check(build(table), policy, baseline="x", candidate="y").overall
    (found,) = (one for one in overall.reasons if isinstance(one, FlipRate))
    # 5 fixes of 120 that both have: 2 x 5 / 120; 15 of them moved
    assert found.observed == pytest.approx(10 / 120)
    (unshown,) = (one for one in overall.reasons if isinstance(one, NotShown))
    assert (unshown.planned_at, unshown.own) == (pytest.approx(15 / 120), True)


@pytest.mark.parametrize("scores", [(0.25, 0.75), (0.0, 1.0)], ids=["fractions", "repetitions"])
def test_what_is_no_share_of_examples_is_called_a_spread(build, scores):
    times = 1 if scores[0] else 2
    table = [
        row | {"score": scores[int(row["score"])] if repetition == 0 else 0.0, "repetition": repetition}
        for row in rows(40, 40)
        for repetition in range(times)
    ]
    overall = check(build(table), Policy(churn=0.01), baseline="x", candidate="y").overall
    # 80 of 200 moved by a half: 80 x .25 / 200
    assert next(one for one in overall.reasons if isinstance(one, FlipRate)) == FlipRate(0.1, 0.01, single=False)
    assert "its scores spread as if 10.0 % of single answers flipped both ways" in overall.reason


def test_a_drop_that_goes_one_way_is_no_flip_rate(build):
    assert not any(isinstance(one, FlipRate) for one in judged(build, 22, 0).overall.reasons)
    assert not any(isinstance(one, FlipRate) for one in judged(build, 22, 20, churn=0.3).overall.reasons)


def test_the_curve_of_such_a_row_passes_power_at_the_drop_it_says(build):
    report = judged(build, 22, 20)
    shown = {curve.label: dict(curve.points) for curve in curves(report)}
    assert shown, "a report whose rows count with their own flips still has its curves"
    at = next(points for label, points in shown.items() if "overall" in label)
    near = [drop for drop, power in at.items() if power >= 0.8]
    assert min(near) >= report.overall.detectable_drop > min(near) - 0.4 / 24
