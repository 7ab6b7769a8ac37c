"""Attempts: the one retry policy, written once as steps; a thread and an event loop each have their own way to take them.

A step is something to wait for (`Take`, `Pause`) or the call itself (`SEND`). The steps never touch a socket, a clock's
hands or an event loop, so a test can play provider and time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.model.failure import Failure, Kind, failure_of
from seatrial.model.outcome import CircuitOpen, InvalidReply, KeyRefused, NoCredit, Outage, Refused

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Generator
    from concurrent.futures import Future

    from langchain_core.messages import AIMessage

    from seatrial.model.circuit import Circuit
    from seatrial.model.clock import Clock
    from seatrial.model.limits import Limiter, Ticket

ASKS = 2
"""Asked again once: a reply that cannot be read twice is what this model writes."""

PAUSE_STEP_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Each further failure adds a step to the pause before the next try, up to the ceiling."""

WATCH_S = 1.0
"""How long a call sleeps at most before it looks at the kill switch again."""

KEY_OF = {
    "azure_openai": "AZURE_OPENAI_API_KEY",
    "bedrock": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "bedrock_converse": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "google_vertexai": "GOOGLE_APPLICATION_CREDENTIALS",
    "huggingface": "HUGGINGFACEHUB_API_TOKEN",
    "mistralai": "MISTRAL_API_KEY",
}
"""Environment variables that hold a provider's key, where it is not PROVIDER_API_KEY."""


class Take(NamedTuple):
    """Wait for a place among the calls under way, so many seconds at most."""

    place: Future[None]
    seconds: float


class Pause(NamedTuple):
    """Let so many seconds pass."""

    seconds: float


class Send(NamedTuple):
    """Make the call; the driver answers with the message, or throws what it raised."""


SEND = Send()
Step = Take | Pause | Send


class Answer(NamedTuple):
    """What the attempts came to: the message, how many there were, and what was waited."""

    message: AIMessage
    attempts: int
    waited_s: float


