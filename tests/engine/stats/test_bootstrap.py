"""The bootstrap against its exact law, the cases somebody else computed, and the clusters it must respect."""

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from seatrial.stats.bootstrap import cluster_means, interval, lower_bound, resample, resample_verdicts
from seatrial.stats.interval import CannotTell, Interval

REPO_ROOT = Path(__file__).resolve().parents[3]
JUDGE = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data" / "judge"


def exact_law(wins, ties, losses):
    """Chance of every half-point sum 0..2n of a resample: the n-fold convolution of the three shares."""
    n = wins + ties + losses
    one = np.array([losses, ties, wins]) / n
    law = np.ones(1)
    for bit in bin(n)[2:]:
        law = np.convolve(law, law)
        if bit == "1":
            law = np.convolve(law, one)
    return law


def exact_bca(wins, ties, losses, level=0.95):
    """BCa ends from the exact law: no draw at all."""
    n = wins + ties + losses
    law, at = exact_law(wins, ties, losses), 2 * wins + ties
    below = law[:at].sum()
    bias = special.ndtri(below + law[at] / 2)
    scores = np.repeat([1, 0.5, 0], [wins, ties, losses])
    d = scores - scores.mean()
    skew = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    z = bias + special.ndtri([(1 - level) / 2, (1 + level) / 2])
    tails = special.ndtr(bias + z / (1 - skew * z))
    return [float(np.searchsorted(np.cumsum(law), tail) / (2 * n)) for tail in tails]


CASES = [
    # scipy.stats.bootstrap 1.17.1, BCa, 9,999 resamples, rng 0
    ((60, 20, 40), (0.5, 0.6625)),
    ((55, 0, 45), (0.45, 0.64)),
    ((30, 50, 20), (0.48, 0.615)),
    ((12, 3, 5), (0.475, 0.85)),
]


@pytest.mark.parametrize(("verdicts", "published"), CASES)
def test_win_bca_interval_is_scipys(verdicts, published):
    # case win.bca; both are draws from a lattice of steps 1 / 2n, so they may differ by one step where a cut lies at a jump
    found = interval(resample_verdicts(*verdicts, np.random.default_rng(0), 9_999), method="bca")
    step = max(0.006, (2 if verdicts[1] == 0 else 1) / (2 * sum(verdicts))) + 1e-9
    assert found.low == pytest.approx(published[0], abs=step)
    assert found.high == pytest.approx(published[1], abs=step)


@pytest.mark.parametrize(("verdicts", "published"), CASES)
def test_win_bca_interval_is_that_of_the_exact_law(verdicts, published):
    found = interval(resample_verdicts(*verdicts, np.random.default_rng(0), 200_000), method="bca")
    step = (2 if verdicts[1] == 0 else 1) / (2 * sum(verdicts)) + 1e-9
    assert [found.low, found.high] == pytest.approx(exact_bca(*verdicts), abs=step)


def test_win_bca_without_spread_is_cannot_tell():
    # case win.bca (9, 0, 0): scipy says nan
    found = resample_verdicts(9, 0, 0, np.random.default_rng(0))
    assert isinstance(interval(found, method="bca"), CannotTell)
    assert isinstance(interval(found), CannotTell)
    assert isinstance(lower_bound(found), CannotTell)


def test_one_win_of_one_does_not_clear_a_half():
    assert isinstance(lower_bound(resample_verdicts(1, 0, 0, np.random.default_rng(0))), CannotTell)


@pytest.mark.parametrize("verdicts", [(60, 20, 40), (3, 1, 2), (1, 0, 199)])
def test_counts_draw_from_the_law_of_resampled_verdicts(verdicts):
    # largest gap between the drawn and the exact distribution function; Kolmogorov's 99.9 % point is 1.95 / sqrt(draws)
    found = resample_verdicts(*verdicts, np.random.default_rng(5), 50_000)
    law = np.cumsum(exact_law(*verdicts))
    grid = np.arange(law.size) / (2 * found.n)
    drawn = np.searchsorted(found.draws, grid + 1e-9, "right") / found.draws.size
    assert np.max(np.abs(drawn - law)) < 1.95 / math.sqrt(50_000)


