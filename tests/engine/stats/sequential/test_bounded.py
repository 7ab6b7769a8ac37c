"""Betting and empirical-Bernstein sequences: published intervals, coverage under looking, what order and mirrors do."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.interval import CannotTell
from seatrial.stats.sequential.bernstein import bernstein_band, bernstein_interval
from seatrial.stats.sequential.betting import betting_interval, log_capital

NINE_OF_TEN = np.tile([1.0] * 9 + [0.0], 20)
scores = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def ends(found):
    return (found.low, found.high)


def test_cs_betting_hedged_capital():
    # case cs.betting, alpha .05: confseq on a grid of 1,000 (tolerance .002), ville 0.1.0 on a grid of 10,000 (.0001)
    assert ends(betting_interval(NINE_OF_TEN, 0.05, running=False)) == pytest.approx((0.829, 0.961), abs=0.002)
    assert ends(betting_interval(NINE_OF_TEN, 0.05)) == pytest.approx((0.832, 0.961), abs=0.002)
    assert ends(betting_interval(NINE_OF_TEN[:50], 0.05)) == pytest.approx((0.764, 0.996), abs=0.002)
    assert ends(betting_interval(NINE_OF_TEN, 0.05, running=False)) == pytest.approx((0.82978, 0.96090), abs=1e-4)
    assert ends(betting_interval(NINE_OF_TEN, 0.05)) == pytest.approx((0.83278, 0.96090), abs=1e-4)


def test_cs_eb_predictable_plug_in():
    # case cs.eb, alpha .05, cap .5: ville 0.1.0 to its last digit, confseq within its regularisation (.002)
    found = ends(bernstein_interval(NINE_OF_TEN, 0.05, running=False))
    assert found == pytest.approx((0.8262538207, 0.974328595), abs=1e-9)
    assert found == pytest.approx((0.8246248587, 0.9736382282), abs=0.002)


def test_betting_limits_are_the_roots_of_the_capital():
    found = betting_interval(NINE_OF_TEN, 0.05, running=False)
    target = math.log(2 / 0.05)
    assert log_capital(NINE_OF_TEN, found.low, 0.05)[-1] == pytest.approx(target, abs=1e-6)
    assert log_capital(1 - NINE_OF_TEN, 1 - found.high, 0.05)[-1] == pytest.approx(target, abs=1e-6)


def test_capital_is_one_on_average_at_the_mean():
    # all 2^10 paths of a Bernoulli(.3), by enumeration; below the mean's value it is at most 1
    paths = (np.arange(1024)[:, None] >> np.arange(10)) & 1
    chance = np.where(paths, 0.3, 0.7).prod(axis=1)
    at = [float(chance @ np.exp([log_capital(p, m, 0.05)[-1] for p in paths])) for m in (0.3, 0.4)]
    assert at[0] == pytest.approx(1, abs=1e-9)
    assert at[1] < 1


@pytest.mark.parametrize("draw", [lambda rng: (rng.random(800) < 0.9).astype(float), lambda rng: rng.beta(8, 2, 800)])
def test_looking_after_every_score_keeps_the_error(draw):
    # 400 runs of 800 scores with mean .9 or .8; limit .05, band z = 3.29 of a share at .05: .036
    rng = np.random.default_rng(5)
    missed_by_betting = missed_by_bernstein = 0
    for _ in range(400):
        x = draw(rng)
        mean = 0.9 if set(np.unique(x)) <= {0.0, 1.0} else 0.8
        capital = max(log_capital(x, mean, 0.05).max(), log_capital(1 - x, 1 - mean, 0.05).max())
        missed_by_betting += capital >= math.log(2 / 0.05)
        band = bernstein_band(x, 0.05)
        missed_by_bernstein += not band.low[-1] <= mean <= band.high[-1]
    assert max(missed_by_betting, missed_by_bernstein) / 400 <= 0.05 + 0.036


@given(scores)
@settings(max_examples=40, deadline=None)
def test_mirrored_scores_mirror_the_interval(x):
    for method in (betting_interval, bernstein_interval):
        one, other = method(x, 0.1), method([1 - v for v in x], 0.1)
        if isinstance(one, CannotTell):
            assert isinstance(other, CannotTell)
        else:
            assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-8)


@given(scores)
@settings(max_examples=40, deadline=None)
def test_a_smaller_alpha_never_narrows(x):
    wide, narrow = betting_interval(x, 0.01, running=False), betting_interval(x, 0.2, running=False)
    band = bernstein_band(x, 0.05)
    assert wide.low <= narrow.low + 0.02
    assert wide.high >= narrow.high - 0.02
    assert np.all(np.diff(band.low) >= 0)
    assert np.all(np.diff(band.high) <= 0)


def test_one_score_and_equal_scores_have_honest_intervals():
    assert ends(betting_interval([0.5], 0.05)) == (0.0, 1.0)
    assert ends(bernstein_interval([1], 0.05)) == (0.0, 1.0)
    same = betting_interval([0.5] * 300, 0.05)
    assert 0.4 < same.low < 0.5 < same.high < 0.6
    ones = betting_interval([1] * 300, 0.05)
    assert (ones.low > 0.95, ones.high) == (True, 1.0)
    assert isinstance(betting_interval([], 0.05), CannotTell)
    assert isinstance(bernstein_interval([], 0.05), CannotTell)


def test_a_mean_that_moved_is_cannot_tell_not_an_inverted_interval():
    moved = [0.0] * 400 + [1.0] * 4_000
    for method in (betting_interval, bernstein_interval):
        found = method(moved, 0.05)
        assert isinstance(found, CannotTell)
        assert "moved" in found.reason


@pytest.mark.parametrize("method", [betting_interval, bernstein_interval, bernstein_band])
def test_wrong_arguments_are_errors(method):
    for bad in ([1.2], [-0.1], [float("nan")], [0.5, float("inf")]):
        with pytest.raises(ValueError, match="scores must lie"):
            method(bad, 0.05)
    for alpha in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="alpha must lie"):
            method([0.5], alpha)


def test_a_mean_to_bet_against_lies_inside():
    for mean in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="mean must lie"):
            log_capital([0.5], mean, 0.05)
