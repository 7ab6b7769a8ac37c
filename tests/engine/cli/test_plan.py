"""`seatrial plan` as it is called."""

import json
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from seatrial.cli.app import run
from seatrial.experiment import parse_rollout_plan
from seatrial.report.plan_picture import rollout_svg
from seatrial.rollout.certificate import certify_rollout

ROOT = Path(__file__).parents[3]
ROLLOUT = """schema = "seatrial/rollout-plan/1"
units_per_day = 6000
[cell."tier=enterprise"]
share = 0.8
critical = true
rate = 0.95
[cell.rest]
share = 0.2
rate = 0.93
[[stage]]
share = {share}
margin = 0.10
hours = 24
[[stage]]
share = 0.10
margin = 0.05
hours = 24
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rollout.toml").write_text(ROLLOUT.format(share=0.05))
    (tmp_path / "blind.toml").write_text(ROLLOUT.format(share=0.01))
    return tmp_path


def plan(*arguments):
    return run(["plan", *arguments])


def reported(capsys):
    return json.loads(capsys.readouterr().out)


def test_a_drop_needs_so_many_examples(capsys):
    assert plan("paired", "--drop", "0.1", "--json") == 0
    found = reported(capsys)
    assert (found["schema"], found["kind"]) == ("seatrial/plan/1", "paired")
    assert found["drops"][0]["examples"] == 83
    assert plan("paired", "--drop", "0.1") == 0
    assert "  10 points         83           166\n" in capsys.readouterr().out


def test_a_policy_is_planned_segment_by_segment_and_its_schema_is_enough(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert plan("gates/merge.toml", "--drop", "0.1", "--json") == 0
    short = reported(capsys)
    assert plan("paired", "gates/merge.toml", "--drop", "0.1", "--json") == 0
    assert short == reported(capsys)
    assert [graph["graph"] for graph in short["graphs"]] == [
        "text_to_sql",
        "email_classify",
        "support_router",
        "country_classify",
        "lead_score",
        "handbook_answer",
        "email_compose",
        "campaign",
    ]
    row = next(r for r in short["graphs"][0]["segments"] if r["segment"] == "tier=enterprise")
    assert row["calls_for_examples"] == 2 * (row["examples"] - row["n"])


def test_588_units_an_arm(capsys):
    assert plan("unpaired", "--base", "0.95", "--rate", "0.98") == 0
    assert "at a two-sided level of 0.05: 588 units per arm" in capsys.readouterr().out
    assert plan("unpaired", "--base", "0.95", "--margin", "0.05", "--json") == 0
    assert reported(capsys)["per_arm"] == 235


def test_looks_have_a_price(capsys):
    assert plan("unpaired", "--base", "0.95", "--rate", "0.98", "--looks", "5", "--share", "0.1") == 0
    out = capsys.readouterr().out
    assert "5 looks at the full level would be wrong 14.2 % of the time" in out
    assert "10.0 % of those who take part in the new arm with 5 planned looks" in out


def test_a_canary_in_words_numbers_and_a_picture(here, capsys):
    arguments = (
        "canary",
        "--base",
        "0.95",
        "--drop",
        "0.1",
        "--margin",
        "0.1",
        "--runs",
        "200",
        "--units-per-day",
        "900",
    )
    assert plan(*arguments, "--dwell", "20", "-o", "curve.svg") == 0
    out = capsys.readouterr().out
    assert "a canary at 85.0 % beside a control at 95.0 %" in out
    assert "✕ the worse canary is stopped within the dwell" in out
    root = ET.fromstring((here / "curve.svg").read_text())
    assert len(root.findall("{*}polyline")) == 1
    assert plan(*arguments, "--json", "-o", "plan.json") == 0
    printed = capsys.readouterr().out
    assert printed == (here / "plan.json").read_text()
    assert json.loads(printed)["stop"]["alone"]["days_median"] > 0


def test_a_rollout_that_keeps_its_promise_is_exit_0(here, capsys):
    assert plan("rollout.toml", "--runs", "200", "-o", "power.svg") == 0
    out = capsys.readouterr().out
    assert out.startswith("✓ rollout.toml: false rollback ")
    assert "promised ≤ 2.5 % on try 1 (all tries ≤ 5.0 %)" in out
    assert len(ET.fromstring((here / "power.svg").read_text()).findall("{*}polyline")) == 2
    assert "in every stage the horizon of its outcomes (no gates/metrics.toml names it)" in out
    (here / "gates").mkdir(exist_ok=True)
    (here / "gates/metrics.toml").write_text(
        '[metric.success]\nsource = "outcome:ok"\nhorizon = "7d"\ndefault = "negative"\n'
    )
    assert plan("rollout.toml", "--runs", "200") == 0
    assert "of which every stage waits 7.0 days for outcomes" in capsys.readouterr().out


def test_a_blind_stage_is_named_mended_and_exit_2(here, capsys):
    assert plan("canary", "blind.toml", "--runs", "200") == 2
    out = capsys.readouterr().out
    assert "✕ stage 1, 1 % for 24 hours: blind, it cannot stop 10 points worse" in out
    assert "to fix it: a dwell of " in out
    assert plan("canary", "blind.toml", "--runs", "200", "--json") == 2
    found = reported(capsys)
    assert (found["kind"], found["kept"], found["blind"]) == ("rollout", False, [1])


def test_what_is_named_by_others_is_no_markup(here):
    plan_ = parse_rollout_plan(tomllib.loads(ROLLOUT.format(share=0.05).replace("tier=enterprise", "<script>&")), "x")
    drawn = rollout_svg(certify_rollout(plan_, runs=10, rng=np.random.default_rng(1), drops=(0.2,)))
    assert "&lt;script&gt;&amp;" in drawn
    assert "<script>" not in drawn


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["piared"], "did you mean 'paired'? Examples: seatrial plan --help"),
        (["paired", "--drop", "10%"], "it is a share: 10 % is 0.1"),
        (["absent.toml"], "absent.toml does not exist"),
        (["canary"], "say the control's --base and the canary's --drop"),
        (["canary", "--base", "0.1", "--drop", "0.2"], "a rate of 0.1 cannot lose as much"),
        (["canary", "rollout.toml", "--dwell", "5"], "--dwell is for a plan without a file"),
        (["canary", "rollout.toml", "-o", "x.png"], "choose FILE.json or FILE.svg"),
        (["unpaired", "--base", "0.9"], "say what must be seen, once"),
        (["unpaired", "--base", "0.9", "--rate", "0.9"], "the two rates are equal"),
        (["paired", "--graph", "a"], "name its policy too"),
        (["paired", "--drop", "2"], "is not in the range"),
        (["paired", "rollout.toml", "--n", "5"], "--n is for a plan without a policy"),
    ],
)
def test_a_users_mistake_is_a_sentence_and_exit_3(here, capsys, arguments, words):
    assert plan(*arguments) == 3
    assert words in capsys.readouterr().err


def test_a_file_of_another_schema_lists_those_there_are(here, capsys):
    (here / "x.toml").write_text('schema = "seatrial/else/1"\n')
    assert plan("x.toml") == 3
    assert "choose one of: seatrial/policy/1, seatrial/rollout-plan/1" in capsys.readouterr().err
