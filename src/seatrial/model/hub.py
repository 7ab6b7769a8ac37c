"""Hub: the one way to a model. Limits, retries, kill switch, budget, cache and cassettes live here and nowhere else.

hub = Hub()
reply = hub.call("Is the sky blue? Answer yes or no.", model="openai:gpt-4o-mini", temperature=0)
reply.text, reply.input_tokens, reply.reported

chat = hub.chat("openai:gpt-4o-mini", temperature=0)      # the same as a LangChain chat model, for a graph's node
"""

from __future__ import annotations

import os
import random
import threading
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from seatrial.errors import UsageError, one_of
from seatrial.model.attempt import drive, drive_async
from seatrial.model.call import Call
from seatrial.model.circuit import Circuit
from seatrial.model.client import client
from seatrial.model.clock import Clock
from seatrial.model.conversation import conversation, messages_of
from seatrial.model.hub_chat_model import Requested, face, requested_of, straight, straight_async
from seatrial.model.limits import Limiter, Limits
from seatrial.model.question import canonical
from seatrial.model.redact import Redactor
from seatrial.model.schema_binding import schema_binding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from seatrial.model.cassettes import Cassettes
    from seatrial.model.circuit import Breaker, CircuitState
    from seatrial.model.reply import Reply

MODES = ("live", "replay", "record", "fill")
"""live: ask. replay: answer from cassettes only. record: ask and record. fill: replay what is there, record the rest."""


