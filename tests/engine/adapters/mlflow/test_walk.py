"""The last step of an outsider's walk: the project `init` writes, before and after a prompt was edited, side by side."""

import json

import pytest

from seatrial.adapters.mlflow import place, session
from seatrial.cli.app import run


@pytest.fixture
def project(tmp_path, monkeypatch, environ):
    monkeypatch.setenv("XDG_CACHE_HOME", environ["XDG_CACHE_HOME"])
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert run(["init", str(tmp_path / "evals")]) == 0
    monkeypatch.chdir(tmp_path / "evals")
    return tmp_path / "evals"


def test_both_runs_stand_side_by_side(project, capsys, environ):
    assert run(["eval", "triage@v2", "--version-label", "before", "--mlflow"]) == 0
    file = project / "graphs/triage/prompts/p2.md"
    file.write_text(file.read_text().replace("refund: refund, ", "refund: "))
    assert run(["eval", "triage@v2", "--version-label", "after", "--mlflow"]) == 0
    with session(place({}, project), environ=environ) as client:
        (experiment,) = [e for e in client.search_experiments() if e.name == "my-fleet/triage"]
        runs = client.search_runs([experiment.experiment_id])
        means = {one.data.params["version"]: one.data.metrics for one in runs}
    assert means["before"]["desk/topic/refund/mean"] == pytest.approx(1.0)
    assert means["after"]["desk/topic/refund/mean"] == pytest.approx(24 / 60)
    capsys.readouterr()
    ids = {one.data.params["version"]: one.data.tags["seatrial.run_id"] for one in runs}
    assert run(["compare", "--mlflow", ids["before"], ids["after"], "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert (reported["baseline"], reported["candidate"]) == ("before", "after")
