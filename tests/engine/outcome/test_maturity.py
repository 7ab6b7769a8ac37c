"""A unit is judged at age horizon by the events it had by then; nothing before, nothing after."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.outcome import Answer, Events, Metric, MetricKind, Pick, Polarities, Polarity, Source, SourceKind, mature

DAY = 86400.0


def metric(horizon=14, default=Polarity.NEGATIVE, min_delay=0.0, pick=Pick.FIRST):
    return Metric(
        "replied", Source(SourceKind.OUTCOME, "reply"), MetricKind.RATE, "up", horizon * DAY, default, min_delay, pick
    )


def events(*rows):
    unit, day, answer = zip(*rows, strict=True) if rows else ((), (), ())
    return Events(np.array(unit, np.int64), np.array(day, float) * DAY, np.array(answer, np.int8))


def states(units, happened, rule, now):
    return mature(np.array(units, float) * DAY, happened, rule, now * DAY).state.tolist()


def test_a_unit_without_an_event_takes_the_default_at_its_horizon_and_not_before():
    assert states([0, 0], events(), metric(), 13.9) == [Answer.IMMATURE] * 2
    assert states([0, 0], events(), metric(), 14) == [Answer.NEGATIVE] * 2
    assert states([0], events(), metric(default=Polarity.POSITIVE), 14) == [Answer.POSITIVE]


def test_an_event_does_not_make_a_young_unit_mature():
    # Early events are not a random sample: 12 of 150 early positives would pool 300 decisions to .34 where .60 is true.
    assert states([0], events((0, 1, 1)), metric(), 5) == [Answer.IMMATURE]


def test_events_before_the_unit_and_after_its_horizon_do_not_count():
    seen = mature(np.array([10 * DAY]), events((0, 9, 1), (0, 25, 1)), metric(), 40 * DAY)
    assert (seen.state.tolist(), seen.before, seen.late) == ([Answer.NEGATIVE], 1, 1)
    assert seen.by_default.tolist() == [True]


def test_an_event_within_the_minimum_delay_is_a_machine_and_neutral():
    seen = mature(np.zeros(1), events((0, 0.00001, 1)), metric(min_delay=5.0), 20 * DAY)
    assert (seen.state.tolist(), seen.machine) == ([Answer.NEUTRAL], 1)
    both = mature(np.zeros(1), events((0, 0.00001, 1), (0, 3, 0)), metric(min_delay=5.0), 20 * DAY)
    assert both.state.tolist() == [Answer.NEGATIVE]


@pytest.mark.parametrize(("pick", "answer"), [(Pick.FIRST, 1), (Pick.LATEST, 0), (Pick.WORST, 0)])
def test_of_several_events_one_counts_by_the_rule(pick, answer):
    assert states([0], events((0, 1, 1), (0, 2, 0)), metric(pick=pick), 20) == [answer]


@given(st.permutations([(0, 1, 1), (0, 2, 0), (1, 1, 0), (1, 1, 1), (2, 3, 2), (-1, 4, 1)]), st.sampled_from(Pick))
def test_the_order_of_events_never_matters(rows, pick):
    units = [0, 0, 0, 0]
    in_order = states(units, events(*sorted(rows)), metric(pick=pick), 20)
    assert states(units, events(*rows), metric(pick=pick), 20) == in_order


def test_values_are_unknown_where_there_is_no_answer():
    seen = mature(np.array([0.0, 10.0, 0.0]) * DAY, events((0, 1, 1), (2, 1, 2)), metric(), 15 * DAY)
    np.testing.assert_array_equal(seen.value, [1, np.nan, np.nan])


def test_labels_without_a_table_are_truth_values_and_the_rest_is_unknown():
    table = Polarities()
    read = [table.of(label) for label in ("True", "FALSE", "0.0", "1", "", "nan", None, "no")]
    assert read == ["positive", "negative", "negative", "positive", "neutral", "neutral", "neutral", None]


def test_what_a_label_says_depends_on_the_verdict_it_followed():
    table = Polarities(
        {"opt_out": Polarity.NEGATIVE}, {("email_classify", "unsubscribe"): {"opt_out": Polarity.POSITIVE}}
    )
    assert table.of("opt_out", classifier="email_classify", verdict="unsubscribe") is Polarity.POSITIVE
    assert table.of("opt_out", classifier="email_classify", verdict="interested") is Polarity.NEGATIVE
    assert table.of("true", classifier="email_classify", verdict="unsubscribe", outcome="opt_out") is Polarity.POSITIVE
