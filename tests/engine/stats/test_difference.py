"""Difference of two rates against published figures, brute-force likelihood, and what statsmodels gets wrong."""

import importlib
import math
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special
from scipy.optimize import minimize_scalar
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest, test_proportions_2indep

from seatrial.stats.difference import newcombe, non_inferiority, pooled_z, restricted_rates, score_interval, score_z
from seatrial.stats.interval import CannotTell, Interval

score_test_of_statsmodels = test_proportions_2indep
del test_proportions_2indep  # its name would make pytest collect it

# Newcombe: statsmodels 0.15.0 method 'newcomb'. Miettinen-Nurminen and Mee: the cubic of 1985, its root cross-checked by
# numerical maximisation of the likelihood (not statsmodels' 'score', which is wrong for differences other than 0).
CI2 = [
    pytest.param(
        (56, 70, 48, 80),
        (0.0528297132, 0.33817294),
        (0.0533338493, 0.3377294637),
        (0.0524314724, 0.333872654),
        id="ci2.56_70_48_80",
    ),
    pytest.param((10, 10, 0, 20), (0.7156186605, 1.0), (0.7224672001, 1.0), (0.6790860371, 1.0), id="ci2.10_10_0_20"),
    pytest.param(
        (475, 500, 450, 500),
        (0.0177158498, 0.0838088552),
        (0.0177321827, 0.0837910994),
        (0.0174066687, 0.0834463407),
        id="ci2.475_500_450_500",
    ),
]
NI = [
    pytest.param(
        (450, 500, 460, 500),
        (1.6335894019, 0.0511725473),
        (1.6344068097, 0.0510867297),
        id="ni.450_500_460_500_-0.05",
    ),
    pytest.param(
        (180, 200, 185, 200), (0.873065858, 0.191313591), (0.8741592408, 0.1910157697), id="ni.180_200_185_200_-0.05"
    ),
]
ARM = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
DEFINED_ARM = st.integers(2, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
METHODS = {
    "newcombe": newcombe,
    "miettinen-nurminen": score_interval,
    "mee": lambda *arms: score_interval(*arms, method="farrington-manning"),
}


def ends(found):
    assert isinstance(found, Interval)
    return found.low, found.high


@pytest.mark.parametrize(("arms", "by_mn", "by_mee", "by_newcombe"), CI2)
def test_a_reference_interval_is_met(arms, by_mn, by_mee, by_newcombe):
    assert ends(score_interval(*arms)) == pytest.approx(by_mn, abs=1e-8)
    assert ends(score_interval(*arms, method="farrington-manning")) == pytest.approx(by_mee, abs=1e-8)
    assert ends(newcombe(*arms)) == pytest.approx(by_newcombe, abs=1e-8)


def test_mee_of_7_of_34_against_1_of_34_is_the_published_one():
    # Fagerland, Lydersen and Laake 2015: (.028, .34)
    low, high = ends(score_interval(7, 34, 1, 34, method="farrington-manning"))
    assert (round(low, 3), round(high, 2)) == (0.028, 0.34)


@pytest.mark.parametrize(("arms", "by_mn", "by_fm"), NI)
def test_a_reference_non_inferiority_test_is_met(arms, by_mn, by_fm):
    mn, fm = non_inferiority(*arms, 0.05), non_inferiority(*arms, 0.05, "farrington-manning")
    assert (mn.z, mn.p) == pytest.approx(by_mn, abs=1e-9)
    assert (fm.z, fm.p) == pytest.approx(by_fm, abs=1e-9)


@pytest.mark.parametrize("expected", [pytest.param((0.8383883905, 0.5383883905), id="mn.mle")])
def test_the_restricted_rates_are_the_reference(expected):
    found = restricted_rates(56, 70, 48, 80, 0.3)
    assert (found.first, found.second) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("expected", [pytest.param((-3.0015011, 0.0013432602), id="ztest.1")])
def test_the_pooled_z_is_the_reference_and_statsmodels(expected):
    found = pooled_z(450, 500, 475, 500, "smaller")
    assert (found.z, found.p) == pytest.approx(expected, abs=1e-7)
    assert (found.z, found.p) == pytest.approx(
        proportions_ztest([450, 475], [500, 500], alternative="smaller"), abs=1e-12
    )


@pytest.mark.parametrize("module", [pytest.param("scipy.stats", id="seed.import")])
def test_the_popular_import_of_the_pooled_z_does_not_exist(module):
    assert not hasattr(importlib.import_module(module), "proportions_ztest")


def log_likelihood(x1, n1, x2, n2, p1, p2):
    return float(
        special.xlogy(x1, p1) + special.xlog1py(n1 - x1, -p1) + special.xlogy(x2, p2) + special.xlog1py(n2 - x2, -p2)
    )


@given(ARM, ARM, st.floats(-0.99, 0.99))
@example((0, 5), (0, 5), 0.3)
@example((5, 5), (0, 5), 0.0)
@example((1, 60), (60, 60), 0.98)
@settings(max_examples=80, deadline=None)
def test_no_pair_of_rates_that_far_apart_is_likelier_than_the_restricted_one(first, second, d):
    found = restricted_rates(*first, *second, d)
    assert found.first - found.second == pytest.approx(d, abs=1e-9)
    bounds = (max(0.0, -d), min(1.0, 1 - d))
    best = minimize_scalar(
        lambda p: -log_likelihood(*first, *second, min(1.0, max(0.0, p + d)), p),
        bounds=bounds,
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert log_likelihood(*first, *second, found.first, found.second) >= -best.fun - 1e-6


@given(DEFINED_ARM, DEFINED_ARM, st.sampled_from(sorted(METHODS)))
@settings(max_examples=80, deadline=None)
def test_swapping_the_arms_mirrors_the_interval_and_so_does_calling_a_pass_a_fail(first, second, name):
    low, high = ends(METHODS[name](*first, *second))
    assert ends(METHODS[name](*second, *first)) == pytest.approx((-high, -low), abs=1e-9)
    failed = [(n - x, n) for x, n in (first, second)]
    assert ends(METHODS[name](*failed[0], *failed[1])) == pytest.approx((-high, -low), abs=1e-9)
    seen = first[0] / first[1] - second[0] / second[1]
    assert -1 <= low <= seen + 1e-12
    assert seen - 1e-12 <= high <= 1
    assert high - low > 1e-6


@given(DEFINED_ARM, DEFINED_ARM, st.sampled_from(sorted(METHODS)))
@settings(max_examples=60, deadline=None)
def test_one_more_success_of_the_first_arm_never_lowers_an_end(first, second, name):
    x, n = first
    if x < n:
        now, then = ends(METHODS[name](x, n, *second)), ends(METHODS[name](x + 1, n, *second))
        assert then[0] >= now[0] - 1e-9
        assert then[1] >= now[1] - 1e-9


@given(DEFINED_ARM, DEFINED_ARM)
@settings(max_examples=40, deadline=None)
def test_the_interval_ends_where_the_test_starts_to_reject(first, second):
    critical = float(special.ndtri(0.975))
    for end, inside in zip(ends(score_interval(*first, *second)), (1e-6, -1e-6), strict=True):
        if abs(end) < 1 - 1e-5:
            assert abs(score_z(*first, *second, end - inside)) > critical > abs(score_z(*first, *second, end + inside))


@given(DEFINED_ARM, DEFINED_ARM, st.floats(0, 0.5), st.floats(0, 0.4))
@settings(max_examples=60, deadline=None)
def test_a_wider_margin_never_makes_non_inferiority_harder(first, second, margin, more):
    tight, loose = non_inferiority(*first, *second, margin), non_inferiority(*first, *second, margin + more)
    if not isinstance(tight, CannotTell) and not isinstance(loose, CannotTell):
        assert loose.p <= tight.p + 1e-9


@pytest.mark.parametrize("method", ["miettinen-nurminen", "farrington-manning"])
def test_at_a_margin_of_0_the_score_test_is_the_pooled_z(method):
    # the restricted rate at difference 0 is the pooled one; N / (N - 1) = 100 / 99 is all that parts them
    z, pooled = score_z(40, 50, 33, 50, 0.0, method), pooled_z(40, 50, 33, 50).z
    assert z == pytest.approx(pooled * (math.sqrt(99 / 100) if method == "miettinen-nurminen" else 1.0), rel=1e-12)


@pytest.mark.parametrize("arms", [(56, 70, 48, 80), (3, 9, 7, 11), (0, 20, 3, 15), (990, 1000, 970, 1000)])
def test_statsmodels_agrees_on_newcombe_and_on_the_score_test_of_no_difference(arms):
    assert ends(newcombe(*arms)) == pytest.approx(confint_proportions_2indep(*arms, method="newcomb"), abs=1e-10)
    for correction, method in ((True, "miettinen-nurminen"), (False, "farrington-manning")):
        theirs = score_test_of_statsmodels(*arms, value=0, method="score", compare="diff", correction=correction)
        assert score_z(*arms, 0.0, method) == pytest.approx(theirs.statistic, abs=1e-9)


def test_statsmodels_score_interval_and_test_are_wrong_for_a_difference_other_than_0():
    # count0 stands where nobs0 belongs (statsmodels 10269): its interval (.0526, .3440) should be (.0528, .3382).
    theirs = confint_proportions_2indep(56, 70, 48, 80, method="score", compare="diff")
    assert ends(score_interval(56, 70, 48, 80)) == pytest.approx((0.0528297132, 0.33817294), abs=1e-8)
    assert abs(theirs[1] - 0.33817294) > 0.005
    z = score_test_of_statsmodels(450, 500, 460, 500, value=-0.05, method="score", compare="diff").statistic
    assert z == pytest.approx(1.62540, abs=1e-4)
    assert non_inferiority(450, 500, 460, 500, 0.05).z == pytest.approx(1.6335894, abs=1e-7)


def test_where_statsmodels_says_nan_we_say_why():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, p = proportions_ztest([20, 20], [20, 20])
    assert math.isnan(p)
    for found in (pooled_z(20, 20, 20, 20), pooled_z(0, 7, 0, 9), non_inferiority(20, 20, 20, 20, 0.0)):
        assert isinstance(found, CannotTell)
    # a margin makes the same data answerable: 20/20 against 20/20 at .2
    assert 0 < non_inferiority(20, 20, 20, 20, 0.2).p < 0.05


def test_an_empty_arm_is_cannot_tell_everywhere():
    for arms in ((0, 0, 3, 4), (3, 4, 0, 0), (0, 0, 0, 0)):
        for found in (pooled_z(*arms), newcombe(*arms), score_interval(*arms), non_inferiority(*arms, 0.05)):
            assert isinstance(found, CannotTell)


def test_one_trial_an_arm_is_too_few_for_miettinen_and_nurminen():
    assert isinstance(score_interval(1, 1, 0, 1), CannotTell)
    assert isinstance(newcombe(1, 1, 0, 1), Interval)


@pytest.mark.parametrize("arms", [(10, 10, 10, 10), (0, 8, 0, 30), (8, 8, 0, 30), (0, 3, 5, 5)])
def test_zero_margins_still_give_an_interval_with_width(arms):
    for method in METHODS.values():
        low, high = ends(method(*arms))
        assert high - low > 0.05


def test_a_thousand_million_trials_keep_their_digits():
    # .5 against .49, se = sqrt(.25/1e9 + .2499/1e9) = 2.2358e-5; all three methods and Wald agree there
    half = 1.959964 * math.sqrt((0.25 + 0.2499) / 1e9)
    for method in METHODS.values():
        found = ends(method(500_000_000, 1_000_000_000, 490_000_000, 1_000_000_000))
        assert found == pytest.approx((0.01 - half, 0.01 + half), abs=1e-10)


@pytest.mark.parametrize(
    "arms", [(3, 2, 1, 2), (-1, 2, 1, 2), (1, 2, math.nan, 2), (1, math.inf, 1, 2), (1, 2, 3, 2), (math.nan, 0, 1, 2)]
)
def test_impossible_counts_are_refused(arms):
    for call in (pooled_z, newcombe, score_interval, lambda *a: non_inferiority(*a, 0.05)):
        with pytest.raises(ValueError, match="need 0 <= successes"):
            call(*arms)


def test_impossible_levels_margins_and_names_are_refused():
    for level in (0.0, 1.0, math.nan, -0.1):
        with pytest.raises(ValueError, match="level"):
            newcombe(1, 2, 1, 2, level)
        with pytest.raises(ValueError, match="level"):
            score_interval(1, 2, 1, 2, level)
    for margin in (-0.1, 1.0, math.nan):
        with pytest.raises(ValueError, match="margin"):
            non_inferiority(1, 2, 1, 2, margin)
    with pytest.raises(ValueError, match="choose one of: miettinen-nurminen, farrington-manning"):
        non_inferiority(1, 2, 1, 2, 0.05, "wald")
    with pytest.raises(ValueError, match="choose one of: two-sided, larger, smaller"):
        pooled_z(1, 2, 1, 3, "less")


@pytest.mark.parametrize("n", [20, 40])
def test_the_score_interval_covers_near_its_level_at_every_pair_of_rates(n):
    # exact coverage by enumeration on a grid; simulated over finer grids: mean .951-.955, min .92
    rates, k = (0.05, 0.3, 0.5, 0.9, 0.97), np.arange(n + 1)
    spans = {(a, b): ends(score_interval(a, n, b, n)) for a in k for b in k if a >= b}
    for p1 in rates:
        for p2 in rates:
            one, two = (special.binom(n, k) * p**k * (1 - p) ** (n - k) for p in (p1, p2))
            covered = 0.0
            for a in k:
                for b in k:
                    low, high = spans[a, b] if a >= b else [-x for x in spans[b, a][::-1]]
                    covered += one[a] * two[b] * (low - 1e-9 <= p1 - p2 <= high + 1e-9)
            assert covered > 0.92
