"""Power of the paired test against brute force, a simulation, and the table the gate is planned with."""

import math
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.paired import mcnemar
from seatrial.stats.power import detectable_drop, mcnemar_power, needed_n


def brute_force(n, drop, churn, alpha, method="mid-p"):
    """Sum of the trinomial over every (b, c) that rejects; no shared code but the test itself."""
    p_b, p_c = drop + churn * (1 - drop) / 2, churn * (1 - drop) / 2
    total = 0.0
    for b in range(n + 1):
        for c in range(n - b + 1):
            chance = comb(n, b) * comb(n - b, c) * p_b**b * p_c**c * max(0.0, 1 - p_b - p_c) ** (n - b - c)
            if chance and mcnemar(b, c, method) <= alpha:
                total += chance
    return total


@pytest.mark.parametrize("method", ["mid-p", "exact"])
@pytest.mark.parametrize(
    ("n", "drop", "churn", "alpha"),
    [
        (1, 1.0, 0.0, 0.6),
        (4, 1.0, 0.0, 0.05),
        (5, 0.6, 0.05, 0.02),
        (10, 0.6, 0.05, 0.02),
        (20, 0.36, 0.05, 0.02),
        (24, 0.2, 0.3, 0.05),
        (30, 0.0, 0.1, 0.05),
        (30, 0.26, 1.0, 0.01),
    ],
)
def test_power_is_the_sum_over_every_table_that_rejects(n, drop, churn, alpha, method):
    assert mcnemar_power(n, drop, churn, alpha, method) == pytest.approx(
        brute_force(n, drop, churn, alpha, method), abs=1e-10
    )


# Decision 2 of the house's statistics: churn .05, alpha .02, power .8, rounded up to two points.
TABLE = [(10, 0.60), (20, 0.36), (30, 0.26), (40, 0.22), (60, 0.16), (100, 0.12), (200, 0.08)]


@pytest.mark.parametrize(("n", "drop"), TABLE)
def test_the_drop_seen_at_n_is_the_planning_tables(n, drop):
    assert mcnemar_power(n, drop, 0.05, 0.02) >= 0.8
    seen = detectable_drop(n, 0.05, 0.02)
    # the table is rounded up to two points, so what is seen lies at most that far below its figure
    assert drop - 0.02 <= seen <= drop


def test_power_meets_a_simulation():
    # 20,000 draws of (b, c) at n = 60, drop .15, churn .1, alpha .02; band 3.29 sd (99.9 %) of a binomial share
    rng = np.random.default_rng(20260101)
    p_b, p_c = 0.15 + 0.1 * 0.85 / 2, 0.1 * 0.85 / 2
    drawn = rng.multinomial(60, [p_b, p_c, 1 - p_b - p_c], size=20_000)
    share = float(np.mean(mcnemar(drawn[:, 0], drawn[:, 1]) <= 0.02))
    expected = mcnemar_power(60, 0.15, 0.1, 0.02)
    assert abs(share - expected) <= 3.29 * math.sqrt(expected * (1 - expected) / 20_000)


@given(st.integers(1, 120), st.floats(0, 0.99), st.floats(0, 0.01), st.sampled_from([0.0, 0.05, 0.3]))
@settings(max_examples=60, deadline=None)
def test_a_larger_drop_is_never_harder_to_see(n, drop, more, churn):
    assert mcnemar_power(n, drop + more, churn, 0.02) >= mcnemar_power(n, drop, churn, 0.02) - 1e-9


@given(st.integers(0, 200), st.floats(0, 1), st.floats(0, 1), st.floats(0.0005, 0.2))
@settings(max_examples=60, deadline=None)
def test_power_is_a_chance_and_exact_never_beats_mid_p(n, drop, churn, alpha):
    midp, exact = (mcnemar_power(n, drop, churn, alpha, method) for method in ("mid-p", "exact"))
    assert 0 <= exact <= midp + 1e-12 <= 1 + 1e-9


@pytest.mark.parametrize("n", [5, 10, 20, 40, 80, 160])
@pytest.mark.parametrize("alpha", [0.05, 0.02, 0.0025])
def test_without_a_drop_mid_p_rejects_at_most_1_02_alpha_and_exact_at_most_alpha(n, alpha):
    # up to three flips in ten; measured worst: 1.014 alpha at n = 40, alpha .02, churn .26
    grid = np.arange(0.02, 0.301, 0.02)
    assert max(mcnemar_power(n, 0.0, churn, alpha) for churn in grid) <= 1.02 * alpha
    assert max(mcnemar_power(n, 0.0, churn, alpha, "exact") for churn in grid) <= alpha


