"""Every reference graph has a rollout plan that `rollout start` accepts as it is, with cells that its requests reach."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphs.registry import GRAPHS

from seatrial.cli.app import run
from seatrial.experiment import load_rollout_plan, load_runnable_plan
from seatrial.experiment.partition import REST
from seatrial.outcome import load_metrics
from seatrial.project import open_project
from seatrial.segment import for_graph
from seatrial.testing import rollout_demo

ROOT = Path(__file__).parents[2]
PLANS = {
    plan.graph: path for path in sorted((ROOT / "experiments").glob("*_v*.toml")) for plan in [load_rollout_plan(path)]
}


@pytest.fixture(scope="module")
def project():
    return open_project(ROOT)


def test_every_graph_has_a_plan():
    assert sorted(PLANS) == sorted(spec.assistant_id for spec in GRAPHS)


@pytest.mark.parametrize("graph", sorted(PLANS))
def test_every_cell_is_read_from_requests_of_the_graph(project, graph):
    plan = load_runnable_plan(
        PLANS[graph], for_graph(project.dimensions, graph), load_metrics(ROOT / "gates" / "metrics.toml")
    )
    reached = {plan.partition.cell_of({"inputs": one.inputs}) for one in project.dataset(graph).examples}
    assert reached == {cell.name for cell in plan.cells}
    assert plan.cells[-1].name == REST
    assert any(cell.critical for cell in plan.cells)


@pytest.mark.parametrize(
    "graph", ["campaign", *(pytest.param(one, marks=pytest.mark.slow) for one in sorted(PLANS) if one != "campaign")]
)
def test_every_plan_starts_at_its_own_size(graph, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert run(["rollout", "start", str(PLANS[graph]), "--author", "ada", "--reason", "try", "--dry-run"]) == 0
    assert "nothing was written" in capsys.readouterr().out


@pytest.mark.parametrize("graph", sorted(PLANS))
def test_every_shadow_stage_scores_by_evaluators_of_the_graph_and_has_no_side_effects(project, graph):
    shadow = load_rollout_plan(PLANS[graph]).shadow
    spec = project.spec(graph)
    if shadow.units:
        assert spec.side_effects == "none"
        assert set(shadow.keys) <= {one.key for one in project.evaluators(graph)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["email_classify_v2", "email_compose_v2"])
def test_the_demo_comes_back_where_it_breaks_arrives_elsewhere_and_replays(name, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert rollout_demo.main([f"experiments/{name}.toml"]) == 0
    told = capsys.readouterr().out
    assert "replayed to the same bytes, chain unbroken" in told
    assert "worse in" in told
