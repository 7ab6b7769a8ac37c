"""Our own runner under a shell that traces: by default it is the user's setting that holds, `untraced` overrules it."""

import os
import subprocess
import sys
import threading
from typing import TypedDict

from langchain_core.tracers.langchain import get_client, wait_for_all_tracers
from langgraph.graph import StateGraph

from seatrial.adapters.langsmith import untraced
from seatrial.graph.invoke import graph_target
from seatrial.graph.runtime import Compiled
from seatrial.graph.spec import GraphSpec, Version
from seatrial.runner import RunPlan, run
from seatrial.scoring import bind

from .conftest import SECRET, dataset_of, example


class State(TypedDict):
    q: str


def compiled():
    made = StateGraph(State)
    made.add_node("only", lambda state: {"q": state["q"] + "!"})
    made.add_edge("__start__", "only")
    version = Version("v1", {})
    spec = GraphSpec("g", module="g", builder="build", versions=(version,), current="v1")
    return Compiled(spec, version, made.compile(), asynchronous=False)


def evaluate(folder):
    data = dataset_of(example("e1", SECRET), example("e2"))
    plan = RunPlan("r", "g", "v1", data.name, data.hash, data.examples)
    done = run(plan, graph_target(compiled()), [bind(lambda run, example: True)], lambda _: {}, folder, concurrency=2)
    assert done.rows["scored"] == 2


def test_tracing_is_the_users_own_setting(tracing_on, fresh_client, tmp_path):
    evaluate(tmp_path / "r")
    get_client().flush()
    assert any("/runs" in request.target for request in tracing_on.requests)


def test_untraced_sends_nothing(tracing_on, fresh_client, tmp_path):
    with untraced(os.environ):
        evaluate(tmp_path / "r")
        thread = threading.Thread(target=lambda: compiled().graph.invoke({"q": SECRET}))
        thread.start()
        thread.join()
    wait_for_all_tracers()
    assert tracing_on.requests == ()


def test_a_shell_that_does_not_trace_costs_no_import():
    script = "import sys; from seatrial.adapters.langsmith import untraced\nwith untraced({}): pass\nprint('langsmith' in sys.modules)"
    reported = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert reported.stdout == "False\n"
