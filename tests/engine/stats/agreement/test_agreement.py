"""Agreement coefficients against published tables, statsmodels, their definitions, and real judges."""

import csv
import gzip
import itertools
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from seatrial.stats.agreement.gwet import gwet_ac1
from seatrial.stats.agreement.kappa import cohen_kappa
from seatrial.stats.agreement.krippendorff import krippendorff_alpha
from seatrial.stats.agreement.recall import recall
from seatrial.stats.agreement.resampled import resampled_agreement
from seatrial.stats.agreement.table import cross, raw_agreement
from seatrial.stats.interval import CannotTell, Interval

REPO_ROOT = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
JUDGE = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data" / "judge"

TABLE = [[20, 5], [10, 15]]
PARADOX = [[118, 5], [2, 0]]  # Gwet 2008
# Krippendorff's example with three coders and fifteen units, * = no rating.
CODERS = [
    "* * * * * 3 4 1 2 1 1 3 3 * 3",
    "1 * 2 1 3 3 4 3 * * * * * * *",
    "* * 2 1 3 4 4 * 2 1 1 3 3 * 4",
]
RATINGS = [[None if x == "*" else int(x) for x in row.split()] for row in CODERS]

COUNTS = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 12), min_size=k, max_size=k), min_size=k, max_size=k)
)


def rows(table):
    """The two raters' labels behind a table."""
    pairs = [(i, j) for i, line in enumerate(table) for j, n in enumerate(line) for _ in range(n)]
    return [i for i, _ in pairs], [j for _, j in pairs]


@pytest.mark.parametrize("table", [pytest.param(TABLE, id="kappa.1")])
def test_the_reference_table_has_its_coefficients(table):
    # po .7, pe .5 -> .4; statsmodels 0.15.0, irrCAC 0.4.4, krippendorff 0.9.0
    kappa = cohen_kappa(table)
    assert (kappa.estimate, kappa.error) == pytest.approx((0.4, 0.1269960629), abs=1e-9)
    assert (kappa.interval.low, kappa.interval.high) == pytest.approx((0.1510922905, 0.6489077095), abs=1e-9)
    ac1, of_2008 = gwet_ac1(table), gwet_ac1(table, convention="n")
    assert ac1.estimate == pytest.approx(0.4059405941, abs=1e-9)
    assert ac1.error == pytest.approx(0.13147, abs=5e-6)
    assert of_2008.error == pytest.approx(0.1301517176, abs=1e-9)
    assert krippendorff_alpha(rows(table), "nominal").estimate == pytest.approx(0.4, abs=1e-9)


@pytest.mark.parametrize("table", [pytest.param(PARADOX, id="kappa.paradox")])
def test_the_paradox_table_shows_why_one_coefficient_is_not_enough(table):
    assert raw_agreement(table) == pytest.approx(0.944)
    assert cohen_kappa(table).estimate == pytest.approx(-0.0233918129, abs=1e-9)
    ac1 = gwet_ac1(table)
    assert ac1.estimate == pytest.approx(0.9407763376, abs=1e-9)
    assert (ac1.interval.low, ac1.interval.high) == pytest.approx((0.89514, 0.98641), abs=5e-6)
    assert krippendorff_alpha(rows(table), "nominal").estimate == pytest.approx(-0.024691358, abs=1e-9)
    # and what AC1 hides: none of the two bad ones is found; one-sided upper reach of 0 of 2 leaves the floor at 0
    missed = recall(table[1][1], sum(table[1]))
    assert (missed.estimate, missed.lower) == (0.0, 0.0)


@pytest.mark.parametrize("ratings", [pytest.param(RATINGS, id="kripp.wiki")])
def test_the_published_alphas_are_met(ratings):
    # published .691 and .811; krippendorff 0.9.0 for the digits
    expected = {"nominal": 0.6913580247, "interval": 0.8108448928, "ordinal": 0.8067214199}
    found = {scale: krippendorff_alpha(ratings, scale).estimate for scale in expected}
    assert found == pytest.approx(expected, abs=1e-9)
    as_floats = [[math.nan if x is None else float(x) for x in row] for row in ratings]
    assert krippendorff_alpha(np.array(as_floats), "ordinal").estimate == pytest.approx(expected["ordinal"], abs=1e-9)
    # three of fifteen units have one rating or none: 12 pairable units, 10 x 2 + 2 x 3 = 26 values
    assert (krippendorff_alpha(ratings, "nominal").units, krippendorff_alpha(ratings, "nominal").values) == (12, 26)


