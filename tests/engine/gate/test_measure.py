"""Measurements: paired growth beyond a margin, in an alpha slice of its own."""

import math

import numpy as np
import pytest

from seatrial.errors import ConfigError, DataError
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, MeasureRule, Policy
from seatrial.price import Price, Prices
from seatrial.verdict import State, Verdict


def policy(name="input_tokens", increase=0.1, **more):
    return Policy(keys=(KeyRule("score"),), measures=(MeasureRule(name, increase, **more),))


def rows(ratios, name="input_tokens", base=1000):
    return [
        {"example_id": f"e{i}", "version": v, "score": 1.0, name: base if v == "a" else value}
        for i, ratio in enumerate(ratios)
        for v, value in (("a", base), ("b", None if ratio is None else round(base * ratio)))
    ]


def gate(evidence, rules):
    report = check(evidence, rules, baseline="a", candidate="b")
    return report, next(f for f in report.findings if f.key != "score")


def test_growth_beyond_its_margin_blocks_and_says_by_how_much(build):
    # all 30 grew by 20 %: thirty of thirty on the wrong side of the limit, one pattern of 2^30
    report, finding = gate(build(rows([1.2] * 30)), policy())
    assert (report.verdict, finding.state) == (Verdict.FAIL, State.BLOCKS)
    assert finding.p == pytest.approx(2**-30)
    assert finding.threshold == pytest.approx(0.005)
    assert "median ratio +20.0 %, allowed +10 %" in finding.reason


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.09])
def test_growth_inside_the_margin_passes(build, ratio):
    report, finding = gate(build(rows([ratio] * 30)), policy())
    assert (report.verdict, finding.state) == (Verdict.PASS, State.NO_DROP)


def test_growth_at_the_margin_itself_is_allowed(build):
    _, finding = gate(build(rows([1.1] * 30)), policy())
    assert (finding.p, finding.verdict) == (1.0, Verdict.PASS)


def test_the_p_of_a_mean_is_the_sign_flip_of_the_log_ratio_against_the_log_of_the_margin(build):
    ratios = [1.5] * 15 + [1.0] * 10
    _, finding = gate(build(rows(ratios)), policy(statistic="mean"))
    d = [math.log(1.1) - math.log(r) for r in ratios]
    # the sums of 15 signs times .3102 and 10 times .0953, counted
    size = np.abs(d)
    law = {0.0: 1.0}
    for step in size:
        new: dict[float, float] = {}
        for total, weight in law.items():
            for sign in (-1, 1):
                at = round(total + sign * step, 9)
                new[at] = new.get(at, 0.0) + weight / 2
        law = new
    expected = sum(weight for total, weight in law.items() if total <= sum(d) + 1e-6)
    # 25 clusters off a lattice are drawn: (1 + hits) / (1 + 20,000), band 3.29 sd
    assert finding.p == pytest.approx(expected, abs=3.29 * math.sqrt(expected / 20_000) + 1e-4)


@pytest.mark.parametrize(
    ("metadata", "gates"), [({}, False), ({"interleaved": "false"}, False), ({"interleaved": "true"}, True)]
)
def test_latency_gates_only_when_the_arms_ran_interleaved(build, metadata, gates):
    report, finding = gate(build(rows([2.0] * 30, "latency_ms"), metadata), policy("latency_ms"))
    assert report.verdict is (Verdict.FAIL if gates else Verdict.PASS)
    assert finding.state is (State.BLOCKS if gates else State.REPORTED)
    assert finding.verdict is (Verdict.FAIL if gates else None)
    assert any("latency_ms does not gate here" in w for w in report.warnings) is not gates


def test_a_number_that_is_missing_beyond_the_tolerance_cannot_tell(build):
    # 1 of 60 is inside 2 %, 2 of 60 are not
    assert gate(build(rows([1.0] * 59 + [None])), policy())[1].verdict is Verdict.PASS
    assert "1 of 60 runs have no number above 0" in gate(build(rows([1.0] * 59 + [None])), policy())[1].reason
    report, finding = gate(build(rows([1.0] * 58 + [None] * 2)), policy())
    assert (report.verdict, finding.state, finding.missing) == (Verdict.INCONCLUSIVE, State.CANNOT_TELL, 2)


@pytest.mark.parametrize("dear", ["b", "a"])
def test_the_runs_that_a_cluster_has_left_do_not_stand_for_those_nobody_measured(build, dear):
    # of three runs of each example one version has a number on the first only: two thirds of its runs are unknown
    one = rows([1.0] * 30)
    three = [
        row | {"repetition": n} | ({"input_tokens": None} if n and row["version"] == dear else {})
        for row in one
        for n in range(3)
    ]
    _, finding = gate(build(three), policy())
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "60 of 90 runs have no number above 0 in both arms, 66.7 %; 30 examples are left" in finding.reason


def test_unchanged_outputs_pass_whatever_they_cost_and_it_is_said(build):
    same = [{**row, "output_hash": "0" * 16} for row in rows([10.0] * 30)]
    report, finding = gate(build(same), policy())
    assert (report.verdict, report.unchanged, finding.state) == (Verdict.PASS, True, State.REPORTED)
    assert "+900.0 %, allowed +10 %: the same outputs now cost more" in report.warnings[0]
    cheaper = [{**row, "output_hash": "0" * 16} for row in rows([0.5] * 30)]
    assert gate(build(cheaper), policy())[0].warnings == ()


def test_zero_tokens_are_no_ratio(build):
    assert gate(build(rows([0.0] * 60)), policy())[1].verdict is Verdict.INCONCLUSIVE


