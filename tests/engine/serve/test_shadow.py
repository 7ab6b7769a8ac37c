"""The shadow stage at the server: the candidate sees copies, the client sees nothing of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from seatrial.experiment import parse_rollout_plan
from seatrial.outcome.metric import parse_metrics
from seatrial.rollout import controller, ledger
from seatrial.rollout.rules import rules_of
from seatrial.store.guards import guard_decisions
from seatrial.store.shadow import read_shadow
from seatrial.testing import OpenAIServer

from .served import PLAN

REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

BOTH = (Version("v1", {"mark": "1"}), Version("v2", {"mark": "2"}))
GRAPHS = fleet(
    GraphSpec("echo", module="graphs.shadowed", side_effects=%r, versions=BOTH, current="v1"),
)
"""
GRAPH = """
import threading
from typing import Annotated, TypedDict
from operator import add

from langgraph.graph import START, StateGraph

from seatrial.checks import no_pii
from seatrial.graph.run import Run
from seatrial.model import chat_model
from seatrial.model.outcome import Outage
from seatrial.monitor.guard import guard
from seatrial.store.outcomes import emit

go_on = threading.Event()


class State(TypedDict, total=False):
    text: str
    said: str
    steps: Annotated[list[str], add]


def build(mark="1"):
    def node(state):
        if state["text"].startswith("http"):
            chat_model("openai:gpt-x", lambda *_: "", base_url=state["text"], api_key="k-123456").invoke("hi")
        if mark == "2":
            if state["text"] == "wait":
                go_on.wait(20)
            if state["text"] == "fall":
                raise ValueError("the candidate fell")
            state["text"] = "changed"
        guard((no_pii(),), Run("r", {}, {"answer": mark}), "record")
        emit("t", "called", mark, event_id=f"{mark}/{state['text']}")
        if state["text"] == "outage":
            raise Outage("no answer from the provider")
        if state["text"] == "live falls":
            raise ValueError("the live version fell")
        return {"said": state["text"] + mark, "steps": [mark]}

    return StateGraph(State).add_node("node", node).add_edge(START, "node")
"""
EVALUATORS = """
from seatrial.scoring import evaluator


@evaluator(version="1")
def marked(outputs):
    return outputs["said"].endswith("1")


SUITES = {"echo": (marked,)}
"""
SHADOW = {"units": 20, "sample": 1.0, "keys": ["marked"], "margin": 0.2}


def ask(client: Any, words: str, path: str = "/runs/wait") -> Any:
    return client.post(path, json={"assistant_id": "echo", "input": {"text": words}})


def until(found: Any) -> None:
    end = time.monotonic() + 20
    while not found():
        assert time.monotonic() < end
        time.sleep(0.01)


