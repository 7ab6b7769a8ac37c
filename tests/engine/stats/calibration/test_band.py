"""Bands under their floor: exact tails by hand, the Clopper-Pearson they invert, and the family."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.calibration.band import Band, band_flag, bands, low_tail
from seatrial.stats.interval import CannotTell
from seatrial.stats.proportions import clopper_pearson


def test_the_published_bands():
    # floor .8: 12 of 20 p .032 flags, 6 of 10 p .121 does not, 3 of 5 .263 is too few to ask
    assert band_flag(12, 20, 0.8) == Band(
        12, 20, 0.8, pytest.approx(0.0321, abs=5e-5), pytest.approx(0.0321, abs=5e-5), True
    )
    assert band_flag(6, 10, 0.8).p == pytest.approx(0.1209, abs=5e-5)
    assert not band_flag(6, 10, 0.8).flagged
    assert low_tail(3, 5, 0.8) == pytest.approx(0.2627, abs=5e-5)
    assert isinstance(band_flag(3, 5, 0.8), CannotTell)
    # no positive at all: .2^2 = .04 would flag from n 2, were two enough
    assert low_tail(0, 2, 0.8) == pytest.approx(0.04)
    assert band_flag(0, 2, 0.8, min_n=2).flagged


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        pytest.param(n, e, id=f"canary.rawdrop-{n}")
        for n, e in ((100, 0.2235890042), (500, 0.0834456051), (2000, 0.0040837197))
    ],
)
def test_a_raw_two_point_drop_is_what_noise_does(n, expected):
    # fewer than .85 n of n at .87: P(X <= .85 n - 1)
    assert low_tail(round(0.85 * n) - 1, n, 0.87) == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 300), st.data(), st.floats(0.05, 0.95))
@settings(max_examples=100, deadline=None)
def test_a_flag_is_an_upper_clopper_pearson_bound_under_the_floor(n, data, floor):
    k = data.draw(st.integers(0, n))
    p = low_tail(k, n, floor)
    if abs(p - 0.05) > 1e-9:
        assert (p <= 0.05) == (clopper_pearson(k, n, 0.9).high < floor)
    assert low_tail(min(n, k + 1), n, floor) >= p


@pytest.mark.parametrize("n", [10, 25, 80])
def test_an_honest_band_is_flagged_at_most_alpha(n):
    # P(flag | rate = floor), summed exactly
    for floor in (0.6, 0.8, 0.95):
        pmf = np.diff([0.0, *[low_tail(k, n, floor) for k in range(n + 1)]])
        flags = [band_flag(k, n, floor).flagged for k in range(n + 1)]
        assert float(pmf[flags].sum()) <= 0.05


def test_bands_share_alpha_and_a_thin_one_leaves_before_it_is_looked_at():
    # two bands of .025 each at the first step: 12 of 20 (.032) alone no longer flags
    both = bands([12, 18], [20, 20], [0.8, 0.8])
    assert [band.flagged for band in both] == [False, False]
    assert both[0].adjusted == pytest.approx(2 * both[0].p)
    # a third of the alpha each and one thin: the two that stay share all of it
    thin = bands([12, 0, 18], [20, 3, 20], [0.8, 0.8, 0.8])
    assert isinstance(thin[1], CannotTell)
    assert thin[0].adjusted == pytest.approx(both[0].adjusted)
    # weight .9 on the first: .0321 / .9 = .0357
    assert bands([12, 18], [20, 20], [0.8, 0.8], [0.9, 0.1])[0].flagged
    assert [b.p for b in bands(np.array([18, 12]), np.array([20, 20]), (0.8, 0.8))] == [both[1].p, both[0].p]


def test_no_band_no_answer():
    assert bands([], [], []) == ()
    assert isinstance(band_flag(0, 0, 0.8), CannotTell)
    assert isinstance(band_flag(0, 0, 0.8, min_n=0), CannotTell)
    assert all(isinstance(b, CannotTell) for b in bands([1, 2], [3, 4], [0.8, 0.9]))


def test_a_thousand_million_decisions():
    assert band_flag(799_900_000, 1_000_000_000, 0.8).flagged
    assert not band_flag(800_000_000, 1_000_000_000, 0.8).flagged


@pytest.mark.parametrize(
    "call",
    [
        lambda: band_flag(21, 20, 0.8),
        lambda: band_flag(-1, 20, 0.8),
        lambda: band_flag(math.nan, 20, 0.8),
        lambda: band_flag(1.5, 20, 0.8),
        lambda: band_flag(12, 20, 0.0),
        lambda: band_flag(12, 20, 1.0),
        lambda: band_flag(12, 20, 0.8, alpha=0.0),
        lambda: bands([1], [20, 20], [0.8]),
        lambda: bands([1, 2], [20, 20], [0.8, 0.8], [0.5, 0.4]),
        lambda: bands([1, 2], [20, 20], [0.8, 0.8], [1.0, 0.0]),
        lambda: low_tail(3, 2, 0.5),
        lambda: low_tail(1, 2, 1.5),
    ],
)
def test_what_is_no_band_is_refused(call):
    with pytest.raises(ValueError, match=r"must|need"):
        call()