def test_fewer_than_min_n_cannot_tell(build):
    assert gate(build(rows([1.0] * 19)), policy())[1].verdict is Verdict.INCONCLUSIVE


def test_a_column_that_is_not_there_is_refused(build):
    with pytest.raises(ConfigError, match="measurement 'output_tokens' gates but memory has no column 'output_tokens'"):
        gate(build(rows([1.0] * 30)), policy("output_tokens"))


def test_one_run_counts_once_however_many_keys_it_has(build):
    one = rows([1.2] * 30)
    two = [{**row, "key": key} for row in one for key in ("score", "other")]
    assert gate(build(two), policy())[1].p == gate(build(one), policy())[1].p


def test_clusters_are_the_unit(build):
    # 60 examples in 12 clusters that all grew: p = 2^-12, not 2^-60
    grown = [{**row, "cluster": f"c{i // 2 % 12}"} for i, row in enumerate(rows([1.2] * 60))]
    _, finding = gate(build(grown), Policy(keys=(KeyRule("score"),), measures=policy().measures, min_n=10))
    assert (finding.n, finding.p) == (12, pytest.approx(2**-12))


def test_the_mean_may_be_asked_for(build):
    ratios = [1.0] * 29 + [100.0]
    assert "mean ratio +16.6 %" in gate(build(rows(ratios)), policy(statistic="mean"))[1].reason
    assert "median ratio +0.0 %" in gate(build(rows(ratios)), policy())[1].reason


# ---------------------------------------------------------------- p95, ceilings, money


def test_a_95th_percentile_that_grew_blocks_though_the_median_did_not(build):
    # every fifth of 200 runs takes twice as long: p95 doubles, the median stays
    evidence = build(rows([2.0 if i % 5 == 0 else 1.0 for i in range(200)]))
    report, finding = gate(evidence, policy(statistic="p95"))
    assert (report.verdict, finding.state) == (Verdict.FAIL, State.BLOCKS)
    assert "p95 ratio +100.0 %, allowed +10 %" in finding.reason
    assert gate(evidence, policy(statistic="median"))[0].verdict is Verdict.PASS


def test_a_95th_percentile_of_few_runs_cannot_be_told(build):
    report, finding = gate(build(rows([1.0] * 99)), policy(statistic="p95"))
    assert (report.verdict, finding.state) == (Verdict.INCONCLUSIVE, State.CANNOT_TELL)


@pytest.mark.parametrize(
    ("ceiling", "verdict", "state"), [(900, "fail", "blocks"), (999, "pass", "watch"), (1_100, "pass", "no_drop")]
)
def test_a_ceiling_is_of_the_candidate_alone(build, ceiling, verdict, state):
    # mean 1,000 of both; tokens of 950 to 1,050 over 60 examples, so the mean's bound is about 993
    ratios = [0.95 + 0.1 * i / 59 for i in range(60)]
    rules = Policy(keys=(KeyRule("score"),), measures=(MeasureRule("input_tokens", statistic="mean", ceiling=ceiling),))
    report, finding = gate(build(rows(ratios)), rules)
    assert (report.verdict, finding.state) == (verdict, state)
    assert report.budget.measures == 0, "a ceiling takes nothing of alpha"


def priced(model, n=40):
    return [
        {"example_id": f"e{i}", "version": v, "score": 1.0, "input_tokens": 1_000, "output_tokens": 200, "model": m}
        for i in range(n)
        for v, m in (("a", "cheap"), ("b", model))
    ]


PRICES = Prices("2026-01-01", {"cheap": Price(0.1, 0.4, 0.02), "dear": Price(1.0, 4.0)})
COST = policy("cost_usd", 0.05, statistic="mean")


def test_a_dearer_model_with_the_same_tokens_is_seen(build):
    report = check(build(priced("dear")), COST, baseline="a", candidate="b", prices=PRICES)
    cost = next(f for f in report.findings if f.key == "cost_usd")
    assert (report.verdict, cost.state, report.prices) == (Verdict.FAIL, State.BLOCKS, PRICES.hash)
    assert "mean ratio +900.0 %" in cost.reason
    assert check(build(priced("cheap")), COST, baseline="a", candidate="b", prices=PRICES).verdict is Verdict.PASS


def test_what_was_read_from_a_cache_costs_its_own_price(build):
    made = [{**row, "cache_read_tokens": 1_000 if row["version"] == "b" else 0} for row in priced("cheap")]
    report = check(build(made), COST, baseline="a", candidate="b", prices=PRICES)
    # (1,000 x .02 + 200 x .4) / (1,000 x .1 + 200 x .4) = 100 / 180
    assert "mean ratio −44.4 %" in next(f.reason for f in report.findings if f.key == "cost_usd")


def test_a_model_without_a_price_is_no_number_and_no_pass(build):
    report = check(build(priced("unheard-of")), COST, baseline="a", candidate="b", prices=PRICES)
    assert report.verdict is Verdict.INCONCLUSIVE
    with pytest.raises(ConfigError, match="no prices were handed in"):
        check(build(priced("cheap")), COST, baseline="a", candidate="b")


def test_tokens_of_a_cache_beyond_those_read_are_refused_and_do_not_make_a_run_cheap(build):
    made = [{**row, "cache_read_tokens": 1_001 if row["version"] == "b" else 0} for row in priced("cheap")]
    with pytest.raises(DataError, match=r"row 2: cache_read_tokens and cache_write_tokens are more than input_tokens"):
        check(build(made), COST, baseline="a", candidate="b", prices=PRICES)
    with pytest.raises(DataError, match="cache_write_tokens is -5"):
        build([{**row, "cache_write_tokens": -5} for row in priced("cheap")])