def started(server: Any) -> Any:
    metrics = parse_metrics({"resolved": {"source": "outcome:resolved", "horizon": "1h", "default": "negative"}}, "m")
    rules = rules_of(parse_rollout_plan(PLAN | {"shadow": SHADOW}, "plan.toml", (), name="echo_v2"), metrics)
    began = ledger.started(rules, time.time(), code="1", author="ada", reason="x", control_hash="", candidate_hash="")
    assert controller.start(server.store, began, rules)
    return rules


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in (
        ("graphs/registry.py", REGISTRY % "none"),
        ("graphs/shadowed.py", GRAPH),
        ("evaluators/__init__.py", EVALUATORS),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def test_copies_are_compared_after_the_answer_which_is_the_same_bytes(project: Path, serving: Any) -> None:
    with serving(project) as (server, address), httpx.Client(base_url=address, timeout=60) as client:
        words = ["a", "fall", "live falls", "b"]
        alone = [ask(client, one).content for one in words]
        streamed = ask(client, "s", "/runs/stream").text.partition("event: values")[2]
        rules = started(server)
        assert server.router.refresh()
        ask(client, "the first makes the shadow")
        until(lambda: server.shadows.counts)
        assert [ask(client, one).content for one in words] == alone
        assert ask(client, "s", "/runs/stream").text.partition("event: values")[2] == streamed
        pinned = client.post("/runs/wait", json={"assistant_id": "echo@v2", "input": {"text": "x"}})
        assert pinned.status_code == 200  # no request of the rollout
        name = rules.rollout
        until(lambda: server.shadows.counts[name, "compared"] == 5)
        told = client.get("/metrics").text
        for event, n in (("live", 5), ("sampled", 5), ("failed", 1), ("dropped", 0), ("unrecorded", 0)):
            assert f'seatrial_shadow_total{{rollout="{name}",event="{event}"}} {n}' in told
        until(lambda: len(read_shadow(server.store, name, "rest", 0)) == 20)  # two keys of two versions
        rows = [row for row in read_shadow(server.store, name, "rest", 0) if row.key == "marked"]
        scores = {(row.arm, row.outcome, row.score) for row in rows}
        assert {("control", "scored", 1.0), ("candidate", "scored", 0.0)} <= scores
        assert len(rows) == 10
        with server.store.read() as connection:
            labels = connection.execute(text("SELECT DISTINCT event_id FROM outcomes WHERE label = '2'")).all()
            assert connection.execute(text("SELECT COUNT(*) FROM exposures WHERE arm = 'candidate'")).scalar() == 0
        assert (
            len(guard_decisions(server.store)) == 5 + 1 + 5 + 1
        )  # live requests only: alone, the first, shadowed, pinned
        assert labels == [("2/changed",)]  # of the pinned request: what a shadow emits is discarded
        assert ask(client, "outage").status_code == 502  # not the live version's own: nothing to compare with
        assert [server.shadows.counts[name, event] for event in ("live", "overloaded", "compared")] == [6, 1, 5]


def test_a_full_queue_drops_and_counts_and_no_answer_waits(project: Path, serving: Any) -> None:
    with (
        serving(project, shadow_waiting=2) as (server, address),
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        rules = started(server)
        assert server.router.refresh()
        ask(client, "the first makes the shadow")
        until(lambda: server.shadows.counts)
        assert {ask(client, "wait").json()["said"] for _ in range(30)} == {"wait1"}
        sampled, dropped = (server.shadows.counts[rules.rollout, name] for name in ("sampled", "dropped"))
        assert sampled - dropped <= 2 + 1  # two wait, one is under way; on a busy machine fewer than 30 are sampled
        assert dropped >= 1
        for module in list(sys.modules.values()):
            if getattr(module, "__file__", None) == str(project / "graphs/shadowed.py"):
                module.go_on.set()


def test_a_graph_with_side_effects_has_no_shadow_and_health_says_why(project: Path, serving: Any) -> None:
    (project / "graphs/registry.py").write_text(REGISTRY % "sends")
    with serving(project) as (server, address), httpx.Client(base_url=address, timeout=60) as client:
        started(server)
        assert server.router.refresh()
        assert ask(client, "a").json()["said"] == "a1"
        until(lambda: server.shadows.problems)
        (problem,) = client.get("/health").json()["shadow"].values()
        assert "declares 'sends'; a shadow runs what has none" in problem


def test_what_copies_cost_counts_in_the_budget_of_their_graph_and_leaves_live_requests_the_rest(
    project: Path, serving: Any
) -> None:
    # A word is a token here: "hi" read and "yes" written are .1 + .4 = .5 USD a call, live or copied. At .6 of 5 USD no
    # request is copied any more: 1 that makes the shadow, 3 that are copied (3.5), then 3 alone; the eighth is refused.
    (project / "pyproject.toml").write_text(
        '[tool.seatrial]\nsegments = "datasets/segments.toml"\n'
        '[tool.seatrial.model.prices."openai:gpt-x"]\ninput = 100000\noutput = 400000\n'
        "[tool.seatrial.budget.echo]\ndaily_usd = 5\nwarn = 0.6\n"
    )
    with (
        OpenAIServer(lambda _: "yes") as model,
        serving(project) as (server, address),
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        rules = started(server)
        assert server.router.refresh()
        statuses = []
        for _ in range(8):
            statuses.append(ask(client, model.url).status_code)
            until(lambda: server.shadows.counts)
            until(lambda: idle(server, rules.rollout))
        assert statuses == [200] * 7 + [503]
        counts = server.shadows.counts
        assert [counts[rules.rollout, name] for name in ("live", "sampled", "compared")] == [7, 3, 3]
        with server.store.read() as connection:
            query = (
                "SELECT version, model, SUM(input_tokens), SUM(output_tokens) FROM model_calls GROUP BY 1, 2 ORDER BY 1"
            )
            rows = [tuple(row) for row in connection.execute(text(query))]
        assert [(row[0], *row[2:]) for row in rows] == [("v1", 7, 7), ("v2", 3, 3)]


def idle(server: Any, rollout: str) -> bool:
    """Whether every copy has been recorded: two keys of two versions."""
    n = server.shadows.counts[rollout, "sampled"]
    return len(read_shadow(server.store, rollout, "rest", 0)) == 4 * n
