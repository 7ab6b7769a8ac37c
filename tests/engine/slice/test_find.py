"""Find: what it names, what it leaves alone, and how often it is wrong."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.errors import UsageError
from seatrial.slice.difference import Differences
from seatrial.slice.features import Column
from seatrial.slice.features_source import Given
from seatrial.slice.find import find

RNG_SEED = 20_261_120


def runs(simulated, times, n, **truth):
    rng = np.random.default_rng(RNG_SEED)
    for _ in range(times):
        compared, known, _ = simulated(rng, n, **truth)
        yield find(compared, known, draws=400)


def test_a_known_value_of_the_adjusted_p(field, compared):
    # 16 examples of 32 in the slice `a`, 5 of them broke, nothing else moved. Every slice that holds all five has the same
    # statistic 5 / sqrt(5); the largest of all is that only when all five signs point down, 1 in 32, or the complement
    # moves, which it cannot: p = 1 / 32.
    before = [1.0] * 32
    after = [0.0] * 5 + [1.0] * 27
    found = find(compared(before, after), Given((field("a", [True] * 16 + [False] * 16),)), draws=40_000)
    (family,) = found.families
    assert (family.speaker.name, family.speaker.n, family.speaker.regressed) == ("a=true", 16, 5)
    # z = 3.29: a 99.9 % band of the Monte Carlo share
    assert abs(family.speaker.p - 1 / 32) < 3.29 * math.sqrt(1 / 32 * 31 / 32 / 40_000)
    assert (found.difference, family.speaker.difference, family.speaker.outside) == (-5 / 32, -5 / 16, 0.0)


def test_what_did_not_move_is_not_found(field, compared):
    found = find(compared([1.0] * 40, [1.0] * 40), Given((field("a", [True] * 20 + [False] * 20),)))
    assert found.families == ()
    assert [(one.n, one.loss is not None) for one in found.visible] == [(8, True), (10, True), (20, True)]


def test_a_gain_is_not_a_loss(field, compared):
    found = find(compared([0.0] * 40, [1.0] * 20 + [0.0] * 20), Given((field("a", [True] * 20 + [False] * 20),)))
    assert found.families == ()


def test_a_pair_that_alone_lost_speaks_for_its_singles(simulated):
    found = next(runs(simulated, 1, 400, missing_cells=0.6, pair=True))
    first = found.families[0]
    assert first.speaker.features == ("language=en", "tier=pro")
    assert len(found.families) == 1
    assert {"language=en", "tier=pro"} <= {one.name for one in first.others}


def test_a_single_that_lost_everywhere_speaks_for_its_pairs(simulated):
    found = next(runs(simulated, 1, 400, missing_cells=0.6))
    assert [family.speaker.name for family in found.families] == ["language=fr"]
    assert all("language=fr" in one.features or one.n > 60 for one in found.families[0].others)


def test_two_slices_that_lost_are_two_families(field, compared):
    n = 240
    a, b = np.arange(n) < 40, np.arange(n) >= 200
    after = np.ones(n)
    after[:30] = 0
    after[-28:] = 0
    found = find(compared(np.ones(n), after), Given((field("a", a.tolist()), field("b", b.tolist()))))
    assert [family.speaker.name for family in found.families] == ["a=true", "b=true"]


def test_a_loss_everywhere_is_said_to_be_everywhere(simulated, compared):
    rng = np.random.default_rng(3)
    case, known, _ = simulated(rng, 300, churn=0)
    found = find(compared(case.before, np.where(rng.random(300) < 0.3, 0.0, case.before)), known)
    assert found.families
    assert "no slice stands out from the others: the loss is everywhere, not in a segment" in found.notes


def test_an_example_the_baseline_failed_does_not_excuse_the_rest_of_its_slice(field, compared):
    # Everything with two calls broke. Among them the baseline had failed all with many functions: these could not break,
    # and "few functions" is no part of the story.
    calls = np.arange(200) < 80
    functions = np.where(np.arange(200) < 20, 5, np.arange(200) % 3 + 1)
    before = np.ones(200)
    before[:19] = 0
    before[100:120] = 0
    known = Given((field("calls", np.where(calls, 2, 1).tolist()), field("functions", functions.tolist())))
    found = find(compared(before, np.where(calls, 0.0, before)), known)
    assert found.families[0].speaker.name == "calls ≥ 2"


def test_a_cluster_is_one_unit(field, compared):
    # 10 clusters of 10 examples each: 3 clusters broke whole. As examples that would be 30 losses beyond any doubt; as
    # clusters it is three coins, at best p = 1 / 8.
    cluster = np.arange(200) // 10
    after = np.where(cluster < 3, 0.0, 1.0)
    known = Given((field("a", (cluster < 10).tolist()),))
    assert len(find(compared(np.ones(200), after), known).families) == 1
    clustered = find(compared(np.ones(200), after, cluster), known)
    assert (clustered.n, clustered.unit, clustered.families) == (20, "cluster", ())


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_the_answer_is_a_function_of_the_evidence(seed):
    rng = np.random.default_rng(seed)
    before, after = rng.integers(0, 2, 60), rng.integers(0, 2, 60)
    columns = [Column(name, tuple(rng.integers(0, 3, 60).tolist()), "field", f"inputs.{name}") for name in "abc"]
    case = Differences(
        "score",
        "v1",
        "v2",
        "x",
        tuple(map(str, range(60))),
        before.astype(float),
        after.astype(float),
        np.arange(60),
        (),
    )
    first = find(case, Given(tuple(columns)), draws=100)
    assert find(case, Given(tuple(reversed(columns))), draws=100) == first
    assert 0 <= first.seed < 2**53


def test_a_column_nothing_is_asked_of_is_said(field, compared):
    columns = (field("odd", [1, "a"] * 20), field("same", [1] * 40), field("a", [True, False] * 20))
    notes = find(compared([1] * 40, [1] * 40), Given(columns)).notes
    assert notes == ("nothing is asked of odd: values of a kind, or of several kinds, that no feature is made of",)


def test_a_given_seed_is_used_and_said(simulated):
    compared, known, _ = simulated(np.random.default_rng(1), 100)
    assert find(compared, known, draws=50, seed=7).seed == 7


def test_no_testable_slice_is_a_sentence(field, compared):
    with pytest.raises(UsageError, match="no feature parts the 10 examples into a slice of 8 or more"):
        find(compared([1] * 10, [0] * 10), Given((field("a", [True, False] * 5),)))


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 0.00001, float("nan")])
def test_an_alpha_that_is_no_rate_is_refused(field, compared, alpha):
    with pytest.raises(UsageError, match=r"choose a rate from 0\.0001 to under 1"):
        find(compared([1] * 40, [0] * 40), Given((field("a", [True, False] * 20),)), alpha=alpha)


def test_a_small_alpha_has_flips_enough_to_be_reached(field, compared):
    after = [0.0] * 20 + [1.0] * 40
    known = Given((field("a", [True] * 20 + [False] * 40),))
    found = find(compared([1.0] * 60, after), known, alpha=0.001)
    assert found.draws == 20_000
    assert [family.speaker.name for family in found.families] == ["a=true"]


# ---------------------------------------------------------------- measured error rates; z = 3.29 bands, 99.9 %


def test_an_unchanged_candidate_gets_a_slice_at_most_a_tenth_of_the_time(simulated):
    times = 50
    any_found = sum(bool(found.families) for found in runs(simulated, times, 200, churn=0.15))
    assert any_found <= 0.10 * times + 3.29 * math.sqrt(0.10 * 0.90 * times)


@pytest.mark.parametrize(("n", "power"), [(150, 0.77), (300, 0.99)])
def test_a_slice_of_15_percent_that_lost_40_points_is_found(simulated, n, power):
    # measured over 1,000 runs with 1,000 sign flips
    times = 40
    hits = sum(
        "language=fr" in {one.name for family in found.families for one in (family.speaker, *family.others)}
        for found in runs(simulated, times, n, missing_cells=0.40)
    )
    assert hits >= power * times - 3.29 * math.sqrt(power * (1 - power) * times)
