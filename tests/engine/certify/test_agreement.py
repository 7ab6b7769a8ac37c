"""The simulator is held against the gate, gate by gate: what it drew is written out as evidence and put to `gate.merge.check`."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom

from seatrial.certify.cluster_means import draw_answers
from seatrial.certify.confirm import confirm, decide_stages, draw_stages
from seatrial.certify.decide import decide_gates, fails_of
from seatrial.certify.design import design, design_of
from seatrial.certify.guardrails import hit_law
from seatrial.certify.paired_counts import draw_counts
from seatrial.certify.scenario import Truth, joint_law
from seatrial.certify.simulate import look_at_answers, look_at_counts, simulate
from seatrial.evidence.frame import unchecked
from seatrial.gate.confirm import resolved
from seatrial.gate.confirmation import check_second_stage, fresh_examples
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, MeasureRule, Policy
from seatrial.gate.thresholds import SegmentRule
from seatrial.report.certified import certified_name, name_of
from seatrial.stats.paired import mcnemar
from seatrial.verdict import Verdict

CRITICAL = ("tier=enterprise",)
EXAMPLES = [
    {"tier": tier, "lang": lang}
    for tier, lang, n in (("enterprise", "de", 30), ("enterprise", "en", 36), ("free", "de", 24), ("free", "en", 60))
    for _ in range(n)
]
TWO_KEYS = Policy(keys=(KeyRule("a", primary=True), KeyRule("b")))


def written(shape, cells, clusters=None, only=None):
    """`cells[key][arm][example]` = (measured passes, unmeasured runs, runs) as a table of evidence, of `only` these examples."""
    names = (
        "example_id",
        "version",
        "key",
        "repetition",
        "outcome",
        "score",
        "cluster",
        "segment.tier",
        "segment.lang",
    )
    rows = {name: [] for name in names}
    for key, arms in zip(shape.keys, cells, strict=True):
        for version, answers in zip("xy", arms, strict=True):
            for i, (passes, missing_cells, runs) in enumerate(answers):
                if only is not None and f"e{i:03}" not in only:
                    continue
                for repetition in range(runs):
                    seen = repetition < runs - missing_cells
                    for name, value in zip(
                        names,
                        (
                            f"e{i:03}",
                            version,
                            key,
                            repetition,
                            "scored" if seen else "evaluator_error",
                            float(repetition < passes) if seen else None,
                            f"c{i if clusters is None else clusters[i]}",
                            EXAMPLES[i]["tier"],
                            EXAMPLES[i]["lang"],
                        ),
                        strict=True,
                    ):
                        rows[name].append(value)
    types = {"repetition": pa.int64(), "score": pa.float64()}
    return unchecked(
        pa.table({name: pa.array(values, type=types.get(name, pa.string())) for name, values in rows.items()}), "drawn"
    )


def from_counts(shape, drawn, gate):
    """The examples that the counts of one gate stand for."""
    cells = []
    for counts in drawn:
        arms = [[None] * len(EXAMPLES), [None] * len(EXAMPLES)]
        for c in range(len(shape.names)):
            places = iter(np.flatnonzero(shape.cell == c).tolist())
            for (answer, measured), n in np.ndenumerate(counts[gate, c]):
                for _ in range(n):
                    i = next(places)
                    base, cand = ((1, 1), (1, 0), (0, 1), (0, 0))[answer]
                    missing_cells = ((0, 0), (0, 1), (1, 0), (1, 1))[measured]
                    arms[0][i] = (base * (1 - missing_cells[0]), missing_cells[0], 1)
                    arms[1][i] = (cand * (1 - missing_cells[1]), missing_cells[1], 1)
        cells.append(arms)
    return cells


def from_answers(drawn, gate, runs):
    return [
        [[(int(p), int(missing_cells), runs) for p, missing_cells in answers[gate, arm]] for arm in (0, 1)]
        for answers in drawn
    ]


def word(blocked, unsure):
    return Verdict.FAIL if blocked else Verdict.INCONCLUSIVE if unsure else Verdict.PASS


WORLDS = {
    "single": (Truth(0.15, segment="tier=enterprise", drop=0.10), 1, 40),
    "missing": (Truth(0.15, missing=0.04, segment="tier=enterprise", drop=0.08), 1, 40),
    "repetitions": (Truth(0.20, repetitions=3, segment="lang=de", drop=0.08), 1, 25),
    "repetitions, missing": (Truth(0.15, repetitions=2, missing=0.05, segment="tier=enterprise", drop=0.06), 1, 25),
    "clusters": (Truth(0.30, icc=0.5, segment="tier=enterprise", drop=0.25), 3, 30),
    "clusters, repetitions, missing": (
        Truth(0.25, repetitions=2, missing=0.02, icc=0.3, segment="lang=en", drop=0.2),
        2,
        30,
    ),
}
LIMITS = {
    "floors": (
        KeyRule("a", primary=True, floor=0.74, segments=(SegmentRule("tier=enterprise", floor=0.68),)),
        KeyRule("b", floor=0.8, floor_rule="observed", min_drop=0.0),
    ),
    "min_drop": (KeyRule("a", primary=True, min_drop=0.12), KeyRule("b", min_drop=0.05)),
}


@pytest.mark.parametrize("name", WORLDS)
def test_every_simulated_gate_decides_as_the_gate_does(name):
    truth, size, gates = WORLDS[name]
    policy = TWO_KEYS if size == 1 else Policy(keys=TWO_KEYS.keys, must_detect=0.6, min_n=8)
    agree(policy, truth, size, gates)


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("name", ["missing", pytest.param("repetitions", marks=pytest.mark.slow), "clusters"])
def test_floors_least_drops_and_held_warnings_decide_as_in_the_gate(name, limits):
    truth, size, gates = WORLDS[name]
    policy = Policy(
        keys=LIMITS[limits], must_detect=0.3 if size == 1 else 0.6, must_detect_overall=0.3, min_n=8, watch="hold"
    )
    agree(policy, truth, size, gates // 2)


@pytest.mark.parametrize("name", ["missing", "repetitions, missing"])
def test_a_goal_of_a_better_candidate_decides_as_in_the_gate(name):
    truth, size, gates = WORLDS[name]
    agree(replace(TWO_KEYS, goal="superior"), replace(truth, drop=0.2), size, gates // 2, better=True)


def agree(policy, truth, size, gates, *, better=False):
    """What the simulator says of every gate is what the gate says of the examples it drew; `better` swaps the two versions."""
    clusters = None if size == 1 else [i // size for i in range(len(EXAMPLES))]
    shape = design("d", EXAMPLES, policy, critical=CRITICAL, clusters=clusters)
    rng = np.random.default_rng(11)
    if size == 1 and truth.repetitions == 1:
        drawn = [draw_counts(shape, truth, k, gates, rng) for k in range(2)]
        drawn = [one[:, :, [0, 2, 1, 3]][..., [0, 2, 1, 3]] if better else one for one in drawn]
        looks = [look_at_counts(shape, k, drawn[k], "mid-p") for k in range(2)]
        worlds = [from_counts(shape, drawn, gate) for gate in range(gates)]
    else:
        drawn = [draw_answers(shape, truth, k, gates, rng)[:, :: -1 if better else 1] for k in range(2)]
        looks = [look_at_answers(shape, k, drawn[k], truth.repetitions) for k in range(2)]
        worlds = [from_answers(drawn, gate, truth.repetitions) for gate in range(gates)]
    did = decide_gates(shape, policy, looks, np.random.default_rng(0))
    simulated = [word(*pair) for pair in zip(fails_of(did), did.unsure, strict=True)]
    differ = 0
    for cells, told in zip(worlds, simulated, strict=True):
        evidence = written(shape, cells, clusters)
        report = check(evidence, policy, baseline="x", candidate="y", critical=CRITICAL)
        # Both draw signs: a joint p at alpha falls on either side of it.
        near = min(abs((f.p_adjusted or 1.0) - policy.alpha) for f in report.findings) < 0.004
        assert near or told is report.verdict
        differ += told is not report.verdict
    assert differ <= gates / 10
    assert len(set(simulated)) > 1, "a world in which every gate says the same holds nobody to anything"
    second_stage = design_of(evidence, policy, CRITICAL)
    assert second_stage.segments == shape.segments
    assert np.array_equal(second_stage.n, shape.n)


@pytest.mark.parametrize("clusters", [None, [i // 3 for i in range(len(EXAMPLES))]])
def test_the_names_of_a_certificate_and_of_a_gate_with_its_sizes_are_equal(clusters):
    keys = (*TWO_KEYS.keys, KeyRule("b2", zero_tolerance=True))
    policy = Policy(keys=keys, min_n=8)
    shape = design("d", EXAMPLES, policy, critical=CRITICAL, clusters=clusters)
    cells = [[[(1, 0, 2)] * len(EXAMPLES)] * 2] * 3
    full = design("d", EXAMPLES, Policy(keys=(*TWO_KEYS.keys, KeyRule("b2"))), critical=CRITICAL)
    report = check(written(full, cells, clusters), policy, baseline="x", candidate="y", critical=CRITICAL)
    assert certified_name(report) == name_of(policy.hash, shape.shape_hash(2))
    assert certified_name(report) != name_of(policy.hash, shape.shape_hash(1))


def test_a_critical_segment_nobody_has_is_in_the_name_too():
    critical_values = (*CRITICAL, "tier=reseller")
    shape = design("d", EXAMPLES, TWO_KEYS, critical=critical_values)
    cells = [[[(1, 0, 1)] * len(EXAMPLES)] * 2] * 2
    report = check(written(shape, cells), TWO_KEYS, baseline="x", candidate="y", critical=critical_values)
    assert certified_name(report) == name_of(TWO_KEYS.hash, shape.shape_hash(1))


def test_answers_within_a_cluster_correlate_as_icc_says():
    clusters = [i // 2 for i in range(len(EXAMPLES))]
    shape = design("d", EXAMPLES, Policy(), clusters=clusters)
    drawn = draw_answers(shape, Truth(0.3, icc=0.36), 0, 400, np.random.default_rng(12))[:, 1, :, 0]
    pairs = 400 * len(EXAMPLES) // 2
    found = np.corrcoef(drawn[:, ::2].ravel(), drawn[:, 1::2].ravel())[0, 1]
    assert found == pytest.approx(0.36, abs=3.29 / math.sqrt(pairs))


def test_a_law_of_one_run_is_mcnemars():
    law = joint_law(0.8, 0.10, 0.12, 1)
    # broke = drop + churn (1 - drop) / 2 = .12 + .044, fixed = .044
    assert law[1, 0] == pytest.approx(0.164)
    assert law[0, 1] == pytest.approx(0.044)
    assert law[1].sum() == pytest.approx(0.8)


@pytest.mark.parametrize(("rate", "churn"), [(0.8, 0.1), (0.95, 0.09), (0.5, 0.5), (0.9, 0.0)])
def test_two_runs_of_an_example_disagree_as_often_as_churn_says(rate, churn):
    r = 4
    law = joint_law(rate, churn, 0.0, r)
    passes = np.arange(r + 1)
    base, cand = np.meshgrid(passes, passes, indexing="ij")
    assert law.sum() == pytest.approx(1)
    assert (law * base).sum() / r == pytest.approx(rate)
    # one run of each arm: P(pass, fail) + P(fail, pass) given the passes of both
    assert (law * (base * (r - cand) + cand * (r - base))).sum() / r**2 == pytest.approx(churn)


def test_clusters_taken_for_examples_block_too_often_and_the_gate_does_not():
    # Clusters of 5 whose answers move together: rows are not 5 times the evidence.
    examples = [{"tier": "pro"}] * 400
    truth = Truth(0.2, icc=0.6)
    together = design("d", examples, Policy(), clusters=[i // 5 for i in range(400)])
    gates = 3_000
    found = simulate(together, Policy(), truth, gates, np.random.default_rng(1))
    band = 3.29 * math.sqrt(0.05 * 0.95 / gates)  # 99.9 %
    assert found.rate(found.blocked) <= 0.05 + band
    # One row at .05, nominal: what a rule says that takes every example for evidence of its own.
    assert found.rate(found.raw_p) > 0.10


def test_a_zero_tolerance_key_with_one_false_hit_in_a_thousand_blocks_one_in_seven():
    # 150 examples, h = .001: 1 - (1 - h (1 - h))^150 = .1393
    policy = Policy(keys=(KeyRule("a", primary=True), KeyRule("pii", zero_tolerance=True)))
    shape = design("d", [{"tier": "pro"}] * 150, policy)
    gates = 20_000
    found = simulate(shape, policy, Truth(0.05, hits={"pii": 0.001}), gates, np.random.default_rng(2))
    assert found.rate(found.by_hit) == pytest.approx(0.1393, abs=3.29 * math.sqrt(0.1393 * 0.8607 / gates))
    assert found.blocked >= found.by_hit


@pytest.mark.parametrize(("rate", "missing", "runs"), [(0.01, 0.0, 1), (0.1, 0.5, 1), (0.05, 0.1, 3)])
def test_the_law_of_hits_is_the_gates(rate, missing, runs):
    """Examples drawn run by run and put to the gate, all of them in one: new hits, and examples nobody can tell of."""
    rng, n = np.random.default_rng(3), 4_000
    seen = rng.random((2, n, runs)) >= missing
    hit = (rng.random((2, n, runs)) < rate) & seen
    new = hit[1].any(axis=1) & ~hit[0].any(axis=1) & seen[0].any(axis=1)
    unclear = hit[1].any(axis=1) & ~seen[0].any(axis=1)
    clean = ~new & ~unclear & seen[1].all(axis=1)
    reported = hit_law(rate, missing, runs)
    for found, expected in zip((new, clean), reported, strict=True):
        assert found.mean() == pytest.approx(expected, abs=3.29 * math.sqrt(expected * (1 - expected) / n))


def test_measurements_are_counted_at_their_margin():
    policy = Policy(keys=(KeyRule("a"),), measures=(MeasureRule("output_tokens", 0.1),))
    shape = design("d", [{"tier": "pro"}] * 100, policy)
    found = simulate(shape, policy, Truth(0.05), 20_000, np.random.default_rng(4))
    # alpha .05 x .1; the exact sign test on 100 clusters at .005: P(Bin(100, 1/2) >= 64) = .00332
    level = max(p for b in range(50, 101) if (p := mcnemar(b, 100 - b, "exact")) <= 0.005)
    assert level == pytest.approx(0.00332, abs=1e-5)
    assert found.rate(found.by_measure) == pytest.approx(level, abs=3.29 * math.sqrt(level / 20_000))
    assert shape.alpha == pytest.approx(0.045)


@pytest.mark.parametrize(
    ("name", "gates"),
    [
        ("missing", 15),
        ("clusters", 12),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in (("single", 60), ("repetitions, missing", 60))),
    ],
)
def test_every_simulated_gate_of_two_stages_decides_as_the_gate_does(name, gates):
    world, size, _ = WORLDS[name]
    truth = replace(world, drop=world.drop / 2)
    policy = TWO_KEYS if size == 1 else Policy(keys=TWO_KEYS.keys, must_detect=0.6, min_n=8)
    clusters = None if size == 1 else [i // size for i in range(len(EXAMPLES))]
    shape = design("d", EXAMPLES, policy, critical=CRITICAL, clusters=clusters)
    answers, looks = draw_stages(shape, policy, truth, gates, 2, np.random.default_rng(13))
    did, repeated = decide_stages(shape, policy, looks, np.random.default_rng(0))
    simulated = [word(*pair) for pair in zip(fails_of(did), did.unsure, strict=True)]
    differ, second = 0, 0
    for gate in range(gates):
        first = written(shape, from_answers([one[0] for one in answers], gate, truth.repetitions), clusters)
        report = check(first, policy, baseline="x", candidate="y", critical=CRITICAL)
        wanted = fresh_examples(report, first, policy, critical=CRITICAL)
        if resolved(report) is None:
            assert wanted == tuple(f"e{i:03}" for i in np.flatnonzero(repeated[gate]))
            fresh = written(shape, from_answers([one[1] for one in answers], gate, 2), clusters, wanted)
            report = check_second_stage(report, first, fresh, policy, critical=CRITICAL)
        else:
            assert not repeated[gate].any()
        second += report.confirm is not None
        near = min(abs((f.p_adjusted or 1.0) - policy.alpha) for f in report.findings) < 0.004
        assert near or simulated[gate] is report.verdict
        differ += simulated[gate] is not report.verdict
    assert differ <= gates / 10
    assert len(set(simulated)) > 1
    assert second > 0


def test_a_better_candidate_is_asked_for_once_and_not_on_fresh_repetitions_alone():
    truth, policy, gates = Truth(0.25), replace(TWO_KEYS, goal="superior", must_detect_overall=0.3), 20
    shape = design("d", EXAMPLES, policy, critical=CRITICAL)
    answers, looks = draw_stages(shape, policy, truth, gates, 2, np.random.default_rng(17))
    # Every fresh answer of the candidate is right: what looked worse at the first look is better beyond doubt on them.
    for fresh in (one[1] for one in answers):
        fresh[:, 1, :, 0] = 2
    looks = looks._replace(
        fresh=[look_at_answers(shape, k, one[1], 2) for k, one in enumerate(answers)],
        pooled=[look_at_answers(shape, k, one[0] + one[1], 3) for k, one in enumerate(answers)],
    )
    did, _ = decide_stages(shape, policy, looks, np.random.default_rng(0))
    suspicious = looks.first[0].p_best(0, np.arange(gates)) <= 0.3
    assert suspicious.any()
    assert did.not_better[suspicious].any()
    gate = int(np.flatnonzero(suspicious & did.not_better)[0])
    first = written(shape, from_answers([one[0] for one in answers], gate, 1))
    report = check(first, policy, baseline="x", candidate="y", critical=CRITICAL)
    wanted = fresh_examples(report, first, policy, critical=CRITICAL)
    fresh = written(shape, from_answers([one[1] for one in answers], gate, 2), None, wanted)
    report = check_second_stage(report, first, fresh, policy, critical=CRITICAL)
    assert (report.verdict, report.overall.reasons[0].kind) == (Verdict.INCONCLUSIVE, "not_better")


def test_confirming_costs_less_than_three_runs_of_everything_and_keeps_the_level():
    policy = Policy()
    shape = design("d", EXAMPLES, policy, critical=CRITICAL)
    gates = 1_500
    null = confirm(shape, policy, Truth(0.2), gates, np.random.default_rng(5))
    assert null.blocked / gates <= 0.05 + 3.29 * math.sqrt(0.05 * 0.95 / gates)
    assert 0 < null.calls < 2 * 3 * len(EXAMPLES)
    single = simulate(shape, policy, Truth(0.2), gates, np.random.default_rng(6))
    assert null.shown("tier=enterprise") > single.shown("tier=enterprise")
    lost = Truth(0.2, segment="tier=enterprise", drop=0.2)
    single = simulate(shape, policy, lost, gates, np.random.default_rng(6))
    with_it = confirm(shape, policy, lost, gates, np.random.default_rng(7))
    assert with_it.by_score > single.by_score
    # size of the test on both looks pooled: .052 at most
    assert with_it.passed / gates <= 0.052 + 3.29 * math.sqrt(0.05 * 0.95 / gates)


def test_a_floor_over_the_pass_rate_blocks_what_changed_nothing_and_is_counted_apart():
    policy = Policy(keys=(KeyRule("a", primary=True, floor=0.95),))
    shape = design("d", EXAMPLES, policy, critical=CRITICAL)
    found = simulate(shape, policy, Truth(0.1, rate=0.6), 400, np.random.default_rng(8))
    assert found.rate(found.by_floor) == 1.0
    assert found.rate(found.by_score) < 0.15
    # At its floor exactly: the exact binomial tail at .05, P(Bin(150, .8) <= 111) = .0445
    policy = Policy(keys=(KeyRule("a", primary=True, floor=0.8),))
    shape = design("d", EXAMPLES, policy, critical=CRITICAL)
    gates = 20_000
    found = simulate(shape, policy, Truth(0.0, rate=0.8), gates, np.random.default_rng(9))
    level = max(p for k in range(151) if (p := float(binom.cdf(k, 150, 0.8))) <= 0.05)
    assert found.rate(found.by_floor) == pytest.approx(level, abs=3.29 * math.sqrt(level / gates))
