"""The asymptotic sequence against GrowthBook's, ville's and the closed form of the Gaussian mixture."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from seatrial.stats.interval import CannotTell
from seatrial.stats.sequential.asymptotic import half_width, interval, p_value, tuned_rho

LOOKS = [100, 1000, 5000, 20000]
# 4,750 of 5,000 in control, 4,650 of 5,000 in treatment
DROP, DROP_SE = -0.02, math.sqrt(0.95 * 0.05 / 5000 + 0.93 * 0.07 / 5000)


def test_asympcs_rho():
    # case asympcs.rho, gbstats; equation 161: sqrt((5.9915 + log 6.9915) / 5000), one-sided with .10 for .05
    assert tuned_rho(0.05, 5000) == pytest.approx(0.03984006677, abs=1e-9)
    assert tuned_rho(0.05, 5000, "upper") == tuned_rho(0.05, 5000, "lower") == pytest.approx(0.03557768853, abs=1e-9)


def test_asympcs_hw_half_widths():
    # case asympcs.hw, gbstats, s^2 = 1
    two = [half_width(n, 1, 0.05, tuned_rho(0.05, 5000)) for n in LOOKS]
    one = [half_width(n, 1, 0.05, tuned_rho(0.05, 5000, "upper"), "upper") for n in LOOKS]
    assert two == pytest.approx([0.66943886, 0.10637547, 0.04292434, 0.02211204], abs=1e-7)
    assert one == pytest.approx([0.6606888, 0.09968836, 0.03930233, 0.02028122], abs=1e-7)


def test_asympcs_gb_prop_two_sided_difference():
    # case asympcs.gb_prop, gbstats
    assert pytest.approx(0.0047455242, abs=1e-10) == DROP_SE
    found = interval(10_000, DROP, DROP_SE, 0.05, 5000)
    assert (found.low, found.high) == pytest.approx((-0.0345283143, -0.0054716857), abs=1e-8)
    assert p_value(10_000, DROP, DROP_SE, tuned_rho(0.05, 5000)) == pytest.approx(0.0009665353, abs=1e-8)


def test_asympcs_gb_prop_os_one_sided_difference():
    # case asympcs.gb_prop_os, gbstats; their p is found by search and printed as about .00049
    found = interval(10_000, DROP, DROP_SE, 0.05, 5000, "upper")
    assert (found.low, found.high) == (-math.inf, pytest.approx(-0.0067062172, abs=1e-8))
    p = p_value(10_000, DROP, DROP_SE, tuned_rho(0.05, 5000, "upper"), "upper")
    assert p == pytest.approx(0.00049, abs=5e-6)


def test_cs_asymp_ville():
    # case cs.asymp_ville: nine ones and a zero, twenty times. ville takes the exact optimum rho, -W(-alpha^2 / e) - 1 over
    # t_opt, where equation 161 approximates it; the exact one differs by .0002 in the half-width
    x = np.tile([1.0] * 9 + [0.0], 20)
    rho = math.sqrt((-special.lambertw(-(0.05**2) / math.e, -1).real - 1) / 500)
    half = half_width(200, x.std(ddof=1), 0.05, rho)
    assert (0.9 - half, 0.9 + half) == pytest.approx((0.8337199224, 0.9662800576), abs=1e-6)
    ours = interval(200, 0.9, x.std(ddof=1) / math.sqrt(200), 0.05, 500)
    assert ours.low == pytest.approx(0.8337199224, abs=2e-4)


@pytest.mark.parametrize(
    ("mean", "variance_of_one", "tau2", "expected"),
    [
        (0.15, 1.0, 0.01, 16.3672280145),  # case msprt.1: one sample of 400
        (0.15, 2.0, 0.01, 2.5875043912),  # case msprt.2: two samples, V = 2 sigma^2
    ],
    ids=["msprt.1", "msprt.2"],
)
def test_msprt_is_one_over_our_p(mean, variance_of_one, tau2, expected):
    # Lambda = sqrt(V / (V + n tau2)) exp(n^2 tau2 mean^2 / (2 V (V + n tau2))) with n = 400
    n, v = 400, variance_of_one
    assert math.sqrt(v / (v + n * tau2)) * math.exp(n * n * tau2 * mean**2 / (2 * v * (v + n * tau2))) == pytest.approx(
        expected, abs=1e-8
    )
    assert 1 / p_value(n, mean, math.sqrt(v / n), math.sqrt(tau2 / v)) == pytest.approx(expected, abs=1e-7)


@given(
    st.integers(100, 10**9),
    st.floats(-0.5, 0.5),
    st.floats(1e-3, 1),
    st.sampled_from(["both", "lower", "upper"]),
    st.floats(0.001, 0.4),
)
@settings(max_examples=80, deadline=None)
def test_p_is_the_level_at_which_zero_leaves(n, estimate, error, side, alpha):
    rho = tuned_rho(0.05, 5000, side)
    p = p_value(n, estimate, error, rho, side)
    half = half_width(n, error * math.sqrt(n), alpha, rho, side)
    reach = {"both": abs(estimate), "lower": estimate, "upper": -estimate}[side]
    if abs(reach - half) > 1e-9:
        assert (p < alpha) == (reach > half)


@given(st.integers(2, 10**6), st.floats(0.001, 0.2), st.sampled_from(["both", "upper"]))
@settings(max_examples=50, deadline=None)
def test_a_smaller_alpha_and_a_larger_spread_widen(n, alpha, side):
    rho = tuned_rho(0.05, 1000, side)
    assert half_width(n, 1, alpha, rho, side) < half_width(n, 1, alpha / 2, rho, side)
    assert half_width(n, 2, alpha, rho, side) == pytest.approx(2 * half_width(n, 1, alpha, rho, side))


@pytest.mark.parametrize(("side", "alpha"), [("both", 0.05), ("upper", 0.05)])
def test_looking_after_every_unit_keeps_the_error_on_skewed_costs(side, alpha):
    # 1,000 runs of 1,500 exponential costs, looked at from unit 100 on; limit .05, band z = 3.29 of a share at .05: .023
    rng = np.random.default_rng(9)
    x = rng.exponential(size=(1_000, 1_500))
    n = np.arange(1, 1_501)
    mean = np.cumsum(x, 1) / n
    sd = np.sqrt(np.maximum(np.cumsum(x * x, 1) / n - mean**2, 0))
    rho = tuned_rho(alpha, 500, side)
    unit = np.array([half_width(int(k), 1, alpha, rho, side) for k in n])
    gap = np.abs(mean - 1) if side == "both" else 1 - mean
    crossed = (gap > sd * unit)[:, 99:].any(axis=1).mean()
    assert crossed <= 0.05 + 0.023


def test_no_answer_before_the_burn_in_and_without_spread():
    assert isinstance(interval(99, 1, 1, 0.05, 500), CannotTell)
    assert isinstance(interval(0, 1, 1, 0.05, 500, burn_in=0), CannotTell)
    assert isinstance(interval(500, 1, 0, 0.05, 500), CannotTell)
    assert isinstance(interval(500, float("nan"), 1, 0.05, 500), CannotTell)
    assert isinstance(interval(500, 1, float("nan"), 0.05, 500), CannotTell)
    assert isinstance(p_value(50, 1, 1, 0.04), CannotTell)
    assert p_value(500, 0.2, 0.1, 0.04, "upper") == 1.0


def test_evidence_beyond_floats_is_a_zero_not_an_error():
    assert p_value(10**9, 1.0, 1e-6, 0.04) == 0.0
    assert p_value(10**9, 1.0, 1e-6, 0.04, "lower") == 0.0


def test_wrong_arguments_are_errors():
    for alpha in (0, 1, -1, float("nan")):
        with pytest.raises(ValueError, match="alpha must lie"):
            interval(500, 1, 1, alpha, 500)
    with pytest.raises(ValueError, match="alpha must lie"):
        tuned_rho(0.5, 500, "upper")
    with pytest.raises(ValueError, match="both, lower, upper"):
        interval(500, 1, 1, 0.05, 500, "left")
    for n in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="n must be finite"):
            interval(n, 1, 1, 0.05, 500)
    for t_opt in (0, float("nan"), -5):
        with pytest.raises(ValueError, match="t_opt"):
            interval(500, 1, 1, 0.05, t_opt)
    with pytest.raises(ValueError, match="cannot be negative"):
        interval(500, 1, -1, 0.05, 500)
    with pytest.raises(ValueError, match="positive n, sd and rho"):
        half_width(0, 1, 0.05, 0.04)
