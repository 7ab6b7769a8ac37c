"""Pooled comparisons over strata against published tables, statsmodels, and Simpson's paradox."""

import csv
import math
import os
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import StratifiedTable

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.strata.homogeneity import breslow_day
from seatrial.stats.strata.odds_ratio import cochran_mantel_haenszel, odds_ratio
from seatrial.stats.strata.risk_difference import mantel_haenszel, post_stratified
from seatrial.stats.strata.simpson import simpson
from seatrial.stats.strata.table import Strata

REPO_ROOT = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
DATA = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data"

# Bickel, Hammel and O'Connell 1975, as R datasets::UCBAdmissions: men, women admitted of applied in departments A to F.
UCB = Strata.of(
    [512, 353, 120, 138, 53, 22],
    [825, 560, 325, 417, 191, 373],
    [89, 17, 202, 131, 94, 24],
    [108, 25, 593, 375, 393, 341],
)
# Charig et al. 1986: open surgery against percutaneous, stones under and over 2 cm.
KIDNEY = Strata.of([81, 192], [87, 263], [234, 55], [270, 80])

STRATUM = st.tuples(st.integers(0, 9), st.integers(1, 9), st.integers(0, 9), st.integers(1, 9)).map(
    lambda s: (min(s[0], s[1]), s[1], min(s[2], s[3]), s[3])
)
STRATA = st.lists(STRATUM, min_size=1, max_size=6)


def of(rows):
    return Strata.of(*zip(*rows, strict=True))


def swapped(strata):
    return Strata.of(strata.x2, strata.n2, strata.x1, strata.n1)


def failed(strata):
    return Strata.of(strata.n1 - strata.x1, strata.n1, strata.n2 - strata.x2, strata.n2)


@pytest.mark.parametrize("strata", [pytest.param(UCB, id="mh.ucb")])
def test_berkeley_admissions_are_the_reference(strata):
    # statsmodels 0.15.0 StratifiedTable; odds ratio and CMH as in R's mantelhaen.test
    pooled = odds_ratio(strata)
    assert pooled.estimate == pytest.approx(0.9046968283, abs=1e-9)
    assert (pooled.interval.low, pooled.interval.high) == pytest.approx((0.7719073618, 1.0603297644), abs=1e-9)
    corrected, plain = cochran_mantel_haenszel(strata), cochran_mantel_haenszel(strata, correction=False)
    assert (corrected.statistic, corrected.p) == pytest.approx((1.4269462286, 0.2322634618), abs=1e-8)
    assert plain.statistic == pytest.approx(1.5246066604, abs=1e-9)
    alike = breslow_day(strata)
    assert (alike.statistic, alike.df, alike.p) == pytest.approx((18.8255137052, 5, 0.0020713903), abs=1e-9)
    a, b, c, d = strata.x1.sum(), (strata.n1 - strata.x1).sum(), strata.x2.sum(), (strata.n2 - strata.x2).sum()
    assert a * d / (b * c) == pytest.approx(1.8410800372, abs=1e-9)


def test_berkeley_looks_biased_by_fourteen_points_and_is_not():
    found = simpson(UCB)
    assert (found.crude, found.adjusted, found.error) == pytest.approx((0.1416, -0.0184, 0.0146), abs=5e-5)
    assert found.flagged


@pytest.mark.parametrize("strata", [pytest.param(KIDNEY, id="mh.kidney")])
def test_kidney_stones_are_the_reference(strata):
    found = mantel_haenszel(strata)
    assert (found.estimate, found.error) == pytest.approx((0.0538355702, 0.0333447973), abs=1e-9)
    assert odds_ratio(strata).estimate == pytest.approx(1.4468466249, abs=1e-9)
    assert cochran_mantel_haenszel(strata).p == pytest.approx(0.1481441485, abs=1e-9)
    crude = simpson(strata)
    assert crude.crude == pytest.approx(-0.0457142857, abs=1e-9)
    assert crude.flagged


