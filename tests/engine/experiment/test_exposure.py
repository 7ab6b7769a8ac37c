"""Exposures: a unit counts once, by its first; crossing by a ramp is no fault, both arms in one stage is."""

from __future__ import annotations

import numpy as np

from seatrial.experiment.exposure import count_once, too_heavy


def ramp():
    """20,000 users over two stages, heavy ones (success .6) come back more often; the versions do not differ."""
    rng = np.random.default_rng(1)
    b = rng.random(20_000)
    heavy = rng.random(20_000) < 0.3
    back = np.where(heavy, rng.random(20_000) < 0.9, rng.random(20_000) < 0.1)
    success = rng.random(20_000) < np.where(heavy, 0.6, 0.9)
    users = np.arange(20_000)
    unit = np.concatenate([users, users[back]])
    arm = np.concatenate([b < 0.05, b[back] < 0.25]).astype(int)
    stage = np.concatenate([np.ones(20_000), np.full(back.sum(), 2)])
    return unit, arm, stage, success


def test_the_first_exposure_counts_and_crossing_by_the_ramp_is_counted():
    # R11
    unit, arm, stage, success = ramp()
    found = count_once(unit, arm, stage, stage)
    assert (found.crossed, found.both) == (1328, 0)
    first = arm[found.first] == 1
    assert (int((~first).sum()), int(first.sum())) == (18_970, 1_030)
    rates = success[unit[found.first]]
    assert abs(rates[~first].mean() - rates[first].mean()) < 0.03
    last = {u: a for u, a in zip(unit, arm, strict=True)}  # noqa: C416 - the later row replaces the earlier
    by_last = np.array([last[u] for u in range(20_000)]) == 1
    assert success[~by_last].mean() - success[by_last].mean() > 0.05  # what counting the last would have rolled back


def test_a_user_in_both_arms_within_one_stage_is_named():
    found = count_once(["a", "a", "b", "b"], [0, 1, 0, 1], [1, 1, 1, 2], [1, 2, 1, 2])
    assert (found.crossed, found.both) == (2, 1)
    assert found.first.tolist() == [0, 2]


def test_order_is_by_time_and_then_by_row():
    assert count_once(["a", "a", "a"], [0, 1, 0], [2, 1, 1], [9, 3, 3]).first.tolist() == [1]


def test_no_exposure_is_no_unit():
    found = count_once([], [], [], [])
    assert (found.first.size, found.crossed, found.both) == (0, 0, 0)


def test_a_unit_that_is_many_people_is_named():
    requests = {"anonymous": 50, **{f"u{i}": 1 for i in range(1950)}}
    assert too_heavy(requests, 0.01) == (("anonymous", 0.025),)
    assert too_heavy({"anonymous": 5, "u": 5}, 0.01) == ()
