"""Recorded traffic: what is written, and what a candidate makes of it before it is deployed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from seatrial.cli.app import run
from seatrial.dataset import load
from seatrial.rollout.traffic import recording, request_of

PLAN = """
schema = "seatrial/rollout-plan/1"
graph = "support"
control = "v3"
candidate = "v4"
units_per_day = 12000
watch = ["leak"]
[shadow]
keys = ["polite"]
margin = 0.2
[metric.resolved]
[cell.DE]
share = 0.4
rate = 0.95
critical = true
where = [{ field = "inputs.region", op = "equals", arg = "DE" }]
[cell.rest]
share = 0.6
rate = 0.95
[[stage]]
share = 0.25
margin = 0.10
hours = 24
"""
FILES = {
    "pyproject.toml": '[tool.seatrial]\nfleet = "t"\nregistry = "graphs/registry.py"\n',
    "gates/metrics.toml": '[metric.resolved]\nsource = "outcome:resolved"\nhorizon = "1h"\ndefault = "negative"\n'
    '[metric.leak]\nsource = "key:no_mail"\nkind = "zero_tolerance"\n',
    "experiments/support_v4.toml": PLAN,
    "graphs/registry.py": """
from seatrial.graph.spec import GraphSpec, Version, fleet
VERSIONS = (Version("v3", {"style": "please"}), Version("v4", {"style": "kindly"}))
GRAPHS = fleet(GraphSpec("support", module="graphs.support", side_effects="none", versions=VERSIONS))
""",
    "graphs/support.py": """
from typing import TypedDict
from langgraph.graph import START, StateGraph
class Words(TypedDict, total=False):
    region: str
    n: int
    text: str
def build(style):
    def node(state):
        if style == "kindly" and state["region"] == "FR" and state["n"] % 2:
            raise KeyError("order")
        return {"text": style + " write to a@b.example" * (style == "kindly" and state["n"] == 4)}
    graph = StateGraph(Words)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    return graph
""",
    "evaluators/__init__.py": """
def polite(outputs):
    return outputs["text"].startswith(("please", "kindly"))
def no_mail(outputs):
    return "@" not in outputs["text"]
SUITES = {"support": (polite, no_mail)}
""",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    pytest.importorskip("langgraph")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def replayed(project, regions, *, leak=False, capsys=None):
    """Exit code and JSON of the verb over 40 recorded requests of each region: of a process, or of a call where that is given."""
    numbers = [n for n in range(41) if leak or n != 4][:40]
    rows = [
        {"id": f"{region}{n}", "inputs": {"region": region, "n": n}, "outputs": {"text": "please"}}
        for region in regions
        for n in numbers
    ]
    file = project / "traffic.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["rollout", "replay-traffic", "support_v4", str(file), "--json"]
    if capsys is not None:
        return run(words), json.loads(capsys.readouterr().out)
    command = [sys.executable, "-m", "seatrial", *words]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, env=os.environ)
    return done.returncode, json.loads(done.stdout)


def test_recorded_requests_stop_a_candidate_that_fails_in_one_cell(project, capsys):
    code, said = replayed(project, ("DE", "FR"))
    assert (code, said["verdict"]) == (1, "fail")
    assert said["reason"].startswith("rest: ")
    assert ["Candidate failed", "KeyError: 'order' (20 requests)"] in [list(fact) for fact in said["facts"]]
    code, said = replayed(project, ("DE", "ES"), capsys=capsys)
    assert (code, said["schema"]) == (0, "seatrial/replay-traffic/1")
    code, said = replayed(project, ("DE",))
    assert (code, said["reason"]) == (2, "rest: no request of it was recorded")
    code, said = replayed(project, ("DE", "ES"), leak=True, capsys=capsys)
    assert code == 1
    assert "no_mail" in {row["key"] for row in said["findings"]}


def test_a_file_that_is_not_there_judges_nothing(project, capsys):
    assert run(["rollout", "replay-traffic", "support_v4", "nothing.jsonl"]) == 3
    assert "nothing.jsonl" in capsys.readouterr().err


def test_what_is_recorded_is_a_dataset_without_keys_and_gives_the_request_back(tmp_path, monkeypatch):
    file = tmp_path / "traffic.jsonl"
    one = recording(file, sample=1.0)
    config = {
        "configurable": {"thread_id": "t1", "user": "u1"},
        "tags": ["lang:de"],
        "metadata": {"tier": "pro"},
    }
    secret = "sk-proj-" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5dE7f"
    one.around(lambda inputs, config: {"text": "hi"})({"region": "DE", "note": secret}, config)
    one.close()
    assert one.counts.unrecorded == 0, one.problem
    assert secret not in file.read_text()
    (example,) = load(file).examples
    assert example.outputs == {"text": "hi"}
    found = request_of(example)
    assert (found.thread_id, found.tags, found.metadata) == ("t1", ("lang:de",), {"tier": "pro"})
    assert found.configurable == {"user": "u1"}