class Attempts:
    """One call's way to its answer.

    Args:
        model: `provider:model`.
        limiter: the model's.
        tokens: it is taken to cost.
        permit: raises when no call may be made; asked before each try and while waiting.
        clock: time.
        rng: draws the pauses between tries, so that many callers do not come back at once.
        circuit: the provider's breaker; None without one.

    Attributes:
        waited_s: seconds spent waiting so far.
    """

    def __init__(
        self,
        model: str,
        limiter: Limiter,
        tokens: float,
        permit: Callable[[], None],
        clock: Clock,
        rng: random.Random,
        circuit: Circuit | None = None,
    ) -> None:
        self._model, self._limiter, self._tokens = model, limiter, tokens
        self._may, self._clock, self._rng = permit, clock, rng
        self._circuit = circuit
        self._until = clock.now() + limiter.limits.patience_s
        self.waited_s = 0.0

    def steps(self) -> Generator[Step, Any, Answer]:
        """The steps, and at their end the answer.

        Raises:
            Outage: no answer after every try, or none within the call's patience.
            KeyRefused: the provider refused the key.
            CircuitOpen: the provider failed many tries in a row and is left alone.
            InvalidReply: two replies in a row could not be read.
            Refused: the client turned a refusal into an error.
            Exception: what the client raised, where the call itself is wrong.
        """
        self._permit()
        slots, clock = self._limiter.slots, self._clock
        place = slots.enter()
        if place is not None:
            began = clock.now()
            try:
                yield Take(place, self._until - began)
            except BaseException as error:
                slots.give_up(place)
                if isinstance(error, TimeoutError):
                    raise self._impatient("its turn") from None
                raise
            self.waited_s += clock.now() - began
        try:
            return (yield from self._tries())
        finally:
            slots.leave()

    def _tries(self) -> Generator[Step, Any, Answer]:
        attempts, failed, unreadable = 0, 0, 0
        while True:
            ticket = yield from self._depart()
            sent_at = self._clock.now()
            attempts += 1
            try:
                message: AIMessage = yield from self._sent()
            except CircuitOpen:
                raise
            except Exception as error:
                failure = failure_of(error, self._clock.date())
                if failure.kind is Kind.THROTTLED:  # counts as no try: the limiter and patience bound it
                    self._limiter.refused(sent_at, failure.retry_after_s, self._clock.now())
                elif failure.kind is Kind.UNREADABLE:
                    unreadable += 1
                    if unreadable == ASKS:
                        raise InvalidReply(f"model {self._model}: {failure.what}, asked twice") from error
                elif failure.kind is Kind.FAILED:
                    failed += 1
                    if failed == self._limiter.limits.attempts:
                        raise Outage(f"model {self._model}: {failure.what}, after {failed} tries") from error
                    yield from self._pause(self._before(failed, failure), f"another try after {failure.what}")
                else:
                    given_up = self._given_up(failure, error)
                    if given_up is error:
                        raise
                    # A refused key stands in the provider's own words, partly legible.
                    raise given_up from (None if failure.kind is Kind.NO_KEY else error)
            else:
                usage: Any = message.usage_metadata or {}
                read, written = usage.get("input_tokens"), usage.get("output_tokens")
                self._limiter.answered(ticket, read, written, self._clock.now())
                return Answer(message, attempts, self.waited_s)

    def _sent(self) -> Generator[Step, Any, AIMessage]:
        """One try, of which the provider's circuit hears the end."""
        circuit = self._circuit
        if circuit is None:
            message: AIMessage = yield SEND
            return message
        passage = circuit.enter(self._model, self._clock.now())
        try:
            message = yield SEND
        except Exception as error:
            failure = failure_of(error, self._clock.date())
            if failure.counts:
                circuit.failed(passage, failure.what, self._clock.now())
            elif failure.kind is Kind.THROTTLED:
                circuit.throttled(passage, self._clock.now())
            else:
                circuit.answered(passage)
            raise
        except BaseException:
            circuit.abandoned(passage)
            raise
        circuit.answered(passage)
        return message

    def _permit(self) -> None:
        self._may()
        if self._circuit is not None:
            self._circuit.check(self._model, self._clock.now())

    def _depart(self) -> Generator[Step, Any, Ticket]:
        ticket = self._limiter.book(self._clock.now(), self._tokens)
        while True:
            now = self._clock.now()
            if ticket.at > self._until:
                raise self._impatient(f"its rate limit, {ticket.at - now:.3g} s more")
            # Not all of it at once: what is learnt meanwhile may bring the moment nearer.
            yield from self._pause(min(ticket.at - now, WATCH_S), "its rate limit")
            self._permit()
            later = self._limiter.leave(ticket, self._clock.now())
            if later is None:
                return ticket
            ticket = later

    def _pause(self, seconds: float, why: str) -> Generator[Step, Any, None]:
        if seconds <= 0:
            return
        began = self._clock.now()
        if began + seconds > self._until:
            raise self._impatient(f"{why}, {seconds:.3g} s more")
        while (left := began + seconds - self._clock.now()) > 0:
            yield Pause(min(left, WATCH_S))
            self._permit()
        self.waited_s += self._clock.now() - began

    def _before(self, number: int, failure: Failure) -> float:
        longest = min(PAUSE_STEP_S * number, LONGEST_PAUSE_S)
        return max(self._rng.uniform(longest / 2, longest), failure.retry_after_s or 0.0)

    def _given_up(self, failure: Failure, error: Exception) -> Exception:
        """What to raise where another try would not help."""
        model = self._model
        if failure.kind is Kind.NO_KEY:
            provider = model.partition(":")[0]
            variable = KEY_OF.get(provider, f"{provider.upper()}_API_KEY")
            return KeyRefused(
                f"model {model}: the provider refused the key ({failure.what}); check {variable} and what it may use"
            )
        if failure.kind is Kind.NO_CREDIT:
            return NoCredit(f"model {model}: the provider's own quota is used up ({failure.what}); no try would help")
        if failure.kind is Kind.DECLINED:
            return Refused(f"model {model} declined to answer")
        return error

    def _impatient(self, what: str) -> Outage:
        patience_s = self._limiter.limits.patience_s
        return Outage(
            f"model {self._model}: waiting for {what} would take longer than its patience of {patience_s:g} s"
        )


def drive(steps: Generator[Step, Any, Answer], send: Callable[[], AIMessage], clock: Clock) -> Answer:
    """Take the steps in this thread."""
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Send):
                    answer: Any = send()
                else:
                    answer = clock.sleep(step.seconds) if isinstance(step, Pause) else step.place.result(step.seconds)
            except BaseException as error:  # noqa: BLE001 - the steps decide, and let go of what they hold
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        done: Answer = end.value
        return done


async def drive_async(
    steps: Generator[Step, Any, Answer], send: Callable[[], Awaitable[AIMessage]], clock: Clock, timeout_s: float
) -> Answer:
    """Take the steps in this task; a try that takes longer than `timeout_s` is cancelled."""
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Send):
                    async with asyncio.timeout(timeout_s):
                        answer: Any = await send()
                elif isinstance(step, Pause):
                    answer = await clock.asleep(step.seconds)
                else:
                    answer = await asyncio.wait_for(asyncio.wrap_future(step.place), step.seconds)
            except BaseException as error:  # noqa: BLE001 - a cancelled task, too, must let go of its place
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        done: Answer = end.value
        return done
