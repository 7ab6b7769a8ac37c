"""Shadow: the live answer first and unchanged, and nothing the candidate does reaches anything live."""

from __future__ import annotations

import asyncio
import threading
from typing import TypedDict

import pytest

import seatrial
from seatrial.errors import ConfigError
from seatrial.rollout.shadow import Shadow, isolated
from seatrial.rollout.shadow_request import Place
from seatrial.rollout.throttle import CALM, WARM_UP, Throttle
from seatrial.store.current import use_store


def shadow(candidate, kept, **more):
    return Shadow(candidate, **{"side_effects": "none", "keep": kept.append, "seed": 1, **more})


def test_the_candidate_sees_the_request_as_it_came_and_the_live_answer_is_unchanged():
    kept, answer = [], {"text": "live"}
    config = {"configurable": {"thread_id": "t1", "user": "u1"}, "tags": ["lang:de"], "metadata": {"tier": "pro"}}

    def live(inputs, config):
        inputs["text"] = config["configurable"]["user"] = "changed by the live version"
        return answer

    one = shadow(lambda request: {"text": request.inputs["text"]}, kept)
    call = one.around(live)
    assert call({"text": "hello"}, config) is answer
    answer["text"] = "changed by its caller"
    call({"text": "of the same thread, whose history the candidate has not got"}, config)
    one.close()
    (found,) = kept
    assert (found.live, found.candidate, found.error) == ({"text": "live"}, {"text": "hello"}, "")
    request = found.request
    assert (request.thread_id, request.tags, dict(request.metadata)) == ("t1", ("lang:de",), {"tier": "pro"})
    assert dict(request.configurable) == {"user": "u1"}


def test_it_goes_around_an_awaited_call_and_refuses_a_stream():
    kept = []
    one = shadow(lambda request: {"n": 2}, kept)

    async def live(inputs):
        return {"n": 1}

    assert asyncio.run(one.around(live)({})) == {"n": 1}
    one.close()
    assert (kept[0].live, kept[0].candidate) == ({"n": 1}, {"n": 2})

    def stream(inputs):
        yield inputs

    with pytest.raises(ConfigError, match="invoke or ainvoke"):
        one.around(stream)


class Overloaded(Exception):
    status_code = 429


def test_a_live_error_passes_through_and_is_compared_unless_it_is_an_overload():
    kept = []
    one = shadow(lambda request: {}, kept)

    def live(inputs):
        raise inputs["error"]

    for error in (ValueError("no such order"), Overloaded("slow down")):
        with pytest.raises(type(error)):
            one.around(live)({"error": error})
    one.close()
    assert [found.live_error for found in kept] == ["ValueError: no such order"]
    assert one.counts.overloaded == 1
    assert one.factor == 0.5


def test_a_shadow_that_emits_and_writes_touches_nothing_live(store):
    # R28
    langgraph = pytest.importorskip("langgraph.graph")
    from langgraph.checkpoint.memory import InMemorySaver  # noqa: PLC0415
    from langgraph.config import get_store  # noqa: PLC0415
    from langgraph.store.memory import InMemoryStore  # noqa: PLC0415

    class Words(TypedDict):
        text: str

    def made(ending):
        def node(state):
            if ending == "?":
                seatrial.emit("thread-1", "reply", "positive", event_id="e1")
            get_store().put(("words",), "last", {"text": state["text"] + ending})
            return {"text": state["text"] + ending}

        graph = langgraph.StateGraph(Words)
        graph.add_node("node", node)
        graph.add_edge(langgraph.START, "node")
        return graph

    saver, memory, kept = InMemorySaver(), InMemoryStore(), []
    thread = {"configurable": {"thread_id": "thread-1"}}
    live = made("!").compile(checkpointer=saver, store=memory)
    with use_store(store):
        one = shadow(isolated(made("?")), kept)
        assert one.around(live.invoke)({"text": "hi"}, thread) == {"text": "hi!"}
        one.close()
    assert (kept[0].candidate, kept[0].error) == ({"text": "hi?"}, "")
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM outcomes").scalar() == 0
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM exposures").scalar() == 0
    assert memory.get(("words",), "last").value == {"text": "hi!"}
    assert live.get_state(thread).values == {"text": "hi!"}
    assert len(list(saver.list(None))) == len(list(saver.list(thread)))


@pytest.mark.parametrize("declared", [None, "sends an email"])
def test_a_graph_that_does_not_declare_to_have_no_side_effects_is_refused(declared):
    with pytest.raises(ConfigError, match="side_effects"):
        shadow(lambda request: request, [], side_effects=declared)


