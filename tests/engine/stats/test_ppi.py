"""Prediction-powered inference against its published code, the defect of that code, and its coverage."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.interval import CannotTell
from seatrial.stats.ppi import ppi_mean

LABELS = [1, 0, 1, 1, 1, 0, 1, 1, 0, 1] * 10
JUDGED = [1, 0, 1, 1, 0, 0, 1, 1, 1, 1] * 10
JUDGED_ONLY = [1, 1, 1, 0, 1, 1, 1, 0, 1, 1] * 200


@pytest.mark.parametrize(
    ("power", "estimate", "low", "high"),
    [
        # ppi-python 0.2.3, ppi_mean_ci(lam=1): .8 + 0, error^2 = .16 / 2000 + .2 / 100
        pytest.param(1.0, 0.8, 0.7106118885, 0.8893881115, id="ppi.lam1"),
        pytest.param(0.0, 0.7, 0.6101831668, 0.7898168332, id="ppi.classical"),
        # PPI++ with lam over all scores
        pytest.param(None, 0.7643, 0.6863, 0.8424, id="ppi.plus_plus"),
    ],
)
def test_a_reference_interval_is_met(power, estimate, low, high):
    found = ppi_mean(LABELS, JUDGED, JUDGED_ONLY, power)
    tolerance = 1e-8 if power is not None else 5e-5
    assert found.estimate == pytest.approx(estimate, abs=tolerance)
    span = found.interval()
    assert (span.low, span.high) == pytest.approx((low, high), abs=tolerance)


def test_a_one_sided_question_gets_a_one_sided_interval():
    # ppi_py 0.2.3 drops `alternative` when it tunes lambda and returns the two-sided ends: .6863 instead of .6988
    found = ppi_mean(LABELS, JUDGED, JUDGED_ONLY)
    lower = found.interval(0.95, "larger")
    assert lower.low == pytest.approx(found.estimate - 1.6448536 * found.error, abs=1e-7)
    assert lower.low > found.interval(0.95).low + 0.01
    assert lower.high == math.inf
    upper = found.interval(0.95, "smaller")
    assert (upper.low, upper.high) == (-math.inf, pytest.approx(found.estimate + 1.6448536 * found.error, abs=1e-7))


@pytest.mark.parametrize("alternative", ["larger", "smaller", "two-sided"])
def test_the_interval_ends_where_p_is_one_minus_the_level(alternative):
    found = ppi_mean(LABELS, JUDGED, JUDGED_ONLY)
    span = found.interval(0.9, alternative)
    for end in (span.low, span.high):
        if math.isfinite(end):
            assert found.p(end, alternative) == pytest.approx(0.1, abs=1e-9)
    assert found.p(0.5, "larger") < 0.001 < 0.999 < found.p(0.5, "smaller")


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_order_has_no_say_and_failing_mirrors_passing(seed):
    rng = np.random.default_rng(seed)
    y, j, u = rng.integers(0, 2, 30), rng.integers(0, 2, 30), rng.integers(0, 2, 90)
    found = ppi_mean(y, j, u)
    if isinstance(found, CannotTell):
        return
    order = rng.permutation(30)
    shuffled = ppi_mean(list(y[order]), list(j[order]), u[::-1])
    assert (shuffled.estimate, shuffled.error) == pytest.approx((found.estimate, found.error))
    mirrored = ppi_mean(1 - y, 1 - j, 1 - u)
    assert (mirrored.estimate, mirrored.error) == pytest.approx((1 - found.estimate, found.error))
    assert found.error <= ppi_mean(y, j, u, 1.0).error * 1.02


def test_it_covers_and_is_tighter_than_labels_alone():
    # 800 runs, 150 labels, a judge right in .85: two-sided .95 +- 3.3 x sqrt(.95 x .05 / 800) = .025; one-sided the same
    rng, runs = np.random.default_rng(7), 800
    two = one = shorter = 0
    for _ in range(runs):
        y, more = rng.random(150) < 0.7, rng.random(1500) < 0.7
        j, u = np.where(rng.random(150) < 0.85, y, ~y), np.where(rng.random(1500) < 0.85, more, ~more)
        found = ppi_mean(y, j, u)
        two += 0.7 in found.interval()
        one += 0.7 in found.interval(0.95, "larger")
        shorter += found.error < ppi_mean(y, j, u, 0.0).error
    assert two / runs == pytest.approx(0.95, abs=0.025)
    assert one / runs == pytest.approx(0.95, abs=0.025)
    assert shorter == runs


def test_a_judge_that_says_always_the_same_or_the_opposite_counts_for_nothing():
    assert ppi_mean(LABELS, [1] * 100, [1] * 500).power == 0
    opposite = ppi_mean(LABELS, [1 - x for x in LABELS], JUDGED_ONLY)
    assert opposite.power == 0
    assert opposite.estimate == pytest.approx(0.7)


def test_too_little_is_cannot_tell():
    for labels, judged, only in (
        ([], [], [1, 0]),
        ([1], [1], [1, 0]),
        ([1, 0], [1, 0], []),
        ([1, 0], [1, 0], [1]),
        ([1, 1], [1, 1], [1, 1]),
        ([0.1] * 3, [0.3] * 3, [0.3] * 7),
    ):
        assert isinstance(ppi_mean(labels, judged, only), CannotTell)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ppi_mean([1], [1, 0], [1, 0]),
        lambda: ppi_mean([1, math.nan], [1, 0], [1, 0]),
        lambda: ppi_mean([1, 0], [1, 0], [1, math.inf]),
        lambda: ppi_mean([1, 0], [1, 0], [1, 0], 1.5),
        lambda: ppi_mean([1, 0], [1, 0], [1, 0], math.nan),
        lambda: ppi_mean([1, 0], [1, 1], [1, 0]).interval(1.0),
        lambda: ppi_mean([1, 0], [1, 1], [1, 0]).interval(0.9, "greater"),
    ],
)
def test_what_cannot_be_asked_is_refused(call):
    with pytest.raises(ValueError, match=r"but|finite|must lie|choose"):
        call()
