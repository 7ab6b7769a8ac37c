"""A rollout's plan: what its file may say, how alpha is split, and what a certificate of it promises."""

import math
from dataclasses import replace

import numpy as np
import pytest

from seatrial.errors import ConfigError
from seatrial.experiment import Split, is_rollout_plan, load_rollout_plan, parse_rollout_plan
from seatrial.rollout.alpha import levels, try_alpha
from seatrial.rollout.certificate import ALL, certify_rollout
from seatrial.rollout.ramp import ramp_of

CELLS = {"tier=enterprise": {"share": 0.8, "critical": True, "rate": 0.95}, "rest": {"share": 0.2, "rate": 0.93}}
STAGES = [{"share": 0.05, "margin": 0.10, "hours": 24}, {"share": 0.10, "margin": 0.05, "hours": 24}]


def raw(**change):
    plan = {"schema": "seatrial/rollout-plan/1", "units_per_day": 10_000, "cell": CELLS, "stage": STAGES}
    return {name: value for name, value in {**plan, **change}.items() if value is not None}


def the_plan(**change):
    return parse_rollout_plan(raw(**change), "rollout.toml")


def certified(runs=200, seed=1, **change):
    attempt = change.pop("attempt", 0)
    return certify_rollout(the_plan(**change), runs=runs, rng=np.random.default_rng(seed), attempt=attempt)


def test_a_plan_is_read_as_it_stands(tmp_path):
    (tmp_path / "rollout.toml").write_text(
        'schema = "seatrial/rollout-plan/1"\nunits_per_day = 12000\n[metric.safe]\n[metric.success]\nprimary = true\n'
        "[cell.all]\nshare = 1\nrate = { success = 0.9, safe = 0.999 }\n[[stage]]\nshare = 0.1\nmargin = 0.05\nhours = 6\n"
    )
    found = load_rollout_plan(tmp_path / "rollout.toml")
    assert [metric.name for metric in found.metrics] == ["success", "safe"]
    assert found.cells[0].rates == (0.9, 0.999)
    # 12,000 a day for 6 of 24 hours
    assert found.stages[0].units == 3_000
    assert (found.alpha, found.must_stop) == (0.05, 0.10)


def test_a_file_is_known_by_its_schema_alone(tmp_path):
    (tmp_path / "a.toml").write_text('schema = "seatrial/rollout-plan/1"\nodd = 1\n')
    (tmp_path / "b.toml").write_text('schema = "seatrial/policy/1"\n')
    assert [is_rollout_plan(tmp_path / name) for name in ("a.toml", "b.toml", "absent.toml")] == [True, False, False]


def test_the_hash_is_of_the_rules_and_not_of_their_place():
    assert the_plan().hash == parse_rollout_plan(raw(), "elsewhere.toml").hash
    assert the_plan().hash != the_plan(must_stop=0.2).hash


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"schema": "seatrial/policy/1"}, 'this version reads schema = "seatrial/rollout-plan/1"'),
        ({"alhpa": 0.05}, "'alhpa' is unknown; choose one of: owner, alpha, must_stop"),
        ({"cell": None}, "names no cell"),
        ({"cell": {"all traffic": {"share": 1.0, "rate": 0.95}}}, "stands for all cells together"),
        ({"cell": {"a": {"share": 0.5, "rate": 0.9}}}, "sum to 0.5; cells are a partition"),
        ({"cell": {"a": {"share": 1, "rate": 0.9, "critcal": True}}}, "choose one of: share, rate, critical"),
        ({"cell": {"a\x1b[2J": {"share": 1, "rate": 0.9}}}, "characters that cannot be seen"),
        ({"cell": {"a": {"share": 1}}}, "[cell.a]: rate is missing"),
        ({"cell": {"a": {"share": 1, "rate": 0.05}}}, "rate 0.05 cannot lose must_stop = 0.1"),
        ({"cell": {"a": {"share": 1, "rate": 1.5}}}, "not above 1"),
        ({"cell": {"a": {"share": 1, "rate": {"other": 0.9}}}}, "'other' is unknown"),
        ({"metric": {"a": {}, "b": {}}}, "exactly one metric is primary"),
        ({"metric": {"a": {"primary": True}, "b": {}}}, "2 metrics need a rate each"),
        ({"stage": []}, "at least one stage"),
        ({"stage": [{"share": 0.1, "margin": 0.1}]}, "as hours or as units"),
        ({"stage": [{"share": 0.1, "margin": 0.1, "hours": 1, "units": 5}]}, "say its dwell once"),
        ({"stage": [{"share": 0.1, "margin": 0.1, "hours": 1}], "units_per_day": None}, "hours need units_per_day"),
        ({"stage": [{"share": 1.0, "margin": 0.1, "hours": 1}]}, "must lie between 0 and 1"),
        ({"stage": [STAGES[1], STAGES[0]]}, "a ramp climbs"),
        ({"stage": [STAGES[0], {"share": 0.2, "margin": 0.2, "hours": 1}]}, "margins shrink along the ramp"),
        ({"weights": {"critical": 0.5}}, "shares of alpha sum to 1"),
        ({"weights": {"vital": 0.5}}, "choose one of: critical, other, overall"),
        ({"alpha": 0}, "must lie between 0 and 1"),
        ({"units_per_day": -1}, "a number above 0"),
    ],
)
def test_a_wrong_word_is_a_sentence_that_names_its_place(change, reported):
    with pytest.raises(ConfigError) as error:
        the_plan(**change)
    assert reported in str(error.value)
    assert str(error.value).startswith("rollout.toml")


