"""What a module makes at import for an event loop works in every verb: all of them await on one loop."""

import json
import sys
from collections import Counter

import pytest

from seatrial.cli.app import run
from seatrial.pool import process_loop
from seatrial.testing import OpenAIServer

REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

VERSIONS = (Version("v1"), Version("same"), Version("unlucky", {"style": "unlucky"}))
GRAPHS = fleet(GraphSpec("oracle", module="graphs.oracle", family="pretended", versions=VERSIONS, current="v1"))
"""
ORACLE = """
import asyncio
import os
import threading
from typing import TypedDict

from langchain.chat_models import init_chat_model
from langgraph.graph import END, START, StateGraph

MODEL = init_chat_model("openai:gpt-x", base_url=os.environ["PLANTED_URL"], api_key="k-123456", max_retries=0)
PLACES = asyncio.Semaphore(3)
LOOPS = set()


class State(TypedDict, total=False):
    n: int
    tier: str
    answer: str


def build(style="v1"):
    async def think(state: State) -> State:
        LOOPS.add((threading.get_ident(), id(asyncio.get_running_loop())))
        async with PLACES:
            said = await MODEL.ainvoke(f"{style} {state['n']}")
        return {"answer": said.content}

    return StateGraph(State).add_node("think", think).add_edge(START, "think").add_edge("think", END)


graph = build().compile()
"""


@pytest.fixture
def server(monkeypatch):
    """A model that answers the unlucky version's first twelve wrongly, once; its connections stay open."""
    requested = Counter()

    def reply(messages):
        style, n = messages[-1]["content"].split()
        requested[style, n] += 1
        return "wrong" if style == "unlucky" and int(n) < 48 and requested[style, n] == 1 else "right"

    with OpenAIServer(reply, keep_alive=True) as server:
        monkeypatch.setenv("PLANTED_URL", server.url)
        yield server


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # LangChain never closes its async clients
def test_a_client_made_at_import_goes_through_every_verb(project, server, capsys, users_pytest):
    (project / "graphs/registry.py").write_text(REGISTRY)
    (project / "graphs/oracle.py").write_text(ORACLE)
    suites = project / "evaluators/__init__.py"
    suites.write_text(suites.read_text().replace(', "rules": (right,)', ""))
    segments = project / "datasets/segments.toml"
    segments.write_text(segments.read_text().replace('critical = ["enterprise"]\n', ""))
    golden = project / "datasets/oracle/golden.jsonl"
    golden.write_text("".join(golden.read_text().splitlines(keepends=True)[36:60]))
    file = project / "pyproject.toml"
    file.write_text(file.read_text().replace('candidate = "unlucky"', 'candidate = "same"'))

    def reported(*words, code=0):
        capsys.readouterr()
        assert run([*words, "--json", "-j", "8"]) == code, capsys.readouterr()
        return json.loads(capsys.readouterr().out)

    def loops():
        return sys.modules["seatrial_project.graphs.oracle"].LOOPS

    reported("eval", "oracle@v1")
    first = set(loops())
    assert len(first) == 1
    reported("eval", "oracle@unlucky")
    # 24 examples cannot show that overall lost less than 10 points: exit 2, after a second stage on the same loop
    looked = reported("gate", "oracle@v1", "oracle@unlucky", "--confirm", "--confirm-repeat", "1", code=2)
    assert looked["confirm"]["how"] == "fresh"
    reported("flaky", "oracle@v1", "--repeat", "2")
    (row,) = reported("trial")["trials"]
    assert row["report"]["verdict"] == "pass"
    renewed = users_pytest("--seatrial-update-baseline", "gates/merge.toml")
    assert renewed[0] == 0, renewed[1]
    gated = users_pytest("gates/merge.toml")
    assert gated[0] == 0, gated[1]
    assert loops() == first

    foreign = project / "foreign"
    foreign.mkdir()
    (foreign / "agent.py").write_text(ORACLE)
    (foreign / "langgraph.json").write_text(
        json.dumps({"dependencies": ["."], "graphs": {"agent": "./agent.py:graph"}})
    )
    rows = [{"inputs": {"n": n, "tier": "free"}, "outputs": {"answer": "right"}} for n in range(24)]
    (foreign / "examples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    capsys.readouterr()
    requested = ("--langgraph", str(foreign / "langgraph.json"), "--into", str(foreign / "evals"))
    code = run(["init", *requested, "--examples", f"agent={foreign / 'examples.jsonl'}", "--json"])
    (graph,) = json.loads(capsys.readouterr().out)["graphs"]
    assert (code, graph["a_a"]["verdict"], graph["a_a"]["scores"]) == (0, "pass", {"answer": 1.0})

    summaries = [json.loads(one.read_text()) for one in project.rglob(".seatrial/runs/*/run.json")]
    assert len(summaries) >= 9
    assert {summary["system_failures"] for summary in summaries} == {0}
    assert {summary["measurement_failures"] for summary in summaries} == {0}


BLOCKS = """
import asyncio
import time
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

HOME = []


class State(TypedDict, total=False):
    n: int
    tier: str
    answer: str


def build(style="v1"):
    async def think(state: State) -> State:
        here = asyncio.get_running_loop()
        HOME[:] = HOME or [here]
        await asyncio.sleep(0)
        if state["n"] == 3:
            time.sleep(0.9)
        if here is not HOME[0]:
            raise RuntimeError("bound to a different event loop")
        return {"answer": "right"}

    return StateGraph(State).add_node("think", think).add_edge(START, "think").add_edge("think", END)
"""


def test_a_failure_after_the_loop_was_replaced_is_nobodys_and_exit_2(project, capsys, monkeypatch):
    monkeypatch.setattr(process_loop, "_missing", [])  # which later tests of this process would be told of
    (project / "graphs/oracle.py").write_text(BLOCKS)
    assert run(["eval", "oracle@v1", "-j", "2", "--timeout", "0.3"]) == 2
    reported = capsys.readouterr().err
    assert "RuntimeError: bound to a different event loop" in reported
    assert "make the blocking step a plain def or await it, and run again" in reported
    assert list(project.glob(".seatrial/runs/*/rows.jsonl"))
    assert not list(project.glob(".seatrial/runs/*/evidence.parquet"))