def test_where_everything_flips_mid_p_exceeds_its_level_and_exact_does_not():
    # 8 of 8 discordant at alpha .02: mid-p rejects at b >= 7, since 1/256 + 8/256/2 = .0195; P(b >= 7) = 9/256 = .0352
    assert mcnemar_power(8, 0.0, 1.0, 0.02) == pytest.approx(9 / 256)
    assert mcnemar_power(8, 0.0, 1.0, 0.02, "exact") == pytest.approx(1 / 256)


def test_the_normal_end_of_the_scale_joins_the_exact_one():
    # exact up to 4,000, normal beyond; one example more must not move power by more than the stated .002
    for drop in (0.005, 0.01, 0.015, 0.02):
        assert mcnemar_power(4_001, drop, 0.05, 0.02) == pytest.approx(
            mcnemar_power(4_000, drop, 0.05, 0.02), abs=0.004
        )


@pytest.mark.parametrize(("drop", "alpha"), [(0.6, 0.02), (0.2, 0.02), (0.2, 0.0025), (0.05, 0.02), (0.01, 0.05)])
def test_the_needed_n_sees_the_drop_and_half_of_it_does_not(drop, alpha):
    n = needed_n(drop, 0.05, alpha)
    assert mcnemar_power(n, drop, 0.05, alpha) >= 0.8
    assert mcnemar_power(n // 2, drop, 0.05, alpha) < 0.8


def test_what_n_examples_cannot_show_at_all_is_none_and_never_a_number():
    # 4 of 4 broke: mid-p = 1/32 > .02, so not even a total loss shows
    assert detectable_drop(4, 0.05, 0.02) is None
    assert detectable_drop(0, 0.05, 0.02) is None
    assert needed_n(0.0, 0.05, 0.02) is None
    assert mcnemar_power(0, 0.5, 0.05, 0.02) == 0.0
    assert mcnemar_power(50, 0.0, 0.0, 0.05) == 0.0


@pytest.mark.parametrize(
    ("drop", "churn", "alpha"),
    [(-0.1, 0.05, 0.02), (1.1, 0.05, 0.02), (0.1, -0.1, 0.02), (0.1, 1.1, 0.02), (0.1, 0.05, 0.0), (0.1, 0.05, 1.0)],
)
def test_a_share_outside_its_range_is_refused(drop, churn, alpha):
    with pytest.raises(ValueError, match="must lie in"):
        mcnemar_power(10, drop, churn, alpha)


@pytest.mark.parametrize("power", [math.nan, 0.0, 1.0, 1.5])
def test_a_power_that_no_test_can_have_is_refused(power):
    with pytest.raises(ValueError, match="power"):
        needed_n(0.1, 0.05, 0.05, power=power)
    with pytest.raises(ValueError, match="power"):
        detectable_drop(50, 0.05, 0.05, power=power)


def test_a_negative_number_of_examples_is_refused():
    with pytest.raises(ValueError, match="n must be a whole number"):
        detectable_drop(-5, 0.05, 0.05)


@pytest.mark.parametrize("n", [0, 10, 10**6])
def test_an_unknown_method_is_refused_whatever_the_n(n):
    with pytest.raises(ValueError, match="method 'x' is unknown"):
        mcnemar_power(n, 0.1, 0.05, 0.05, "x")


@pytest.mark.parametrize("n", [10**4, 10**6, 10**9, 10**12])
def test_power_of_rare_flips_tends_to_the_poisson_law(n):
    # 12 broken examples expected and none fixed: b ~ Bin(n, 12 / n). Mid-p of m of m is 1 / 2^(m + 1): at .02 it rejects from
    # 5 of 5 on (1/64), so power is 1 - P(Poisson(12) <= 4) = 1 - e^-12 (1 + 12 + 72 + 288 + 864), to order 1/n
    expected = 1 - math.exp(-12) * (1 + 12 + 72 + 288 + 864)
    assert mcnemar_power(n, 12 / n, 0.0, 0.02) == pytest.approx(expected, abs=12 / n * 20 + 1e-9)
