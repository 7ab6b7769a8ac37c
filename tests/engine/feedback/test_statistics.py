"""The numbers of the gate: joins, sums, tails, wealth, weights; what a calibrated classifier may suffer."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from seatrial.feedback.calibration_error import debiased_squared_error
from seatrial.feedback.cells import Cell, Histogram, RowKey, Year, cells_of
from seatrial.feedback.decide import decide
from seatrial.feedback.evidence import collect
from seatrial.feedback.family import SHARES, family
from seatrial.feedback.join import BEFORE, NO_DECISION, counted, last_decision
from seatrial.feedback.rules import FeedbackRules
from seatrial.feedback.suspicion import bennett, bets, edgeworth, evidence, simulated, sums, tail
from seatrial.feedback.units import Units
from seatrial.feedback.year import year_at
from seatrial.gate.family import class_shares
from seatrial.stats.calibration.overconfidence import OverConfidence, update
from seatrial.stats.calibration.spiegelhalter import spiegelhalter
from seatrial.table import Codes
from seatrial.verdict import Verdict

DAY = 86400.0


def of(p, y):
    total = {name: float(values.sum()) for name, values in sums(np.asarray(p, float), np.asarray(y, float)).items()}
    return total["shortfall"], total["variance"], total["third"]


def units(p, y, segment=None, day=None):
    n = len(p)
    index = np.zeros(n, np.int32) if segment is None else np.asarray(segment, np.int32)
    names = tuple(f"s{i}" for i in range(int(index.max()) + 1))
    return Units(
        "made", Codes(("c",), np.zeros(n, np.int32)), Codes((), np.full(n, -1, np.int32)), np.asarray(p, float),
        np.asarray(y, np.int8), np.zeros(n, bool), np.zeros(n) if day is None else np.asarray(day) * DAY,
        {"group": Codes(names, index)},
    )  # fmt: skip


def verdict(made, year=None, **rules):
    setting = FeedbackRules(**rules)
    return decide([collect(made, setting, year)], setting, year=year)


events = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), max_size=12)


@given(events, events)
def test_an_event_belongs_to_the_last_decision_at_or_before_it(decisions, happened):
    thread, at = (np.array([row[i] for row in decisions], float) for i in (0, 1))
    event_thread, event_at = (np.array([row[i] for row in happened], float) for i in (0, 1))
    found = last_decision(thread.astype(int), at, event_thread.astype(int), event_at)
    for (t, when), place in zip(happened, found.tolist(), strict=True):
        mine = [(a, i) for i, (other, a) in enumerate(decisions) if other == t]
        earlier = [pair for pair in mine if pair[0] <= when]
        assert place == (max(earlier)[1] if earlier else BEFORE if mine else NO_DECISION)


def test_of_several_decisions_in_a_thread_one_counts():
    thread, at = np.array([0, 0, 1, -1, -1]), np.array([5.0, 3.0, 1.0, 2.0, 2.0])
    assert counted(thread, at, "latest").tolist() == [True, False, True, True, True]
    assert counted(thread, at, "first").tolist() == [False, True, True, True, True]
    assert counted(thread, at, "all").all()


def test_the_statistic_is_spiegelhalters():
    rng = np.random.default_rng(3)
    p = rng.uniform(0.2, 0.95, 700)
    y = (rng.random(700) < p - 0.05).astype(float)
    shortfall, variance, _ = of(p, y)
    assert shortfall / math.sqrt(variance) == pytest.approx(spiegelhalter(p, y, "too-few-positives").z, rel=1e-12)


def test_the_third_moment_is_the_one_of_every_answer_enumerated():
    p = np.array([0.9, 0.7, 0.3, 0.98])
    moments = np.zeros(3)
    for y in product((0.0, 1.0), repeat=4):
        chance = np.prod(np.where(np.array(y) == 1, p, 1 - p))
        s = of(p, y)[0]
        moments += chance * np.array([s, s**2, s**3])
    _, variance, third = of(p, np.zeros(4))
    np.testing.assert_allclose(moments, [0, variance, third], atol=1e-15)


def test_tails_agree_with_every_answer_enumerated():
    p = np.array([0.95, 0.9, 0.85, 0.8, 0.9, 0.75, 0.6, 0.97, 0.92, 0.55])
    y = np.array([0, 1, 1, 0, 1, 1, 1, 1, 1, 1.0])
    seen = of(p, y)[0]
    exact = sum(
        float(np.prod(np.where(np.array(other) == 1, p, 1 - p)))
        for other in product((0.0, 1.0), repeat=10)
        if of(p, other)[0] >= seen - 1e-12
    )
    # 100 or more draws at or beyond: a relative error of .1 is one standard error.
    assert simulated(p, y, 0.001, 0.5) == pytest.approx(exact, rel=0.3)
    assert bennett(*of(p, y)[:2]) > exact


def test_edgeworth_agrees_with_the_binomial_where_the_normal_law_does_not():
    # 1,000 decisions at .9 with 120 failures: mid-p of the binomial law; the normal law misses it by 13 %.
    p = np.full(1000, 0.9)
    y = np.array([0.0] * 120 + [1.0] * 880)
    at_least, more = special.bdtrc(119, 1000, 0.1), special.bdtrc(120, 1000, 0.1)
    shortfall, variance, third = of(p, y)
    assert edgeworth(shortfall, variance, third) == pytest.approx((at_least + more) / 2, rel=0.03)
    assert special.ndtr(-shortfall / math.sqrt(variance)) < 0.92 * (at_least + more) / 2


def test_the_order_of_rows_and_names_do_not_reroll_the_draws():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.5, 0.99, 80)
    y = (rng.random(80) < p - 0.1).astype(float)
    order = rng.permutation(80)
    assert simulated(p, y, 0.01, 0.2) == simulated(p[order], y[order], 0.01, 0.2)


def test_confidences_of_one_half_say_nothing():
    assert tail(20, *of(np.full(20, 0.5), np.zeros(20)), 0.05, 1.0, lambda: (np.full(20, 0.5), np.zeros(20))) is None
    # Its band (.5 to .7) is asked instead and flagged.
    assert verdict(units([0.5] * 40, [0] * 40)).verdict is Verdict.FAIL
    assert verdict(units([0.5] * 40, [1, 0] * 20)).verdict is Verdict.PASS


def test_wealth_is_the_one_of_the_statistics_room():
    rng = np.random.default_rng(5)
    p, y = rng.uniform(0.5, 0.99, 300), (rng.random(300) < 0.7).astype(float)
    wealth = np.sum(bets(p, y), axis=1)
    np.testing.assert_allclose(wealth, update(OverConfidence(), p, y).log_wealth, rtol=1e-9)


def test_a_fall_late_in_the_year_is_seen_although_the_year_began_well():
    day = np.repeat(np.arange(300), 20)
    p = np.full(day.size, 0.85)
    rate = np.where(day < 200, 0.9, 0.7)
    y = (np.random.default_rng(2).random(day.size) < rate).astype(float)
    wealth = np.cumsum([np.bincount(day, grown) for grown in bets(p, y)], axis=1).T
    path = evidence(wealth)
    first = int(np.flatnonzero(path >= math.log(1 / 0.05))[0])
    assert 200 < first < 220
    plain = wealth.max(axis=1)
    assert first < int(np.flatnonzero(plain >= math.log(5 / 0.05))[0])


def test_weights_sum_to_one_and_a_thin_row_leaves_before_its_answers_are_seen():
    p, y = np.full(300, 0.85), np.ones(300)
    segment = np.array([0] * 200 + [1] * 95 + [2] * 5)
    cells = cells_of(units(p, y, segment), FeedbackRules(), None)
    tests = family(cells, FeedbackRules(critical=("group=s1",)))
    assert sum(test.weight for test in tests) == pytest.approx(1)
    by_row = {test.cell.key.segment: 0.0 for test in tests}
    for test in tests:
        by_row[test.cell.key.segment] += test.weight
    assert by_row == pytest.approx({"overall": 0.2, "group=s0": 0.3, "group=s1": 0.5})


@pytest.mark.parametrize(
    ("sizes", "shares"),
    [
        ({"overall": 1, "critical": 0, "rest": 0}, {"overall": 1.0}),
        ({"overall": 1, "critical": 0, "rest": 4}, {"overall": 0.2, "rest": 0.8}),
        ({"overall": 1, "critical": 2, "rest": 0}, {"overall": 0.2, "critical": 0.8}),
        ({"overall": 0, "critical": 2, "rest": 1}, {"critical": 0.6, "rest": 0.4}),
    ],
)
def test_a_class_without_rows_leaves_its_share_to_the_others(sizes, shares):
    assert class_shares(SHARES, (name for name, size in sizes.items() if size)) == pytest.approx(shares)


def test_the_debiased_error_of_a_perfect_scorer_is_nothing_in_the_mean():
    rng = np.random.default_rng(7)
    errors = []
    for _ in range(200):
        p = rng.uniform(0, 1, 200)
        y = (rng.random(200) < p).astype(float)
        at = np.minimum((p * 100).astype(int), 99)
        errors.append(debiased_squared_error(Histogram("c", *(np.bincount(at, w, 100) for w in (np.ones(200), y, p)))))
    assert abs(float(np.mean(errors))) < 3 * float(np.std(errors)) / math.sqrt(200)


@pytest.mark.parametrize(
    ("begins", "now", "begin", "days"),
    [
        ("01-01", "2026-03-01", "2026-01-01", 60),
        ("07-01", "2026-03-01", "2025-07-01", 244),
        ("2015-10-01", "2015-10-02", "2015-10-01", 2),
    ],
)
def test_the_year_begins_on_its_day(begins, now, begin, days):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp()
    assert year_at(at, begins) == Year(datetime.fromisoformat(begin).replace(tzinfo=UTC).timestamp(), days)


def false_flags(rng, runs, n, segments):
    flagged = 0
    for _ in range(runs):
        p = rng.beta(6, 1.5, n)
        y = (rng.random(n) < p).astype(int)
        segment = rng.integers(0, segments, n)
        flagged += verdict(units(p, y, segment), min_n=10).verdict is Verdict.FAIL
    return flagged / runs


@pytest.mark.parametrize(("n", "segments"), [(100, 5)])
def test_a_calibrated_classifier_is_flagged_in_few_windows(n, segments):
    # alpha .05 and 100 runs: .05 + 3 SE = .115; a plain normal law gives .097 here in the long run.
    assert false_flags(np.random.default_rng(11), 100, n, segments) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 100)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "segments"), list(product((100, 1_000), (1, 5, 20))))
def test_a_calibrated_classifier_is_flagged_in_at_most_alpha_of_a_thousand_windows(n, segments):
    assert false_flags(np.random.default_rng([n, segments]), 1_000, n, segments) <= 0.05 + 3 * math.sqrt(
        0.05 * 0.95 / 1_000
    )


def false_years(rng, runs, daily=8, days=365):
    """Share of calibrated years flagged on some night, and of the same years by "ECE < .05" on some night."""
    ours = ece = 0
    for _ in range(runs):
        n = daily * days
        p, day = rng.beta(6, 1.5, n), np.repeat(np.arange(days), daily)
        y = (rng.random(n) < p).astype(int)
        made = units(p, y, rng.integers(0, 5, n), day)
        rules = FeedbackRules()
        tests = family(cells_of(made, rules, Year(0.0, days)), rules)
        paths = [
            (test, evidence(test.cell.days if test.band < 0 else test.cell.band_days[test.band])) for test in tests
        ]
        ours += any(path.max() >= -math.log(rules.alpha * test.weight) for test, path in paths)
        bins = np.minimum((p * 10).astype(int), 9)
        gap = np.zeros((days, 10))
        np.add.at(gap, (day, bins), p - y)
        gaps = np.abs(np.cumsum(gap, axis=0)).sum(axis=1) / ((np.arange(days) + 1) * daily)
        ece += bool((gaps[13:] > 0.05).any())
    return ours / runs, ece / runs


def test_a_calibrated_classifier_is_flagged_in_few_nightly_years():
    ours, ece = false_years(np.random.default_rng(13), 20)
    assert ours <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 20)
    assert ece >= 0.5  # the plain gate is red on some night of most years


@pytest.mark.slow
def test_a_calibrated_classifier_is_flagged_in_at_most_alpha_of_a_thousand_years():
    ours, ece = false_years(np.random.default_rng(17), 1_000)
    assert ours <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1_000)
    assert ece >= 0.5


def test_rows_name_what_they_are_about():
    assert RowKey("c").segment == "overall"
    assert RowKey("c", "unsubscribe", "tier", "pro").segment == "verdict=unsubscribe · tier=pro"
    assert isinstance(cells_of(units([0.8], [1]), FeedbackRules(), None)[0], Cell)
