"""Intervals of one rate against published figures, statsmodels, and their own promises."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from statsmodels.stats.proportion import proportion_confint

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.proportions import clopper_pearson, wilson

# statsmodels 0.15.0; the inputs are those of Newcombe 1998, Statistics in Medicine 17:857 (attribution from memory).
BINCI = [
    pytest.param(81, 263, (0.2552885199, 0.366209577), (0.2527367456, 0.3676219226), id="binci.81_263"),
    pytest.param(15, 148, (0.0623863995, 0.1604872417), (0.0578440101, 0.1616504903), id="binci.15_148"),
    pytest.param(0, 20, (0.0, 0.1611251581), (0.0, 0.168433471), id="binci.0_20"),
    pytest.param(55, 100, (0.45244603, 0.6438546202), (0.4472801888, 0.6496797708), id="binci.55_100"),
]
K_OF_N = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def ends(found):
    assert isinstance(found, Interval)
    return found.low, found.high


@pytest.mark.parametrize(("k", "n", "by_wilson", "by_clopper"), BINCI)
def test_a_reference_interval_is_met(k, n, by_wilson, by_clopper):
    assert ends(wilson(k, n)) == pytest.approx(by_wilson, abs=1e-7)
    assert ends(clopper_pearson(k, n)) == pytest.approx(by_clopper, abs=1e-7)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (1, 2), (3, 7), (19, 20), (20, 20), (500, 1000), (1, 100_000)])
def test_statsmodels_says_the_same(k, n, level):
    expected = {name: proportion_confint(k, n, 1 - level, method=name) for name in ("wilson", "beta")}
    assert ends(wilson(k, n, level)) == pytest.approx(expected["wilson"], abs=1e-10)
    assert ends(clopper_pearson(k, n, level)) == pytest.approx(expected["beta"], abs=1e-10)


@given(K_OF_N, st.sampled_from([wilson, clopper_pearson]))
@settings(max_examples=100, deadline=None)
def test_calling_a_pass_a_fail_mirrors_the_interval(pair, method):
    k, n = pair
    low, high = ends(method(k, n))
    other_low, other_high = ends(method(n - k, n))
    assert (low, high) == pytest.approx((1 - other_high, 1 - other_low), abs=1e-12)
    assert 0 <= low <= k / n <= high <= 1
    assert low < high


@given(K_OF_N, st.sampled_from([wilson, clopper_pearson]))
@settings(max_examples=100, deadline=None)
def test_one_more_success_never_lowers_an_end(pair, method):
    k, n = pair
    if k < n:
        now, then = ends(method(k, n)), ends(method(k + 1, n))
        assert then[0] >= now[0]
        assert then[1] >= now[1]


@pytest.mark.parametrize("n", [5, 12, 30])
def test_clopper_pearson_covers_at_least_its_level_at_every_rate(n):
    # P(k) summed over the k whose interval holds p, exactly, on a grid of p
    spans = [ends(clopper_pearson(k, n, 0.9)) for k in range(n + 1)]
    for p in np.linspace(0.01, 0.99, 99):
        pmf = [special.binom(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
        covered = sum(w for w, (low, high) in zip(pmf, spans, strict=True) if low <= p <= high)
        assert covered >= 0.9 - 1e-12


def test_no_trial_is_cannot_tell_and_never_an_interval():
    assert isinstance(wilson(0, 0), CannotTell)
    assert isinstance(clopper_pearson(0, 0), CannotTell)


@pytest.mark.parametrize("method", [wilson, clopper_pearson])
@pytest.mark.parametrize(
    ("k", "n", "level"),
    [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 0.0), (1, 2, 1.0), (math.nan, 2, 0.95), (1, 2, math.nan), (1, math.inf, 0.95)],
)
def test_impossible_counts_and_levels_are_refused(method, k, n, level):
    with pytest.raises(ValueError, match=r"0 <= k <= n|level must lie"):
        method(k, n, level)


def test_an_interval_knows_what_lies_in_it():
    span = Interval(0.1, 0.3, 0.95)
    assert 0.1 in span
    assert 0.3 in span
    assert 0.31 not in span
