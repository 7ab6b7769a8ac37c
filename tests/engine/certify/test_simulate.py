"""The simulator is a gate by counts: it must say what the gate itself says on the examples those counts stand for."""

import math

import numpy as np
import pyarrow as pa
import pytest

from seatrial.certify.certificate import certify
from seatrial.certify.design import design
from seatrial.certify.simulate import Truth, simulate, uncovered_segments
from seatrial.errors import UsageError
from seatrial.evidence import Evidence
from seatrial.evidence.frame import unchecked
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.gate.thresholds import SegmentRule
from seatrial.report.certificate import certificate_lines
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.stats.power import mcnemar_power
from seatrial.verdict import Verdict

TIERS = [{"tier": "enterprise"}] * 60 + [{"tier": "pro"}] * 120 + [{"tier": "free"}] * 220
CRITICAL = ("tier=enterprise",)


def the_design(policy=None, examples=TIERS, critical=CRITICAL):
    return design("d", examples, policy or Policy(), critical=critical)


def test_rows_get_the_levels_the_gate_gives_them():
    # one key; overall .2, critical .5 in one row, rest .3 in two rows, of alpha .05
    found = the_design()
    assert found.segments == ("overall", "tier=enterprise", "tier=free", "tier=pro")
    assert list(found.sizes) == [400, 60, 220, 120]
    assert found.alpha_row[0].tolist() == pytest.approx([0.01, 0.025, 0.0075, 0.0075])


def test_a_thin_segment_leaves_the_family_and_its_weight_goes_to_its_class():
    found = the_design(examples=[*TIERS, *[{"tier": "trial"}] * 19])
    assert found.thin.tolist() == [False, False, False, False, True]
    assert found.alpha_row[0].tolist() == pytest.approx([0.01, 0.025, 0.0075, 0.0075, 0.0])


def test_crossed_dimensions_share_their_examples():
    crossed = [
        {"tier": t, "lang": lang} for t, lang, n in (("a", "x", 30), ("a", "y", 50), ("b", "x", 20)) for _ in range(n)
    ]
    found = design("d", crossed, Policy())
    assert dict(zip(found.segments, found.sizes, strict=True)) == {
        "overall": 100,
        "lang=x": 50,
        "lang=y": 50,
        "tier=a": 80,
        "tier=b": 20,
    }


def test_false_blocks_stay_under_alpha_and_the_naive_rule_does_not():
    gates = 5_000
    found = simulate(the_design(), Policy(), Truth(churn=0.10), gates, np.random.default_rng(1))
    # mid-p is at most 1.02 alpha; z = 3.29 (99.9 %) for the simulation's own error
    assert found.rate(found.blocked) <= 1.02 * 0.05 + 3.29 * math.sqrt(0.05 * 0.95 / gates)
    assert found.rate(found.raw_drop) > 0.5


def test_power_of_a_broken_segment_is_that_of_its_row_and_the_overall_row_together():
    gates = 5_000
    truth = Truth(churn=0.05, segment="tier=enterprise", drop=0.15)
    found = simulate(the_design(), Policy(), truth, gates, np.random.default_rng(2))
    row_alone = mcnemar_power(60, 0.15, 0.05, 0.03)
    assert found.rate(found.blocked) >= row_alone - 3.29 * math.sqrt(row_alone * (1 - row_alone) / gates)


@pytest.mark.parametrize(
    ("missing", "drop"),
    [*(pytest.param(0.0, drop, marks=pytest.mark.slow) for drop in (0.0, 0.12)), (0.04, 0.12)],
)
def test_simulated_rates_are_the_gates_own(missing, drop):
    """150 gates through the real one against 3,000 simulated; band z = 3.29 for both errors together."""
    policy, rng, times, gates = Policy(), np.random.default_rng(3), 150, 3_000
    truth = Truth(churn=0.10, rate=0.8, missing=missing, segment="tier=enterprise" if drop else None, drop=drop)
    verdicts = [
        check(drawn(truth, rng), policy, baseline="a", candidate="b", critical=CRITICAL).verdict for _ in range(times)
    ]
    found = simulate(the_design(), policy, truth, gates, np.random.default_rng(4))
    for verdict, count in ((Verdict.FAIL, found.blocked), (Verdict.INCONCLUSIVE, found.uncertain)):
        rate = found.rate(count)
        band = 3.29 * math.sqrt(max(rate * (1 - rate), 0.01) * (1 / times + 1 / gates))
        assert verdicts.count(verdict) / times == pytest.approx(rate, abs=band)


