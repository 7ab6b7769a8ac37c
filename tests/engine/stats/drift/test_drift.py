"""Window comparisons and charts against reference figures, scipy, and their stated run lengths."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from seatrial.stats.drift.chart import Reference, cusum, ewma, freeze, rate_points
from seatrial.stats.drift.ks import kolmogorov_smirnov
from seatrial.stats.drift.psi import jensen_shannon, psi, psi_drift
from seatrial.stats.drift.run_length import cusum_run_length, ewma_run_length
from seatrial.stats.interval import CannotTell

BINS = st.integers(2, 6).flatmap(
    lambda k: st.tuples(*(st.lists(st.integers(1, 60), min_size=k, max_size=k) for _ in range(2)))
)
VALUES = st.lists(st.floats(-100, 100), min_size=1, max_size=30)
STANDARD = Reference(0.0, 1.0)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param([100, 200, 300, 250, 150], [120, 210, 260, 240, 170], 0.0127698493, id="psi.1-counts"),
        # .1 ln(.6/.5) - .1 ln(.4/.5) = .0182 + .0223
        pytest.param([50, 50], [60, 40], 0.0405465108, id="psi.1-halves"),
        pytest.param([0.25] * 4, [0.4, 0.3, 0.2, 0.1], 0.2282174096, id="psi.1-shares"),
    ],
)
def test_the_reference_index_is_met(a, b, expected):
    assert psi(a, b) == pytest.approx(expected, abs=1e-9)


def test_two_hundred_a_window_pass_the_customary_band_in_a_third_of_quiet_weeks_and_not_the_limit():
    # 10 bins, 200 against 200, no drift: mean .092 (= 9 x .01 to first order), P(psi > .1) = .37; flagged near alpha
    rng, runs = np.random.default_rng(0), 2000
    drawn = [psi_drift(*rng.multinomial(200, [0.1] * 10, size=2)) for _ in range(runs)]
    assert np.mean([d.value for d in drawn]) == pytest.approx(0.092, abs=0.005)
    assert np.mean([d.value > 0.1 for d in drawn]) == pytest.approx(0.37, abs=0.04)
    assert np.mean([d.flagged for d in drawn]) <= 0.08
    # chi-square(9) at .95 is 16.919: limit 16.919 x (1/200 + 1/200)
    assert drawn[0].limit == pytest.approx(0.16919, abs=1e-5)
    assert drawn[0].null_mean == pytest.approx(0.09)


def test_a_flag_needs_the_band_and_the_limit():
    # 60/40 against 50/50: .0405 stays under the band however many; .9/.1 passes both
    assert not psi_drift([50_000, 50_000], [60_000, 40_000]).flagged
    assert psi_drift([50_000, 50_000], [60_000, 40_000], band=0.04).flagged
    assert not psi_drift([5, 5], [8, 2]).flagged
    assert psi_drift([500, 500], [900, 100]).flagged


@given(BINS)
@settings(max_examples=60, deadline=None)
def test_windows_swap_bins_shuffle_and_scipy_agrees(windows):
    a, b = (np.array(w) for w in windows)
    assert psi(b, a) == pytest.approx(psi(a, b), abs=1e-12)
    assert psi(a[::-1], b[::-1]) == pytest.approx(psi(a, b), abs=1e-12)
    assert psi(a, 7 * a) == pytest.approx(0, abs=1e-12)
    assert psi(a, b) >= -1e-12
    bits = jensen_shannon(a, b)
    assert bits == pytest.approx(jensenshannon(a, b, base=2) ** 2, abs=1e-9)
    assert jensen_shannon(b, a) == pytest.approx(bits, abs=1e-12)
    assert 0 <= bits <= 1


def test_bins_empty_in_one_window_are_cannot_tell_for_psi_and_finite_for_jensen_shannon():
    assert isinstance(psi([5, 0], [3, 2]), CannotTell)
    assert isinstance(psi_drift([5, 0], [3, 2]), CannotTell)
    assert jensen_shannon([1, 0], [0, 1]) == pytest.approx(1.0)
    assert psi([5, 5, 0], [6, 4, 0]) == pytest.approx(psi([5, 5], [6, 4]))


def test_nothing_in_a_window_is_cannot_tell():
    for call in (psi, psi_drift, jensen_shannon, kolmogorov_smirnov):
        assert isinstance(call([], []), CannotTell)
    for call in (psi, psi_drift, jensen_shannon):
        assert isinstance(call([0, 0], [1, 2]), CannotTell)
    assert isinstance(psi_drift([7], [9]), CannotTell)
    assert isinstance(psi_drift([0.5, 0.5], [0.4, 0.6]), CannotTell)


@given(VALUES, VALUES)
@settings(max_examples=60, deadline=None)
def test_scipy_has_the_same_distance_and_the_exact_law_is_its_own(a, b):
    found = kolmogorov_smirnov(a, b)
    assert kolmogorov_smirnov(b[::-1], a) == found
    exact = kolmogorov_smirnov(a, b, "exact")
    if not isinstance(exact, CannotTell):
        theirs = ks_2samp(a, b, method="exact")
        assert (exact.distance, exact.p) == pytest.approx((theirs.statistic, theirs.pvalue), abs=1e-12)
        # Where it matters the limit law is never the smaller one: enumerated up to 30 against 40, the first to be smaller is
        # 3 against 3 wholly apart, .0996 for .1.
        assert exact.p > 0.09 or found.p >= exact.p


def test_an_exact_law_that_scipy_gives_up_on_is_cannot_tell_and_not_the_limit_in_disguise():
    # scipy's path count passes 1 by rounding here, warns, and would hand out its asymptotic p
    assert isinstance(kolmogorov_smirnov([0.0] * 13, [0.0] * 12 + [1.0], "exact"), CannotTell)
    # 5 against 5 wholly apart: 2 of the 252 orders
    assert kolmogorov_smirnov([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], "exact").p == pytest.approx(2 / 252)


def test_the_limit_law_is_close_for_large_windows():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=2000), rng.normal(0.08, 1, 2500)
    assert kolmogorov_smirnov(a, b).p == pytest.approx(ks_2samp(a, b, method="exact").pvalue, rel=0.1)


@pytest.mark.parametrize(
    ("slack", "limit", "shift", "expected"),
    [
        # Brook and Evans 1972; two-sided 168 and 465 as in Montgomery's table 9.3
        pytest.param(0.5, 4, 0, 335.36, id="cusum.arl-4-0"),
        pytest.param(0.5, 5, 0, 930.85, id="cusum.arl-5-0"),
        pytest.param(0.5, 4, 1, 8.383, id="cusum.arl-4-1"),
        pytest.param(0.5, 5, 1, 10.376, id="cusum.arl-5-1"),
    ],
)
def test_the_reference_run_length_of_cusum_is_met(slack, limit, shift, expected):
    assert cusum_run_length(slack, limit, shift) == pytest.approx(expected, abs=0.05)


def test_the_run_lengths_the_charts_state_are_theirs():
    assert cusum_run_length(0.5, 5, 0) / 2 == pytest.approx(465, abs=1)
    assert cusum_run_length(0.5, 4, 0) / 2 == pytest.approx(168, abs=1)
    assert ewma_run_length(0.1, 2.7, 0) == pytest.approx(369, abs=1)
    assert ewma_run_length(0.1, 2.7, 1) == pytest.approx(9.7, abs=0.05)
    assert ewma_run_length(0.4, 3.054, 0) == pytest.approx(500, abs=1)
    assert ewma_run_length(0.4, 3.054, 1) == pytest.approx(14.3, abs=0.05)
    # a weight of 1 is the plain chart: 1 / P(|z| > 3) = 370.4
    assert ewma_run_length(1.0, 3.0, 0) == pytest.approx(370.4, abs=0.1)


@pytest.mark.parametrize("chart", [cusum, ewma])
def test_a_simulated_chart_has_the_run_length_of_its_chain(chart):
    # shift 1: 10.4 and 9.7; 500 runs, spread about 5, standard error .25: band 1 (z 4)
    rng = np.random.default_rng(3)
    mean = np.mean([chart(rng.normal(1, 1, 200), STANDARD).first_alarm + 1 for _ in range(500)])
    assert mean == pytest.approx(10.38 if chart is cusum else 9.73, abs=1.0)


def test_three_points_by_hand():
    # z = 2, 2, -1; slack .5: up 1.5, 3.0, 1.5; down 0, 0, .5
    found = cusum([12.0, 12.0, 9.0], Reference(10.0, 1.0), limit=2.9)
    assert found.upper.tolist() == pytest.approx([1.5, 3.0, 1.5])
    assert found.lower.tolist() == pytest.approx([0, 0, 0.5])
    assert found.first_alarm == 1
    # weight .5: 1, 1.5, .25 against 1.2 x sqrt(.5 / 1.5) = .6928
    smooth = ewma([12.0, 12.0, 9.0], Reference(10.0, 1.0), 0.5, 1.2)
    assert smooth.upper.tolist() == pytest.approx([1.0, 1.5, 0.25])
    assert smooth.limit == pytest.approx(0.69282, abs=1e-5)
    assert smooth.first_alarm == 0


@given(VALUES, st.floats(0.1, 10), st.floats(-10, 10))
@settings(max_examples=60, deadline=None)
def test_a_mirrored_value_swaps_the_sides_and_the_unit_has_no_say(values, scale, shift):
    for chart in (cusum, ewma):
        plain, mirrored = chart(values, STANDARD), chart([-v for v in values], STANDARD)
        assert mirrored.upper.tolist() == pytest.approx(plain.lower.tolist())
        assert mirrored.first_alarm == plain.first_alarm
        scaled = chart([v * scale + shift for v in values], Reference(shift, scale))
        assert scaled.upper.tolist() == pytest.approx(plain.upper.tolist(), abs=1e-6)


def test_a_slow_ramp_is_seen_because_the_reference_is_frozen():
    rng = np.random.default_rng(4)
    quiet, ramp = rng.normal(5, 2, 400), rng.normal(5, 2, 400) + np.linspace(0, 6, 400)
    reference = freeze(quiet)
    for chart in (cusum, ewma):
        assert chart(ramp, reference).first_alarm < 250


def test_daily_rates_become_standard_points():
    # 40 of 50 at .9: (.8 - .9) / sqrt(.09 / 50) = -2.357
    assert rate_points([40, 45], [50, 50], 0.9).tolist() == pytest.approx([-2.3570226, 0.0])
    rng = np.random.default_rng(5)
    n = rng.integers(50, 400, 3000)
    points = rate_points(rng.binomial(n, 0.9), n, 0.9)
    assert (points.mean(), points.std()) == pytest.approx((0, 1), abs=0.06)


def page_hinkley(values, min_instances=30, delta=0.005, threshold=10.0, alpha=0.9999):
    """Page-Hinkley as river 0.26.1 runs it, upward: a CUSUM around the stream's own mean."""
    mean, total, least = 0.0, 0.0, math.inf
    for i, x in enumerate(values):
        mean += (x - mean) / (i + 1)
        total = alpha * total + (x - mean - delta)
        least = min(least, total)
        if i + 1 >= min_instances and total - least > threshold:
            return i
    return None