@pytest.mark.parametrize(
    ("rates", "share"),
    [
        pytest.param((0.97, 0.88, 0.93), 0.5555556, id="simpson.seed-control"),
        pytest.param((0.96, 0.87, 0.95), 0.8888889, id="simpson.seed-treatment"),
    ],
)
def test_a_pooled_rate_implies_its_share_of_simple_traffic(rates, share):
    simple, complex_, pooled = rates
    assert (pooled - complex_) / (simple - complex_) == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(
    "strata",
    [
        # 9,000 a side at those shares: control 5,000 at .97 and 4,000 at .88, treatment 8,000 at .96 and 1,000 at .87
        pytest.param(Strata.of([7680, 870], [8000, 1000], [4850, 3520], [5000, 4000]), id="simpson.seed")
    ],
)
def test_a_treatment_a_point_worse_everywhere_looks_two_points_better_and_is_flagged(strata):
    found = simpson(strata)
    assert (found.crude, found.adjusted) == pytest.approx((0.02, -0.01), abs=1e-12)
    assert found.flagged


def test_the_same_mix_in_both_arms_is_never_flagged():
    found = simpson(Strata.of([90, 40], [100, 50], [80, 30], [100, 50]))
    assert found.crude == pytest.approx(found.adjusted)
    assert not found.flagged


@given(STRATA)
@settings(max_examples=60, deadline=None)
def test_statsmodels_says_the_same_where_it_answers(rows):
    tables = np.array([[[a, n - a], [c, m - c]] for a, n, c, m in rows], float).transpose(1, 2, 0)
    strata = of(rows)
    with np.errstate(all="ignore"):
        theirs = StratifiedTable(tables)
        pooled, log_error = theirs.oddsratio_pooled, theirs.logodds_pooled_se
        test = theirs.test_null_odds(correction=False)
    ours = odds_ratio(strata)
    if not isinstance(ours, CannotTell):
        assert (ours.estimate, ours.log_error) == pytest.approx((pooled, log_error), rel=1e-7)
    chi = cochran_mantel_haenszel(strata, correction=False)
    if not isinstance(chi, CannotTell):
        assert chi.statistic == pytest.approx(test.statistic, rel=1e-7, abs=1e-9)
    else:
        assert not np.isfinite(test.statistic)


def test_statsmodels_breslow_day_agrees_on_tables_with_room():
    rows = [(12, 30, 8, 25), (20, 40, 5, 30), (9, 15, 9, 20)]
    tables = np.array([[[a, n - a], [c, m - c]] for a, n, c, m in rows], float).transpose(1, 2, 0)
    theirs = StratifiedTable(tables).test_equal_odds()
    assert (breslow_day(of(rows)).statistic, breslow_day(of(rows)).p) == pytest.approx(
        (theirs.statistic, theirs.pvalue)
    )