def test_alpha_is_split_eighty_ten_ten():
    # 2 critical cells of 3, 2 metrics: .8 over 2 rows, .1 over the 4 others, .1 over 2 of the whole traffic
    found = levels((True, True, False), 2, 0.05, Split())
    assert found.cells.tolist() == pytest.approx(np.array([[0.02, 0.00125], [0.02, 0.00125], [0.00125, 0.00125]]))
    assert found.overall.tolist() == pytest.approx([0.0025, 0.0025])
    assert found.cells.sum() + found.overall.sum() == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("critical", "cells"),
    [((True, True), [0.0225, 0.0225]), ((False, False), [0.0225, 0.0225]), ((True,), [0.05]), ((False,), [0.05])],
)
def test_a_class_without_rows_leaves_its_share(critical, cells):
    found = levels(critical, 1, 0.05, Split())
    assert found.cells[:, 0].tolist() == pytest.approx(cells)
    assert found.cells.sum() + found.overall.sum() == pytest.approx(0.05)


def test_all_tries_together_spend_alpha():
    # 1/2 + 1/4 + 1/8 ...
    assert [try_alpha(0.05, j) for j in range(3)] == [0.025, 0.0125, 0.00625]
    assert sum(try_alpha(0.05, j) for j in range(60)) == pytest.approx(0.05)


def test_thresholds_are_one_over_alpha_of_the_row():
    ramp = ramp_of(the_plan())
    # first try .025: .8 to the critical row, .1 to the other, .1 to the whole
    assert ramp.thresholds[:, 0].tolist() == pytest.approx([1 / 0.02, 1 / 0.0025])
    assert ramp.pooled.tolist() == pytest.approx([1 / 0.0025])
    assert ramp.advance == pytest.approx(20)
    assert [stage.weight for stage in ramp.stages] == [0.5, 0.5]


def test_a_plan_that_keeps_its_promise():
    found = certified(units_per_day=30_000, runs=150)
    # Ville: <= .025 on the first try; 150 runs, z = 3.29: .042
    assert found.false_rollback.rate <= 0.025 + 0.042
    assert (found.blind, found.kept) == ((), True)
    assert found.days(found.longest) == 2.0
    assert found.days(found.traffic) < 2.0
    assert found.arrives(found.longest) is None  # how long outcomes take is not known
    waited = replace(found, horizon=36 * 3600.0)  # two stages wait for 1.5 days each
    assert (waited.waits, waited.arrives(waited.longest), waited.arrives(None)) == (3.0, 5.0, None)
    journey = found.journeys[0]
    assert journey.unchanged_arrives.rate > 0.9
    assert journey.worse_rolled_back.rate > 0.9


def test_a_stage_too_short_for_its_critical_cell_is_blind_and_says_what_would_do():
    short = [{"share": 0.01, "margin": 0.10, "hours": 24}, *STAGES]
    found = certified(stage=short)
    assert (found.blind, found.kept) == ((0,), False)
    detectable = next(s for s in found.detectables if s.blind)
    # 10,000 a day x .8 x .01
    assert (detectable.cell, detectable.units) == ("tier=enterprise", 80)
    longer = [{"share": 0.01, "margin": 0.10, "units": math.ceil(1.15 * detectable.needs)}, *STAGES]
    assert certified(stage=longer, seed=2).blind == ()


def test_a_thin_cell_that_is_not_critical_does_not_make_a_stage_blind():
    cells = {**CELLS, "rest": {"share": 0.19, "rate": 0.93}, "trial": {"share": 0.01, "rate": 0.9}}
    found = certified(cell=cells)
    thin = next(s for s in found.detectables if s.cell == "trial")
    assert thin.stops.rate < 0.8
    assert found.blind == ()


def test_without_a_critical_cell_the_whole_traffic_answers():
    cells = {name: {"share": 0.5, "rate": 0.95} for name in ("a", "b")}
    found = certified(cell=cells, stage=[{"share": 0.01, "margin": 0.1, "units": 5_000}])
    assert [s.cell for s in found.detectables if s.answers] == [ALL]
    assert found.blind == (0,)


def test_a_further_try_sees_less():
    stage = [{"share": 0.1, "margin": 0.1, "units": 1_500}]
    first, fifth = (certified(stage=stage, attempt=attempt, runs=300).detectables[0].stops.rate for attempt in (0, 5))
    assert fifth < first - 0.1


def test_the_same_seed_says_the_same():
    assert certified(runs=50) == certified(runs=50)


def test_curves_climb_with_the_drop():
    found = certify_rollout(the_plan(), runs=100, rng=np.random.default_rng(3), drops=(0.02, 0.2))
    assert [curve.cell for curve in found.curves] == ["tier=enterprise"] * 2
    for curve in found.curves:
        assert [drop for drop, _ in curve.points] == [0.0, 0.02, 0.1, 0.2]
        assert curve.points[0][1] < 0.1 < 0.9 < curve.points[-1][1]
