"""The corrected rate against its papers' formulas, its coverage, and the judges it refuses."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.interval import CannotTell
from seatrial.stats.rogan_gladen import rogan_gladen


@pytest.mark.parametrize(
    ("counts", "estimate", "error", "centre", "interval"),
    [
        # observed .72 of 2,000, sensitivity .9 of 60, specificity .8 of 40: (.72 + .8 - 1) / .7
        pytest.param(
            (1440, 2000, 54, 60, 32, 40),
            0.7428571429,
            0.0493435457,
            0.7510169874,
            (0.6492504474, 0.8560886985),
            id="rg.1",
        )
    ],
)
def test_the_reference_correction_is_met(counts, estimate, error, centre, interval):
    found = rogan_gladen(*counts)
    assert (found.estimate, found.delta_error, found.centre) == pytest.approx((estimate, error, centre), abs=1e-9)
    assert (found.interval.low, found.interval.high) == pytest.approx(interval, abs=1e-9)
    assert found.youden == pytest.approx(0.7)


@given(st.integers(0, 200), st.integers(30, 40), st.integers(18, 30))
@settings(max_examples=60, deadline=None)
def test_calling_positives_negative_mirrors_it(flagged, hits, clears):
    found, mirrored = (
        rogan_gladen(flagged, 200, hits, 40, clears, 30),
        rogan_gladen(200 - flagged, 200, clears, 30, hits, 40),
    )
    assert mirrored.estimate == pytest.approx(1 - found.estimate)
    assert (mirrored.interval.low, mirrored.interval.high) == pytest.approx(
        (1 - found.interval.high, 1 - found.interval.low)
    )
    assert 0 <= found.interval.low <= found.interval.high <= 1


@given(st.integers(0, 199))
@settings(max_examples=40, deadline=None)
def test_more_flagged_is_never_a_lower_rate(flagged):
    less, more = rogan_gladen(flagged, 200, 36, 40, 27, 30), rogan_gladen(flagged + 1, 200, 36, 40, 27, 30)
    assert more.estimate >= less.estimate
    assert more.interval.low >= less.interval.low - 1e-12
    assert more.interval.high >= less.interval.high - 1e-12


@pytest.mark.parametrize(("se", "sp", "rate"), [(0.9, 0.8, 0.75), (0.95, 0.9, 0.95), (0.85, 0.75, 0.4)])
def test_the_interval_covers(se, sp, rate):
    # 800 runs: at least .95 - 3.3 x sqrt(.95 x .05 / 800) = .925; measured .955 to .962
    rng, runs = np.random.default_rng(4), 800
    observed = rate * se + (1 - rate) * (1 - sp)
    drawn = [
        rogan_gladen(rng.binomial(500, observed), 500, rng.binomial(60, se), 60, rng.binomial(40, sp), 40)
        for _ in range(runs)
    ]
    assert np.mean([rate in found.interval for found in drawn]) >= 0.925


def test_a_weak_judge_is_refused_with_its_youden_index():
    # sensitivity .6, specificity .6: youden .2
    found = rogan_gladen(50, 100, 30, 50, 30, 50)
    assert isinstance(found, CannotTell)
    assert ".2" in found.reason
    assert isinstance(rogan_gladen(50, 100, 10, 50, 10, 50), CannotTell)
    # at .3 it answers: 40/50 and 25/50
    assert not isinstance(rogan_gladen(60, 100, 41, 50, 25, 50), CannotTell)


@pytest.mark.parametrize("counts", [(0, 0, 9, 10, 9, 10), (5, 10, 0, 0, 9, 10), (5, 10, 9, 10, 0, 0)])
def test_no_judged_items_or_no_labels_are_cannot_tell(counts):
    assert isinstance(rogan_gladen(*counts), CannotTell)


def test_a_perfect_judge_on_everything_alike_keeps_a_width():
    found = rogan_gladen(50, 50, 20, 20, 20, 20)
    assert found.estimate == 1
    assert found.interval.high - found.interval.low > 0.01
    assert not isinstance(rogan_gladen(1, 1, 1, 1, 1, 1), float)


def test_large_counts_reach_the_plain_correction():
    # .6 observed, .9 and .8 exactly known: (.6 + .8 - 1) / .7
    big = rogan_gladen(600_000_000, 1_000_000_000, 900_000_000, 1_000_000_000, 800_000_000, 1_000_000_000)
    assert (big.interval.low, big.interval.high) == pytest.approx((4 / 7, 4 / 7), abs=1e-4)


@pytest.mark.parametrize(
    "counts", [(11, 10, 9, 10, 9, 10), (-1, 10, 9, 10, 9, 10), (5, 10, math.nan, 10, 9, 10), (5, 10, 9, 10, 11, 10)]
)
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="need 0 <= successes"):
        rogan_gladen(*counts)


def test_an_impossible_level_is_refused():
    with pytest.raises(ValueError, match="level"):
        rogan_gladen(5, 10, 9, 10, 9, 10, level=0.0)
