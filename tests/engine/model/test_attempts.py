"""Attempts: the retry policy, step by step, on a clock that only moves by sleeping."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from seatrial.model import Clock, InvalidReply, KeyRefused, KillSwitch, Limits, Outage
from seatrial.model.attempt import Attempts, drive, drive_async
from seatrial.model.failure import Failure, Kind, failure_of
from seatrial.model.limits import Limiter
from seatrial.model.retry_after import retry_after_s


class Provider(Exception):
    """An SDK's error: a status, headers."""

    def __init__(self, status: int, headers: dict[str, str] | None = None, body: str = "") -> None:
        super().__init__(body)
        self.status_code, self.headers = status, headers or {}


class APIConnectionError(Exception):
    """Of the name that SDKs give it."""


class JSONDecodeError(ValueError):
    """Likewise."""


def run(hands: Any, *plays: Any, permit: Any = lambda: None, limits: Limits | None = None, way: str = "thread") -> Any:
    """The answer, or what was raised, to a provider that plays these one after the other."""
    left = list(plays)

    def send() -> AIMessage:
        play = left.pop(0)
        if isinstance(play, BaseException):
            raise play
        return AIMessage(play)

    async def asend() -> AIMessage:
        return send()

    attempts = Attempts("openai:gpt-x", Limiter(limits or Limits()), 10, permit, hands.clock, random.Random(1))
    if way == "thread":
        return drive(attempts.steps(), send, hands.clock)
    return asyncio.run(drive_async(attempts.steps(), asend, hands.clock, 60))


@pytest.mark.parametrize("way", ["thread", "task"])
def test_a_failing_provider_is_asked_again_after_growing_pauses(hands, way):
    answer = run(hands, Provider(500), APIConnectionError(), TimeoutError(), "at last", way=way)
    assert (answer.message.content, answer.attempts) == ("at last", 4)
    # Half to the whole of 0.5, 1 and 1.5 s, in naps of a second.
    assert answer.waited_s == pytest.approx(sum(hands.slept))
    assert 1.5 <= answer.waited_s <= 3.0


@pytest.mark.parametrize(("number", "longest"), [(1, 0.5), (2, 1.0), (4, 2.0), (8, 4.0), (60, 30.0), (500, 30.0)])
def test_pauses_grow_by_a_step_for_each_failure_and_never_above_their_ceiling(hands, number, longest):
    attempts = Attempts("m:x", Limiter(Limits()), 10, lambda: None, hands.clock, random.Random(1))
    drawn = [attempts._before(number, Failure(Kind.FAILED, "HTTP 500")) for _ in range(200)]
    assert longest / 2 <= min(drawn) < max(drawn) <= longest


def test_after_the_last_try_it_is_an_outage_that_says_how_often_and_why(hands):
    with pytest.raises(Outage, match="model openai:gpt-x: HTTP 502, after 4 tries"):
        run(hands, *[Provider(502)] * 4)


def test_a_rate_limit_is_waited_out_and_counts_as_no_try(hands):
    answer = run(hands, *[Provider(429, {"retry-after": "7"})] * 5, "at last", limits=Limits(attempts=1))
    assert answer.attempts == 6
    assert 5 * 7 <= answer.waited_s <= 5 * 7 + 60  # five times what was asked for, and the rate that was learnt


def test_a_wait_longer_than_patience_is_an_outage_at_once(hands):
    with pytest.raises(
        Outage, match=r"waiting for its rate limit, 3.6e\+03 s more would take longer than its patience"
    ):
        run(hands, Provider(429, {"retry-after": "3600"}))
    assert hands.slept == []


def test_the_providers_own_pause_before_another_try_is_kept(hands):
    assert run(hands, Provider(500, {"retry-after": "12"}), "ok").waited_s == pytest.approx(12)


