"""What every formula refuses, and the normal law's p and interval."""

import math

import numpy as np
import pytest

from seatrial.stats.interval import Interval
from seatrial.stats.normal import around, p_of
from seatrial.stats.validate import counts, finite, forecasts, share, trials


def test_lists_tuples_and_arrays_become_one_flat_float_array():
    for values in ([1, 2], (1, 2), np.array([[1], [2]]), np.array([1, 2], dtype=np.int8)):
        assert finite("x", values).tolist() == [1.0, 2.0]
    assert finite("x", []).size == 0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: finite("scores", [1, math.nan, math.inf]), "scores must be finite; 2 of 3 are not"),
        (lambda: counts("n", [3, -1]), "n must not be negative, got -1"),
        (lambda: share("alpha", math.nan), "alpha must lie in"),
        (lambda: share("alpha", 1), "alpha must lie in"),
        (lambda: trials(3, 2), "need 0 <= successes <= trials, got 3 of 2"),
        (lambda: trials(0, math.inf), "need 0 <= successes"),
        (lambda: forecasts([0.1], [0, 1]), "1 probabilities but 2 outcomes"),
        (lambda: forecasts([1.1], [1]), "0..1"),
        (lambda: forecasts([0.5], [0.5]), "outcomes must be 0 or 1"),
        (lambda: forecasts([0.5], [math.nan]), "outcomes must be finite"),
        (lambda: p_of(math.nan, "larger"), "not a number"),
        (lambda: p_of(1.0, "greater"), "choose one of: two-sided, larger, smaller"),
        (lambda: around(0, 1, 0.95, "up"), "choose one of"),
        (lambda: around(0, 1, 1.0), "level"),
    ],
)
def test_what_cannot_mean_anything_is_refused_with_a_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_p_of_the_textbook_z():
    # Phi(-1.959964) = .025
    assert p_of(1.959964, "two-sided") == pytest.approx(0.05, abs=1e-7)
    assert p_of(1.959964, "larger") == pytest.approx(0.025, abs=1e-7)
    assert p_of(1.959964, "smaller") == pytest.approx(0.975, abs=1e-7)
    assert p_of(math.inf, "larger") == 0
    # no digits lost in the far tail
    assert p_of(30.0, "larger") == pytest.approx(4.906714e-198, rel=1e-5)


def test_a_one_sided_interval_spends_all_on_one_side():
    both, above, below = (around(10.0, 2.0, 0.95, side) for side in ("two-sided", "larger", "smaller"))
    assert (both.low, both.high) == pytest.approx((10 - 3.919928, 10 + 3.919928), abs=1e-5)
    assert above == Interval(pytest.approx(10 - 3.289707, abs=1e-5), math.inf, 0.95)
    assert below == Interval(-math.inf, pytest.approx(10 + 3.289707, abs=1e-5), 0.95)
