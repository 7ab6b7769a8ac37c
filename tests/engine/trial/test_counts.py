"""Calls, tokens of a cache and reasoning tokens, from a real client over loopback to the gate on what they cost."""

import json

import pyarrow.parquet as pq
import pytest

from seatrial.cli.app import run
from seatrial.testing import OpenAIServer

GRAPH = """
import os
from typing import TypedDict

from langgraph.graph import START, StateGraph

from seatrial.model import chat_model


class State(TypedDict, total=False):
    text: str
    answer: str
    by: str


def build(model="openai:gpt-4o-mini", calls=1):
    face = chat_model(model, str, base_url=os.environ["LOOPBACK"], api_key="k-123456")

    def ask(state: State) -> State:
        for _ in range(calls):
            answer = face.invoke(state["text"]).text
        return {"answer": answer, "by": f"{model} {calls}"}

    return StateGraph(State).add_node("ask", ask).add_edge(START, "ask")
"""
REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

VERSIONS = (
    Version("small"),
    Version("large", {"model": "openai:gpt-4o"}),
    Version("uncached", {"model": "openai:gpt-4o-mini-2024-07-18"}),
    Version("twice", {"calls": 2}),
)
GRAPHS = fleet(GraphSpec("desk", module="graphs.desk", family="openai", versions=VERSIONS, current="small"))
"""
FILES = {
    "pyproject.toml": '[tool.seatrial]\nfleet = "t"\nmlflow = "never"\n',
    "graphs/registry.py": REGISTRY,
    "graphs/desk.py": GRAPH,
    "evaluators/__init__.py": 'def right(run, example):\n    return run.outputs["answer"] == "yes"\n\n\nSUITES = {"desk": (right,)}\n',
    "gates/merge.toml": """schema = "seatrial/policy/1"
[key.right]
primary = true
[measure.cost_usd]
statistic = "mean"
max_increase = "5%"
""",
    "gates/calls.toml": 'schema = "seatrial/policy/1"\n[key.right]\nprimary = true\n[measure.calls]\nmax_increase = 0\n',
    "datasets/desk/golden.jsonl": "".join(
        json.dumps({"id": f"q{n:02}", "inputs": {"text": f"is {n} a number?"}}) + "\n" for n in range(30)
    ),
}


class Caching(OpenAIServer):
    """Counts the tokens of every prompt but one as read from a cache, unless it is asked by a dated name."""

    def completion(self, body, reported, mode, number):
        made = super().completion(body, reported, mode, number)
        usage = made["usage"] | {"prompt_tokens": 1_000, "total_tokens": 1_000 + made["usage"]["completion_tokens"]}
        usage["prompt_tokens_details"] = {"cached_tokens": 0 if body["model"].endswith("18") else 900}
        usage["completion_tokens_details"] = {"reasoning_tokens": 1}
        return made | {"usage": usage}


@pytest.fixture
def desk(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    with Caching(lambda _: "yes") as server:
        monkeypatch.setenv("LOOPBACK", server.url)
        monkeypatch.setenv("EVAL", "1")  # models are asked
        yield tmp_path


def ran(folder, version):
    assert run(["eval", f"desk@{version}"]) == 0
    (path,) = (folder / ".seatrial/runs").glob(f"*-{version}-*/evidence.parquet")
    return pq.read_table(path).to_pylist()


def gate(capsys, candidate, policy):
    capsys.readouterr()
    code = run(
        ["gate", "desk@small", f"desk@{candidate}", "--policy", f"gates/{policy}.toml", "--no-confirm", "--json"]
    )
    data = json.loads(capsys.readouterr().out)
    return code, next(row for row in data["segments"] if row["key"] in ("cost_usd", "calls"))


def test_a_more_expensive_model_and_a_lost_cache_are_seen_where_the_answers_are_the_same(desk, capsys):
    row = ran(desk, "small")[0]
    counted = ("calls", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    assert [row[name] for name in counted] == [1, 1_000, 900, None, 1, 1]
    ran(desk, "large")
    ran(desk, "uncached")
    # gpt-4o-mini: .15 and .075 cached in, .6 out a million. (100 x .15 + 900 x .075 + .6) / (1,000 x .15 + .6) = 83.1 / 150.6
    for version, ratio in (("large", None), ("uncached", 150.6 / 83.1 - 1)):
        code, cost = gate(capsys, version, "merge")
        kinds = {one["kind"]: one for one in cost["reasons"]}
        assert (code, cost["verdict"], cost["reasons"][0]["kind"]) == (1, "fail", "grew")
        assert kinds["increase"]["without"] == 0
        assert (
            kinds["increase"]["ratio"] == pytest.approx(ratio, rel=1e-6) if ratio else kinds["increase"]["ratio"] > 10
        )


def test_a_second_call_is_counted(desk, capsys):
    ran(desk, "small")
    assert {row["calls"] for row in ran(desk, "twice")} == {2}
    code, calls = gate(capsys, "twice", "calls")
    assert (code, calls["verdict"], calls["reasons"][0]["kind"]) == (1, "fail", "grew")