def test_a_reply_that_cannot_be_read_is_asked_for_once_more_and_then_given_up(hands):
    assert run(hands, JSONDecodeError(), "whole").attempts == 2
    with pytest.raises(InvalidReply, match="a reply that cannot be read, asked twice"):
        run(hands, JSONDecodeError(), JSONDecodeError(), "never asked")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_not_tried_again_and_names_its_variable(hands, status):
    with pytest.raises(KeyRefused, match=rf"refused the key \(HTTP {status}\); check OPENAI_API_KEY") as error:
        run(hands, Provider(status, body="Incorrect API key provided: sk-ab12"), "never asked")
    assert error.value.__cause__ is None


def test_a_used_up_quota_is_not_tried_again(hands):
    with pytest.raises(Outage, match="the provider's own quota is used up"):
        run(hands, Provider(429, body="You exceeded your current quota: insufficient_quota"), "never asked")


def test_a_wrong_request_is_its_callers_own_error(hands):
    wrong = Provider(400)
    with pytest.raises(Provider) as error:
        run(hands, wrong, "never asked")
    assert error.value is wrong


def test_the_kill_switch_is_asked_before_every_try_and_while_waiting(hands):
    thrown_at = hands.time + 20

    def permit() -> None:
        if hands.time >= thrown_at:
            raise KillSwitch("off")

    with pytest.raises(KillSwitch):
        run(hands, Provider(429, {"retry-after": "60"}), "never asked", permit=permit)
    assert hands.time < thrown_at + 1.01  # it naps a second at most


@pytest.mark.parametrize("way", ["thread", "task"])
@pytest.mark.parametrize("play", ["fine", Provider(400), Provider(401)])
def test_a_place_is_given_back_however_a_call_ends(hands, way, play):
    limiter = Limiter(Limits(concurrency=1))
    for _ in range(3):
        attempts = Attempts("openai:gpt-x", limiter, 10, lambda: None, hands.clock, random.Random(1))

        def send() -> AIMessage:
            if isinstance(play, BaseException):
                raise play
            return AIMessage(play)

        async def asend() -> AIMessage:
            return send()

        with suppress(Provider, KeyRefused):
            if way == "thread":
                drive(attempts.steps(), send, hands.clock)
            else:
                asyncio.run(drive_async(attempts.steps(), asend, hands.clock, 60))
    assert limiter.slots.enter() is None


def test_a_task_that_is_cancelled_in_the_queue_leaves_it():
    limiter = Limiter(Limits(concurrency=1))
    assert limiter.slots.enter() is None  # somebody's
    attempts = Attempts("openai:gpt-x", limiter, 10, lambda: None, Clock(), random.Random(1))

    async def scene() -> None:
        async def asend() -> AIMessage:
            raise AssertionError("never asked")

        task = asyncio.create_task(drive_async(attempts.steps(), asend, attempts._clock, 60))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())
    limiter.slots.leave()
    assert limiter.slots.enter() is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, "", Kind.THROTTLED),
        (529, "", Kind.THROTTLED),
        (503, "", Kind.THROTTLED),
        (500, "overloaded_error", Kind.THROTTLED),
        (429, "insufficient_quota", Kind.NO_CREDIT),
        (402, "", Kind.NO_CREDIT),
        (400, "Your credit balance is too low", Kind.NO_CREDIT),
        (500, "", Kind.FAILED),
        (408, "", Kind.FAILED),
        (401, "", Kind.NO_KEY),
        (404, "", Kind.THEIRS),
        (413, "", Kind.THEIRS),
        (200, "", Kind.UNREADABLE),
    ],
)
def test_a_status_says_what_to_do(status, body, kind):
    assert failure_of(Provider(status, body=body), 0.0).kind is kind


def test_an_error_nobody_knows_is_its_callers():
    assert failure_of(KeyError("x"), 0.0).kind is Kind.THEIRS


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 60.0),  # 100 s since 1970, at 40 s
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),  # gone by
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e9"}, 86_400.0),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_milliseconds_or_a_date(headers, seconds):
    assert retry_after_s(headers, 40.0) == seconds