@given(STRATA, st.randoms(use_true_random=False))
@example([(1, 1, 0, 1), (1, 1, 0, 2), (1, 1, 0, 1)], Random(1))
@settings(max_examples=60, deadline=None)
def test_swaps_mirror_and_the_order_of_strata_has_no_say(rows, random):
    strata = of(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    for pool in (mantel_haenszel, post_stratified):
        found = pool(strata)
        for other in (pool(swapped(strata)), pool(failed(strata))):
            assert (other.estimate, other.error) == pytest.approx((-found.estimate, found.error), abs=1e-12)
        assert pool(of(shuffled)).estimate == pytest.approx(found.estimate, abs=1e-12)
        assert -1 <= found.estimate <= 1
    ratio, flipped = odds_ratio(strata), odds_ratio(swapped(strata))
    assert isinstance(ratio, CannotTell) == isinstance(flipped, CannotTell)
    if not isinstance(ratio, CannotTell):
        assert flipped.estimate == pytest.approx(1 / ratio.estimate)
        alike, mirrored = breslow_day(strata), breslow_day(swapped(strata))
        if not isinstance(alike, CannotTell) and not isinstance(mirrored, CannotTell):
            assert mirrored.statistic == pytest.approx(alike.statistic, rel=1e-6, abs=1e-9)


def test_one_stratum_is_its_own_pool():
    found = mantel_haenszel(Strata.of([8], [10], [5], [10]))
    # .3, error sqrt(.16/10 + .25/10)
    assert (found.estimate, found.error) == pytest.approx((0.3, math.sqrt(0.041)))
    assert post_stratified(Strata.of([8], [10], [5], [10])) == found


def test_post_stratification_weighs_by_the_population_and_can_be_told_another():
    # differences .2 and -.2; own shares 20:180 -> -.16; a population half and half -> 0
    strata = Strata.of([8, 30], [10, 90], [6, 48], [10, 90])
    assert post_stratified(strata).estimate == pytest.approx(0.1 * 0.2 + 0.9 * -0.2)
    assert post_stratified(strata, [0.5, 0.5]).estimate == pytest.approx(0.0)


def test_the_pooled_difference_covers():
    # 1,500 runs, common difference -.05, unbalanced arms: .95 +- 3.3 x sqrt(.95 x .05 / 1500) = .0186
    rng, runs = np.random.default_rng(8), 1500
    n1, n2, base = np.array([200, 100, 40, 20]), np.array([50, 100, 80, 100]), np.array([0.9, 0.7, 0.5, 0.3])
    covered = [0, 0]
    for _ in range(runs):
        strata = Strata.of(rng.binomial(n1, base - 0.05), n1, rng.binomial(n2, base), n2)
        for i, pool in enumerate((mantel_haenszel, post_stratified)):
            covered[i] += -0.05 in pool(strata).interval
    assert np.array(covered) / runs == pytest.approx(np.array([0.95, 0.95]), abs=0.0186)


def test_a_stratum_in_one_arm_only_is_dropped_and_counted_or_refused():
    strata = Strata.of([8, 5], [10, 9], [5, 0], [10, 0])
    assert (mantel_haenszel(strata).strata, mantel_haenszel(strata).dropped) == (1, 1)
    assert isinstance(post_stratified(strata), CannotTell)
    assert isinstance(simpson(strata), CannotTell)
    assert post_stratified(strata, [1.0, 0.0]).dropped == 1


def test_nothing_to_compare_is_cannot_tell():
    nothing, apart = Strata.of([], [], [], []), Strata.of([1, 0], [2, 0], [0, 1], [0, 2])
    for strata in (nothing, apart):
        for call in (mantel_haenszel, post_stratified, odds_ratio, cochran_mantel_haenszel, breslow_day, simpson):
            assert isinstance(call(strata), CannotTell)


def test_zero_margins_are_cannot_tell_or_an_estimate_without_an_interval():
    certain = Strata.of([5, 7], [5, 7], [0, 0], [6, 4])
    found = mantel_haenszel(certain)
    assert (found.estimate, found.error) == (1.0, 0.0)
    assert isinstance(found.interval, CannotTell)
    for call in (odds_ratio, breslow_day, simpson):
        assert isinstance(call(certain), CannotTell)
    assert isinstance(cochran_mantel_haenszel(Strata.of([5], [5], [6], [6])), CannotTell)


def test_a_thousand_million_trials_are_as_good_as_ten():
    big = Strata.of([5e8, 9e8], [1e9, 1e9], [4.9e8, 8.9e8], [1e9, 1e9])
    assert mantel_haenszel(big).estimate == pytest.approx(0.01)
    assert isinstance(odds_ratio(big).interval, Interval)
    assert breslow_day(big).p < 1e-6


@pytest.mark.parametrize(
    "counts",
    [
        ([3], [2], [1], [2]),
        ([-1], [2], [1], [2]),
        ([1], [2], [math.nan], [2]),
        ([1, 1], [2], [1], [2]),
        ([1], [2], [1], [math.inf]),
    ],
)
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match=r"must|more successes"):
        Strata.of(*counts)


@pytest.mark.parametrize("weights", [[0.5, 0.4], [1.0], [1.5, -0.5], [math.nan, 1.0]])
def test_weights_that_are_no_population_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        post_stratified(KIDNEY, weights)


def test_an_impossible_level_is_refused():
    for call in (mantel_haenszel, odds_ratio, lambda s, level: post_stratified(s, None, level)):
        with pytest.raises(ValueError, match="level"):
            call(KIDNEY, 1.0)


@pytest.mark.external
def test_the_admissions_file_holds_the_table_above():
    path = DATA / "outcomes" / "ucb_admissions.csv"
    if not path.exists():
        pytest.skip("real outcomes are absent; SEATRIAL_SHARED names their folder")
    seen: dict[tuple[str, str, str], int] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            key = row["Dept"], row["Gender"], row["Admit"]
            seen[key] = seen.get(key, 0) + int(row["Freq"])
    admitted = {sex: [seen[dept, sex, "Admitted"] for dept in "ABCDEF"] for sex in ("Male", "Female")}
    applied = {
        sex: [x + seen[dept, sex, "Rejected"] for x, dept in zip(admitted[sex], "ABCDEF", strict=True)]
        for sex in admitted
    }
    found = Strata.of(admitted["Male"], applied["Male"], admitted["Female"], applied["Female"])
    assert mantel_haenszel(found) == mantel_haenszel(UCB)
