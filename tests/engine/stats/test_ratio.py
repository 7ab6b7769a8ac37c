"""The sample-ratio checks against published splits, exact expectations and an exact walk over all looks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.interval import CannotTell
from seatrial.stats.ratio import ratio_log_e, ratio_p, sample_ratio


@pytest.mark.parametrize(
    ("counts", "weights", "p"),
    [
        ([1000, 1200], [0.5, 0.5], 2.007865612e-05),
        ([135, 115], [0.5, 0.5], 0.2059032107),
        ([821588, 815482], [0.5, 0.5], 1.821792873e-06),
        ([4900, 100], [0.99, 0.01], 1.18858524e-12),
    ],
)
def test_srm_chi2_goodness_of_fit(counts, weights, p):
    # case srm.chi2, scipy 1.17.1 chisquare and gbstats check_srm agree
    found = sample_ratio(counts, weights)
    assert found.p == pytest.approx(p, rel=1e-8)
    assert found.alarm == (p < 0.001)
    assert found.method == "chi-square"


def test_ssrm_1_sequential_p_with_the_published_concentration():
    # case ssrm.1: ten batches of 60 / 40 against half and half, ssrm-test 0.1.5
    looks = np.cumsum(np.full((10, 2), [60, 40]), axis=0)
    p = ratio_p(looks, [0.5, 0.5], 10_000)
    assert (p[0], p[-1]) == pytest.approx((0.98528086046, 0.17019848387), abs=1e-8)
    # the default sees what ten thousand cannot
    assert ratio_p(looks, [0.5, 0.5])[-1] == pytest.approx(1.3e-7, rel=0.02)


def test_a_published_experiment_with_a_broken_split():
    # Cookie Cats: 44,700 against 45,489 of 90,189, published mismatch p = .0086
    assert sample_ratio([44_700, 45_489], [1, 1]).p == pytest.approx(0.0086, abs=5e-5)


def test_an_arm_of_weight_zero_takes_no_part():
    # 980 units, expected 490 each: chi2 = 2 x 100 / 490 = .408, df 1 -> .523; with df 2 it would read .815
    found = sample_ratio([500, 0, 480], [0.5, 0, 0.5])
    assert (found.df, found.p) == (1, pytest.approx(0.5229, abs=1e-4))
    assert float(ratio_log_e([500, 0, 480], [0.5, 0, 0.5])) == pytest.approx(float(ratio_log_e([500, 480], [1, 1])))


def test_one_unit_in_an_arm_of_weight_zero_is_an_alarm_at_once():
    assert sample_ratio([1, 1], [1, 0]).alarm is True
    assert sample_ratio([1, 1], [1, 0]).p == 0.0
    assert float(ratio_log_e([500, 1, 480], [0.5, 0, 0.5])) == math.inf


def test_few_expected_units_are_judged_by_the_e_value():
    found = sample_ratio([100, 100], [0.99, 0.01])
    assert (found.method, found.alarm) == ("e-value", True)
    quiet = sample_ratio([198, 2], [0.99, 0.01])
    assert (quiet.method, quiet.alarm) == ("e-value", False)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.3, 0.5)])
@pytest.mark.parametrize("concentration", [2, 200, 10_000])
def test_the_e_value_is_one_on_average_under_the_plan(weights, concentration):
    # all splits of n = 7 with their multinomial chance
    n, k, total = 7, len(weights), 0.0
    for split in np.ndindex(*(n + 1,) * (k - 1)):
        counts = [*split, n - sum(split)]
        if counts[-1] < 0:
            continue
        ways = math.factorial(n) / math.prod(math.factorial(c) for c in counts)
        chance = ways * math.prod(w**c for w, c in zip(weights, counts, strict=True))
        total += chance * math.exp(ratio_log_e(counts, weights, concentration))
    assert total == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_looking_after_every_unit_keeps_the_error(share):
    # exact: walk the counts to n = 1,500 and absorb whatever crosses 1 / alpha; Ville promises <= alpha = .05
    n_max, alpha, alive, crossed = 1_500, 0.05, np.ones(1), 0.0
    for n in range(1, n_max + 1):
        moved = np.zeros(n + 1)
        moved[:-1] += alive * (1 - share)
        moved[1:] += alive * share
        k = np.arange(n + 1)
        out = ratio_log_e(np.stack([k, n - k], axis=1), [share, 1 - share]) >= -math.log(alpha)
        crossed += moved[out].sum()
        alive = np.where(out, 0.0, moved)
    assert 0.002 < crossed <= alpha


@given(st.lists(st.integers(0, 500), min_size=2, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_naming_the_arms_otherwise_changes_nothing(counts, random):
    weights = [i + 1.0 for i in range(len(counts))]
    order = list(range(len(counts)))
    random.shuffle(order)
    one = ratio_log_e(counts, weights)
    other = ratio_log_e([counts[i] for i in order], [weights[i] for i in order])
    assert float(one) == pytest.approx(float(other), abs=1e-9)


def test_a_larger_imbalance_is_stronger_evidence():
    away = [sample_ratio([500 + d, 500 - d], [1, 1]).p for d in range(0, 400, 25)]
    assert away == sorted(away, reverse=True)
    evidence = [float(ratio_log_e([500 + d, 500 - d], [1, 1])) for d in range(0, 400, 25)]
    assert evidence == sorted(evidence)


def test_an_alarm_is_not_taken_back_when_the_split_recovers():
    p = ratio_p([[60, 40], [180, 120], [600, 600]], [1, 1])
    assert p[0] > p[1] == p[2]
    assert float(ratio_log_e([600, 600], [1, 1])) < 0


def test_a_billion_units():
    assert sample_ratio([10**9, 10**9], [1, 1]).p == 1.0
    assert sample_ratio([10**9, 10**9 + 10**6], [1, 1]).alarm is True
    assert float(ratio_log_e([10**9, 10**9 + 10**6], [1, 1])) > 200


def test_missing_answers_are_typed_and_wrong_arguments_errors():
    assert isinstance(sample_ratio([0, 0], [1, 1]), CannotTell)
    assert isinstance(sample_ratio([7], [1]), CannotTell)
    assert isinstance(sample_ratio([7, 0], [1, 0]), CannotTell)
    for counts in ([-1, 2], [float("nan"), 2], [0.5, 2], [float("inf"), 1]):
        with pytest.raises(ValueError, match="whole numbers"):
            sample_ratio(counts, [1, 1])
    for weights in ([0, 0], [-1, 2], [float("nan"), 1]):
        with pytest.raises(ValueError, match="weights must be"):
            sample_ratio([1, 2], weights)
    with pytest.raises(ValueError, match="one weight an arm"):
        sample_ratio([1, 2], [1, 1, 1])
    for alpha in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="alpha must lie"):
            sample_ratio([1, 2], [1, 1], alpha)
    with pytest.raises(ValueError, match="concentration"):
        ratio_log_e([1, 2], [1, 1], 0)
    with pytest.raises(ValueError, match="one row of counts a look"):
        ratio_p([1, 2], [1, 1])
