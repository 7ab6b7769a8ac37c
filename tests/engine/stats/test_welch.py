"""Welch from sums against a published case and scipy on the rows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from seatrial.stats.interval import CannotTell
from seatrial.stats.welch import Moments, welch

ROWS = st.lists(st.integers(-50, 50), min_size=3, max_size=12).filter(lambda rows: len(set(rows)) > 1)


def moments(rows):
    rows = np.asarray(rows, float)
    return Moments(rows.size, float(rows.sum()), float((rows**2).sum()))


@pytest.mark.parametrize(
    ("control", "treated", "expected"),
    [
        # growthbook/growthbook 8f1db44, packages/stats tests
        pytest.param(
            Moments(3407, 1396.87, 52377.9767),
            Moments(3461, 2422.7, 134698.29),
            (0.29, 0.12478, 0.02016, 0.04538, 0.53462),
            id="gb.ttest_abs",
        )
    ],
)
def test_the_published_sums_give_the_published_answer(control, treated, expected):
    found = welch(treated, control)
    assert (found.difference, found.error, found.p, found.interval.low, found.interval.high) == pytest.approx(
        expected, abs=1e-5
    )


@given(ROWS, ROWS)
@settings(max_examples=60, deadline=None)
def test_scipy_says_the_same_from_the_rows(a, b):
    theirs, found = ttest_ind(a, b, equal_var=False), welch(moments(a), moments(b))
    span = theirs.confidence_interval(0.95)
    assert (found.p, found.df) == pytest.approx((theirs.pvalue, theirs.df), rel=1e-8, abs=1e-12)
    assert (found.interval.low, found.interval.high) == pytest.approx((span.low, span.high), rel=1e-8, abs=1e-9)
    mirrored = welch(moments(b), moments(a))
    assert (mirrored.difference, mirrored.p) == pytest.approx((-found.difference, found.p))


def test_too_few_units_and_no_spread_are_cannot_tell():
    assert isinstance(welch(moments([1]), moments([1, 2])), CannotTell)
    assert isinstance(welch(Moments(0, 0, 0), moments([1, 2])), CannotTell)
    assert isinstance(welch(moments([2, 2]), moments([2, 2, 2])), CannotTell)
    assert isinstance(welch(moments([0.1] * 3), moments([0.3] * 7)), CannotTell)
    assert welch(moments([2, 2, 2]), moments([1, 2])).df == pytest.approx(1)


def test_a_thousand_million_units_keep_their_digits():
    # rates .5 and .49 as sums of 0/1: error sqrt(.25 + .2499) / sqrt(1e9)
    found = welch(Moments(1e9, 5e8, 5e8), Moments(1e9, 4.9e8, 4.9e8))
    assert found.error == pytest.approx(math.sqrt((0.25 + 0.2499) / 1e9), rel=1e-6)


@pytest.mark.parametrize(
    "bad", [Moments(-1, 0, 0), Moments(3, math.nan, 1), Moments(3, 1, -1), Moments(math.inf, 1, 1)]
)
def test_impossible_moments_are_refused(bad):
    with pytest.raises(ValueError, match="moments"):
        welch(bad, Moments(3, 1, 1))


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_an_impossible_level_is_refused(level):
    with pytest.raises(ValueError, match="level"):
        welch(Moments(3, 1, 1), Moments(3, 1, 1), level)
