"""The commands: a trial and an eval are MLflow runs, compare reads them back, and MLflow never changes a verdict."""

import importlib
import json

import pytest

from seatrial.adapters.mlflow import place, session
from seatrial.cli.app import run

FILES = {
    "pyproject.toml": """
[tool.seatrial]
fleet = "fleet"
registry = "graphs/registry.py"
segments = "datasets/segments.toml"

[[tool.seatrial.trial]]
graph = "greeter"
baseline = "v1"
candidate = "v2"
expect = "fail"
expect_segments = ["tier=enterprise"]
""",
    "graphs/registry.py": """
from seatrial.graph.spec import GraphSpec, Version, fleet

GRAPHS = fleet(
    GraphSpec("greeter", module="graphs.greeter", family="rules", versions=(Version("v1"), Version("v2", {"rude": True})))
)
""",
    "graphs/greeter.py": """
from typing import TypedDict

from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    name: str
    tier: str
    greeting: str


def build(rude=False):
    graph = StateGraph(State)
    graph.add_node("greet", lambda s: {"greeting": "What?" if rude and s["tier"] == "enterprise" else "Hello " + s["name"]})
    graph.add_edge(START, "greet")
    graph.add_edge("greet", END)
    return graph
""",
    "evaluators/__init__.py": """
from seatrial import evaluator


@evaluator(version="1")
def polite(outputs):
    return outputs["greeting"] != "What?"


SUITES = {"greeter": (polite,)}
""",
    "datasets/segments.toml": 'version = 1\n[dimension.tier]\nfield = "inputs.tier"\nvalues = ["free", "enterprise"]\ncritical = ["enterprise"]\n',
    "datasets/greeter/dataset.toml": 'version = "1"\n',
    "datasets/greeter/golden.jsonl": "\n".join(
        json.dumps({"id": f"g{i}", "inputs": {"name": f"guest {i}", "tier": "enterprise" if i % 2 else "free"}})
        for i in range(60)
    ),
}


@pytest.fixture
def project(tmp_path, monkeypatch, cache):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def logged(root, filter_string=""):
    with session(place({}, root)) as client:
        ids = [one.experiment_id for one in client.search_experiments()]
        return client.search_runs(ids, filter_string)


def test_a_trial_is_logged_and_compared_again_from_mlflow_alone(project, capsys):
    assert run(["trial", "--check-expect"]) == 0
    reported = capsys.readouterr().out
    assert (
        "MLflow: sqlite:///mlflow.db · experiment fleet/greeter · open with mlflow ui --backend-store-uri sqlite:///mlflow.db"
        in reported.splitlines()
    )
    assert len(logged(project)) == 3
    (stopped,) = logged(project, "tags.`seatrial.kind` = 'evaluation' AND tags.`seatrial.verdict` = 'fail'")
    assert stopped.data.params["version"] == "v2"
    assert stopped.data.tags["seatrial.worst_segment"] == "tier=enterprise"
    baseline = next(r.data.tags["seatrial.run_id"] for r in logged(project, "params.version = 'v1'"))
    candidate = stopped.data.tags["seatrial.run_id"]

    assert run(["compare", baseline, candidate, "--json"]) == 0
    local = capsys.readouterr().out
    (project / ".seatrial").rename(project / "elsewhere")
    assert run(["compare", "--mlflow", baseline, stopped.info.run_id, "--json"]) == 0
    assert capsys.readouterr().out == local

    assert run(["compare", "--mlflow", stopped.info.run_id, candidate]) == 3
    assert "a run is not compared with itself" in capsys.readouterr().err
    assert run(["compare", "--mlflow", baseline, "nobody"]) == 3
    assert "MLflow has no run 'nobody'" in capsys.readouterr().err


def test_an_eval_is_logged_when_it_is_asked_for_or_always(project, capsys):
    assert run(["eval", "greeter@v1", "--limit", "4"]) == 0
    assert not (project / "mlflow.db").exists()
    run_id = next((project / ".seatrial" / "runs").iterdir()).name
    assert run(["eval", "greeter@v1", "--limit", "4", "--resume", run_id, "--mlflow", "--json"]) == 0
    reported = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(reported["mlflow"]["runs"]) == [run_id]
    assert reported["mlflow"]["experiments"] == ["fleet/greeter"]
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('fleet = "fleet"', 'fleet = "fleet"\nmlflow = "always"'))
    assert run(["eval", "greeter@v2", "--limit", "4"]) == 0
    assert run(["eval", "greeter@v2", "--limit", "4", "--no-mlflow"]) == 0
    assert len(logged(project)) == 2


def test_mlflow_out_of_reach_changes_no_verdict_and_loses_no_run(project, capsys, monkeypatch):
    (project / "mlflow.db").write_text("no database, and longer than a header of SQLite would be\n" * 40)
    assert run(["trial"]) == 1
    reported = capsys.readouterr()
    assert reported.err.splitlines()[-1] == (
        f"seatrial: not logged to MLflow: MLflow at sqlite:///{project}/mlflow.db: {project}/mlflow.db is no SQLite database"
    )
    assert "MLflow:" not in reported.out
    assert len(list((project / ".seatrial" / "runs").glob("*/evidence.parquet"))) == 2
    assert run(["trial", "--mlflow"]) == 1
    assert run(["trial", "--check-expect"]) == 0
    capsys.readouterr()
    assert run(["trial", "--check-expect", "--mlflow", "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["exit_code"] == 2
    assert "no SQLite database" in answer["mlflow"]["failed"]


def test_without_mlflow_a_trial_is_silent_about_it_and_asking_for_it_names_the_extra(project, capsys, monkeypatch):
    monkeypatch.setattr(importlib.import_module("seatrial.adapters.mlflow.session"), "installed", lambda: False)
    assert run(["trial"]) == 1
    assert "MLflow" not in "".join(capsys.readouterr())
    assert run(["eval", "greeter", "--mlflow"]) == 3
    assert "pip install 'seatrial[mlflow]'" in capsys.readouterr().err
    assert len(list((project / ".seatrial" / "runs").iterdir())) == 2


def test_a_bug_of_ours_in_logging_is_told_and_the_verdict_stands(project, capsys, monkeypatch):
    monkeypatch.setattr("seatrial.adapters.mlflow.log.verdict_tags", None)
    assert run(["trial", "--check-expect"]) == 0
    assert "TypeError: 'NoneType' object is not callable" in capsys.readouterr().err


def test_a_setting_nobody_knows_lists_those_there_are(project, capsys):
    (project / "pyproject.toml").write_text('[tool.seatrial]\nmlflow = "sometimes"\n')
    assert run(["trial"]) == 3
    assert "mlflow: 'sometimes' is unknown; choose one of: trial, always, never" in capsys.readouterr().err
