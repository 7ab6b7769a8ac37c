"""CUPED against covariance analysis and its own promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from seatrial.stats.cuped import cuped
from seatrial.stats.interval import CannotTell
from seatrial.stats.welch import Moments, welch


def experiment(rng, n=200, effect=0.3, r=0.77):
    x = rng.normal(size=(2, n))
    y = r * x + np.sqrt(1 - r * r) * rng.normal(size=(2, n))
    return y[0] + effect, x[0], y[1], x[1]


def test_the_slope_and_the_difference_are_those_of_covariance_analysis():
    y1, x1, y2, x2 = experiment(np.random.default_rng(0))
    y, x, arm = np.r_[y1, y2], np.r_[x1, x2], np.r_[np.ones(200), np.zeros(200)]
    fit = OLS(y, np.column_stack([np.ones(400), arm, x])).fit()
    found = cuped(y1, x1, y2, x2)
    assert (found.difference, found.theta) == pytest.approx((fit.params[1], fit.params[2]), abs=1e-10)
    # the robust error of the same fit; n - 1 against n - 3 is what is left
    assert found.error == pytest.approx(fit.get_robustcov_results("HC2").bse[1], rel=0.01)


def test_a_covariate_of_correlation_r_takes_r_squared_of_the_variance_away():
    # r .77 -> .593; its standard error over 2,000 units is about .02
    found = cuped(*experiment(np.random.default_rng(1), n=1000))
    assert found.variance_reduction == pytest.approx(0.77**2, abs=0.06)
    assert found.error < found.plain.error
    assert found.interval.low < 0.3 < found.interval.high


def test_a_large_effect_does_not_leak_into_theta():
    small, large = (cuped(*experiment(np.random.default_rng(2), effect=e)) for e in (0.0, 50.0))
    assert large.theta == pytest.approx(small.theta)


def test_the_interval_covers_ninety_five_of_a_hundred():
    # 600 runs of 2 x 40: .95 +- 3.3 x sqrt(.95 x .05 / 600) = .029
    rng = np.random.default_rng(3)
    covered = np.mean([0.3 in cuped(*experiment(rng, n=40)).interval for _ in range(600)])
    assert covered == pytest.approx(0.95, abs=0.029)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(-5, 5))
@settings(max_examples=25, deadline=None)
def test_rows_in_another_order_arms_swapped_and_another_unit_of_the_covariate_change_nothing(seed, scale, shift):
    rng = np.random.default_rng(seed)
    y1, x1, y2, x2 = experiment(rng, n=20)
    found, order = cuped(y1, x1, y2, x2), rng.permutation(20)
    assert cuped(y1[order], x1[order], y2, x2).difference == pytest.approx(found.difference)
    assert cuped(y2, x2, y1, x1).difference == pytest.approx(-found.difference)
    moved = cuped(list(y1), list(x1 * scale + shift), list(y2), list(x2 * scale + shift))
    assert (moved.difference, moved.error) == pytest.approx((found.difference, found.error))


def test_a_covariate_that_says_nothing_leaves_the_plain_difference():
    # 1, -1, -1, 1 is orthogonal to 1, 2, 3, 4; 1, -1, -1, 1 to 2, 4, 5, 7 too: theta 0
    x = [1.0, -1, -1, 1]
    found, plain = cuped([1.0, 2, 3, 4], x, [2.0, 4, 5, 7], x), welch(Moments(4, 10, 30), Moments(4, 18, 94))
    assert found.theta == pytest.approx(0)
    for same in (found, found.plain):
        assert (same.difference, same.error, same.p) == pytest.approx((plain.difference, plain.error, plain.p))


def test_no_spread_no_rows_and_a_copy_of_the_outcome_are_cannot_tell():
    y = [1.0, 2.0, 4.0]
    assert isinstance(cuped(y, [1.0, 1, 1], y, [2.0, 2, 2]), CannotTell)
    assert isinstance(cuped(y, [0.1] * 3, y, [0.1] * 3), CannotTell)
    assert isinstance(cuped([], [], y, y), CannotTell)
    assert isinstance(cuped([1.0], [1.0], y, y), CannotTell)
    assert isinstance(cuped([2.0, 2.0], [1.0, 2.0], [2.0, 2.0], [1.0, 2.0]), CannotTell)
    assert isinstance(cuped(y, y, y, y), CannotTell)


@pytest.mark.parametrize(("y", "x"), [([1.0, 2], [1.0]), ([1.0, np.nan], [1.0, 2]), ([1.0, 2], [1.0, np.inf])])
def test_impossible_rows_are_refused(y, x):
    with pytest.raises(ValueError, match=r"finite|but"):
        cuped(y, x, [1.0, 2.0], [1.0, 3.0])