@given(COUNTS, st.sampled_from(["none", "linear", "quadratic"]))
@settings(max_examples=60, deadline=None)
def test_statsmodels_has_the_same_kappa_and_error(table, weights):
    ours = cohen_kappa(table, weights)
    if isinstance(ours, CannotTell):
        return
    with np.errstate(all="ignore"):
        theirs = cohens_kappa(np.array(table), wt=None if weights == "none" else weights)
    assert ours.estimate == pytest.approx(theirs.kappa, abs=1e-9)
    assert ours.error == pytest.approx(math.sqrt(max(0.0, theirs.var_kappa)), abs=1e-7)


@given(COUNTS, st.data())
@settings(max_examples=60, deadline=None)
def test_raters_may_swap_and_labels_may_be_renamed(table, data):
    counts = np.array(table)
    order = data.draw(st.permutations(range(len(table))))
    for coefficient in (cohen_kappa, gwet_ac1):
        found, swapped = coefficient(counts), coefficient(counts.T)
        renamed = coefficient(counts[np.ix_(order, order)])
        if isinstance(found, CannotTell):
            assert isinstance(swapped, CannotTell)
            assert isinstance(renamed, CannotTell)
            continue
        for other in (swapped, renamed):
            # An error is the root of a variance: what is 1e-16 of rounding there is 1e-8 here.
            assert (other.estimate, other.error) == pytest.approx((found.estimate, found.error), abs=1e-7)
        assert found.estimate <= 1 + 1e-12


