"""Quantile sequences: published p-values and ranks, and the error of looking after every unit, exactly."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.interval import CannotTell
from seatrial.stats.sequential.quantile import (
    Ranks,
    distribution_radius,
    equal_quantiles_p,
    quantile_interval,
    quantile_ranks,
    stitched_radius,
)


def test_q_ab_equal_quantiles():
    # case q.ab, confseq quantile_ab_p_value, t_opt 500: 1..1000 against 101..1100
    a = np.arange(1, 1001)
    assert equal_quantiles_p(a, a + 100, 0.5) == pytest.approx(0.0016556506, abs=1e-6)
    assert equal_quantiles_p(a, a + 100, 0.95) == pytest.approx(1.65884e-18, rel=1e-5)
    assert equal_quantiles_p(a, a, 0.95) == 1.0


@pytest.mark.parametrize(
    ("t", "stitched", "lil"),
    [(100, 6.7594529, 0.2422532709), (1000, 30.8126141, 0.0820477877), (10000, 115.2662415, 0.0266721396)],
)
def test_q_ds_bands_for_all_quantiles(t, stitched, lil):
    # case q.ds, confseq double_stitching_bound and empirical_process_lil_bound at q .95, alpha .05, t_opt 100
    assert stitched_radius(t, 0.95, 0.05, 100) == pytest.approx(stitched, abs=1e-6)
    assert distribution_radius(t, 0.05, 100) == pytest.approx(lil, abs=1e-6)


def test_the_published_ranks_of_p95():
    assert quantile_ranks(1000, 0.95, 0.05) == Ranks(927, 970, 1000)
    assert quantile_ranks(200, 0.95, 0.05) == Ranks(179, 199, 200)


def test_p95_has_no_upper_end_before_132_values():
    # all n below the true p95 has chance .95^n: .0115 at 87 would do for one look, not for all of them
    assert quantile_ranks(131, 0.95, 0.05).high is None
    assert quantile_ranks(132, 0.95, 0.05).high == 132
    found = quantile_interval(range(100), 0.95, 0.05)
    assert (found.low > 70, found.high) == (True, math.inf)
    assert isinstance(quantile_interval([1.0], 0.95, 0.05), CannotTell)
    assert isinstance(quantile_interval([], 0.95, 0.05), CannotTell)


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_looking_after_every_unit_keeps_the_error(q):
    # exact: the count of values below the true quantile is Bin(n, q); walk it to n = 400 and absorb misses.
    # Missed above when at least `high` values lie below it, missed below when fewer than `low` do.
    alive, missed = np.ones(1), 0.0
    for n in range(1, 401):
        moved = np.zeros(n + 1)
        moved[:-1] += alive * (1 - q)
        moved[1:] += alive * q
        ranks, k = quantile_ranks(n, q, 0.05), np.arange(n + 1)
        out = (k >= (ranks.high or n + 1)) | (k < (ranks.low or 0))
        missed += moved[out].sum()
        alive = np.where(out, 0.0, moved)
    assert 0.001 < missed <= 0.05


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.lists(st.integers(0, 20), min_size=1, max_size=60))
@settings(max_examples=10, deadline=None)
def test_order_and_arms_do_not_matter_and_monotone_units_neither(a, b):
    p = equal_quantiles_p(a, b, 0.7)
    assert equal_quantiles_p(b[::-1], a[::-1], 0.7) == pytest.approx(p, rel=1e-9)
    assert equal_quantiles_p(np.exp(np.array(a) / 5), np.exp(np.array(b) / 5), 0.7) == pytest.approx(p, rel=1e-9)
    assert 0 < p <= 1


def test_ties_widen_nothing_and_break_nothing():
    found = quantile_interval([3.0] * 1000, 0.95, 0.05)
    assert (found.low, found.high) == (3.0, 3.0)
    assert equal_quantiles_p([3.0] * 500, [3.0] * 500, 0.95) == 1.0
    assert equal_quantiles_p([3.0] * 500, [4.0] * 500, 0.5) < 1e-6


def test_a_smaller_alpha_moves_the_ranks_apart():
    for n in (200, 1000, 100_000):
        wide, narrow = quantile_ranks(n, 0.9, 0.01), quantile_ranks(n, 0.9, 0.1)
        assert wide.low <= narrow.low
        assert narrow.high <= (wide.high or n + 1)


def test_the_values_are_not_touched():
    x = np.array([3.0, 1.0, 2.0])
    quantile_interval(x, 0.5, 0.05)
    assert x.tolist() == [3.0, 1.0, 2.0]


def test_a_billion_values():
    ranks = quantile_ranks(10**9, 0.95, 0.05)
    assert 949_900_000 < ranks.low < 950_000_000 < ranks.high < 950_100_000


def test_wrong_arguments_are_errors():
    for q in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="q must lie"):
            quantile_ranks(100, q, 0.05)
    for alpha in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="alpha must lie"):
            quantile_interval([1, 2], 0.5, alpha)
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="values must be finite"):
            quantile_interval([1, bad], 0.5, 0.05)
        with pytest.raises(ValueError, match="values must be finite"):
            equal_quantiles_p([1], [bad], 0.5)
    with pytest.raises(ValueError, match="0 or more"):
        quantile_ranks(-1, 0.5, 0.05)
    with pytest.raises(ValueError, match="t_opt"):
        quantile_ranks(10, 0.5, 0.05, 0)
    assert isinstance(equal_quantiles_p([], [1], 0.5), CannotTell)
    assert distribution_radius(50, 0.05, 100) == math.inf
