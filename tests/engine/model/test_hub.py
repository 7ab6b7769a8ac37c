"""Hub: the whole path, through LangChain and the providers' real SDKs, to servers on this machine."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import ConfigurableField
from langchain_core.runnables.config import run_in_executor
from pydantic import BaseModel

from seatrial.errors import UsageError
from seatrial.model import (
    Hub,
    InvalidReply,
    KeyRefused,
    KillSwitch,
    Limits,
    Outage,
    OverBudget,
    Refused,
    at_repetition,
    chat_model,
    listen,
    silence,
    use,
)
from seatrial.model.event_loop import there
from seatrial.model.outcome import Astray
from seatrial.testing import Allowance, AnthropicServer, OpenAIServer, ToolCall

OPENAI, ANTHROPIC = (OpenAIServer, "openai:gpt-x"), (AnthropicServer, "anthropic:claude-x")
both = pytest.mark.parametrize(("server_class", "model"), [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
QUICK = Limits(attempts=2, timeout_s=5.0)


class Route(BaseModel):
    """Where a message goes."""

    desk: str


def ask(hub: Hub, server: Any, text: Any = "where to?", **more: Any) -> Any:
    model = "openai:gpt-x" if isinstance(server, OpenAIServer) else "anthropic:claude-x"
    return hub.call(text, model=model, base_url=server.url, api_key="k-123456", **more)


def aask(hub: Hub, server: Any, text: Any = "where to?", **more: Any) -> Any:
    model = "openai:gpt-x" if isinstance(server, OpenAIServer) else "anthropic:claude-x"
    return hub.acall(text, model=model, base_url=server.url, api_key="k-123456", **more)


def chat(hub: Hub, server: Any, **options: Any) -> Any:
    model = "openai:gpt-x" if isinstance(server, OpenAIServer) else "anthropic:claude-x"
    return hub.chat(model, base_url=server.url, api_key="k-123456", **options)


@both
def test_a_reply_says_what_was_answered_by_whom_and_for_how_much(server_class, model):
    with server_class(lambda messages: f"you said {messages[-1]['content']}") as server:
        reply = ask(Hub(), server, [SystemMessage("be brief"), HumanMessage("good morning")])
    assert reply.text == "you said good morning"
    assert (reply.requested, reply.reported, reply.note) == (model, model.partition(":")[2], None)
    assert (reply.input_tokens, reply.output_tokens, reply.source, reply.attempts) == (4, 4, "live", 1)


@both
def test_what_is_awaited_is_the_same(server_class, model):
    with server_class(lambda _: "yes") as server:
        reply = asyncio.run(aask(Hub(), server))
    assert (reply.text, reply.requested, reply.source) == ("yes", model, "live")


def test_one_client_serves_one_event_loop_after_the_other():
    # LangChain shares one async client per address; used from a second loop it fails with "Event loop is closed".
    with OpenAIServer(lambda _: "yes", keep_alive=True) as server:
        face = chat(Hub(), server)
        assert [asyncio.run(face.ainvoke(f"{n}?")).text for n in range(4)] == ["yes"] * 4
        asyncio.run(there(face.root_async_client.close()))


@both
@pytest.mark.parametrize("way", [ask, lambda *given: asyncio.run(aask(*given))], ids=["thread", "task"])
@pytest.mark.parametrize(
    ("mode", "error", "reported", "requests"),
    [
        ("server_error", Outage, "HTTP 500, after 2 tries", 2),
        ("dropped", Outage, "no connection, or one that broke off, after 2 tries", 2),
        ("truncated", InvalidReply, "asked twice", 2),
        ("wrong_key", KeyRefused, r"refused the key \(HTTP 401\); check (OPENAI|ANTHROPIC)_API_KEY", 1),
        ("rate_limited", Outage, "longer than its patience of 0.1 s", 1),
        ("overloaded", Outage, "longer than its patience of 0.1 s", 1),
    ],
)
def test_each_way_to_fail_has_its_own_name(hands, server_class, model, way, mode, error, reported, requests):
    patience_s = 0.1 if "patience" in reported else 60.0
    hub = Hub(limits=Limits(attempts=2, patience_s=patience_s), clock=hands.clock)
    with server_class(lambda _: "never", mode=mode) as server, pytest.raises(error, match=reported):
        way(hub, server)
    assert len(server.requests) == requests


@both
def test_no_answer_in_time_is_an_outage(server_class, model):
    hub = Hub(limits=Limits(attempts=1, timeout_s=0.2))
    with server_class(lambda _: "late", mode="slow", delay_s=30) as server:
        with pytest.raises(Outage, match="no answer in time, after 1 tries"):
            ask(hub, server)
        with pytest.raises(Outage, match="no answer in time, after 1 tries"):
            asyncio.run(aask(hub, server))


@both
@pytest.mark.parametrize("mode", ["rate_limited", "overloaded", "server_error", "dropped", "truncated"])
def test_what_passes_is_survived(hands, server_class, model, mode):
    with server_class(lambda _: "at last", script=[mode], retry_after="3") as server:
        reply = ask(Hub(clock=hands.clock), server)
    assert (reply.text, reply.attempts) == ("at last", 2)
    assert reply.waited_s >= (3 if mode in ("rate_limited", "overloaded") else 0)


@both
def test_a_refusal_is_told_apart_from_an_answer(server_class, model):
    with server_class(lambda _: "{}", mode="refusal") as server:
        assert ask(Hub(), server).refusal
        with pytest.raises(Refused, match="declined to answer"):
            ask(Hub(), server, parse=json.loads)
    assert len(server.requests) == 2
    with server_class(lambda _: "I refuse") as server:
        assert ask(Hub(), server).refusal is None


@both
def test_an_answer_that_ran_into_its_limit_is_known_to_be_cut_short(server_class, model):
    with server_class(lambda _: "one two three", mode="cut_short") as server:
        assert ask(Hub(), server).cut_short
        server.mode = "normal"
        assert not ask(Hub(), server).cut_short


@both
def test_another_model_than_asked_is_noted(server_class, model):
    with server_class(lambda _: "yes", mode="other_model") as server:
        calls, token = listen()
        reply = ask(Hub(), server)
        silence(token)
    assert reply.note == f"asked {model}, answered by another-model-1"
    assert calls.notes == [reply.note]


@both
def test_a_reply_that_cannot_be_parsed_is_asked_for_once_more_with_what_was_wrong(server_class, model):
    reported = iter(['{"desk": "bil', '{"desk": "billing"}'])
    with server_class(lambda _: next(reported)) as server:
        reply = ask(Hub(), server, parse=Route.model_validate_json)
    assert reply.value == Route(desk="billing")
    last = (server.requests[1].body or {})["messages"]
    assert [message["role"] for message in last] == ["user", "assistant", "user"]
    assert "cannot be read: the whole: Invalid JSON" in last[2]["content"]
    with server_class(lambda _: "") as server, pytest.raises(InvalidReply, match="cannot be read, asked twice"):
        ask(Hub(), server, parse=Route.model_validate_json)
    assert len(server.requests) == 2


@both
def test_a_face_binds_tools_and_structured_output_as_its_provider_does(server_class, model):
    with server_class(lambda _: ToolCall("Route", {"desk": "billing"})) as server:
        face = chat(Hub(cache=False), server)
        calls = face.bind_tools([Route]).invoke("x").tool_calls
        assert [(call["name"], call["args"]) for call in calls] == [("Route", {"desk": "billing"})]
        assert face.with_structured_output(Route, method="function_calling").invoke("x") == Route(desk="billing")
        streamed = list(face.bind_tools([Route]).stream("x"))
        assert streamed[0].tool_calls[0]["args"] == {"desk": "billing"}
        assert asyncio.run(face.bind_tools([Route]).ainvoke("x")).tool_calls[0]["name"] == "Route"
    assert all((request.body or {})["tools"] for request in server.requests)
    with server_class(lambda _: '{"desk": "billing"}') as server:
        found = chat(Hub(), server).with_structured_output(Route, method="json_schema", include_raw=True).invoke("x")
    assert found["parsed"] == Route(desk="billing")
    assert found["raw"].usage_metadata["output_tokens"] == 2


@both
def test_no_way_to_call_a_face_goes_round_the_hub(server_class, model):
    async def all_async(face: Any) -> None:
        for way in (face.ainvoke("x"), face.abatch(["x"])):
            with pytest.raises(KillSwitch):
                await way
        with pytest.raises(KillSwitch):
            [chunk async for chunk in face.astream("x")]

    with server_class(lambda _: "never") as server:
        for options in ({}, {"streaming": True}):
            face = chat(Hub(killed=lambda: "LLM_KILL_SWITCH is on"), server, **options)
            for way in (
                face.invoke,
                lambda x, f=face: list(f.stream(x)),
                lambda x, f=face: f.batch([x]),
                face.bind().invoke,
            ):
                with pytest.raises(KillSwitch, match="was not asked: LLM_KILL_SWITCH is on"):
                    way("x")
            asyncio.run(all_async(face))
    assert server.requests == ()


def test_a_streaming_model_is_given_its_reply_whole():
    with OpenAIServer(lambda _: "a b c") as server:
        assert [chunk.text for chunk in chat(Hub(), server, streaming=True).stream("x")] == ["a b c"]


def test_the_kill_switch_is_read_at_every_call():
    thrown: list[str] = []
    hub = Hub(killed=lambda: thrown[0] if thrown else None)
    with OpenAIServer(lambda _: "yes") as server:
        ask(hub, server, "one")
        thrown.append("off")
        with pytest.raises(KillSwitch, match="model openai:gpt-x was not asked: off"):
            ask(hub, server, "two")
        thrown.clear()
        ask(hub, server, "three")
    assert len(server.requests) == 2


def test_the_process_own_hub_heeds_the_environment(monkeypatch):
    monkeypatch.setenv("LLM_KILL_SWITCH", "on")
    with OpenAIServer(lambda _: "never") as server, pytest.raises(KillSwitch, match="LLM_KILL_SWITCH is on"):
        chat_model("openai:gpt-x", str, base_url=server.url, api_key="k-123456").invoke("x")


def test_a_budget_is_asked_before_and_told_after():
    spent: list[int] = []

    def budget(model: str, tokens: float) -> str | None:
        assert model == "openai:gpt-x"
        assert tokens > 0
        return "10 of 10 tokens are spent" if sum(spent) >= 10 else None

    hub = Hub(budget=budget, spent=lambda reply: spent.append(reply.input_tokens + reply.output_tokens))
    with OpenAIServer(lambda _: "one two three four") as server:
        ask(hub, server, "a")
        ask(hub, server, "b")  # 1 + 4 tokens each
        with pytest.raises(OverBudget, match="10 of 10 tokens are spent"):
            ask(hub, server, "c")
    assert spent == [5, 5]


def test_the_same_question_is_asked_once_and_another_repetition_is_another_question():
    with OpenAIServer(lambda _: "yes") as server:
        hub = Hub()
        assert [ask(hub, server).source for _ in range(2)] == ["live", "cache"]
        assert ask(hub, server, repetition=1).source == "live"
        assert ask(hub, server, temperature=0.5).source == "live"
        at_repetition(1)
        assert ask(hub, server).source == "cache"
        at_repetition(0)
        assert [ask(Hub(cache=False), server).source for _ in range(2)] == ["live", "live"]


def test_within_one_run_asking_again_is_a_new_draw():
    reported = iter("abcd")
    with OpenAIServer(lambda _: next(reported)) as server:
        hub = Hub()
        for _ in range(2):  # a second run with the same questions gets the same draws
            _, token = listen()
            assert [ask(hub, server).text for _ in range(3)] == ["a", "b", "c"]
            silence(token)


def test_the_face_of_a_graph_uses_the_hub_at_hand_when_it_is_called():
    with OpenAIServer(lambda _: "yes") as server:
        face = chat_model("openai:gpt-x", str, base_url=server.url, api_key="k-123456")
        with use(Hub(killed=lambda: "one")), pytest.raises(KillSwitch, match="one"):
            face.invoke("x")
        with use(Hub(killed=lambda: "two")), pytest.raises(KillSwitch, match="two"):
            asyncio.run(face.ainvoke("x"))
        assert face.invoke("x").text == "yes"


def test_a_thread_that_does_not_know_its_run_goes_round_neither_budget_nor_cassettes():
    with OpenAIServer(lambda _: "yes") as server, ThreadPoolExecutor(1) as threads:
        face = chat_model("openai:gpt-x", str, base_url=server.url, api_key="k-123456")
        with use(Hub(budget=lambda model, tokens: "all spent")):
            with pytest.raises(Astray, match="does not know which run it belongs to; start it with contextvars"):
                threads.submit(face.invoke, "x").result()
            with pytest.raises(OverBudget):
                threads.submit(contextvars.copy_context().run, face.invoke, "x").result()
            with pytest.raises(OverBudget):
                asyncio.run(asyncio.to_thread(face.invoke, "x"))
        assert server.requests == ()
        assert threads.submit(face.invoke, "x").result().text == "yes"  # nothing is in use any more


def test_a_face_built_anew_knows_no_hub_and_says_so():
    with OpenAIServer(lambda _: "yes") as server, use(Hub()):
        face = chat_model("openai:gpt-x", str, base_url=server.url, api_key="k-123456")
        warmer = face.configurable_fields(temperature=ConfigurableField(id="t"))
        with pytest.raises(UsageError, match="make one with chat_model for each setting"):
            warmer.with_config(configurable={"t": 0.5}).invoke("x")
    assert server.requests == ()


@pytest.mark.parametrize(
    "way",
    [
        lambda face: list(face.stream("x")),
        lambda face: face.batch(["x", "y"]),
        lambda face: asyncio.run(face.abatch(["x", "y"])),
        lambda face: face.bind_tools([Route]).invoke("x"),
        lambda face: face.with_structured_output(Route).invoke("x"),
        lambda face: face.with_retry(stop_after_attempt=2, wait_exponential_jitter=False).invoke("x"),
        lambda face: face.with_fallbacks([face]).invoke("x"),
        lambda face: face.model_copy().invoke("x"),
        lambda face: copy.copy(face).invoke("x"),
    ],
    ids=["stream", "batch", "abatch", "tools", "structured", "retry", "fallbacks", "model_copy", "copy"],
)
def test_no_way_to_call_a_face_goes_round_the_kill_switch(way):
    with OpenAIServer(lambda _: "yes") as server, use(Hub(killed=lambda: "off")):
        face = chat_model("openai:gpt-x", str, base_url=server.url, api_key="k-123456")
        calls, token = listen()
        with pytest.raises(KillSwitch):
            way(face)
        silence(token)
    assert server.requests == ()
    assert isinstance(calls.skipped, KillSwitch)


def test_a_reply_is_read_on_the_models_loop_and_what_may_block_gets_a_thread():
    class Reader:
        def _create_chat_result(self) -> int:
            return threading.get_ident()

        def _generate(self) -> int:
            return threading.get_ident()

    async def where() -> tuple[int, int, int]:
        reader = Reader()
        read = await run_in_executor(None, reader._create_chat_result)
        return threading.get_ident(), read, await run_in_executor(None, reader._generate)

    loop, read, blocking = asyncio.run(there(where()))
    assert read == loop
    assert blocking != loop


def test_a_run_hears_what_its_calls_came_to_though_the_graph_swallows_it():
    with OpenAIServer(lambda _: "yes") as server:
        calls, token = listen()
        ask(Hub(), server)
        with pytest.raises(KillSwitch):
            ask(Hub(killed=lambda: "off"), server, "again")
        silence(token)
    assert calls.made == 2
    assert isinstance(calls.skipped, KillSwitch)


def test_no_more_calls_are_under_way_than_allowed_whether_by_threads_or_tasks():
    under_way, most, lock = 0, 0, threading.Lock()

    def reply(_: Any) -> str:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1
        return "yes"

    hub = Hub(limits=Limits(concurrency=3))

    async def tasks(server: Any) -> None:
        await asyncio.gather(*(aask(hub, server, f"task {n}") for n in range(12)))

    with OpenAIServer(reply) as server, ThreadPoolExecutor(13) as threads:
        done = [threads.submit(ask, hub, server, f"thread {n}") for n in range(12)]
        done.append(threads.submit(asyncio.run, tasks(server)))
        for one in done:
            one.result()
    assert len(server.requests) == 24
    assert most == 3


def test_a_server_that_really_limits_is_asked_at_its_own_rate():
    # 20 answers in any half second, and nobody told the hub: it learns so from refusals, and then is refused seldom. So few that
    # a busy machine asks more often, too.
    hub = Hub(limits=Limits(window_s=0.5, concurrency=8, patience_s=60.0))
    with OpenAIServer(lambda _: "yes", allowance=Allowance(20, 0.5)) as server, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: ask(hub, server, f"{n}"), range(80)))
    refused = sum(request.status == 429 for request in server.requests)
    assert 0 < refused < 40
    assert len(server.requests) == 80 + refused


def test_a_ceiling_is_kept_on_a_real_server():
    hub = Hub(limits=Limits(requests_per_minute=40, window_s=0.5, concurrency=8, patience_s=60.0))
    began = time.monotonic()
    with OpenAIServer(lambda _: "yes") as server, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: ask(hub, server, f"{n}"), range(80)))
    # 2 at once, then 39 every half second: 78 of them take a second, and a busy machine only takes longer.
    assert time.monotonic() - began >= 0.98
    assert {request.status for request in server.requests} == {200}


def test_replies_of_several_at_once_are_refused():
    with OpenAIServer(lambda _: "yes") as server, pytest.raises(UsageError, match="ask once per repetition"):
        chat(Hub(), server).invoke("x", n=2)


@pytest.mark.parametrize(
    ("given", "reported"), [({"mode": "reply"}, "live, replay, record, fill"), ({"mode": "replay"}, "needs cassettes")]
)
def test_a_hub_that_cannot_work_is_refused(given, reported):
    with pytest.raises(UsageError, match=reported):
        Hub(**given)


def test_messages_may_be_texts_pairs_or_langchains_own():
    with OpenAIServer(lambda _: "yes") as server:
        hub = Hub()
        ask(hub, server, "hi")
        assert ask(hub, server, [("user", "hi")]).source == "cache"
        assert ask(hub, server, [HumanMessage("hi", id="7")]).source == "cache"
        assert ask(hub, server, [{"role": "user", "content": "hi"}]).source == "cache"
        assert ask(hub, server, [HumanMessage("hi"), AIMessage("ho"), HumanMessage("hi")]).source == "live"
