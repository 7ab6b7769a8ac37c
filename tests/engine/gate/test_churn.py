"""Churn: a version against itself."""

import numpy as np
import pytest

from seatrial.errors import InvalidComparison, UsageError
from seatrial.gate.churn import churn_of
from seatrial.gate.policy import Policy
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.stats.power import mcnemar_power


def rows(scores, version="a", key="score", **more):
    """One example per list; each entry is a repetition: a score, None for "nobody measured", or "crash"."""
    for i, tries in enumerate(scores):
        for repetition, score in enumerate(tries):
            outcome = "target_error" if score == "crash" else "evaluator_error" if score is None else "scored"
            yield {
                "example_id": f"e{i}",
                "version": version,
                "key": key,
                "repetition": repetition,
                "outcome": outcome,
                "score": score if outcome == "scored" else None,
                **more,
            }


def churn(build, scores, policy=None, **options):
    given = {"levels": {"overall": 0.05}, "rules_out": {}} | options
    return churn_of(build(list(rows(scores))), "a", "score", policy or Policy(), **given)


def test_two_runs_disagree_as_often_as_pairs_of_runs_do(build):
    # e0: 1 0 0 -> 2 of 3 pairs differ; e1 never; e2: 1 1 0 0 is 4 of 6
    found = churn(build, [[1, 0, 0], [1, 1, 1], [1, 1, 0, 0]])
    assert found.segments[0].churn == pytest.approx((2 / 3 + 0 + 4 / 6) / 3)
    assert [(name, round(share, 4)) for name, share in found.flakiest] == [("e0", 0.6667), ("e2", 0.6667)]


def test_fractional_scores_disagree_by_how_far_they_lie_apart(build):
    # |.2-.5| + |.2-.9| + |.5-.9| = 1.4 over three pairs
    assert churn(build, [[0.9, 0.2, 0.5]] * 2).segments[0].churn == pytest.approx(1.4 / 3)


def test_the_order_of_repetitions_has_no_say(build):
    assert churn(build, [[0.1, 0.9, 0.4], [1, 0, 1]]).segments == churn(build, [[0.9, 0.4, 0.1], [0, 1, 1]]).segments


def test_a_crash_is_a_zero_and_an_unmeasured_run_is_left_out(build):
    found = churn(build, [[1, "crash"], [1, None], [1, 1, None]])
    assert (found.segments[0].n, found.unusable) == (2, 1)
    assert found.segments[0].churn == pytest.approx(0.5)


def test_a_stable_graph_needs_one_run_and_a_noisy_one_more(build):
    rng = np.random.default_rng(0)
    policy = Policy()
    stable = churn(build, [[1, 1, 1]] * 40)
    noisy = churn(build, rng.integers(0, 2, size=(40, 5)).tolist())
    assert stable.segments[0].repetitions == 1
    requested = noisy.segments[0]
    assert requested.repetitions is not None
    assert requested.repetitions > 1
    powers = [
        mcnemar_power(40, policy.must_detect, requested.churn / r, 0.05)
        for r in (requested.repetitions - 1, requested.repetitions)
    ]
    assert powers[0] < 0.8 <= powers[1]


def test_a_row_that_has_to_be_shown_gets_the_runs_that_show_it(build):
    # 28 examples of which 15 % disagree, a drop of 20 points to rule out: one run shows it of .71 of unchanged candidates and
    # three of .97 (simulated); the old rule, power to block at the row's level, would ask for other numbers
    scores = [[1, 0] if i < 4 else [1, 1] for i in range(28)]
    found = churn(build, scores, rules_out={"overall": 0.2}).segments[0]
    assert (found.churn, found.rules_out) == (pytest.approx(4 / 28), 0.2)
    assert clusters_to_rule_out(0.2, found.churn / 2) <= 28 < clusters_to_rule_out(0.2, found.churn)
    assert found.repetitions == 2
    assert churn(build, scores, rules_out={"overall": 0.02}).segments[0].repetitions is None, (
        "28 examples never show it"
    )


def test_the_estimate_is_unbiased(build):
    """Two coins of chance .9 differ 2 * .9 * .1 = .18 of the time; 1,000 examples of 3 tosses, band z = 3.29."""
    tosses = (np.random.default_rng(1).random((1000, 3)) < 0.9).astype(int)
    found = churn(build, tosses.tolist()).segments[0]
    assert found.churn == pytest.approx(0.18, abs=3.29 * 0.26 / np.sqrt(1000))
    assert found.ci is not None
    assert found.ci[0] < 0.18 < found.ci[1]


def test_nothing_to_compare_is_a_sentence(build):
    with pytest.raises(
        InvalidComparison, match="a file: a column repetition; a project: seatrial eval GRAPH --repeat 3"
    ):
        churn(build, [[1], [0], [1]])
    with pytest.raises(UsageError, match="version 'z' is not in"):
        churn_of(build(list(rows([[1, 1]]))), "z", "score", Policy(), levels={}, rules_out={})
