"""Exposures: a unit that is many people is named."""

from __future__ import annotations

from seatrial.experiment.exposure import too_heavy


def test_a_unit_that_is_many_people_is_named():
    requests = {"anonymous": 50, **{f"u{i}": 1 for i in range(1950)}}
    assert too_heavy(requests, 0.01) == (("anonymous", 0.025),)
    assert too_heavy({"anonymous": 5, "u": 5}, 0.01) == ()
