"""What a judge's rule does to unchanged and to better candidates, against exact binomial rates."""

import numpy as np
import pytest
from scipy.stats import binom

from seatrial.certify.design import design
from seatrial.certify.win_rates import certify_win_rate
from seatrial.gate.policy import JudgeRule, KeyRule, Policy

POLICY = Policy(keys=(KeyRule("score"),))


def _found(segments, *, ties=0.0, gates=400, rates=(0.5, 0.6), **rule):
    shape = design("x", [{"t": f"s{i % segments}"} for i in range(100 * segments)], POLICY, critical=["t"])
    rng = np.random.default_rng(1)
    return certify_win_rate(shape, JudgeRule("helpful", **rule), rng=rng, gates=gates, ties=ties, rates=rates)


def test_without_ties_a_row_clears_as_often_as_the_exact_test_rejects():
    # 61 of 100 is the first count with p <= .025; overall is the one segment.
    exact = 1 - binom.cdf(60, 100, 0.6)
    found = dict(_found(1).clears)
    assert found[0.6] == pytest.approx(exact, abs=3 * np.sqrt(exact * (1 - exact) / 400))
    assert found[0.5] <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 400)


def test_every_critical_segment_that_must_clear_costs_power():
    chances = [dict(_found(k).clears)[0.6] for k in (1, 3, 5)]
    exact = 1 - binom.cdf(60, 100, 0.6)
    assert chances == sorted(chances, reverse=True)
    # Overall clears wherever all its segments do, so the segments' chances multiply.
    for k, chance in zip((1, 3, 5), chances, strict=True):
        assert chance == pytest.approx(exact**k, abs=3 * np.sqrt(exact**k * (1 - exact**k) / 400) + 1e-9)


def test_a_rule_of_not_worse_lets_an_even_segment_pass_that_superior_does_not():
    rule = {"ship_rule": "superior_overall_noninferior_critical", "margin": 0.15}
    superior, not_worse = _found(3, gates=60), _found(3, gates=60, **rule)
    assert dict(not_worse.clears)[0.6] > dict(superior.clears)[0.6] + 0.3
    assert [n for _, n in not_worse.rows] == [300, 100, 100, 100]
