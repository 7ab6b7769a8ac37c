"""A drop is ruled out by Student's t with one added cluster that lost everything: known values, both error rates by simulation."""

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit

from seatrial.stats.noninferiority import clusters_to_rule_out, largest_drop, largest_drops
from seatrial.stats.student import t_below, t_quantile


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 13, 60, 61, 1999, 2000, 2001, 100_000])
def test_t_is_scipys(df):
    for p in (0.05, 0.2, 0.9, 0.95, 0.999):
        assert t_quantile(p, df) == pytest.approx(float(stdtrit(df, p)), rel=1e-9)
    if df <= 2000:
        assert t_below(1.3, df) == pytest.approx(float(stdtr(df, 1.3)), rel=1e-12)


def test_the_bound_of_clusters_that_did_not_move():
    # (1 + t) / (n + 1): of 13 (1 + 1.7709) / 14
    assert largest_drop(np.zeros(13)) == pytest.approx(2.7709 / 14, abs=1e-5)
    assert largest_drop(np.zeros(0)) is None
    assert largest_drop(-np.ones(9)) == 1.0


def test_sums_say_what_the_differences_say():
    d = np.array([-1, 0, 0, 0.5, 0, -0.25, 0, 0, 0, 0])
    (second_stage,) = largest_drops([d.sum()], [(d**2).sum()], d.size)
    assert second_stage == pytest.approx(largest_drop(d))
    more = np.append(d, -1)
    by_hand = -more.mean() + float(stdtrit(10, 0.95)) * more.std(ddof=1) / np.sqrt(11)
    assert second_stage == pytest.approx(by_hand)


def test_the_fewest_clusters_that_rule_a_drop_out_when_nothing_moves():
    assert [clusters_to_rule_out(drop, power=0.5) for drop in (0.3, 0.2, 0.1, 0.05)] == [9, 13, 27, 53]
    assert clusters_to_rule_out(0.0) is None


@pytest.mark.parametrize("flips", [0.05, 0.15, 0.3])
def test_so_many_clusters_are_enough_for_an_unchanged_candidate(flips):
    n = clusters_to_rule_out(0.2, flips)
    # The mean is taken as normal where it moves in steps: measured .89 / .80 / .79, 2,000 gates, 3.3 standard errors .03.
    assert 0.75 <= shown(n, flips, 0.0, 2_000, 5) <= 0.95


def shown(n, churn, drop, times, seed):
    """Share of gates that rule 20 points out, where `drop` of the examples are lost and `churn` of the rest flip."""
    missing_cells, won = drop + churn * (1 - drop) / 2, churn * (1 - drop) / 2
    u = np.random.default_rng(seed).random((times, n))
    d = np.where(u < missing_cells, -1.0, np.where(u < missing_cells + won, 1.0, 0.0))
    return float((largest_drops(d.sum(axis=1), (d**2).sum(axis=1), n) < 0.2).mean())


TABLE = [
    # n, churn, unchanged passes, lost 20 points passes
    (14, 0, 1.0, 0.04), (14, 0.05, 0.71, 0.03), (14, 0.15, 0.37, 0.02),
    (20, 0, 1.0, 0.01), (20, 0.05, 0.73, 0.02), (20, 0.15, 0.52, 0.02),
    (28, 0, 1.0, 0.02), (28, 0.05, 0.91, 0.03), (28, 0.15, 0.71, 0.02),
    (40, 0, 1.0, 0.03), (40, 0.05, 0.99, 0.04), (40, 0.15, 0.89, 0.03),
    (60, 0, 1.0, 0.03), (60, 0.05, 1.0, 0.03), (60, 0.15, 0.98, 0.03),
]  # fmt: skip