@pytest.mark.parametrize("expected", [pytest.param(109, id="ph.1")])
def test_a_frozen_cusum_sees_the_reference_stream_no_later_than_page_hinkley(expected):
    # 100 points of 0, 1, 0, 1 ..., then 1, 2, 1, 2 ...: a step of two deviations at index 100
    stream = np.concatenate([np.tile([0.0, 1.0], 50), np.tile([1.0, 2.0], 100)])
    assert page_hinkley(stream) == expected
    assert 100 <= cusum(stream, freeze(stream[:100])).first_alarm <= expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("a", "run_length", "delay"),
    [pytest.param(a, r, d, id=f"ema.adaptive-{a}") for a, r, d in ((0.05, 164, 99), (0.1, 102, 70), (0.3, 24, 13))],
)
def test_an_adaptive_reference_cries_wolf_and_swallows_a_step(a, run_length, delay):
    # Point against its own moving mean and variance. Run length from a cold start, 3,000 streams: the reference's 10 per cent.
    # The delay is the median after 200 quiet points; the reference does not say how it warmed up, hence 20 per cent (measured 113, 63, 14).
    rng, streams = np.random.default_rng(6), 3000

    def first_alarm(step, quiet):
        mean, var, when = np.zeros(streams), np.ones(streams), np.zeros(streams)
        for t in range(1 - quiet, 4000):
            off = rng.normal(step if t > 0 else 0.0, 1, streams) - mean
            when[(np.abs(off) > 3 * np.sqrt(var)) & (when == 0) & (t > 0)] = t
            mean, var = mean + a * off, (1 - a) * (var + a * off * off)
            if np.all(when > 0):
                break
        return np.where(when == 0, 4000, when)

    assert np.mean(first_alarm(0.0, 0)) == pytest.approx(run_length, rel=0.1)
    stepped, quiet = np.median(first_alarm(1.0, 200)), np.median(first_alarm(0.0, 200))
    assert stepped == pytest.approx(delay, rel=0.2)
    # which is what it takes to cry wolf with no step at all
    assert stepped == pytest.approx(quiet, rel=0.2)


