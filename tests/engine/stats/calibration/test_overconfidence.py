"""The nightly bet against stated confidences: fair by enumeration, bounded over a year, quick on a real fault."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.calibration.overconfidence import SHIFTS, OverConfidence, update
from seatrial.stats.calibration.spiegelhalter import spiegelhalter


def e_value(p, y):
    return math.exp(update(OverConfidence(), p, y).log_e)


def test_one_decision_by_hand():
    # stated .9, failed: each product grows by (1 - q)/(1 - p) = 1 + shift / .1, and q = .9 - .4 = .5 for the boldest
    assert e_value([0.9], [0]) == pytest.approx(np.mean([1 + s / 0.1 for s in SHIFTS]))
    assert e_value([0.9], [1]) == pytest.approx(np.mean([1 - s / 0.9 for s in SHIFTS]))
    # at stated .1 no bet goes under half of it: q = max(.1 - s, .05)
    assert e_value([0.1], [0]) == pytest.approx(np.mean([(1 - max(0.1 - s, 0.05)) / 0.9 for s in SHIFTS]))


@pytest.mark.parametrize("p", [(0.9, 0.6, 0.3, 0.75), (0.99, 0.999, 1.0, 0.5), (0.0, 0.02, 0.8, 0.8)])
def test_its_expectation_is_one_for_an_honest_forecaster_and_at_most_one_for_a_shy_one(p):
    for shyness, exact in ((0.0, True), (0.3, False)):
        true = [min(1.0, x + shyness) for x in p]
        expected = 0.0
        for y in itertools.product((0, 1), repeat=len(p)):
            chance = math.prod(t if o else 1 - t for t, o in zip(true, y, strict=True))
            if chance:
                expected += chance * e_value(p, y)
        assert expected <= 1 + 1e-9
        if exact and max(p) <= 0.999:
            assert expected == pytest.approx(1.0)


def run(rng, nights, per_night, over, alpha=0.05):
    """First night on which it flags, None where it never does."""
    state = OverConfidence()
    for night in range(1, nights + 1):
        p = rng.uniform(0.6, 0.98, per_night)
        state = update(state, p, rng.random(per_night) < p - over)
        if state.flagged(alpha):
            return night
    return None


def test_a_year_of_nights_seldom_flags_an_honest_forecaster_where_a_nightly_test_nearly_always_does():
    # 25 years of 30 decisions a night; alpha .05 + 3.3 x sqrt(.05 x .95 / 25) = .194; measured .013 over 400 years
    rng = np.random.default_rng(1)
    assert sum(run(rng, 365, 30, 0.0) is not None for _ in range(25)) / 25 <= 0.194
    red = 0
    for _ in range(5):
        p = rng.uniform(0.6, 0.98, (365, 30))
        y = rng.random((365, 30)) < p
        red += any(spiegelhalter(p[i], y[i], "over-confident").p <= 0.05 for i in range(365))
    assert red == 5


@pytest.mark.parametrize(("over", "nights"), [(0.1, 8), (0.05, 30)])
def test_a_real_over_statement_is_found_within_weeks(over, nights):
    # median over 30 runs; measured 4 nights at ten points, 15 at five
    rng = np.random.default_rng(2)
    found = [run(rng, 120, 30, over) or 999 for _ in range(30)]
    assert np.median(found) <= nights


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=12), st.randoms(use_true_random=False)
)
@settings(max_examples=60, deadline=None)
def test_it_may_be_fed_at_once_or_night_by_night_in_any_order(rows, random):
    at_once = update(OverConfidence(), *zip(*rows, strict=True))
    mixed, state = list(rows), OverConfidence()
    random.shuffle(mixed)
    for p, y in mixed:
        state = update(state, [p], [y])
    assert state.log_wealth == pytest.approx(at_once.log_wealth, abs=1e-9)
    assert state.n == at_once.n == len(rows)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_one_more_failure_is_never_less_evidence_and_successes_alone_are_none(rows):
    p, y = zip(*rows, strict=True)
    assert update(OverConfidence(), p, [0] * len(p)).log_e >= update(OverConfidence(), p, y).log_e - 1e-9
    assert update(OverConfidence(), p, [1] * len(p)).log_e <= 1e-9


def test_nothing_decided_is_no_evidence_and_certainties_stay_finite():
    start = OverConfidence()
    assert update(start, [], []) == start
    assert start.log_e == 0
    assert not start.flagged(0.05)
    one_wrong = update(start, [1.0], [0])
    assert math.isfinite(one_wrong.log_e)
    assert update(start, [0.0, 0.0], [0, 1]).log_e == 0
    many = update(start, np.full(1_000_000, 0.9), np.zeros(1_000_000))
    assert math.isfinite(many.log_e)
    assert many.flagged(1e-9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: update(OverConfidence(), [0.5], [0.5]),
        lambda: update(OverConfidence(), [1.1], [1]),
        lambda: update(OverConfidence(), [math.nan], [1]),
        lambda: update(OverConfidence(), [0.5], [1, 0]),
        lambda: OverConfidence((math.nan,) * 5, 3),
        lambda: OverConfidence((0.0,), 3),
        lambda: OverConfidence().flagged(0.0),
        lambda: OverConfidence().flagged(1.0),
    ],
)
def test_what_is_no_decision_or_no_alpha_is_refused(call):
    with pytest.raises(ValueError, match=r"must|but|needs"):
        call()
