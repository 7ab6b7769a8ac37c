"""pass^k against its definition, brute force, and a published benchmark."""

import csv
import os
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.interval import CannotTell
from seatrial.stats.passk import pass_k

REPO_ROOT = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
DATA = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data"

TASK = st.integers(2, 6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_pass_2_of_three_tasks_by_hand():
    # 4/4 -> C(4,2)/C(4,2) = 1; 2/4 -> 1/6; 1/4 -> 0; mean 7/18
    found = pass_k([4, 2, 1], [4, 4, 4], 2)
    assert found.estimate == pytest.approx(7 / 18)
    assert found.tasks == 3
    # deviations from 7/18: 11/18, -4/18, -7/18; sum of squares 186/324; / 2, root, / root 3
    assert found.standard_error == pytest.approx((186 / 324 / 2 / 3) ** 0.5)


@given(st.lists(TASK, min_size=1, max_size=6), st.integers(1, 2))
@settings(max_examples=80, deadline=None)
def test_it_is_the_share_of_subsets_of_k_tries_that_all_succeed(tasks, k):
    shares = []
    for s, n in tasks:
        tries = [1] * s + [0] * (n - s)
        picks = list(combinations(tries, k))
        shares.append(sum(all(pick) for pick in picks) / len(picks))
    assert pass_k([s for s, _ in tasks], [n for _, n in tasks], k).estimate == pytest.approx(np.mean(shares))


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_it_is_unbiased_for_p_to_the_k(p, k):
    # E over s ~ Bin(6, p), summed exactly
    expected = sum(comb(6, s) * p**s * (1 - p) ** (6 - s) * pass_k([s], [6], k).estimate for s in range(7))
    assert expected == pytest.approx(p**k)


@given(st.lists(TASK, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_more_tries_in_a_row_are_never_likelier_and_order_has_no_say(tasks):
    s, n = [t[0] for t in tasks], [t[1] for t in tasks]
    first, second = pass_k(s, n, 1).estimate, pass_k(s, n, 2).estimate
    assert second <= first + 1e-12
    assert pass_k(s[::-1], n[::-1], 2).estimate == pytest.approx(second)


def test_a_task_tried_too_rarely_and_no_task_at_all_are_cannot_tell():
    assert isinstance(pass_k([1, 2], [1, 4], 2), CannotTell)
    assert isinstance(pass_k([], [], 1), CannotTell)
    assert pass_k([3], [4], 1).standard_error is None


@pytest.mark.parametrize(("s", "n", "k"), [([5], [4], 1), ([-1], [4], 1), ([1, 1], [4], 1), ([1], [4], 0)])
def test_impossible_counts_are_refused(s, n, k):
    with pytest.raises(ValueError, match=r"need one|k must be"):
        pass_k(s, n, k)


@pytest.mark.external
def test_tau_bench_airline_has_the_published_pass_k():
    # 50 tasks x 4 trials of gpt-4o: pass^1..4 = .420 .273 .220 .200, standard error over tasks .052
    path = DATA / "outcomes" / "tau_airline_gpt4o_outcomes.csv"
    if not path.exists():
        pytest.skip("real outcomes are absent; SEATRIAL_SHARED names their folder")
    won: dict[str, int] = {}
    tried: dict[str, int] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            tried[row["task_id"]] = tried.get(row["task_id"], 0) + 1
            won[row["task_id"]] = won.get(row["task_id"], 0) + (float(row["reward"]) == 1)
    s, n = [won[task] for task in tried], list(tried.values())
    assert (len(n), set(n)) == (50, {4})
    assert [round(pass_k(s, n, k).estimate, 3) for k in (1, 2, 3, 4)] == [0.420, 0.273, 0.220, 0.200]
    assert round(pass_k(s, n, 1).standard_error, 3) == 0.052