def drawn(truth: Truth, rng: np.random.Generator) -> Evidence:
    """One world's evidence, example by example, by the model's own words and not by its code."""
    tiers, n = [example["tier"] for example in TIERS], len(TIERS)
    drop = np.array([truth.drop if truth.segment == f"tier={tier}" else 0.0 for tier in tiers])
    regressed, fixed = drop + truth.churn * (1 - drop) / 2, truth.churn * (1 - drop) / 2
    both = truth.rate - regressed
    u = rng.random(n)  # from 0 up: both pass, it broke, it was fixed, both fail
    base, cand = u < both + regressed, (u < both) | ((u >= both + regressed) & (u < both + regressed + fixed))
    seen = rng.random(2 * n) >= truth.missing
    score = np.concatenate([base, cand]).astype(float)
    columns = {
        "example_id": [f"e{i}" for i in range(n)] * 2,
        "version": ["a"] * n + ["b"] * n,
        "key": ["score"] * 2 * n,
        "outcome": np.where(seen, "scored", "evaluator_error").tolist(),
        "segment.tier": tiers * 2,
    }
    numbers = {"repetition": pa.array(np.zeros(2 * n, dtype=np.int64)), "score": pa.array(score, mask=~seen)}
    return unchecked(pa.table(columns | numbers), "drawn")


def test_an_unchanged_candidate_does_not_pass_where_the_goal_is_a_better_one():
    """One row of 400 examples, churn .1: mid-p at .05 passes at most 1.02 x .05 of unchanged candidates; z = 3.29."""
    policy, gates = Policy(goal="superior", must_detect_overall=0.2), 4_000
    shape = design("d", [{}] * 400, policy)
    found = certify(shape, policy, Truth(churn=0.1), gates=gates, rng=np.random.default_rng(3), drops=(0.2,))
    passed = 1 - found.null.rate(found.null.blocked + found.null.uncertain)
    assert passed <= 1.02 * 0.05 + 3.29 * math.sqrt(0.05 * 0.95 / gates)
    assert found.null.rate(found.null.not_better) > 0.85
    assert found.judges, "that an unchanged candidate is not shown better is what the goal asks"
    (line,) = [one.text for one in certificate_lines(found, policy) if "which is the goal" in one.text]
    assert "not shown better" in line


def test_what_a_segment_has_to_show_is_stated_by_its_own_limit():
    limits = (SegmentRule("tier=enterprise", must_detect=0.12),)
    policy = Policy(keys=(KeyRule("score", primary=True, segments=limits),))
    found = certify(the_design(), policy, Truth(0.2), gates=400, rng=np.random.default_rng(3), drops=(0.2,))
    stated = " ".join(one.text for one in certificate_lines(found, policy))
    assert "tier=enterprise not shown not worse by 12 points" in stated


def test_an_uncovered_critical_segment_makes_every_pass_inconclusive():
    small = [{"tier": "enterprise"}] * 12 + [{"tier": "free"}] * 300  # 13 is the least that rules 20 points out
    found = the_design(examples=small)
    assert uncovered_segments(found, Policy()) == ("tier=enterprise",)
    did = simulate(found, Policy(), Truth(0.05), 500, np.random.default_rng(5))
    assert did.blocked + did.underpowered == 500


def test_a_critical_segment_nobody_has_is_uncovered():
    found = the_design(critical=("tier=enterprise", "tier=reseller"))
    assert uncovered_segments(found, Policy()) == ("tier=reseller",)


def test_three_keys_share_one_family():
    policy = Policy(keys=(KeyRule("a", primary=True), KeyRule("b"), KeyRule("c"), KeyRule("pii", zero_tolerance=True)))
    found = the_design(policy)
    assert found.keys == ("a", "b", "c")
    assert found.alpha_row.sum() == pytest.approx(0.05)
    did = simulate(found, policy, Truth(0.10), 5_000, np.random.default_rng(6))
    assert did.rate(did.blocked) <= 0.051 + 3.29 * math.sqrt(0.05 * 0.95 / 5_000)


