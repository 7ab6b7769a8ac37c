"""Two versions of a graph on a model take turns, so that their latencies were measured on the same day."""

import json
from itertools import pairwise

import pytest

from seatrial.gate.policy import MeasureRule, Policy
from seatrial.project import open_project
from seatrial.trial.gating import gate
from seatrial.trial.interleave import TURNS, in_turns, take_turns


@pytest.fixture
def runs(project, monkeypatch):
    """Both runs, and the order in which the oracle was asked."""
    monkeypatch.setenv("EVAL", "1")
    opened = open_project(project)
    reported = []
    both = in_turns(
        opened, "oracle", ("v1", "worse"), kind="golden", repeat=1, progress=lambda *one: reported.append(one)
    )
    return opened, both, reported


def test_each_version_has_its_turn_again_and_again(runs):
    opened, both, reported = runs
    assert all(result.complete for result in both)
    # a change of version in what progress was told is a change of turn
    versions = [what.partition("@")[2] for what, _, _ in reported]
    changes = sum(a != b for a, b in pairwise(versions))
    assert changes >= 2 * TURNS - 2
    assert {planned for _, _, planned in reported} == {len(opened.dataset("oracle").examples)}


def test_their_latency_gates(runs):
    opened, (a, b), _ = runs
    policy = Policy(measures=(MeasureRule("latency_ms", 9.0),))
    report = gate(opened, "oracle", a.run_dir.name, b.run_dir.name, policy)
    (latency,) = [f for f in report.findings if f.key == "latency_ms"]
    assert latency.verdict is not None


def test_on_two_days_it_is_reported_only(runs):
    opened, (a, b), _ = runs
    for run_dir in (a.run_dir, b.run_dir):
        reported = json.loads((run_dir / "run.json").read_text())
        del reported["beside"]
        (run_dir / "run.json").write_text(json.dumps(reported))
    policy = Policy(measures=(MeasureRule("latency_ms", 9.0),))
    report = gate(opened, "oracle", a.run_dir.name, b.run_dir.name, policy)
    (latency,) = [f for f in report.findings if f.key == "latency_ms"]
    assert latency.verdict is None


def test_a_recorded_models_latency_never_gates(project, monkeypatch):
    monkeypatch.delenv("EVAL", raising=False)
    opened = open_project(project)
    a, b = in_turns(opened, "oracle", ("v1", "worse"), kind="golden", repeat=1)
    policy = Policy(measures=(MeasureRule("latency_ms", 9.0),))
    report = gate(opened, "oracle", a.run_dir.name, b.run_dir.name, policy)
    (latency,) = [f for f in report.findings if f.key == "latency_ms"]
    assert latency.verdict is None


def test_rules_take_turns_only_where_latency_gates(project):
    opened = open_project(project)
    assert take_turns(opened, "oracle", Policy())
    assert not take_turns(opened, "rules", Policy())
    assert take_turns(opened, "rules", Policy(measures=(MeasureRule("latency_ms", 0.1),)))
