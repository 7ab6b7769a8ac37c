"""One rate at any time: published intervals, and the error of looking after every unit, exactly."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.interval import CannotTell
from seatrial.stats.sequential.beta_binomial import beta_binomial_interval, log_e, sub_bernoulli_interval
from seatrial.stats.sequential.boundary import beta_binomial_log_mixture


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ((50, 100, 0.05, 100), (0.3507373169, 0.6492626831)),
        ((95, 100, 0.05, 100), (0.8591341764, 0.9936106762)),
        ((9500, 10000, 0.05, 1000), (0.9426523399, 0.956803946)),
        ((0, 50, 0.05, 100), (0, 0.0929808126)),
        ((3, 300, 0.05, 500), (0.0003847029, 0.0379411659)),
    ],
)
def test_cs_bern_sub_bernoulli_interval(case, expected):
    # case cs.bern, confseq
    found = sub_bernoulli_interval(*case)
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-7)


def test_the_beta_binomial_limits_solve_their_equation():
    # B(.5 + k, .5 + n - k) / B(.5, .5) = p^k (1 - p)^(n - k) / alpha at both ends
    found = beta_binomial_interval(95, 100, 0.05)
    for p in (found.low, found.high):
        assert log_e(95, 100, p) == pytest.approx(-math.log(0.05), abs=1e-9)
    # uniform prior, k = 0: E = 1 / ((n + 1)(1 - p)^n), so 1 - p = (alpha / (n + 1))^(1 / n)
    none = beta_binomial_interval(0, 20, 0.05, 1, 1)
    assert (none.low, none.high) == (0.0, pytest.approx(1 - (0.05 / 21) ** (1 / 20), abs=1e-12))


def robbins(k, n, rate):
    return np.array([log_e(int(x), n, rate) for x in k])


def sub_bernoulli(k, n, rate):
    spread = rate * (1 - rate)
    return beta_binomial_log_mixture(k - n * rate, n * spread, 50 * spread, rate, 1 - rate)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.95])
@pytest.mark.parametrize(
    ("evidence", "interval"),
    [(robbins, beta_binomial_interval), (sub_bernoulli, lambda *a: sub_bernoulli_interval(*a, 50))],
)
def test_looking_after_every_unit_keeps_the_error(evidence, interval, rate):
    # exact: walk the counts to n = 200 and absorb wherever the evidence against the true rate reaches 1 / .05
    alive, left_out = np.ones(1), 0.0
    for n in range(1, 201):
        moved = np.zeros(n + 1)
        moved[:-1] += alive * (1 - rate)
        moved[1:] += alive * rate
        out = evidence(np.arange(n + 1.0), n, rate) >= -math.log(0.05)
        if n in (1, 12):
            # the interval leaves out what the evidence rules out
            assert [rate not in interval(k, n, 0.05) for k in range(n + 1)] == out.tolist()
        left_out += moved[out].sum()
        alive = np.where(out, 0.0, moved)
    assert 0 < left_out <= 0.05


def test_evidence_is_one_on_average():
    paths = itertools.product((0, 1), repeat=8)
    mean = sum(0.7 ** sum(x) * 0.3 ** (8 - sum(x)) * math.exp(log_e(sum(x), 8, 0.7)) for x in paths)
    assert mean == pytest.approx(1, abs=1e-12)


@given(st.integers(1, 10**9), st.floats(0, 1), st.sampled_from([0.01, 0.05, 0.2]))
@settings(max_examples=20, deadline=None)
def test_swapping_success_and_failure_mirrors_the_interval(n, share, alpha):
    k = round(n * share)
    for method in (beta_binomial_interval, lambda *a: sub_bernoulli_interval(*a, 1000)):
        one, other = method(k, n, alpha), method(n - k, n, alpha)
        assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-6)
        assert one.low <= k / n <= one.high


def test_missing_answers_are_typed_and_wrong_arguments_errors():
    assert isinstance(beta_binomial_interval(0, 0, 0.05), CannotTell)
    assert isinstance(sub_bernoulli_interval(0, 0, 0.05, 100), CannotTell)
    for k, n in ((-1, 5), (6, 5), (float("nan"), 5), (1, float("inf"))):
        with pytest.raises(ValueError, match="0 <= k <= n"):
            beta_binomial_interval(k, n, 0.05)
    for alpha in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="alpha must lie"):
            sub_bernoulli_interval(1, 5, alpha, 100)
    with pytest.raises(ValueError, match="prior"):
        beta_binomial_interval(1, 5, 0.05, 0, 1)
    with pytest.raises(ValueError, match="t_opt"):
        sub_bernoulli_interval(1, 5, 0.05, 0)
    with pytest.raises(ValueError, match="a rate lies"):
        log_e(1, 5, 1.5)
    assert log_e(1, 5, 0.0) == math.inf