@pytest.mark.parametrize(("n", "churn", "unchanged", "missing_cells"), TABLE)
def test_both_sides_of_the_published_table(n, churn, unchanged, missing_cells):
    # 4,000 gates a cell; 3 standard errors of it, of the published 1,500, and half a unit of its last digit
    for rate, drop in ((unchanged, 0.0), (missing_cells, 0.2)):
        error = 3 * np.sqrt(max(rate * (1 - rate), 0.01) * (1 / 4_000 + 1 / 1_500)) + 0.005
        assert shown(n, churn, drop, 4_000, 11) == pytest.approx(rate, abs=error)


@pytest.mark.parametrize(("kind", "limit"), [("binary", 0.06), ("three", 0.047), ("clusters", 0.044)])
def test_a_drop_of_exactly_the_margin_is_shown_at_most_so_often(kind, limit):
    # 8,000 gates a cell, 3 standard errors of the limit
    rng = np.random.default_rng(3)
    for n in (20, 40, 80):
        for churn in (0.0, 0.1, 0.3):
            missing_cells, won = 0.2 + churn * 0.4, churn * 0.4
            u = rng.random((8_000, n, {"binary": 1, "three": 3, "clusters": 5}[kind]))
            if kind == "clusters":  # one voice a cluster, each example repeats it half of the time
                u = np.where(rng.random(u.shape) < 0.7, u[:, :, :1], u)
            d = np.where(u < missing_cells, -1.0, np.where(u < missing_cells + won, 1.0, 0.0)).mean(axis=2)
            rate = float((largest_drops(d.sum(axis=1), (d**2).sum(axis=1), n) < 0.2).mean())
            assert rate <= limit + 3 * np.sqrt(limit * (1 - limit) / 8_000)


@pytest.mark.slow
def test_the_size_over_clusters_of_one_to_thirty_examples():
    """Published at most .044: clusters of 1 to 30 examples, one voice repeated by .7 of them; 8,000 gates a cell, 3 errors."""
    rng, limit = np.random.default_rng(4), 0.044
    for n in (20, 40, 80):
        for churn in (0.0, 0.1, 0.3):
            missing_cells, won = 0.2 + churn * 0.4, churn * 0.4
            sizes = rng.integers(1, 31, size=(8_000, n))
            # A cluster's mean: its voice where an example repeats it, else a flip of the example's own.
            u = rng.random((8_000, n))
            voice = np.where(u < missing_cells, -1.0, np.where(u < missing_cells + won, 1.0, 0.0))
            own = rng.binomial(sizes, 0.3)
            lost = rng.binomial(own, missing_cells)
            fixed = rng.binomial(own - lost, won / (1 - missing_cells))
            d = (voice * (sizes - own) + fixed - lost) / sizes
            rate = float((largest_drops(d.sum(axis=1), (d**2).sum(axis=1), n) < 0.2).mean())
            assert rate <= limit + 3 * np.sqrt(limit * (1 - limit) / 8_000), (n, churn)


@pytest.mark.slow
def test_the_size_at_the_worst_distribution_found():
    """Published at most .07: a few clusters lose everything and the rest move by one small step, to the margin exactly."""
    rng, limit, worst = np.random.default_rng(5), 0.07, 0.0
    for margin in (0.1, 0.2, 0.3):
        for n in (15, 20, 30, 40, 60, 100):
            for lost in (0.02, 0.05, 0.1, margin / 2, margin):
                for step in (0.0, -0.02, -0.05, 0.1, 0.5, 1.0):
                    # mean = -lost + step x share of the rest that steps = -margin
                    share = 0.0 if step == 0 else (lost - margin) / step
                    if not 0 <= share <= 1 - lost or (step == 0 and lost != margin):
                        continue
                    count = rng.multinomial(n, [lost, share, 1 - lost - share], size=8_000)
                    total, squares = step * count[:, 1] - count[:, 0], step**2 * count[:, 1] + count[:, 0]
                    rate = float((largest_drops(total, squares, n) < margin).mean())
                    worst = max(worst, rate)
                    assert rate <= limit + 3 * np.sqrt(limit * (1 - limit) / 8_000), (margin, n, lost, step)
    assert worst > 0.03