def test_a_reference_that_does_not_vary_and_a_chart_of_nothing_are_cannot_tell():
    for window in ([], [3.0], [2.0, 2.0, 2.0], [0.1] * 3):
        assert isinstance(freeze(window), CannotTell)
    assert isinstance(cusum([], STANDARD), CannotTell)
    assert isinstance(ewma([], STANDARD), CannotTell)
    assert cusum([0.1], STANDARD).first_alarm is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: psi([1, 2], [1, 2, 3]),
        lambda: psi([1, -2], [1, 2]),
        lambda: psi([1, math.nan], [1, 2]),
        lambda: psi_drift([1, 2], [1, 2], alpha=0.0),
        lambda: psi_drift([1, 2], [1, 2], band=-0.1),
        lambda: kolmogorov_smirnov([math.nan], [1.0]),
        lambda: kolmogorov_smirnov([1.0], [1.0], "auto"),
        lambda: freeze([1.0, math.inf]),
        lambda: cusum([math.nan], STANDARD),
        lambda: cusum([1.0], Reference(0.0, 0.0)),
        lambda: cusum([1.0], Reference(math.nan, 1.0)),
        lambda: cusum([1.0], STANDARD, slack=-1.0),
        lambda: cusum([1.0], STANDARD, limit=0.0),
        lambda: ewma([1.0], STANDARD, weight=0.0),
        lambda: ewma([1.0], STANDARD, width=math.inf),
        lambda: rate_points([1], [0], 0.9),
        lambda: rate_points([3], [2], 0.9),
        lambda: rate_points([1], [2], 1.0),
        lambda: cusum_run_length(-1, 5, 0),
        lambda: cusum_run_length(0.5, math.nan, 0),
        lambda: ewma_run_length(0.0, 3, 0),
        lambda: ewma_run_length(0.1, 3, math.nan),
        lambda: cusum_run_length(0.5, 5, 0, 1),
    ],
)
def test_what_is_no_window_reference_or_chart_is_refused(call):
    with pytest.raises(ValueError, match=r"must|choose|bins|needs"):
        call()
