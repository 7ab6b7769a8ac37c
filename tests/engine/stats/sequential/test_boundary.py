"""The curves against confseq's, and as curves should be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.sequential.boundary import (
    beta_binomial_bound,
    beta_binomial_log_mixture,
    gamma_exponential_bound,
    normal_bound,
    normal_log_mixture,
    stitched_bound,
)


@pytest.mark.parametrize(
    ("case", "one", "two"),
    [
        ((100, 0.05, 100), 27.6607088, 30.3520899),
        ((1000, 0.05, 100), 94.3939162, 102.5122868),
        ((1000, 0.025, 1000), 96.1777178, 103.7953219),
    ],
)
def test_cs_normalmix(case, one, two):
    # case cs.normalmix, confseq
    assert float(normal_bound(*case)) == pytest.approx(one, abs=1e-5)
    assert float(normal_bound(*case, sides=2)) == pytest.approx(two, abs=1e-5)


@pytest.mark.parametrize(
    ("case", "mixture", "sub_gamma", "sub_gaussian"),
    [
        ((100, 0.05, 100), 30.2381296, 43.9091567, 35.6804903),
        ((10, 0.05, 10), 11.5493516, 15.4685057, 9.2240477),
        ((500, 0.025, 100), 73.6790263, 97.232569, 87.7490909),
    ],
)
def test_cs_gammaexp(case, mixture, sub_gamma, sub_gaussian):
    # case cs.gammaexp, confseq: gamma-exponential mixture with c = 1; stitching from v_min = 10 with c = 1 and c = 0
    v, alpha, _ = case
    assert float(gamma_exponential_bound(*case, scale=1)) == pytest.approx(mixture, abs=1e-5)
    assert float(stitched_bound(v, alpha, 10, scale=1)) == pytest.approx(sub_gamma, abs=1e-5)
    assert float(stitched_bound(v, alpha, 10)) == pytest.approx(sub_gaussian, abs=1e-5)


@given(st.floats(1, 1e6), st.floats(0.001, 0.4), st.sampled_from([1, 2]))
@settings(max_examples=40, deadline=None)
def test_curves_rise_with_variance_and_with_a_smaller_alpha(v, alpha, sides):
    for curve in (
        lambda v, a: normal_bound(v, a, 100, sides),
        lambda v, a: gamma_exponential_bound(v, a, 100, 0.5),
        lambda v, a: stitched_bound(v, a, 1, 0.5),
    ):
        assert curve(v, alpha) < curve(2 * v, alpha)
        assert curve(v, alpha) < curve(v, alpha / 2)


def test_a_normal_mixture_is_one_on_average():
    # E exp(log M(S, v)) over S ~ N(0, v) by a fine sum
    s = np.linspace(-80, 80, 40_001)
    density = np.exp(-(s**2) / 100) / math.sqrt(100 * math.pi)
    for sides in (1, 2):
        mean = float((np.exp(normal_log_mixture(s, 50.0, 100, sides)) * density).sum() * (s[1] - s[0]))
        assert mean == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("p", [0.05, 0.5, 0.95])
def test_a_bernoulli_mixture_is_one_on_average(p, sides):
    k = np.arange(31)
    chance = np.array([math.comb(30, int(i)) for i in k]) * p**k * (1 - p) ** (30 - k)
    log_m = beta_binomial_log_mixture(k - 30 * p, 30 * p * (1 - p), 20 * p * (1 - p), p, 1 - p, sides)
    assert float(chance @ np.exp(log_m)) == pytest.approx(1, abs=1e-9)


def test_a_sum_that_can_not_become_unlikely_enough_has_no_bound():
    # 60 trials of rate .95 all succeed with chance .046: no upper curve at .025
    assert float(beta_binomial_bound(60 * 0.0475, 0.025, 500 * 0.0475, 0.95, 0.05, 1)) == math.inf
    assert math.isfinite(float(beta_binomial_bound(600 * 0.0475, 0.025, 500 * 0.0475, 0.95, 0.05, 1)))


def test_arrays_and_lists_alike():
    assert normal_bound([100, 1000], 0.05, 100).tolist() == [float(normal_bound(v, 0.05, 100)) for v in (100, 1000)]


def test_wrong_arguments_are_errors():
    for alpha in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="alpha must lie"):
            normal_bound(10, alpha, 100)
    for v in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="v must be positive"):
            normal_bound(v, 0.05, 100)
    with pytest.raises(ValueError, match="v_opt"):
        stitched_bound(10, 0.05, 0)
    with pytest.raises(ValueError, match="sides"):
        normal_bound(10, 0.05, 100, 3)
    with pytest.raises(ValueError, match="scale"):
        gamma_exponential_bound(10, 0.05, 100, 0)
    with pytest.raises(ValueError, match="scale"):
        stitched_bound(10, 0.05, 1, -1)
    with pytest.raises(ValueError, match="both ways"):
        beta_binomial_bound(10, 0.05, 100, 0, 1)
