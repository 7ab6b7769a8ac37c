"""What a simulated world is like: given, else estimated, else the policy's; never a number nobody said."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.certify.design import design
from seatrial.certify.estimate import Given, seen, world
from seatrial.certify.scenario import most_churn
from seatrial.errors import ConfigError, UsageError
from seatrial.evidence.frame import unchecked
from seatrial.gate.policy import KeyRule, Policy

POLICY = Policy(keys=(KeyRule("a", primary=True), KeyRule("z", zero_tolerance=True)))


def table(rows, clusters=None):
    """(example, version, key, repetition, score or None, tier) each; None was not measured."""
    columns = {
        "example_id": [row[0] for row in rows],
        "version": [row[1] for row in rows],
        "key": [row[2] for row in rows],
        "repetition": pa.array([row[3] for row in rows], pa.int64()),
        "outcome": ["unparsed" if row[4] is None else "scored" for row in rows],
        "score": pa.array([row[4] for row in rows], pa.float64()),
        "segment.tier": [row[5] for row in rows],
    }
    if clusters:
        columns["cluster"] = [clusters[row[0]] for row in rows]
    return unchecked(pa.table(columns), "t")


def fair(n, runs, a, z=lambda _i, _r: 1.0, tier=lambda _i: "pro"):
    return [
        (f"e{i:03}", version, key, r, score(i, r), tier(i))
        for i in range(n)
        for version in "xy"
        for key, score in (("a", a), ("z", z))
        for r in range(runs)
    ]


def test_churn_is_how_often_neighbouring_runs_differ():
    # every second example alternates 1 0 1: both pairs differ; the others never do
    found = seen(table(fair(60, 3, lambda i, r: float(i % 2 == 0 or r % 2 == 0))), POLICY, ())
    assert found.churn is not None
    assert found.churn[0, 0] == pytest.approx(0.5)
    # a passes 1, 1, 1 or 1, 0, 1: 5 of 6
    assert found.rate[0, 0] == pytest.approx(5 / 6)
    assert found.repetitions == 3


def test_one_run_says_nothing_about_churn_and_the_policys_is_taken():
    found = seen(table(fair(60, 1, lambda i, _r: float(i % 4 > 0))), POLICY, ())
    assert found.churn is None
    truth, facts = world(found.design, POLICY, Given(), found)
    assert truth.at(0, 0) == (pytest.approx(0.75), POLICY.churn)
    assert {fact.name: fact.source for fact in facts} == {
        "pass rate": "estimated",
        "churn": "policy",
        "not measured": "estimated",
        "runs per example": "estimated",
        "false hits": "policy",
    }


def test_a_pass_rate_of_all_does_not_argue_the_policys_churn_away():
    found = seen(table(fair(60, 1, lambda _i, _r: 1.0)), POLICY, ())
    truth, _ = world(found.design, POLICY, Given(), found)
    rate, churn = truth.at(0, 0)
    assert most_churn(rate) >= churn - 1e-12
    assert churn == POLICY.churn


def test_segments_keep_their_own_rates_and_churn():
    rows = fair(80, 4, lambda i, r: float(i >= 40 or r % 2 == 0), tier=lambda i: "flaky" if i < 40 else "calm")
    found = seen(table(rows), POLICY, ())
    assert found.design.names == (("tier=calm",), ("tier=flaky",))
    # 40 examples of its own (0 and 1) and 4 of the whole key (.5)
    assert found.churn[0].tolist() == pytest.approx([2 / 44, 42 / 44])


def test_what_one_version_lacks_of_an_example_is_missing():
    rows = [row for row in fair(50, 1, lambda _i, _r: 1.0) if not (row[0] < "e010" and row[1] == "y")]
    found = seen(table(rows), POLICY, ())
    # 10 of 100 planned cells a key
    assert found.missing == {"a": pytest.approx(0.1), "z": pytest.approx(0.1)}


def test_correlation_within_clusters_by_analysis_of_variance():
    rows = fair(60, 1, lambda i, _r: float(i // 5 % 2))
    clusters = {f"e{i:03}": f"c{i // 5}" for i in range(60)}
    found = seen(table(rows, clusters), POLICY, ())
    assert found.icc == pytest.approx(1.0)
    assert found.design.sizes.tolist() == [12, 12]
    rng = np.random.default_rng(1)
    loose = seen(table(fair(60, 1, lambda _i, _r: float(rng.integers(2))), clusters), POLICY, ())
    assert loose.icc < 0.3


def test_flips_of_a_zero_tolerance_key_are_its_false_hits():
    # one of 100 examples hits in its second run only: 1 of 100 pairs differ, 2 h (1 - h) = .01
    found = seen(table(fair(100, 2, lambda _i, _r: 1.0, lambda i, r: float(not (i == 0 and r == 1)))), POLICY, ())
    h = found.hits["z"]
    assert 2 * h * (1 - h) == pytest.approx(0.01)


def test_an_example_that_always_hits_is_no_false_hit():
    found = seen(table(fair(100, 2, lambda _i, _r: 1.0, lambda i, _r: float(i > 0))), POLICY, ())
    assert found.hits == {"z": 0.0}


def test_what_the_caller_says_wins():
    found = seen(table(fair(60, 3, lambda i, r: float((i + r) % 2))), POLICY, ())
    truth, facts = world(found.design, POLICY, Given(0.1, 0.7, 0.03, 2, None, 0.01), found)
    assert (truth.at(0, 0), truth.missing_of("a"), truth.repetitions) == ((0.7, 0.1), 0.03, 2)
    assert truth.hits == {"z": 0.01}
    assert {fact.source for fact in facts} == {"given"}


def test_a_policy_that_plans_fewer_repetitions_is_simulated_with_fewer():
    policy = Policy(keys=POLICY.keys, repetitions=2)
    truth, _ = world(design("d", [{"tier": "pro"}] * 50, policy), policy, Given(), repeat=5)
    assert truth.repetitions == 2


def test_a_key_that_one_half_of_the_examples_have_counts_on_that_half():
    policy = Policy(keys=(KeyRule("a", primary=True), KeyRule("b")))
    rows = [(f"e{i:03}", "x", key, 0, 1.0, "pro") for i in range(80) for key in ("a", "b") if key == "a" or i < 40]
    assert seen(table(rows), policy, ()).design.n[:, 0].tolist() == [80, 40]


def test_a_gating_key_nobody_scored_is_an_error_as_in_the_gate():
    with pytest.raises(ConfigError, match="key 'b' gates but is not in t"):
        seen(table(fair(30, 1, lambda _i, _r: 1.0)), Policy(keys=(KeyRule("b"),)), ())


def test_a_churn_the_rate_has_no_room_for_is_a_sentence():
    with pytest.raises(UsageError, match=r"two differ 18\.0 % of the time at most"):
        world(design("d", [{"tier": "pro"}] * 50, POLICY), POLICY, Given(churn=0.3, rate=0.9))
