"""Circuit breaker: when a provider is left alone, and how it comes back."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from seatrial.errors import UsageError
from seatrial.model import Hub, Limits, Outage, chat_model, listen, outcome_of, silence, use
from seatrial.model.attempt import Attempts, drive, drive_async
from seatrial.model.circuit import Breaker, Circuit
from seatrial.model.limits import Limiter
from seatrial.model.outcome import CircuitOpen
from seatrial.testing import OpenAIServer


class Status(Exception):
    """An SDK's error."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__()
        self.status_code, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}


def call(hands: Any, circuit: Circuit, *plays: Any, way: str = "thread") -> Any:
    left, limiter = list(plays), Limiter(Limits(attempts=1))

    def send() -> AIMessage:
        play = left.pop(0)
        if isinstance(play, BaseException):
            raise play
        return AIMessage(play)

    async def asend() -> AIMessage:
        return send()

    steps = Attempts("openai:x", limiter, 1, lambda: None, hands.clock, random.Random(1), circuit).steps()
    if way == "thread":
        return drive(steps, send, hands.clock)
    return asyncio.run(drive_async(steps, asend, hands.clock, 60))


@pytest.mark.parametrize("way", ["thread", "task"])
def test_a_provider_that_fails_is_left_alone_then_asked_by_one_call(hands: Any, way: str) -> None:
    circuit = Circuit("openai", Breaker(failures=3, open_s=30))
    for _ in range(3):
        with pytest.raises(Outage, match="HTTP 500"):
            call(hands, circuit, Status(500), way=way)
    with pytest.raises(
        CircuitOpen, match="openai failed 3 tries in a row, last with HTTP 500; one call may try in 30 s"
    ):
        call(hands, circuit, "not sent", way=way)
    hands.time += 30
    assert circuit.state(hands.time).state == "half_open"
    with pytest.raises(Outage, match="HTTP 502"):
        call(hands, circuit, Status(502), way=way)
    assert circuit.state(hands.time)[1:] == ("open", 2, 1)
    hands.time += 30
    assert call(hands, circuit, "back", way=way).message.content == "back"
    assert circuit.state(hands.time)[1:] == ("closed", 2, 1)


def test_the_trial_is_one_call_and_one_that_is_cancelled_leaves_its_place(hands: Any) -> None:
    circuit = Circuit("openai", Breaker(failures=1, open_s=30))
    circuit.failed(circuit.enter("m", 0.0), "HTTP 500", 0.0)
    trial = circuit.enter("m", 30.0)
    with pytest.raises(CircuitOpen, match="one call is trying"):
        circuit.enter("m", 31.0)
    circuit.abandoned(trial)
    circuit.answered(circuit.enter("m", 32.0))
    assert circuit.state(32.0).state == "closed"


def test_only_failures_in_a_row_count_and_an_error_of_the_call_is_an_answer(hands: Any) -> None:
    circuit = Circuit("openai", Breaker(failures=2))
    for play in (Status(500), Status(400), Status(500), "fine", Status(500)):
        with suppress(Status, Outage):
            call(hands, circuit, play)
        assert circuit.state(hands.time).state == "closed"
    assert circuit.state(hands.time).state == "closed"


@pytest.mark.parametrize("way", ["thread", "task"])
@pytest.mark.parametrize("busy", [Status(429), Status(529), Status(503, retry_after="1")])
def test_a_busy_provider_has_not_failed_and_a_trial_that_it_turns_away_closes_nothing(
    hands: Any, way: str, busy: Status
) -> None:
    circuit = Circuit("openai", Breaker(failures=1, open_s=30))
    assert call(hands, circuit, busy, busy, "at last", way=way).message.content == "at last"
    with pytest.raises(Outage, match="HTTP 500"):
        call(hands, circuit, Status(500), way=way)
    hands.time += 30
    with pytest.raises(CircuitOpen, match="openai failed its last try with HTTP 500; one call may try in"):
        call(hands, circuit, busy, "not sent", way=way)
    assert circuit.state(hands.time)[1:] == ("open", 1, 1)  # opened once: it was turned away, it did not fail
    hands.time += 30
    call(hands, circuit, "back", way=way)
    assert circuit.state(hands.time).state == "closed"


