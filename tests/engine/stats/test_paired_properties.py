"""The paired tests and intervals: reference cases, exact coverage, and what must hold for any input."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from seatrial.stats.paired import mcnemar, mean_interval, newcombe_paired, sign_flip

RNG = np.random.default_rng

# Two-sided figures of statsmodels 0.15.0 and mid-p = 2 (cdf - pmf / 2); (86, 150) there is (fixed, broke) here.
MCNEMAR = [
    pytest.param(150, 86, 3.7159361e-05, 2.8933895e-05, id="mcnemar.86_150"),
    pytest.param(10, 2, 0.03857421875, 0.0224609375, id="mcnemar.2_10"),
    pytest.param(6, 0, 0.03125, 0.015625, id="mcnemar.0_6"),
]
# Fisher 1935, chapter III: 863 of 2^15 sign patterns reach the observed mean.
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

COUNT = st.integers(0, 60)
SCORES = st.lists(st.sampled_from([-1.0, -0.5, -1 / 3, 0.0, 1 / 3, 0.5, 1.0, 0.2718, -0.3141]), min_size=1, max_size=14)


@pytest.mark.parametrize(("b", "c", "exact", "midp"), MCNEMAR)
def test_a_reference_p_is_met(b, c, exact, midp):
    # the larger count first: one-sided is half of two-sided
    assert mcnemar(b, c, "exact") == pytest.approx(exact / 2, rel=1e-6)
    assert mcnemar(b, c) == pytest.approx(midp / 2, rel=1e-6)


@pytest.mark.parametrize(("d", "count", "of"), [pytest.param(DARWIN, 863, 32768, id="signflip.darwin")])
def test_a_reference_permutation_is_met(d, count, of):
    assert sign_flip(-np.array(d), RNG(0)).p == pytest.approx(count / of, abs=1e-9)


@given(COUNT, COUNT)
@settings(max_examples=100, deadline=None)
def test_one_more_broke_never_raises_p_and_one_more_fixed_never_lowers_it(b, c):
    for method in ("mid-p", "exact"):
        assert mcnemar(b + 1, c, method) <= mcnemar(b, c, method) + 1e-12
        # from no discordant pair, where p is 1 by decree, there is nothing to compare with
        assert b + c == 0 or mcnemar(b, c + 1, method) >= mcnemar(b, c, method) - 1e-12
        assert 0 < mcnemar(b, c, method) <= 1


@given(COUNT, COUNT)
@settings(max_examples=100, deadline=None)
def test_mid_p_of_both_directions_sums_to_one(b, c):
    # P(> b) + P(= b)/2 and its mirror are complementary, except that no discordant pair is p = 1 by decree
    if b + c:
        assert mcnemar(b, c) + mcnemar(c, b) == pytest.approx(1.0)


@given(SCORES.filter(lambda d: len(d) <= 10))
@settings(max_examples=50, deadline=None)
def test_sign_flip_is_the_share_of_all_sign_patterns_that_reach_as_low(d):
    size = np.abs(d)
    sums = [float(np.dot(signs, size)) for signs in itertools.product((-1, 1), repeat=len(d))]
    expected = np.mean([s <= sum(d) + 1e-9 for s in sums])
    assert sign_flip(d, RNG(0)).p == pytest.approx(expected, abs=1e-9)


@given(SCORES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_clusters_has_no_say(d, random):
    mixed = list(d)
    random.shuffle(mixed)
    assert sign_flip(mixed, RNG(0)) == sign_flip(d, RNG(0))


@given(SCORES, st.integers(0, 13), st.floats(0, 2))
@settings(max_examples=80, deadline=None)
def test_a_worse_cluster_never_raises_p(d, at, drop):
    # this is what makes a crash, which scores 0, unable to hide a drop
    worse = [x - drop if i == at % len(d) else x for i, x in enumerate(d)]
    assert sign_flip(worse, RNG(0)).p <= sign_flip(d, RNG(0)).p + 1e-9


@given(COUNT, COUNT)
@settings(max_examples=60, deadline=None)
def test_on_binary_pairs_sign_flip_is_exact_mcnemar(b, c):
    d = [-1.0] * b + [1.0] * c + [0.0] * 5
    assert sign_flip(d, RNG(0)).p == pytest.approx(mcnemar(b, c, "exact"), abs=1e-9)


def test_a_lattice_of_many_steps_is_exact_where_drawing_would_be_needed():
    # 24 clusters in thirds: 2^24 patterns, counted by convolution instead
    d = np.array([-1 / 3, -2 / 3, 1 / 3, -1.0] * 6)
    law = {0: 1.0}
    for step in np.rint(np.abs(d) * 3).astype(int):
        nxt: dict[int, float] = {}
        for total, weight in law.items():
            for sign in (-1, 1):
                nxt[total + sign * step] = nxt.get(total + sign * step, 0.0) + weight / 2
        law = nxt
    expected = sum(weight for total, weight in law.items() if total <= round(float(d.sum() * 3)))
    found = sign_flip(d, RNG(0))
    assert (found.method, found.p) == ("exact", pytest.approx(expected, rel=1e-9))


def test_beyond_twenty_thousand_clusters_the_normal_limit_stands_within_its_stated_error():
    # 20,001 clusters of one or two steps: times the root of 2 they leave the lattice and keep their permutation law
    d = RNG(5).choice([-2.0, -1.0, 1.0, 2.0], 20_001, p=[0.251, 0.25, 0.25, 0.249])
    exact, normal = sign_flip(d, RNG(0)), sign_flip(d * np.sqrt(2), RNG(0))
    bound = 0.56 * float((np.abs(d) ** 3).sum()) / float((d**2).sum()) ** 1.5
    assert (exact.method, normal.method) == ("exact", "normal")
    assert 0.001 < exact.p < 0.999
    assert abs(exact.p - normal.p) <= bound


def test_drawing_again_with_the_same_seed_says_the_same():
    d = RNG(3).normal(-0.1, 1, 200)
    assert sign_flip(d, RNG(1)) == sign_flip(d, RNG(1))
    assert sign_flip(d, RNG(1), alpha=0.0001).draws >= 20 / 0.0001


@given(*[st.integers(0, 40)] * 4)
@settings(max_examples=100, deadline=None)
def test_swapping_the_versions_mirrors_the_paired_interval(both, b, c, neither):
    if both + b + c + neither == 0:
        return
    one, other = newcombe_paired(both, b, c, neither), newcombe_paired(both, c, b, neither)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-12)
    # calling a pass a fail makes broke fixed and both neither, and mirrors it too
    flipped = newcombe_paired(neither, c, b, both)
    assert (one.low, one.high) == pytest.approx((-flipped.high, -flipped.low), abs=1e-12)
    assert -1 <= one.low <= (c - b) / (both + b + c + neither) <= one.high <= 1
    assert one.low < one.high


def coverage(n):
    """Exact chance that the 95 % paired interval holds the true difference, per law on a grid of 2x2 laws."""
    tables = np.array(
        [(x, b, c, n - x - b - c) for x in range(n + 1) for b in range(n - x + 1) for c in range(n - x - b + 1)]
    )
    spans = np.array([(s.low, s.high) for s in (newcombe_paired(*map(int, t)) for t in tables)])
    ways = special.gammaln(n + 1) - special.gammaln(tables + 1).sum(axis=1)
    found = []
    for p_b, p_c, both in itertools.product((0.02, 0.05, 0.1, 0.25), (0.02, 0.05, 0.1, 0.25), (0.2, 0.5, 0.8, 0.95)):
        same = 1 - p_b - p_c
        law = np.array([same * both, p_b, p_c, same * (1 - both)])
        chance = np.exp(ways + tables @ np.log(law))
        true = p_c - p_b
        found.append(float(chance[(spans[:, 0] <= true + 1e-12) & (true - 1e-12 <= spans[:, 1])].sum()))
    return np.array(found)


# Measured on 64 laws by exact enumeration, nominal .95: minimum .9444 / .9476 / .9470, mean .9771 / .9711 / .9680.
@pytest.mark.parametrize(("n", "least", "mean"), [(20, 0.9444, 0.977), (30, 0.9475, 0.971), (40, 0.9469, 0.9679)])
def test_the_paired_intervals_exact_coverage_stays_near_its_level(n, least, mean):
    found = coverage(n)
    assert found.min() >= least
    assert found.mean() >= mean


def test_the_t_interval_of_a_mean_by_hand():
    # d = -1, 0, 1: mean 0, sd 1, t(.975, 2) = 4.302653; half = 4.302653 / sqrt 3
    found = mean_interval([-1.0, 0.0, 1.0])
    assert (found.low, found.high) == pytest.approx((-4.302653 / 3**0.5, 4.302653 / 3**0.5), rel=1e-6)


def test_a_difference_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        sign_flip([0.1, float("nan")], RNG(0))
    with pytest.raises(ValueError, match="alpha"):
        sign_flip([0.1], RNG(0), alpha=0.0)
    with pytest.raises(ValueError, match="choose one of"):
        mcnemar(1, 2, "midp")


@pytest.mark.parametrize("tiny", [2e-12, 1e-9, 1e-8])
@pytest.mark.parametrize("others", [[], [-1.0], [-1.0, 1.0, 0.5], [-0.5] * 30])
def test_a_difference_that_is_hardly_one_still_has_a_sign(tiny, others):
    # Alone, one loss of two equally likely signs; beside others it moves the p of those by less than the coin it adds.
    found = sign_flip([*others, -tiny], RNG(0)).p
    if not others:
        assert found == 0.5
    assert 0 < found <= 1
    assert found <= sign_flip([*others, tiny], RNG(0)).p


def test_the_smallest_of_two_losses_counts_as_one():
    # Of the four signs of (-1, -1e-8) one is as low as what was seen; with +1e-8 two are. Forgotten, both would be one half.
    assert sign_flip([-1.0, -1e-8], RNG(0)).p == 0.25
    assert sign_flip([-1.0, 1e-8], RNG(0)).p == 0.5
    assert sign_flip([-1.0, -1.0, -1e-8], RNG(0)).p == 0.125


@pytest.mark.parametrize("method", ["mid-p", "exact"])
def test_one_table_and_many_are_judged_alike(method):
    b, c = (side.ravel() for side in np.meshgrid(np.arange(41), np.arange(41)))
    one_by_one = [mcnemar(int(x), int(y), method) for x, y in zip(b, c, strict=True)]
    assert mcnemar(b, c, method) == pytest.approx(one_by_one, rel=1e-12)
