"""Shrinkage against hand arithmetic, statsmodels' meta-analysis, and its warnings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from seatrial.stats.interval import CannotTell
from seatrial.stats.shrinkage import shrink

SEGMENTS = st.lists(st.tuples(st.floats(-1, 1), st.floats(0.02, 0.5)), min_size=2, max_size=8)


def test_three_segments_by_hand():
    # equal errors .1: w = 100, mean .1, Q = 100 (.01 + 0 + .01) = 2... effects 0, .1, .2
    # tau^2 = (2 - 2) / (...) = 0: all are the mean
    found = shrink([0.0, 0.1, 0.2], [0.1, 0.1, 0.1])
    assert found.heterogeneity == pytest.approx(2)
    assert list(found.effect) == pytest.approx([0.1] * 3)
    # effects 0, .2, .4: Q = 8, tau^2 = 6 / (300 - 100) = .03, keep .03 / .04 = .75
    found = shrink([0.0, 0.2, 0.4], [0.1, 0.1, 0.1])
    assert found.between**2 == pytest.approx(0.03)
    assert list(found.effect) == pytest.approx([0.05, 0.2, 0.35])
    assert list(found.error) == pytest.approx([0.75**0.5 * 0.1] * 3)


@given(SEGMENTS)
@settings(max_examples=60, deadline=None)
def test_statsmodels_has_the_same_spread_and_mean_where_it_does_not_leave_the_spread_negative(segments):
    y, se = (np.array(x) for x in zip(*segments, strict=True))
    with np.errstate(all="ignore"):
        theirs = combine_effects(y, se**2, method_re="chi2")
    found = shrink(y, se)
    assert found.heterogeneity == pytest.approx(theirs.q, rel=1e-6, abs=1e-9)
    assert found.between**2 == pytest.approx(max(0.0, theirs.tau2), abs=1e-9)
    if theirs.tau2 > 0:
        assert found.mean == pytest.approx(theirs.mean_effect_re, abs=1e-6)


@given(SEGMENTS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_effects_move_towards_the_mean_mirror_and_do_not_mind_order(segments, random):
    y, se = (np.array(x) for x in zip(*segments, strict=True))
    found = shrink(y, se)
    assert np.all(np.abs(found.effect - found.mean) <= np.abs(y - found.mean) + 1e-12)
    assert np.all(found.error <= se + 1e-12)
    assert list(shrink(-y, se).effect) == pytest.approx(-found.effect, abs=1e-9)
    order = list(range(len(y)))
    random.shuffle(order)
    assert list(shrink(y[order], se[order]).effect) == pytest.approx(found.effect[order], abs=1e-9)


def test_one_bad_segment_is_pulled_to_the_good_ones_which_is_why_it_does_not_gate():
    found = shrink([-0.15, *[0.0] * 7], [0.06, *[0.03] * 7])
    assert -0.10 < found.effect[0] < 0


def test_too_little_to_share_is_cannot_tell():
    assert isinstance(shrink([], []), CannotTell)
    assert isinstance(shrink([0.1], [0.1]), CannotTell)
    assert isinstance(shrink([0.1, 0.2], [0.0, 0.1]), CannotTell)


def test_tiny_errors_keep_every_effect():
    found = shrink([0.1, 0.2, 0.9], [1e-9, 1e-9, 1e-9])
    assert list(found.effect) == pytest.approx([0.1, 0.2, 0.9])


@pytest.mark.parametrize(("y", "se"), [([1, 2], [1]), ([1, np.nan], [1, 1]), ([1, 2], [1, -1]), ([1, 2], [1, np.inf])])
def test_impossible_effects_and_errors_are_refused(y, se):
    with pytest.raises(ValueError, match=r"errors|effects"):
        shrink(y, se)