@given(COUNTS, st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_one_more_agreement_never_lowers_the_raw_share(table, at):
    counts = np.array(table, float)
    more = counts.copy()
    more[at % len(table), at % len(table)] += 1
    before, after = raw_agreement(counts), raw_agreement(more)
    if not isinstance(before, CannotTell):
        assert after >= before


def by_definition(ratings, distance):
    """Alpha from every ordered pair, straight from the book."""
    units = [[row[u] for row in ratings if row[u] is not None] for u in range(len(ratings[0]))]
    units = [unit for unit in units if len(unit) > 1]
    values = [v for unit in units for v in unit]
    seen = sum(sum(distance(a, b) for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units)
    due = sum(distance(a, b) for a, b in itertools.permutations(values, 2)) / (len(values) - 1)
    return None if due == 0 else 1 - seen / due


RATED = st.integers(2, 4).flatmap(
    lambda raters: st.integers(1, 7).flatmap(
        lambda units: st.lists(
            st.lists(st.sampled_from([None, 1, 2, 3, 7]), min_size=units, max_size=units),
            min_size=raters,
            max_size=raters,
        )
    )
)


@given(RATED)
@settings(max_examples=80, deadline=None)
def test_alpha_is_its_definition_over_all_pairs(ratings):
    for scale, distance in (("nominal", lambda a, b: float(a != b)), ("interval", lambda a, b: float((a - b) ** 2))):
        found, expected = krippendorff_alpha(ratings, scale), None
        if any(sum(row[u] is not None for row in ratings) > 1 for u in range(len(ratings[0]))):
            expected = by_definition(ratings, distance)
        if expected is None:
            assert isinstance(found, CannotTell)
        else:
            assert found.estimate == pytest.approx(expected, abs=1e-9)
            shuffled = [row[::-1] for row in ratings[::-1]]
            assert krippendorff_alpha(shuffled, scale).estimate == pytest.approx(expected, abs=1e-9)


def test_ordinal_alpha_sees_ranks_only():
    stretched = [[None if x is None else 10.0**x for x in row] for row in RATINGS]
    assert krippendorff_alpha(stretched, "ordinal").estimate == pytest.approx(
        krippendorff_alpha(RATINGS, "ordinal").estimate
    )
    assert krippendorff_alpha(stretched, "interval").estimate != pytest.approx(
        krippendorff_alpha(RATINGS, "interval").estimate, abs=0.01
    )


def test_the_bootstrap_interval_of_alpha_is_near_that_of_kappa_on_the_same_table():
    found = krippendorff_alpha(rows(TABLE), "nominal", np.random.default_rng(0))
    assert (found.interval.low, found.interval.high) == pytest.approx((0.151, 0.649), abs=0.05)
    second_stage = krippendorff_alpha(rows(TABLE), "nominal", np.random.default_rng(0))
    assert second_stage == found
    assert isinstance(krippendorff_alpha(rows(TABLE), "nominal").interval, CannotTell)


def test_the_intervals_cover_where_labels_are_balanced():
    # 1,200 runs of 100 items, [[.4, .1], [.2, .3]]: .95 +- .021 (z 3.3). At 50 items and a rare class of .1 the same count is .83 for
    # kappa and .89 for AC1: both are large-sample errors.
    rng, runs, p = np.random.default_rng(6), 1200, np.array([0.4, 0.1, 0.2, 0.3])
    covered = np.zeros(2)
    for _ in range(runs):
        table = rng.multinomial(100, p).reshape(2, 2)
        covered += [0.4 in cohen_kappa(table).interval, 41 / 101 in gwet_ac1(table).interval]
    assert covered / runs == pytest.approx(np.array([0.95, 0.95]), abs=0.021)


# A judge that finds .8 of a class of one tenth and calls .05 of the rest so: kappa .675, AC1 .919.
RARE = np.array([[0.08, 0.02], [0.045, 0.855]])


@pytest.mark.parametrize("measure", ["kappa", "ac1"])
def test_the_bootstrap_covers_where_a_class_is_rare_and_the_large_sample_error_does_not(measure):
    # 800 runs of 50 items; z = 3.3 of a share is .025 at .95 and .04 at .86. Large-sample: .91 for kappa (578 of 600 have one
    # at all) and .86 for AC1.
    rng, runs, plain = np.random.default_rng(8), 800, {"kappa": cohen_kappa, "ac1": gwet_ac1}[measure]
    truth = plain(1e6 * RARE).estimate
    covered = np.zeros(2)
    for _ in range(runs):
        table = rng.multinomial(50, RARE.ravel()).reshape(2, 2)
        usual = getattr(plain(table), "interval", None)
        covered += [
            truth in resampled_agreement(table, rng, measure, draws=400).interval,
            isinstance(usual, Interval) and truth in usual,
        ]
    assert covered[0] / runs == pytest.approx(0.95, abs=0.025)
    assert covered[1] / runs < 0.92


@pytest.mark.parametrize("measure", ["kappa", "ac1"])
def test_the_bootstrap_keeps_the_estimate_and_has_a_width_at_total_agreement(measure):
    rng = np.random.default_rng(0)
    plain = {"kappa": cohen_kappa, "ac1": gwet_ac1}[measure]
    found = resampled_agreement(TABLE, rng, measure)
    assert found.estimate == pytest.approx(plain(TABLE).estimate)
    # a large-sample interval of this balanced table, within what 50 items leave
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (plain(TABLE).interval.low, plain(TABLE).interval.high), abs=0.06
    )
    total = resampled_agreement([[45, 0], [0, 5]], rng, measure)
    assert isinstance(plain([[45, 0], [0, 5]]).interval, CannotTell)
    assert total.estimate == 1
    assert 0 < total.interval.low < 0.95
    assert resampled_agreement(TABLE, np.random.default_rng(1), measure) == resampled_agreement(
        TABLE, np.random.default_rng(1), measure
    )


def test_the_bootstrap_says_what_it_cannot_tell():
    rng = np.random.default_rng(0)
    for table in ([[0, 0], [0, 0]], [[5]], [[9, 0], [0, 0]], [[0.5, 0.25], [1, 1]]):
        assert isinstance(resampled_agreement(table, rng), CannotTell)
    # AC1 has an answer where both used one label of two
    assert resampled_agreement([[9, 0], [0, 0]], rng, "ac1").estimate == 1
    with pytest.raises(ValueError, match="choose one of: kappa, ac1"):
        resampled_agreement(TABLE, rng, "alpha")


def test_recall_by_hand():
    # 9 of 10 at .95: the lower bound solves P(X >= 9 | p) = .05 -> .6058; all of 20: .05^(1/20)
    assert recall(9, 10).lower == pytest.approx(0.6058, abs=1e-4)
    assert recall(20, 20).lower == pytest.approx(0.05 ** (1 / 20))
    assert recall(10**9 - 1, 10**9).lower > 0.99999


def test_labels_become_a_table_that_names_the_unseen_ones():
    found = cross(["a", "b", "a"], ["a", "a", "b"], ["a", "b", "c"])
    assert found.counts.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert cross([True, False], [True, True]).labels == (False, True)
    # an unseen category is one more way to agree by chance less: AC1 moves, kappa does not
    two, three = gwet_ac1(found.counts[:2, :2]), gwet_ac1(found.counts)
    assert three.estimate > two.estimate
    assert cohen_kappa(found.counts).estimate == pytest.approx(cohen_kappa(found.counts[:2, :2]).estimate)


def test_total_agreement_has_no_interval_and_one_label_no_kappa():
    sure = cohen_kappa([[5, 0], [0, 7]])
    assert (sure.estimate, sure.error) == (1.0, 0.0)
    assert isinstance(sure.interval, CannotTell)
    assert isinstance(gwet_ac1([[5, 0], [0, 7]]).interval, CannotTell)
    assert isinstance(cohen_kappa([[9, 0], [0, 0]]), CannotTell)
    assert gwet_ac1([[9, 0], [0, 0]]).estimate == 1
    assert isinstance(krippendorff_alpha([[1, 1], [1, 1]], "nominal"), CannotTell)


def test_nothing_rated_is_cannot_tell():
    for call in (cohen_kappa, gwet_ac1, raw_agreement):
        assert isinstance(call([[0, 0], [0, 0]]), CannotTell)
    assert isinstance(gwet_ac1([[4]]), CannotTell)
    assert isinstance(gwet_ac1([[1, 0], [0, 0]]), CannotTell)
    assert isinstance(recall(0, 0), CannotTell)
    for ratings in ([], [[]], [[1, None], [None, 2]], [[None], [None]], [[1, 2, 3]]):
        assert isinstance(krippendorff_alpha(ratings, "nominal"), CannotTell)


def test_counts_of_a_thousand_million_keep_their_digits():
    big = np.array(TABLE) * 1e9 / 50
    assert cohen_kappa(big).estimate == pytest.approx(0.4)
    assert gwet_ac1(big).error == pytest.approx(0.1301517176 * math.sqrt(50 / 1e9), rel=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: cohen_kappa([[1, 2]]),
        lambda: cohen_kappa([[1, -2], [1, 1]]),
        lambda: cohen_kappa([[1, math.nan], [1, 1]]),
        lambda: cohen_kappa(TABLE, "cubic"),
        lambda: cohen_kappa(TABLE, level=1.0),
        lambda: gwet_ac1(TABLE, convention="n-2"),
        lambda: gwet_ac1(TABLE, level=0.0),
        lambda: krippendorff_alpha([[1, 2], [1]], "nominal"),
        lambda: krippendorff_alpha([[1, 2], [1, 2]], "ratio"),
        lambda: krippendorff_alpha([["a"], ["b"]], "ordinal"),
        lambda: krippendorff_alpha([[math.inf], [1]], "interval"),
        lambda: krippendorff_alpha(RATINGS, "nominal", np.random.default_rng(0), draws=0),
        lambda: recall(3, 2),
        lambda: recall(-1, 2),
        lambda: recall(1, 2, 0.4),
        lambda: recall(1, 2, math.nan),
        lambda: cross(["a"], ["a", "b"]),
        lambda: cross(["a", None], ["a", "b"]),
        lambda: cross(["a"], ["b"], ["a"]),
        lambda: cross(["a"], ["a"], ["a", "a"]),
    ],
)
def test_what_is_no_table_scale_or_share_is_refused(call):
    with pytest.raises(ValueError, match=r"square|negative|choose|must|needs|need|missing|first rater|more than"):
        call()