def test_indices_and_counts_agree():
    rng = np.random.default_rng(2)
    scores = rng.normal(size=120)
    by_index = resample(scores, np.random.default_rng(3), 20_000)
    # the bootstrap variance of a mean is the plain variance / n, whatever the scores; z = 3.29 of a variance's share
    assert by_index.draws.var() == pytest.approx(scores.var() / 120, rel=3.29 * math.sqrt(2 / 20_000))
    assert by_index.estimate == pytest.approx(scores.mean())
    aa_run = resample(np.repeat(scores, 3), np.random.default_rng(3), 20_000)
    assert aa_run.draws.var() == pytest.approx(scores.var() / 360, rel=3.29 * math.sqrt(2 / 20_000))


def test_the_lower_bound_of_the_law_within_a_draws_error():
    # exact 2.5 % point of 60 / 20 / 40 lies at a half-point sum; the drawn one is it or a neighbour
    law = np.cumsum(exact_law(60, 20, 40))
    exact = int(np.searchsorted(law, 0.025)) / 240
    found = lower_bound(resample_verdicts(60, 20, 40, np.random.default_rng(1)))
    assert found == pytest.approx(exact, abs=1 / 240 + 1e-12)


def test_every_cluster_has_one_vote():
    assert cluster_means([1, 1, 0, 0.5], ["b", "a", "b", "a"]).tolist() == [0.75, 0.5]
    # small whole names serve as they are, sparse ones are sorted first
    assert cluster_means([1, 0, 0.5], [2, 2, 0]).tolist() == [0.5, 0.5]
    assert cluster_means([1, 0, 0.5], [2_000_000_000, 2_000_000_000, -7]).tolist() == [0.5, 0.5]
    assert cluster_means([1.0], [0]).tolist() == [1.0]
    assert cluster_means([], []).tolist() == []


def test_copies_of_a_row_inside_its_cluster_change_nothing():
    scores, names = np.array([1, 0, 0.5, 1, 0]), np.arange(5)
    once = resample(cluster_means(scores, names), np.random.default_rng(0), 500)
    often = resample(cluster_means(np.repeat(scores, 7), np.repeat(names, 7)), np.random.default_rng(0), 500)
    assert np.array_equal(once.draws, often.draws)


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=40), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_scores_does_not_matter(scores, random):
    mixed = list(scores)
    random.shuffle(mixed)
    one, other = (resample(np.array(s), np.random.default_rng(1), 200) for s in (scores, mixed))
    assert np.array_equal(one.draws, other.draws)


@given(st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(lambda c: sum(x > 0 for x in c) > 1))
@settings(max_examples=30, deadline=None)
def test_a_wider_level_is_a_wider_interval_around_the_estimate(counts):
    found = resample_verdicts(*counts, np.random.default_rng(0), 2_000)
    wide, narrow = interval(found, 0.99), interval(found, 0.8)
    assert wide.low <= narrow.low <= found.estimate + 1e-12
    assert found.estimate - 1e-12 <= narrow.high <= wide.high
    assert lower_bound(found, 0.025) == interval(found, 0.95).low


def test_bca_moves_the_interval_of_skewed_costs_to_the_long_tail():
    costs = np.random.default_rng(4).exponential(size=60)
    found = resample(costs, np.random.default_rng(0))
    plain, corrected = interval(found), interval(found, method="bca")
    assert found.skew > 0
    assert (corrected.low > plain.low, corrected.high > plain.high) == (True, True)


def test_the_unit_of_the_scores_does_not_matter():
    costs = np.random.default_rng(4).exponential(size=60)
    one, other = (interval(resample(costs * unit, np.random.default_rng(0)), method="bca") for unit in (1, 1e-9))
    assert (other.low, other.high) == pytest.approx((one.low * 1e-9, one.high * 1e-9), rel=1e-9)


