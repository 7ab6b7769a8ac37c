"""Plans: the gate's own enumeration, the formulas' reference figures, and a canary's simulated times."""

import numpy as np
import pytest

from seatrial.certify.design import design
from seatrial.certify.plan_paired import Paired, plan_graph, plan_paired
from seatrial.certify.plan_unpaired import Unpaired, plan_unpaired
from seatrial.certify.simulate import uncovered_segments
from seatrial.gate.policy import Policy
from seatrial.rollout.plan_canary import Canary, plan_canary
from seatrial.segment import Guard
from seatrial.stats.interval import CannotTell
from seatrial.stats.power import mcnemar_power


@pytest.mark.parametrize(("drop", "n"), [(0.60, 10), (0.36, 20), (0.26, 30), (0.22, 40), (0.16, 60)])
def test_examples_at_the_level_of_a_critical_row_are_the_published_ones(drop, n):
    # alpha .02, churn .05, rounded there: n within a tenth, one at least
    found = plan_paired(Paired(alpha=0.02), (drop,)).drops[0]
    assert found.need == pytest.approx(n, abs=max(1.5, 0.1 * n))
    assert found.calls == 2 * found.need


def test_what_there_is_and_what_would_do_instead():
    found = plan_paired(Paired(), (0.10,), (0.05,), n=60)
    row = found.drops[0]
    assert row.power == pytest.approx(mcnemar_power(60, 0.10, 0.05, 0.05))
    assert (
        mcnemar_power(60, 0.10, 0.05 / row.repetitions, 0.05)
        >= 0.8
        > mcnemar_power(60, 0.10, 0.05 / (row.repetitions - 1), 0.05)
    )
    assert mcnemar_power(60, found.detects, 0.05, 0.05) >= 0.8
    # 6.18256 x .05 / .05^2 = 123.65
    assert found.margins[0].need == 124


def test_repetitions_average_churn_away_and_cost_calls():
    once, thrice = (plan_paired(Paired(churn=0.3, repetitions=r), (0.1,)).drops[0] for r in (1, 3))
    assert thrice.need < once.need
    assert thrice.calls == 6 * thrice.need


def test_every_segment_is_planned_at_its_own_level():
    examples = [{"tier": "enterprise"}] * 60 + [{"tier": "free"}] * 220 + [{"tier": "odd"}] * 10
    shape = design("g", examples, Policy(), critical=("tier=enterprise",))
    found = {row.segment: row for row in plan_graph(shape, Policy(), 0.1).segments}
    assert list(found) == ["overall", "tier=enterprise", "tier=free", "tier=odd"]
    row = found["tier=enterprise"]
    # alpha .05 x .5, alone in its class
    assert row.alpha == pytest.approx(0.025)
    assert mcnemar_power(row.need, 0.1, 0.05, 0.025) >= 0.8
    assert row.more_calls == 2 * (row.need - 60)
    assert row.repeat_calls is None or row.repeat_calls == 2 * 60 * (row.repetitions - 1)
    # An unchanged candidate of 5 % flips: table `needed` of the statistics page
    assert [(found[name].rules_out, found[name].to_show) for name in ("overall", "tier=enterprise")] == [
        (0.1, 56),
        (0.2, 21),
    ]
    assert found["tier=free"].to_show is None
    assert (found["tier=odd"].need, found["tier=odd"].alpha) == (None, 0.0), "under min_n: it is not tested"


def test_ninety_five_to_ninety_eight_needs_588_units_an_arm():
    # case seed.n_unpooled: 587.9217
    found = plan_unpaired(Unpaired(0.95, 0.98, units_per_day=588.0))
    assert (found.each, found.base_units, found.other_units, found.days) == (
        588,
        588,
        588,
        pytest.approx(2.0, abs=0.01),
    )


def test_a_small_arm_is_planned_with_its_own_variance_by_hand():
    found = plan_unpaired(Unpaired(0.95, 0.98, share=0.1))
    # mean .9 x .95 + .1 x .98 = .953; (1.95996 sqrt(.953 x .047 x 11.111) + .84162 sqrt(.0475 / .9 + .0196 / .1))^2 / .03^2
    # = (1.38268 + .41978)^2 / .0009 = 3,609.9 in all
    assert (found.base_units, found.other_units) == (3249, 361)