def test_the_same_seed_says_the_same():
    first, second = (simulate(the_design(), Policy(), Truth(0.1), 1_000, np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_advice_names_the_examples_that_would_settle_it():
    small = [{"tier": "enterprise"}] * 20 + [{"tier": "free"}] * 300
    found = certify(
        the_design(examples=small), Policy(), Truth(0.05), gates=500, rng=np.random.default_rng(8), drops=(0.2,)
    )
    need = clusters_to_rule_out(0.2, 0.05)
    assert need == 21
    (more,) = (a for a in found.advice if a.kind == "examples" and a.segment == "tier=enterprise")
    assert more.calls == 2 * (need - 20)
    assert [a.calls for a in found.advice] == sorted(a.calls for a in found.advice)


def test_no_example_is_a_sentence():
    with pytest.raises(UsageError, match="no example"):
        design("d", [], Policy())


def test_both_error_rates_of_a_critical_segment_are_simulated_as_the_gate_decides():
    """60 examples, churn .15: shown .96 of the time when nothing changed, and .03 of those that lost 20 points pass."""
    found = the_design(examples=[{"tier": "enterprise"}] * 60 + [{"tier": "free"}] * 300)
    null = simulate(found, Policy(), Truth(0.15), 2_000, np.random.default_rng(9))
    assert null.shown("tier=enterprise") == pytest.approx(0.97, abs=0.02)
    missing_cells = simulate(
        found, Policy(), Truth(0.15, segment="tier=enterprise", drop=0.2), 2_000, np.random.default_rng(10)
    )
    passed = 1 - missing_cells.rate(missing_cells.blocked + missing_cells.uncertain + missing_cells.underpowered)
    assert passed <= 0.06 + 3.29 * math.sqrt(0.06 * 0.94 / 2_000)


NINE = [{"tier": f"c{i}"} for i in (1, 2) for _ in range(60)] + [{"tier": f"o{i}"} for i in range(6) for _ in range(40)]


@pytest.mark.slow
@pytest.mark.parametrize("churn", [0.02, 0.06, 0.1, 0.2])
def test_holm_and_the_joint_level_together_keep_alpha(churn):
    """10,000 gates of nine rows; together 1.04 alpha at most, z = 3.29. Measured .053 / .050 / .052 / .053 on larger segments."""
    policy = Policy(keys=(KeyRule("score", min_drop=0.0),))
    found = simulate(
        the_design(policy, NINE, ("tier=c1", "tier=c2")), policy, Truth(churn), 10_000, np.random.default_rng(11)
    )
    assert found.rate(found.by_score) <= 0.052 + 3.29 * math.sqrt(0.052 * 0.948 / 10_000)


@pytest.mark.slow
def test_the_joint_level_keeps_alpha_with_clusters_repetitions_and_three_keys():
    policy = Policy(
        keys=(KeyRule("a", primary=True, min_drop=0.0), KeyRule("b", min_drop=0.0), KeyRule("c", min_drop=0.0))
    )
    clusters = [i // 3 for i in range(len(NINE))]
    shape = design("d", NINE, policy, critical=("tier=c1",), clusters=clusters)
    for truth in (Truth(0.15, icc=0.3), Truth(0.15, icc=0.3, repetitions=3)):
        found = simulate(shape, policy, truth, 3_000, np.random.default_rng(12))
        assert found.rate(found.by_score) <= 0.052 + 3.29 * math.sqrt(0.052 * 0.948 / 3_000)


@pytest.mark.slow
@pytest.mark.parametrize("churn", [0.02, 0.1, 0.3])
def test_a_candidate_that_cost_ten_points_overall_passes_one_time_in_twenty(churn):
    shape = design("d", [{"tier": "a"}] * 300, Policy(min_n=1))
    truth = Truth(churn, rate=0.7, segment="overall", drop=0.1)
    found = simulate(shape, Policy(), truth, 10_000, np.random.default_rng(13))
    passed = 1 - found.rate(found.blocked + found.uncertain + found.underpowered)
    assert passed <= 0.06 + 3.29 * math.sqrt(0.06 * 0.94 / 10_000)
