"""The e-value of a sample ratio: known counts, its bound under the plan, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seatrial.stats.sequential.sample_ratio import log_e_sample_ratio

LIMIT = math.log(1000)


def test_a_planned_share_of_5_percent_is_not_compared_with_halves():
    # Case R08: p .58 and p 4e-43 by chi-square.
    assert log_e_sample_ratio((9512, 488), (0.95, 0.05)) < 0
    assert log_e_sample_ratio((9200, 800), (0.95, 0.05)) > 60


def test_a_split_that_a_high_concentration_misses_is_found():
    # 600 to 400 of planned halves: chi-square p 2.5e-10.
    assert log_e_sample_ratio((600, 400), (0.5, 0.5)) > LIMIT
    assert log_e_sample_ratio((600, 400), (0.5, 0.5), concentration=10_000) < LIMIT


def test_looking_at_every_unit_keeps_the_level():
    # 300 runs of 400 looks at alpha .05: at most 15 expected, 3 standard errors above is 27.
    rng = np.random.default_rng(11)
    alarms = 0
    for units in rng.random((300, 400)) < 0.1:
        seen = np.cumsum(units)
        alarms += any(
            log_e_sample_ratio((n - int(seen[n - 1]), int(seen[n - 1])), (0.9, 0.1)) >= math.log(20)
            for n in range(10, 401, 10)
        )
    assert alarms <= 27


@pytest.mark.parametrize(
    ("counts", "planned"), [((1,), (0.5, 0.5)), ((-1, 2), (0.5, 0.5)), ((1, 2), (0.5, 0.6)), ((1, 2), (1.0, 0.0))]
)
def test_what_cannot_be_compared_is_refused(counts, planned):
    with pytest.raises(ValueError, match=r"counts|shares"):
        log_e_sample_ratio(counts, planned)
