"""Sample sizes against the formulas' reference figures, statsmodels, and simulation of the promise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from seatrial.stats.interval import CannotTell
from seatrial.stats.power import mcnemar_power
from seatrial.stats.sample_size import paired, paired_non_inferiority, per_arm, traffic

RATE = st.floats(0.02, 0.98)


@pytest.mark.parametrize(
    ("formula", "raw", "n"),
    [
        # (1.95996 + .84162)^2 x 2 x .965 x .035 / .03^2 = 589.102; the popular 4,293 is wrong
        pytest.param("pooled", 589.102, 590, id="seed.n_formula"),
        # Fleiss without continuity correction, R's power.prop.test
        pytest.param("unpooled", 587.9217, 588, id="seed.n_unpooled"),
        # statsmodels NormalIndPower on Cohen's h
        pytest.param("cohen-h", 561.2989, 562, id="seed.n_cohen_h"),
    ],
)
def test_ninety_five_to_ninety_eight_needs_the_reference_n(formula, raw, n):
    found = per_arm(0.95, 0.98, formula=formula)
    assert found.raw == pytest.approx(raw, abs=1e-3)
    assert found.n == n


@given(RATE, RATE, st.sampled_from([0.01, 0.05, 0.2]), st.sampled_from([0.6, 0.8, 0.95]))
@settings(max_examples=25, deadline=None)
def test_statsmodels_finds_the_same_n(p1, p2, alpha, power):
    if abs(p1 - p2) < 0.02:
        return
    onetail = samplesize_proportions_2indep_onetail(abs(p2 - p1), min(p1, p2), power, 1, alpha / 2, 0, "larger")
    assert per_arm(p1, p2, alpha, power).raw == pytest.approx(onetail, rel=1e-9)
    h = 2 * (math.asin(math.sqrt(p1)) - math.asin(math.sqrt(p2)))
    reached = NormalIndPower().power(h, per_arm(p1, p2, alpha, power, formula="cohen-h").raw, alpha)
    # at alpha .2 and power .6 the far side is worth .002 of power, and one Newton step takes it to the fifth digit
    assert reached == pytest.approx(power, abs=1e-4)


@given(RATE, RATE, st.sampled_from(["pooled", "unpooled", "cohen-h"]))
@settings(max_examples=60, deadline=None)
def test_arms_swap_labels_swap_and_asking_for_more_costs_more(p1, p2, formula):
    if abs(p1 - p2) < 1e-3:
        return
    raw = per_arm(p1, p2, formula=formula).raw
    assert per_arm(p2, p1, formula=formula).raw == pytest.approx(raw)
    assert per_arm(1 - p1, 1 - p2, formula=formula).raw == pytest.approx(raw, rel=1e-6)
    assert per_arm(p1, p2, power=0.9, formula=formula).raw > raw
    assert per_arm(p1, p2, alpha=0.01, formula=formula).raw > raw
    assert per_arm(p1, p2, sides=1, formula=formula).raw < raw


def test_non_inferiority_of_pairs_by_hand():
    # (1.64485 + .84162)^2 x .10 / .05^2 = 6.18256 x 40 = 247.30
    found = paired_non_inferiority(0.05, 0.10)
    assert found.raw == pytest.approx(247.302, abs=1e-3)
    assert found.n == 248


def test_pairs_by_discordance_have_the_power_they_were_planned_for():
    # drop .08 with churn .05: P(broke) = .08 + .05 x .92 / 2 = .103, P(fixed) = .023, discordance .126. Normal n, exact test.
    n = paired(0.08, 0.126, 0.05, 0.8).n
    assert mcnemar_power(n, 0.08, 0.05, 0.05) == pytest.approx(0.8, abs=0.03)
    # all pairs flip one way: sqrt(pd) = d^.5, second term sqrt(d - d^2)
    by_hand = ((1.644854 * math.sqrt(0.1) + 0.841621 * math.sqrt(0.09)) / 0.1) ** 2
    assert paired(0.1, 0.1).raw == pytest.approx(by_hand, rel=1e-5)


@given(st.floats(0.01, 0.3), st.floats(0.0, 0.5))
@settings(max_examples=40, deadline=None)
def test_more_flipping_needs_more_pairs(difference, more):
    assert paired(difference, difference + more).raw <= paired(difference, min(1.0, difference + more + 0.1)).raw
    assert paired(-difference, difference + more).raw == pytest.approx(paired(difference, difference + more).raw)


def test_the_promised_power_is_met_in_simulation():
    # n 588 an arm at .95 / .98: rejection share of the pooled z over 20,000 draws, band .8 +- .015 (its se is .0028)
    rng = np.random.default_rng(5)
    a, b = rng.binomial(588, 0.95, 20_000) / 588, rng.binomial(588, 0.98, 20_000) / 588
    middle = (a + b) / 2
    z = np.abs(a - b) / np.sqrt(2 * middle * (1 - middle) / 588)
    assert np.mean(z > special.ndtri(0.975)) == pytest.approx(0.8, abs=0.015)


def test_the_rarest_segment_sets_the_traffic():
    # 100/.5 = 200, 100/.3 = 334, 100/.2 = 500
    found = traffic([100, 100, 100], [0.5, 0.3, 0.2])
    assert (found.total, found.bottleneck) == (500, 2)
    assert list(found.per_segment) == pytest.approx([250, 150, 100])
    assert traffic(np.array([40, 0]), np.array([1.0, 0.0])).total == 40


def test_questions_without_an_answer_are_cannot_tell():
    assert isinstance(per_arm(0.9, 0.9), CannotTell)
    assert isinstance(paired(0.0, 0.1), CannotTell)
    assert isinstance(paired_non_inferiority(0.05, 0.0), CannotTell)
    assert isinstance(traffic([], []), CannotTell)
    assert isinstance(traffic([10, 10], [1.0, 0.0]), CannotTell)


@pytest.mark.parametrize(
    "call",
    [
        lambda: per_arm(1.2, 0.5),
        lambda: per_arm(math.nan, 0.5),
        lambda: per_arm(0.5, 0.6, alpha=0),
        lambda: per_arm(0.5, 0.6, alpha=1),
        lambda: per_arm(0.5, 0.6, power=math.nan),
        lambda: per_arm(0.5, 0.6, sides=3),
        lambda: per_arm(0.5, 0.6, formula="fleiss"),
        lambda: paired(0.2, 0.1),
        lambda: paired(0.2, 1.1),
        lambda: paired_non_inferiority(0.0, 0.1),
        lambda: paired_non_inferiority(0.05, -0.1),
        lambda: traffic([1, 2], [1.0]),
        lambda: traffic([1, 2], [0.5, 0.4]),
        lambda: traffic([1, -2], [0.5, 0.5]),
        lambda: traffic([1, math.nan], [0.5, 0.5]),
    ],
)
def test_what_cannot_be_asked_is_refused(call):
    with pytest.raises(ValueError, match=r"must|choose|but"):
        call()


@pytest.mark.parametrize(
    ("p1", "p2", "part"), [(0.95, 0.98, 0.1), (0.98, 0.95, 0.1), (0.9, 0.8, 0.02), (0.3, 0.36, 0.8)]
)
def test_unequal_arms_show_the_difference_as_often_as_asked(p1, p2, part):
    total = 2 * per_arm(p1, p2, share_of_second=part).raw
    first, second = math.ceil(total * (1 - part)), math.ceil(total * part)
    rng = np.random.default_rng(3)
    x, y = rng.binomial(first, p1, 40_000), rng.binomial(second, p2, 40_000)
    rate = (x + y) / (first + second)
    z = (y / second - x / first) / np.sqrt(rate * (1 - rate) * (1 / first + 1 / second))
    # Four standard errors, and a point for the normal law.
    assert np.mean(np.abs(z) > 1.959964) == pytest.approx(0.8, abs=0.018)


def test_a_power_under_the_level_needs_no_data_and_gets_no_number():
    assert isinstance(per_arm(0.5, 0.6, 0.9, 0.05), CannotTell)
    assert isinstance(paired(0.1, 0.2, 0.9, 0.05), CannotTell)
    assert isinstance(paired_non_inferiority(0.1, 0.2, 0.9, 0.05), CannotTell)