def test_a_small_arm_under_a_margin_keeps_the_information_of_equal_ones():
    found = plan_unpaired(Unpaired(0.95, None, margin=0.05, share=0.1))
    # Both arms at .95: one variance. 1 / n1 + 1 / n2 = 2 / 234.94
    assert 1 / found.base_units + 1 / found.other_units == pytest.approx(2 / 234.94, rel=0.02)


def test_a_margin_by_hand():
    # 2 x .95 x .05 x (1.64485 + .84162)^2 / .05^2 = .095 x 6.18256 / .0025 = 234.94
    assert plan_unpaired(Unpaired(0.95, None, margin=0.05)).each == 235


def test_five_looks_cost_what_the_books_say():
    # case peek.z: .14169; inflation of O'Brien-Fleming-like spending, 5 looks, two-sided .05, power .8: 1.025 to 1.03 (by
    # simulation of the walk below)
    found = plan_unpaired(Unpaired(0.95, 0.98, looks=5))
    assert found.looks.peeking == pytest.approx(0.14169, abs=2e-4)
    assert 1.02 < found.looks.inflation < 1.035
    # drift z_.975 + z_.8, inflated: 40,000 walks cross with chance .8; se .002, z = 3.29
    rng = np.random.default_rng(1)
    times, drift = np.arange(1, 6) / 5, 2.80159 * np.sqrt(found.looks.inflation)
    b = np.cumsum(rng.normal(0, np.sqrt(0.2), (40_000, 5)), axis=1) + drift * times
    assert (b >= found.looks.z * np.sqrt(times)).any(axis=1).mean() == pytest.approx(0.8, abs=3.29 * 0.002)


def test_two_equal_rates_cannot_be_told_apart():
    assert isinstance(plan_unpaired(Unpaired(0.9, 0.9)), CannotTell)


def test_a_canary_is_stopped_and_cleared_in_the_published_units():
    requested = Canary(0.95, 0.05, units_per_day=2_000, dwell=600)
    found = plan_canary(requested, (0.10,), runs=400, rng=np.random.default_rng(2))
    # 400 runs: medians' standard errors near 12 and 4, the published ones' alike; z = 3.29. First try: threshold 2 / .05
    assert found.alone.median == pytest.approx(242, abs=3.29 * 12 * 1.42)
    assert requested.needed == pytest.approx(40)
    assert found.split.median == pytest.approx(300, abs=3.29 * 12 * 1.42)
    assert found.clearings[0].times.median == pytest.approx(54, abs=3.29 * 4)  # 75 by separate estimates; decision 019
    # 1 / 40 at any look; z = 3.29 of 400 runs: .026
    assert found.false_alarm.rate <= 0.025 + 0.026
    assert requested.days(200) == pytest.approx(1.0)
    assert found.split.within.rate == pytest.approx(0.88, abs=0.06)
    shares = [share for _, share in found.curve]
    assert shares == sorted(shares)


def test_the_threshold_is_the_rollouts_split():
    # .05 / 2 on the first try, x .8 / 2 for one of two critical cells = .01; four stages share the stakes
    requested = Canary(0.95, 0.05, part=0.3, critical=2, stages=4)
    assert (requested.threshold, requested.needed) == (pytest.approx(100), pytest.approx(400))
    assert Canary(0.95, 0.05, attempt=1).threshold == pytest.approx(80)


def test_looks_at_a_level_that_cannot_be_shared_cannot_tell():
    assert isinstance(plan_unpaired(Unpaired(0.5, 0.6, alpha=0.5, sides=1, looks=3)), CannotTell)
    assert isinstance(plan_unpaired(Unpaired(0.5, None, margin=0.1, alpha=0.9, power=0.05)), CannotTell)


def test_a_dimensions_least_number_and_what_is_only_reported_stand_in_plan_and_certificate():
    examples = [{"tier": "vip"}] * 18 + [{"tier": "free"}] * 220
    for thin, only_reported, rules_out, uncovered in (
        ("cannot_tell", False, 0.2, ("tier=vip",)),
        ("report", True, 0.0, ()),
    ):
        policy = Policy(guards=(Guard("tier", 30, thin),))
        shape = design("g", examples, policy, critical=("tier=vip",))
        row = next(row for row in plan_graph(shape, policy, 0.1).segments if row.segment == "tier=vip")
        assert (row.least, row.only_reported, row.rules_out) == (30, only_reported, rules_out)
        assert row.to_show == (None if only_reported else 30), "its drop alone would be shown on 21"
        assert uncovered_segments(shape, policy) == uncovered