def judge_file(name):
    path = JUDGE / name
    if not path.exists():
        pytest.skip("real verdicts are absent; SEATRIAL_SHARED names their folder")
    return path


@pytest.mark.external
def test_pandalm_annotators_agree_as_published():
    # Wang et al. 2023: kappas .85, .88, .86 over 999 pairs
    with judge_file("pandalm_human_vs_judge.csv").open(newline="") as file:
        people = [[row[f"annotator{i}"] for i in (1, 2, 3)] for row in csv.DictReader(file)]
    assert len(people) == 999
    found = [
        cohen_kappa(cross([p[a] for p in people], [p[b] for p in people]).counts).estimate
        for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    assert found == pytest.approx([0.852, 0.879, 0.862], abs=5e-4)
    together = krippendorff_alpha(list(zip(*people, strict=True)), "nominal").estimate
    assert min(found) < together < max(found)


@pytest.mark.external
def test_llmbar_judges_agree_with_themselves_as_their_verdicts_say():
    expected = json.loads(judge_file("EXPECTED.json").read_text())["llmbar"]
    with gzip.open(judge_file("llmbar_verdicts.csv.gz"), "rt", newline="") as file:
        verdicts = [row for row in csv.DictReader(file) if row["subset"] == "LLMBar/Natural"]
    for prompt in ("Vanilla", "CoT", "Swap"):
        pairs = [(r["winner_fwd"], r["winner_rev"]) for r in verdicts if (r["judge"], r["prompt"]) == ("GPT-4", prompt)]
        found = cohen_kappa(cross([a for a, _ in pairs], [b for _, b in pairs]).counts).estimate
        assert found == pytest.approx(expected[f"LLMBar/Natural/evaluators/GPT-4/{prompt}"]["kappa_fwd_rev"], abs=1e-9)
        if prompt == "Vanilla":
            assert round(found, 3) == 0.898