class Hub:
    """Every model call of graphs, judges and wrapped metrics passes through one of these. Safe between threads and loops.

    Args:
        limits: of every model that has none of its own.
        per_model: `provider:model` -> its own limits.
        mode: one of MODES.
        cassettes: the folder of recordings; every mode but `live` needs it.
        killed: why no call may be made now, or nothing; asked before each try.
        budget: why a model may not be asked for about so many tokens, or nothing; asked before each try.
        spent: told of each answer that cost something.
        cache: whether the same question is asked live only once; within one run asking again always is a new draw.
        command: what records a cassette, for the sentence where a recording is missing; `{cassette}` is its name.
        environ: entries named like keys are kept out of recordings; None = those of the process.
        clock: time.
        rng: draws the pauses between tries.
        breaker: when a provider that fails is left alone; None = never, so that an evaluation waits out a short outage.

    Raises:
        UsageError: the mode is unknown, or it needs cassettes.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        per_model: Mapping[str, Limits] | None = None,
        mode: str = "live",
        cassettes: Cassettes | None = None,
        killed: Callable[[], str | None] = lambda: None,
        budget: Callable[[str, float], str | None] = lambda model, tokens: None,
        spent: Callable[[Reply], object] = lambda reply: None,
        cache: bool = True,
        command: str = "EVAL=1 seatrial eval {cassette}",
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self.mode = one_of(mode, MODES, "hub mode")
        if cassettes is None and mode != "live":
            raise UsageError(f"a hub in mode {mode!r} needs cassettes; name their folder")
        self.cassettes, self.command = cassettes, command
        self.killed, self.budget, self.spent = killed, budget, spent
        self.clock, self.rng = clock or Clock(), rng or random.Random()  # noqa: S311 - pauses, no secrets
        self.redact = Redactor(os.environ if environ is None else environ)
        self.memory: dict[str, AIMessage] | None = {} if cache else None
        self._limits, self._per_model = limits or Limits(), dict(per_model or {})
        self._limiters: dict[str, Limiter] = {}
        self._breaker, self._circuits = breaker, dict[str, Circuit]()
        self._faces: dict[str, BaseChatModel] = {}
        self._bindings: dict[tuple[int, str], dict[str, Any]] = {}
        self._lock, self._setting_up = threading.Lock(), threading.Lock()

    # ---- asking

    def call(
        self,
        messages: str | Sequence[Any],
        *,
        model: str,
        parse: Callable[[str], Any] | None = None,
        schema: Mapping[str, Any] | None = None,
        repetition: int | None = None,
        timeout_s: float | None = None,
        **parameters: Any,
    ) -> Reply:
        """Ask a model.

        Args:
            messages: a text, or whatever LangChain takes for messages.
            model: `provider:model`.
            parse: makes the reply's `value` of its text, or raises ValueError; then the model is told what was wrong and
                asked once more.
            schema: a JSON schema the provider is told to hold the reply to, in its own way; the reply is not validated here.
            repetition: which draw of the same question this is; None = the repetition of the run at hand.
            timeout_s: seconds one try may take; None = the model's limit.
            parameters: passed on to the provider: temperature, max_tokens, base_url ...

        Raises:
            Skipped: nobody answered, and its `kind` says why.
            InvalidReply: `parse` refused both replies, or no reply could be read.
            Refused: the model declined where `parse` wanted an answer.
            ConfigError: the provider is unknown, its package or its key is missing, or it refuses an option.
        """
        chat = self._chat(model, timeout_s, parameters)
        given = self._binding(chat, schema)
        steps = conversation(messages_of(messages), model, parse)
        try:
            turn = next(steps)
            while True:
                turn = steps.send(self.through(chat, turn, given, repetition))
        except StopIteration as end:
            reply: Reply = end.value
            return reply

    async def acall(
        self,
        messages: str | Sequence[Any],
        *,
        model: str,
        parse: Callable[[str], Any] | None = None,
        schema: Mapping[str, Any] | None = None,
        repetition: int | None = None,
        timeout_s: float | None = None,
        **parameters: Any,
    ) -> Reply:
        """`call`, awaited."""
        chat = self._chat(model, timeout_s, parameters)
        given = self._binding(chat, schema)
        steps = conversation(messages_of(messages), model, parse)
        try:
            turn = next(steps)
            while True:
                turn = steps.send(await self.through_async(chat, turn, given, repetition))
        except StopIteration as end:
            reply: Reply = end.value
            return reply

    def chat(self, model: str, *, timeout_s: float | None = None, **options: Any) -> BaseChatModel:
        """The model as a LangChain chat model, of the provider's own class, every call of which passes through this hub.

        Raises:
            UsageError: the name is no `provider:model`, or `max_retries` is among the options.
            ConfigError: the provider is unknown, its package or its key is missing, or it refuses an option.
        """
        timeout_s = timeout_s or self.limits(model).timeout_s
        inner = client(model, timeout_s=timeout_s, placeholder=self.mode == "replay", **options)
        return face(inner, Requested(model, options, timeout_s, self))

    # ---- what is at hand

    def limits(self, model: str) -> Limits:
        """The limits of a model."""
        return self._per_model.get(model, self._limits)

    def limiter(self, model: str) -> Limiter:
        """The limiter of a model, made on first use."""
        found = self._limiters.get(model)
        if found is None:
            with self._lock:
                found = self._limiters.setdefault(model, Limiter(self.limits(model)))
        return found

    def circuit(self, requested: Requested) -> Circuit | None:
        """The breaker of a model's provider at its address, made on first use; None where the hub has none."""
        if self._breaker is None:
            return None
        provider = requested.model.partition(":")[0]
        address = urlsplit(str(requested.options.get("base_url") or "")).netloc.rpartition("@")[2]
        name = f"{provider} at {address}" if address else provider
        with self._lock:
            return self._circuits.setdefault(name, Circuit(name, self._breaker))

    @property
    def circuits(self) -> list[CircuitState]:
        """What every provider's breaker has come to."""
        with self._lock:
            found = list(self._circuits.values())
        return [one.state(self.clock.now()) for one in found]

    def flush(self) -> None:
        """Write what was recorded."""
        if self.cassettes is not None:
            self.cassettes.flush()

    # ---- one question, one answer

    def through(
        self, chat: BaseChatModel, messages: list[BaseMessage], given: Mapping[str, Any], repetition: int | None = None
    ) -> Reply:
        """Answer one question put to a face: from memory, from a cassette, or live."""
        call = Call(self, requested_of(chat), messages, given, repetition)
        with call:
            known = call.known()
            if known is not None:
                return known
            return call.answered(drive(call.steps(), partial(straight, chat, messages, given), self.clock))

    async def through_async(
        self, chat: BaseChatModel, messages: list[BaseMessage], given: Mapping[str, Any], repetition: int | None = None
    ) -> Reply:
        """The same, awaited."""
        requested = requested_of(chat)
        call = Call(self, requested, messages, given, repetition)
        with call:
            known = call.known()
            if known is not None:
                return known
            send = partial(straight_async, chat, messages, given)
            return call.answered(await drive_async(call.steps(), send, self.clock, requested.timeout_s))

    def _chat(self, model: str, timeout_s: float | None, parameters: Mapping[str, Any]) -> BaseChatModel:
        """The face for these parameters, kept: setting up a client takes as long as several calls."""
        key = repr((model, timeout_s, sorted(parameters.items(), key=lambda one: one[0])))
        found = self._faces.get(key)
        if found is None:
            with self._setting_up:
                found = self._faces.get(key)
                if found is None:
                    found = self._faces[key] = self.chat(model, timeout_s=timeout_s, **parameters)
        return found

    def _binding(self, chat: BaseChatModel, schema: Mapping[str, Any] | None) -> dict[str, Any]:
        """What binds the provider's reply to the schema, kept as long as the face it is for."""
        if schema is None:
            return {}
        key = (id(chat), canonical(schema))
        found = self._bindings.get(key)
        if found is None:
            found = self._bindings[key] = schema_binding(chat, schema)
        return found
