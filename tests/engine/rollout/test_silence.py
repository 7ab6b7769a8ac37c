"""When a silence begins and how long units may wait in it, to the second: horizon an hour, half an hour is no silence."""

from __future__ import annotations

import pytest

from seatrial.rollout.silence import closed_at, heard
from seatrial.rollout.store_source import StoreSource
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

BEGIN = 1_800_000_000.0
NOW = 14_400.0
UNTIL = 10_740.0
"""Four hours, less the horizon and a minute."""
HEARD, CLOSED = 6_000.0, 4_200.0
"""An event at 1:40 h covers units whose hour ended up to half an hour later: those exposed up to 1:10 h."""


def result(store, rules, units, events):
    """Second up to which the span is closed, and whether units have waited for too long; seconds are counted from BEGIN."""
    write_exposures(
        store,
        [
            Exposure(
                f"{unit}/{at}", more.get("rollout", rules.rollout), unit, unit, "DE", more.get("arm", "control"),
                0, 1, BEGIN + at, forced=more.get("forced", False),
            )
            for unit, at, more in units
        ],
    )  # fmt: skip
    write_outcomes(store, [OutcomeEvent(f"{unit}/{at}", unit, kind, "1", BEGIN + at) for unit, at, kind in events])
    span, problems = heard(StoreSource(store), rules.rollout, rules.metrics[0], (BEGIN, BEGIN + UNTIL), BEGIN + NOW)
    assert span[0] == BEGIN
    return span[1] - BEGIN, bool(problems)


def test_the_last_minute_of_exposure_has_had_its_horizon_and_a_minute_for_rows_on_their_way():
    assert closed_at(BEGIN + NOW, 3600) == BEGIN + UNTIL
    assert closed_at(BEGIN + NOW - 1, 3600) == BEGIN + UNTIL - 60


@pytest.mark.parametrize(
    ("event", "closed"),
    [
        (("late", 12_540, "resolved"), UNTIL),  # half an hour before the last unit's hour ended, at 14,340 s
        (("late", 12_539, "resolved"), UNTIL - 60),  # 12,539 + 1,800 - 3,600 = 10,739 s, in full minutes
        (("late", 12_540, "reply"), 0),
        (("late", NOW + 1, "resolved"), 0),  # an event of the future is not heard yet
        (("candidate", 12_540, "resolved"), 0),
        (("stranger", 12_540, "resolved"), 0),
        (("tester", 12_540, "resolved"), 0),
    ],
)
def test_a_feed_is_alive_by_an_event_of_its_type_half_an_hour_before_the_last_horizon_ended(
    store, rules, event, closed
):
    units = [
        ("late", 9_000, {}), ("mute", 10_700, {}), ("candidate", 9_000, {"arm": "candidate"}),
        ("stranger", 9_000, {"rollout": "other@1"}), ("tester", 9_000, {"forced": True}),
    ]  # fmt: skip
    assert result(store, rules, units, [event])[0] == closed


@pytest.mark.parametrize(
    ("mute", "closed"),
    [
        ((CLOSED - 1, {}), UNTIL),  # its hour ended while events came in
        ((CLOSED, {}), CLOSED),
        ((UNTIL - 1, {}), CLOSED),
        ((UNTIL, {}), UNTIL),  # not looked at yet
        ((CLOSED, {"arm": "candidate"}), UNTIL),
        ((CLOSED, {"forced": True}), UNTIL),
        ((CLOSED, {"rollout": "other@1"}), UNTIL),
    ],
)
def test_units_wait_where_one_of_the_silence_has_no_event(store, rules, mute, closed):
    units = [("heard", 5_000, {}), ("mute", *mute)]
    assert result(store, rules, units, [("heard", HEARD, "resolved")])[0] == closed


@pytest.mark.parametrize("at", [CLOSED - 1, NOW + 1])
def test_an_event_before_its_unit_or_of_the_future_is_none(store, rules, at):
    units = [("heard", 5_000, {}), ("mute", CLOSED, {})]
    assert result(store, rules, units, [("heard", HEARD, "resolved"), ("mute", at, "resolved")])[0] < UNTIL


@pytest.mark.parametrize(
    ("mute", "other", "overdue"),
    [
        # Half an hour beyond its hour at 10,740 s of exposure is 8,940 s.
        (8_939, (), True),
        (8_940, (), False),
        # Without exposures since the last event a day may pass.
        (5_900, (5_999, {}), False),
        (5_900, (HEARD + 1, {"arm": "candidate"}), True),
        (5_900, (HEARD + 1, {"forced": True}), False),
        (5_900, (HEARD + 1, {"rollout": "other@1"}), False),
        (5_900, (NOW, {}), False),
    ],
)
def test_a_silence_is_a_problem_half_an_hour_after_a_horizon_where_exposures_go_on(store, rules, mute, other, overdue):
    units = [("heard", 5_000, {}), ("mute", mute, {}), *([("other", *other)] if other else [])]
    assert result(store, rules, units, [("heard", HEARD, "resolved")]) == (CLOSED, overdue)
