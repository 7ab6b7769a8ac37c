"""A graph on a real provider's client: recorded once under EVAL=1, replayed by the fast gate, and never made up."""

import json
from itertools import pairwise

import pytest

from seatrial.cli.app import run
from seatrial.evidence import read_evidence
from seatrial.testing import OpenAIServer
from seatrial.trial import models

REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

GRAPHS = fleet(
    GraphSpec("desk", module="graphs.desk", family="openai", versions=(Version("v1"), Version("v2", {"extra": " now"})), current="v1")
)
"""
DESK = """
import os
from typing import TypedDict

from langgraph.graph import END, START, StateGraph
from seatrial.model import chat_model


class State(TypedDict, total=False):
    text: str
    desk: str


def build(extra=""):
    chat = chat_model(
        "openai:gpt-4o-mini", None, base_url=os.environ["DESK_URL"], api_key="sk-planted-not-a-real-key", temperature=0
    )

    def ask(state: State) -> State:
        return {"desk": chat.invoke(os.environ.get("DESK_ASKS", "") + state["text"] + extra).text}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", END)
    return graph
"""
EVALUATORS = """
def right(outputs, reference_outputs):
    return outputs["desk"] == reference_outputs["desk"]


SUITES = {"desk": (right,)}
"""
PYPROJECT = """
[tool.seatrial]
fleet = "shop"
mlflow = "never"

[[tool.seatrial.trial]]
graph = "desk"
baseline = "v1"
candidate = "v2"
policy = "gates/merge.toml"
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    for folder in ("graphs", "evaluators", "datasets/desk", "gates"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "graphs/registry.py").write_text(REGISTRY)
    (tmp_path / "graphs/desk.py").write_text(DESK)
    (tmp_path / "evaluators/__init__.py").write_text(EVALUATORS)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "gates/merge.toml").write_text('schema = "seatrial/policy/1"\n[key.right]\nprimary = true\n')
    rows = [{"id": f"q{n:02}", "inputs": {"text": f"question {n}"}, "outputs": {"desk": "front"}} for n in range(24)]
    (tmp_path / "datasets/desk/golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(models, "_hubs", {})
    return tmp_path


@pytest.fixture
def server(monkeypatch):
    with OpenAIServer(lambda _messages: "front") as running:
        monkeypatch.setenv("DESK_URL", running.url)
        yield running


def outcomes(project):
    runs = (project / ".seatrial/runs").glob("*-v1-*")
    latest = max(runs, key=lambda folder: json.loads((folder / "run.json").read_text())["started"])
    evidence = read_evidence(latest / "evidence.parquet")
    return [
        (evidence.codes(name).values[0] if evidence.codes(name).values else None) for name in ("outcome", "error_kind")
    ]


def test_recorded_once_it_is_replayed_without_a_call_and_a_miss_is_skipped(project, server, monkeypatch, capsys):
    monkeypatch.setenv("EVAL", "1")
    assert run(["eval", "desk@v1"]) == 0
    assert len(server.requests) == 24
    (cassette,) = (project / "tests/cassettes").glob("*")
    assert "sk-planted" not in cassette.read_text()
    monkeypatch.delenv("EVAL")
    assert run(["eval", "desk@v1"]) == 0
    assert len(server.requests) == 24
    assert outcomes(project)[0] == "scored"
    capsys.readouterr()
    # another prompt was never recorded
    monkeypatch.setenv("DESK_ASKS", "Kindly: ")
    assert run(["eval", "desk@v1"]) == 2
    assert outcomes(project) == ["skipped", "unrecorded"]
    assert len(server.requests) == 24


def test_the_kill_switch_skips_every_row(project, server, monkeypatch):
    monkeypatch.setenv("EVAL", "1")
    monkeypatch.setenv("LLM_KILL_SWITCH", "1")
    assert run(["eval", "desk@v1"]) == 2
    assert outcomes(project) == ["skipped", "kill_switch"]
    assert not server.requests


def test_a_trial_takes_turns_and_confirms_on_new_draws(project, server, monkeypatch):
    monkeypatch.setenv("EVAL", "1")
    assert run(["trial"]) == 0
    requested = [str(request) for request in server.requests]
    assert len(requested) == 48
    turns = [" now" in one for one in requested]
    assert sum(a != b for a, b in pairwise(turns)) > 8