def test_a_provider_that_answers_503_and_says_nothing_of_coming_back_has_failed(hands: Any) -> None:
    circuit = Circuit("openai", Breaker(failures=3, open_s=30))
    with pytest.raises(CircuitOpen, match="failed 3 tries in a row, last with HTTP 503"):
        call(hands, circuit, *[Status(503)] * 3, "not sent")
    assert circuit.state(hands.time).state == "open"


@pytest.mark.parametrize("way", ["thread", "task"])
def test_a_call_that_is_broken_off_says_nothing_of_the_provider_and_leaves_its_place(hands: Any, way: str) -> None:
    circuit = Circuit("openai", Breaker(failures=1, open_s=30))
    circuit.failed(circuit.enter("m", hands.time), "HTTP 500", hands.time)
    hands.time += 30
    with pytest.raises(KeyboardInterrupt):
        call(hands, circuit, KeyboardInterrupt(), way=way)
    assert circuit.state(hands.time)[1:] == ("half_open", 1, 0)
    assert call(hands, circuit, "back", way=way).message.content == "back"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(["enter", "answer", "fail", "abandon", "wait"]), max_size=30), st.integers(1, 4))
def test_it_always_comes_back_and_never_tries_two_at_once(moves: list[str], failures: int) -> None:
    circuit, now = Circuit("p", Breaker(failures=failures, open_s=10)), 0.0
    under_way: list[Any] = []
    for move in moves:
        if move == "wait":
            now += 4.0
        elif move == "enter":
            with suppress(CircuitOpen):
                under_way.append(circuit.enter("m", now))
        elif under_way:
            passage = under_way.pop(0)
            if move == "answer":
                circuit.answered(passage)
            elif move == "fail":
                circuit.failed(passage, "x", now)
            else:
                circuit.abandoned(passage)
        assert sum(one.trial and one.period == circuit._period for one in under_way) <= 1
    for one in under_way:
        circuit.abandoned(one)
    circuit.answered(circuit.enter("m", now + 10))  # after its pause there is always a call that may try
    assert circuit.state(now + 10).state == "closed"


@pytest.mark.parametrize("given_", [{"failures": 0}, {"open_s": 0}, {"open_s": float("inf")}])
def test_a_breaker_that_cannot_work_is_refused(given_: Any) -> None:
    with pytest.raises(UsageError, match="out of range"):
        Breaker(**given_)


def test_a_hub_refuses_by_provider_and_address_and_langchains_fallback_answers(hands: Any) -> None:
    with OpenAIServer(lambda _: "never", mode="server_error") as down, OpenAIServer(lambda _: "from the other") as up:
        hub = Hub(limits=Limits(attempts=2, timeout_s=5), clock=hands.clock, breaker=Breaker(failures=2), cache=False)
        first, second = (
            chat_model("openai:gpt-x", lambda *_: "", base_url=one.url, api_key="k-123456") for one in (down, up)
        )
        both = first.with_fallbacks([second])
        with use(hub):
            for _ in range(3):
                calls, token = listen()
                assert both.invoke("hi").text == "from the other"
                silence(token)
            assert isinstance(calls.skipped, CircuitOpen)
            with pytest.raises(CircuitOpen) as refused:
                first.invoke("hi")
        assert len(down.requests) == 2  # two tries of the first call, none after
        assert sorted((one.state, one.opened, one.refused) for one in hub.circuits) == [
            ("closed", 0, 0),
            ("open", 1, 3),
        ]
        kind = outcome_of(refused.value)
        assert kind is not None
        assert (kind[0].value, kind[1].value) == ("skipped", "outage")  # evidence: an outage, never a score
