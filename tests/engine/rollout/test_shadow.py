"""Shadow: the live answer first and unchanged, and nothing the candidate does reaches anything live."""

from __future__ import annotations

import threading
from typing import TypedDict

import pytest

import seatrial
from seatrial.errors import ConfigError
from seatrial.rollout.shadow import UNDISTURBED, Shadow, isolated
from seatrial.store.current import use_store


def shadow(candidate, kept, **more):
    return Shadow(candidate, **{"side_effects": "none", "keep": kept.append, "sample": 1.0, "seed": 1, **more})


def test_the_candidate_sees_the_request_as_it_came_and_the_live_answer_is_unchanged():
    kept, answer = [], {"text": "live"}

    def live(request):
        request["inputs"] = "changed by the live version"
        return answer

    def candidate(request):
        return {"text": request.pop("inputs")}

    one = shadow(candidate, kept)
    assert one.around(live)({"inputs": "hello"}) is answer
    one.close()
    assert answer == {"text": "live"}
    assert (kept[0].request, kept[0].live, kept[0].candidate) == (
        {"inputs": "hello"},
        {"text": "live"},
        {"text": "hello"},
    )


def test_a_shadow_that_emits_and_writes_touches_nothing_live(store):
    langgraph = pytest.importorskip("langgraph.graph")
    from langgraph.checkpoint.memory import InMemorySaver  # noqa: PLC0415
    from langgraph.config import get_store  # noqa: PLC0415
    from langgraph.store.memory import InMemoryStore  # noqa: PLC0415

    class Words(TypedDict):
        text: str

    def node(state):
        seatrial.emit("thread-1", "reply", "positive", event_id=f"e-{state['text']}")
        get_store().put(("words",), "last", {"text": state["text"]})
        return {"text": state["text"] + "!"}

    graph = langgraph.StateGraph(Words)
    graph.add_node("node", node)
    graph.add_edge(langgraph.START, "node")
    saver, memory = InMemorySaver(), InMemoryStore()
    memory.put(("words",), "last", {"text": "live"})
    live_thread = {"configurable": {"thread_id": "thread-1"}}
    quiet = graph.compile(checkpointer=saver, store=memory)
    kept = []
    with use_store(store):
        one = shadow(isolated(graph), kept)
        answered = one.around(lambda request: {"text": request["text"]})({"text": "hi"})
        one.close()
    assert answered == {"text": "hi"}
    assert kept[0].candidate == {"text": "hi!"}
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM outcomes").scalar() == 0
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM exposures").scalar() == 0
    assert memory.get(("words",), "last").value == {"text": "live"}
    assert quiet.get_state(live_thread).values == {}


@pytest.mark.parametrize("declared", [None, "sends an email"])
def test_a_graph_that_does_not_declare_to_have_no_side_effects_is_refused(declared):
    with pytest.raises(ConfigError, match="side_effects"):
        shadow(lambda request: request, [], side_effects=declared)


def test_a_full_queue_drops_and_counts_and_never_blocks():
    gate, kept = threading.Event(), []

    def slow(request):
        gate.wait(30)
        return request

    one = shadow(slow, kept, waiting=2)
    call = one.around(lambda request: request)
    for i in range(50):
        assert call(i) == i
    gate.set()
    one.close()
    counts = one.counts
    assert counts.dropped >= 47
    assert counts.compared + counts.dropped == counts.sampled == counts.live == 50


def test_trouble_halves_the_sample_and_it_grows_again_slowly():
    one = shadow(lambda request: request, [], sample=0.8)
    call = one.around(lambda request: request)
    one.trouble()
    assert one.rate == 0.4
    for i in range(UNDISTURBED):
        call(i)
    assert one.rate == pytest.approx(0.48)
    for i in range(10 * UNDISTURBED):
        call(i)
    assert one.rate == 0.8
    one.close()


def test_a_candidate_that_crashes_is_counted_and_the_kill_switch_stops_sampling():
    kept, killed = [], [False]

    def crashes(request):
        raise ValueError(request)

    one = shadow(crashes, kept, killed=lambda: killed[0])
    call = one.around(lambda request: request)
    assert call("x") == "x"
    killed[0] = True
    assert call("y") == "y"
    one.close()
    assert [(one.error, one.candidate) for one in kept] == [("ValueError: x", None)]
    assert one.counts.failed == 1