def test_a_billion_comparisons_cost_what_ten_do():
    found = resample_verdicts(6 * 10**8, 0, 4 * 10**8, np.random.default_rng(0), 1_000)
    # sd = sqrt(.24 / 1e9) = 1.55e-5
    assert found.draws.std() == pytest.approx(1.549e-5, rel=3.29 / math.sqrt(2_000))


@pytest.mark.parametrize("bad", [[float("nan")], [1.0, float("inf")]])
def test_scores_that_are_not_finite_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        resample(bad, np.random.default_rng(0))


def test_wrong_arguments_are_errors_and_missing_answers_are_typed():
    rng = np.random.default_rng(0)
    assert isinstance(resample([], rng), CannotTell)
    assert isinstance(resample_verdicts(0, 0, 0, rng), CannotTell)
    assert isinstance(interval(resample([0.3], rng)), CannotTell)
    assert isinstance(interval(resample([0.3] * 50, rng)), CannotTell)
    assert isinstance(interval(resample([0.0, 1.0], rng)), Interval)
    # .1 + .2 is .3 but for its last bit
    assert isinstance(interval(resample([0.1 + 0.2, 0.3] * 20, rng)), CannotTell)
    assert isinstance(interval(resample([0, 0], rng), method="bca"), CannotTell)
    with pytest.raises(ValueError, match="whole counts"):
        resample_verdicts(-1, 0, 1, rng)
    with pytest.raises(ValueError, match="100 or more"):
        resample([0.0, 1.0], rng, 3)
    with pytest.raises(ValueError, match="2 scores but 1"):
        cluster_means([1, 0], [1])
    found = resample([0, 1, 1, 0.5], rng)
    with pytest.raises(ValueError, match="percentile, bca"):
        interval(found, method="studentised")
    for level in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="level must lie"):
            interval(found, level)
        with pytest.raises(ValueError, match="alpha must lie"):
            lower_bound(found, level)


def judged(model, segment=None):
    """AlpacaEval 2 preferences of one model as win scores 0..1, one an instruction."""
    path = JUDGE / "alpaca_eval2_annotations.csv"
    if not path.exists():
        pytest.skip("real verdicts are absent; SEATRIAL_SHARED names their folder")
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == model and segment in (None, row["segment"])]
    return [float(row["preference"]) - 1 for row in rows]


@pytest.mark.external
@pytest.mark.parametrize(
    ("model", "segment", "published"),
    [
        # arena-hard-auto's own bootstrap of these files, 1,000 draws, in points: within .25 of a point
        ("gemma-7b-it", None, (0.06937, 0.05487, 0.08615)),
        # its worst segment; a release whose every segment clears one half
        ("FuseChat-Gemma-2-9B-Instruct", "selfinstruct", (0.6525, 0.601, 0.705)),
    ],
)
def test_published_intervals_of_real_verdicts(model, segment, published):
    found = resample(judged(model, segment), np.random.default_rng(0))
    ours = interval(found)
    assert (found.estimate, ours.low, ours.high) == pytest.approx(published, abs=0.003)


@pytest.mark.slow
def test_clusters_keep_the_error_that_rows_lose():
    # 40 examples x 5 verdicts, intra-class correlation .5, true rate .5, R = 2,000; one-sided nominal .025.
    # published here: rows .127, clusters .028; band z = 3.29 of a share: .025 / .012
    rng = np.random.default_rng(7)
    rows = clusters = 0
    for _ in range(2_000):
        own = rng.random((40, 1)) < 0.5
        copied = rng.random((40, 5)) < math.sqrt(0.5)
        verdicts = np.where(copied, own, rng.random((40, 5)) < 0.5).astype(float)
        found = resample(verdicts.ravel(), rng, 1_000)
        rows += lower_bound(found) > 0.5
        found = resample(cluster_means(verdicts.ravel(), np.repeat(np.arange(40), 5)), rng, 1_000)
        clusters += lower_bound(found) > 0.5
    assert rows / 2_000 == pytest.approx(0.127, abs=0.025)
    assert clusters / 2_000 == pytest.approx(0.028, abs=0.012)