def test_a_full_queue_drops_and_counts_and_never_blocks():
    gate, kept = threading.Event(), []
    one = shadow(lambda request: gate.wait(30), kept, waiting=2)
    call = one.around(lambda inputs: inputs)
    for i in range(50):
        assert call(i) == i
    gate.set()
    one.close()
    counts = one.counts
    assert counts.dropped >= 47
    assert counts.compared + counts.dropped == counts.sampled == counts.live == 50


def test_what_cannot_be_copied_or_kept_is_counted_and_never_reaches_the_caller():
    lock, kept = threading.Lock(), []

    def keep(compared):
        if compared.request.inputs == "lost":
            raise OSError("the store is down")
        kept.append(compared)

    one = shadow(lambda request: {}, kept, keep=keep)
    call = one.around(lambda inputs: inputs)
    assert call(lock) is lock
    call("lost")
    call("kept")
    one.close()
    assert (one.counts.uncopied, one.counts.unrecorded, len(kept)) == (1, 1, 1)
    assert one.problem == "OSError: the store is down"


def test_a_candidate_that_crashes_is_counted_and_the_kill_switch_stops_sampling(monkeypatch):
    kept = []

    def crashes(request):
        raise ValueError(request.inputs)

    one = shadow(crashes, kept)
    call = one.around(lambda inputs: inputs)
    assert call("x") == "x"
    monkeypatch.setenv("SEATRIAL_SHADOW", "off")
    assert call("y") == "y"
    one.close()
    assert [(found.error, found.candidate) for found in kept] == [("ValueError: x", None)]
    assert (one.counts.failed, one.counts.sampled) == (1, 1)


def test_only_requests_with_a_place_are_copied_at_its_share():
    kept = []
    # By a clock that stands still no call is slow, so the sample is never halved.
    places = {"place": lambda request: Place("r", "DE", 0, 0.25) if request.inputs else None, "clock": lambda: 0.0}
    one = shadow(lambda request: {}, kept, **places)
    call = one.around(lambda inputs: inputs)
    for i in range(400):
        call(i % 2)
    one.close()
    assert 25 <= one.counts.sampled <= 75  # 50 +- 4 standard deviations of 6.1
    assert {(found.place.cell, found.rate) for found in kept} == {("DE", 0.25)}


def test_the_sample_is_halved_at_once_and_grows_again_slowly():
    throttle = Throttle()
    throttle.observe(0.1, overloaded=True)
    throttle.observe(0.1, overloaded=True)
    assert throttle.factor == 0.25
    for _ in range(CALM):
        throttle.observe(0.1)
    assert throttle.factor == pytest.approx(0.35)
    for _ in range(10 * CALM):
        throttle.observe(0.1)
    assert throttle.factor == 1.0


def test_latency_that_doubles_lowers_the_sample_and_a_single_slow_call_does_not():
    throttle = Throttle()
    for i in range(WARM_UP + 200):
        throttle.observe(2.0 if i == 150 else 0.1)
    assert throttle.factor == 1.0
    for _ in range(100):
        throttle.observe(0.3)
    assert throttle.factor < 0.3


def test_a_live_call_does_not_wait_for_the_candidate():
    gate = threading.Event()
    kept = []
    one = shadow(lambda request: {"answered": gate.wait(30)}, kept, waiting=1000)
    request = {"messages": [{"role": "user", "content": "hello " * 20}] * 6, "tier": "pro"}
    call = one.around(lambda inputs, config=None: {"label": "interested"})
    for i in range(200):
        assert call(request, {"configurable": {"thread_id": str(i)}}) == {"label": "interested"}
    assert kept == [], "every live answer came before the candidate's first"
    gate.set()
    one.close()
    assert len(kept) == 200
    assert all(found.candidate == {"answered": True} for found in kept)


def test_as_many_candidates_run_at_once_as_there_are_workers():
    lock, running, most, kept = threading.Lock(), 0, 0, []
    pair = threading.Barrier(2)

    def candidate(request):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        pair.wait(10)  # no candidate ends before another one runs beside it
        with lock:
            running -= 1

    one = shadow(candidate, kept, workers=2)
    call = one.around(lambda inputs: inputs)
    for i in range(6):
        call(i)
    one.close()
    assert (most, one.counts.compared, one.counts.failed) == (2, 6, 0)


def test_a_candidate_is_not_traced_where_live_runs_are(monkeypatch):
    utils = pytest.importorskip("langsmith.utils")
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    utils.get_env_var.cache_clear()
    seen = {}
    one = shadow(lambda request: seen.update(candidate=utils.tracing_is_enabled()), [])
    one.around(lambda inputs: seen.update(live=utils.tracing_is_enabled()))({})
    one.close()
    monkeypatch.undo()
    utils.get_env_var.cache_clear()
    assert seen == {"live": True, "candidate": False}
