"""The maximum sign-flip test against full enumeration, its error promise, and its pace."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.interval import CannotTell
from seatrial.stats.max_t import max_t
from seatrial.stats.paired import sign_flip


def rng(seed=0):
    return np.random.default_rng(seed)


def enumerated(member, d):
    """Adjusted single-step and step-down p over all 2^n signs, by definition."""
    member, d = np.asarray(member, float), np.asarray(d, float)
    norm = np.sqrt(member @ d**2)

    def statistics(values):
        return -(member @ values) / norm

    seen = statistics(d)
    flips = np.array([statistics(np.abs(d) * signs) for signs in itertools.product((-1, 1), repeat=d.size)])
    single = (flips.max(axis=1)[:, None] >= seen - 1e-9).mean(axis=0)
    order = np.argsort(-seen)
    down, worst = np.empty(seen.size), 0.0
    for at, group in enumerate(order):
        rest = order[at:]
        worst = max(worst, float((flips[:, rest].max(axis=1) >= seen[group] - 1e-9).mean()))
        down[group] = worst
    return single, down


def test_it_meets_the_full_enumeration_of_eleven_examples():
    # 2,048 sign patterns; 20,000 draws leave a standard error of at most .0036: band .015 (z > 4)
    d = [-3, -1, -2, 1, -1, 2, -4, -1, 0.5, -2, 1]
    member = [
        [1] * 11,
        [1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0],
        [0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1],
        [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
    ]
    single, down = enumerated(member, d)
    found = max_t(member, d, rng(), draws=20_000, step_down=False)
    assert found.p == pytest.approx(single, abs=0.015)
    assert max_t(member, d, rng(), draws=20_000).p == pytest.approx(down, abs=0.015)


def test_one_group_is_the_plain_sign_flip():
    # statistic of a fixed group is the mean up to a constant: same tail, exact by `sign_flip`
    d = [-3, -1, -2, 1, -1, 2, -4, -1, 0.5, -2, 1]
    assert max_t([[1] * 11], d, rng(), draws=40_000).p[0] == pytest.approx(sign_flip(d, rng()).p, abs=0.01)


def test_the_same_group_named_a_hundred_times_costs_nothing():
    # Bonferroni would pay a factor of 100; the maximum of copies is the copy
    d = np.concatenate([-np.ones(12), np.ones(3), np.zeros(30)])
    once, often = max_t(np.ones((1, 45)), d, rng(3)), max_t(np.ones((100, 45)), d, rng(3))
    assert list(often.p) == [once.p[0]] * 100
    assert once.p[0] < 0.05


def test_size_mean_and_statistic_by_hand():
    # group one: -1, -1, 1 -> mean -1/3, statistic 1/sqrt 3; group two holds zeros only
    found = max_t([[1, 1, 1, 0, 0], [0, 0, 0, 1, 1]], [-1, -1, 1, 0, 0], rng())
    assert list(found.size) == [3, 2]
    assert list(found.mean) == pytest.approx([-1 / 3, 0])
    assert list(found.statistic) == pytest.approx([3**-0.5, 0])
    assert list(found.moved) == [True, False]
    assert found.p[1] == 1.0


@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from(["lower", "higher", "either"]))
@settings(max_examples=20, deadline=None)
def test_p_falls_as_the_statistic_rises_and_step_down_never_pays_more(seed, sparse, direction):
    r = rng(seed)
    member, d = r.random((12, 40)) < 0.4, r.normal(size=40) * (r.random(40) < (0.3 if sparse else 1.0))
    single = max_t(member, d, rng(seed), draws=300, direction=direction, step_down=False)
    down = max_t(member, d, rng(seed), draws=300, direction=direction)
    assert np.all(down.p <= single.p + 1e-12)
    for p in (single.p[single.moved], down.p[down.moved]):
        assert np.all(np.diff(p[np.argsort(single.statistic[single.moved])]) <= 1e-12)
    assert single.p.min(initial=1) >= 1 / 301
    assert down.p.max(initial=0) <= 1


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_the_other_direction_is_the_other_sign_and_the_order_of_groups_has_no_say(seed):
    r = rng(seed)
    member, d = r.random((8, 30)) < 0.5, r.choice([-1.0, 0.0, 1.0], 30)
    lower = max_t(member, d, rng(1), draws=200)
    assert list(max_t(member, -d, rng(1), draws=200, direction="higher").statistic) == pytest.approx(lower.statistic)
    order = r.permutation(8)
    assert list(max_t(member[order], d, rng(1), draws=200).p) == pytest.approx(lower.p[order])


def test_the_same_rng_gives_the_same_answer_for_lists_and_arrays():
    member, d = [[1, 0, 1, 1], [1, 1, 0, 0]], [-1, -2, 3, -1]
    assert list(max_t(member, d, rng(9)).p) == list(max_t(np.array(member, bool), np.array(d), rng(9)).p)


@pytest.mark.parametrize("planted", [False, True])
def test_the_family_wise_error_holds_also_beside_a_true_loss(planted):
    # 200 runs of 60 overlapping groups at .10: at most .10 + 3.1 x sqrt(.09/200) = .166 may err
    r, wrong, found = rng(11), 0, 0
    for _ in range(200):
        features = r.random((10, 100)) < 0.3
        pairs = [features[i] & features[j] for i in range(10) for j in range(i)]
        member = np.array([*features, *pairs])
        d = r.choice([-1.0, 0.0, 1.0], 100, p=[0.08, 0.84, 0.08])
        if planted:
            d[features[0] & (r.random(100) < 0.6)] = -1.0
        result = max_t(member, d, r, draws=200)
        null = (member & features[0]).sum(axis=1) == 0 if planted else np.ones(len(member), bool)
        wrong += bool(np.any(result.p[null] <= 0.1))
        found += result.p[0] <= 0.1
    assert wrong / 200 <= 0.166
    assert (found / 200 > 0.9) == planted


def test_no_group_and_no_example_are_cannot_tell_and_nothing_moved_is_p_1():
    assert isinstance(max_t([], [1.0], rng()), CannotTell)
    assert isinstance(max_t(np.empty((3, 0)), [], rng()), CannotTell)
    still = max_t([[1, 1], [0, 0]], [0.0, 0.0], rng())
    assert list(still.p) == [1, 1]
    assert not still.moved.any()
    assert max_t([[1]], [-1.0], rng()).p[0] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("member", "d", "kwargs"),
    [
        ([[1, 1]], [1.0], {}),
        ([1, 1], [1.0, 1.0], {}),
        ([[1, 2]], [1.0, 1.0], {}),
        ([[1, np.nan]], [1.0, 1.0], {}),
        ([[1, 1]], [1.0, np.nan], {}),
        ([[1, 1]], [1.0, np.inf], {}),
        ([[1, 1]], [1.0, 1.0], {"draws": 0}),
        ([[1, 1]], [1.0, 1.0], {"direction": "down"}),
    ],
)
def test_what_is_no_membership_difference_or_direction_is_refused(member, d, kwargs):
    with pytest.raises(ValueError, match=r"must|choose"):
        max_t(member, d, rng(), **kwargs)
