"""Call: one question on its way through the hub, and what is kept of its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from seatrial.errors import UsageError
from seatrial.model.attempt import Attempts
from seatrial.model.cassette import recording
from seatrial.model.context import calls_here, cassette_here, repetition_here
from seatrial.model.outcome import CassetteError, KillSwitch, OverBudget, Skipped, Unrecorded
from seatrial.model.question import Question, canonical, messages_hash, reported, shaping
from seatrial.model.redact import passwords
from seatrial.model.reply import dump, load, reply_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from langchain_core.messages import BaseMessage

    from seatrial.model.attempt import Answer, Step
    from seatrial.model.hub import Hub
    from seatrial.model.hub_chat_model import Requested
    from seatrial.model.reply import Reply

CACHED = 10_000
"""Replies kept in memory; the oldest go first."""

SECRETIVE = ("key", "token", "secret", "password", "header", "auth", "credential", "cookie", "query")
"""An option with one of these in its name holds something that no recording may show."""


class Call:
    """One question. A context manager, so that the run at hand hears how it ended."""

    def __init__(
        self,
        hub: Hub,
        requested: Requested,
        messages: list[BaseMessage],
        given: Mapping[str, Any],
        repetition: int | None,
    ) -> None:
        self._hub, self._requested, self._given = hub, requested, given
        self._run = calls_here()
        self._cassette = cassette_here() or requested.model
        self._attempts: Attempts | None = None
        self._characters = 0
        self._question = self._identify(messages, repetition_here() if repetition is None else repetition)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, where: object) -> None:
        if self._run is None:
            return
        self._run.made += 1
        if self._attempts is not None:
            self._run.waited_s += self._attempts.waited_s
        if isinstance(error, Skipped) and self._run.skipped is None:
            self._run.skipped = error

    def known(self) -> Reply | None:
        """The answer from memory or from a cassette; None where the model must be asked.

        Raises:
            Unrecorded: it must not be asked, and nobody recorded its answer.
            CassetteError: the cassette cannot be trusted.
        """
        hub, question = self._hub, self._question
        if question is None:
            return None
        message = hub.memory.get(question.id) if hub.memory is not None else None
        if message is not None:
            return self._heard(reply_of(message, self._requested.model, "cache"))
        if hub.cassettes is None or hub.mode not in ("replay", "fill"):
            return None
        found = hub.cassettes.find(self._cassette, question)
        if found is None:
            if hub.mode == "replay":
                raise Unrecorded(self._missing(question))
            return None
        try:
            message = load(found.reply)
        except ValueError as error:
            path = hub.cassettes.path(self._cassette)
            raise CassetteError(f"{path}: recording {found.id} holds no reply that can be read") from error
        return self._keep(reply_of(message, self._requested.model, "cassette"))

    def steps(self) -> Generator[Step, Any, Answer]:
        """The way to a live answer."""
        hub, model = self._hub, self._requested.model
        limiter = hub.limiter(model)
        tokens = limiter.guess(self._characters)

        def permit() -> None:
            reason = hub.killed()
            if reason:
                raise KillSwitch(f"model {model} was not asked: {reason}")
            reason = hub.budget(model, tokens)
            if reason:
                raise OverBudget(f"model {model} was not asked: {reason}")

        self._attempts = Attempts(model, limiter, tokens, permit, hub.clock, hub.rng, hub.circuit(self._requested))
        return self._attempts.steps()

    def answered(self, answer: Answer) -> Reply:
        """The live answer: counted, kept, recorded."""
        hub, question = self._hub, self._question
        reply = self._keep(reply_of(answer.message, self._requested.model, "live", answer.attempts, answer.waited_s))
        hub.spent(reply)
        if hub.cassettes is not None and question is not None and hub.mode in ("record", "fill"):
            hub.redact.learn(*_secrets(self._requested.options), *_secrets(self._given))
            hub.cassettes.keep(self._cassette, recording(question, dump(reply.message), hub.redact))
        return reply

    def _keep(self, reply: Reply) -> Reply:
        memory = self._hub.memory
        if memory is not None and self._question is not None:
            # Who asked the same at the same time gets the same answer.
            first = memory.setdefault(self._question.id, reply.message)
            if first is not reply.message:
                reply = replace(reply_of(first, reply.requested, reply.source), attempts=reply.attempts)
            while len(memory) > CACHED:
                memory.pop(next(iter(memory)), None)
        if self._run is not None and reply.note is not None and reply.note not in self._run.notes:
            self._run.notes.append(reply.note)
        return self._heard(reply)

    def _heard(self, reply: Reply) -> Reply:
        """The reply, with its model noted for the run at hand."""
        if self._run is not None:
            self._run.models.add((reply.requested, reply.reported, reply.note is None))
        return reply

    def _identify(self, messages: list[BaseMessage], repetition: int) -> Question | None:
        """What identifies this call; None where nothing needs to know, or nothing can."""
        hub = self._hub
        kept = hub.mode != "live"
        try:
            requested = [reported(message) for message in messages]
            parameters = shaping(self._requested.options, self._given)
            self._characters = len(canonical(requested))
        except (UsageError, ValueError):
            if kept:
                raise
            self._characters = sum(len(str(message.content)) for message in messages)
            return None
        if not kept and hub.memory is None:
            return None
        question = Question(
            self._requested.model, parameters, requested, messages_hash(requested, kept=kept), repetition
        )
        if self._run is None:
            return question
        return replace(question, occurrence=self._run.occurrence(question.id))

    def _missing(self, question: Question) -> str:
        hub = self._hub
        assert hub.cassettes is not None  # noqa: S101 - replaying without them is refused when a hub is made
        others = hub.cassettes.others(self._cassette, question)
        path = hub.cassettes.path(self._cassette)
        why = (
            f"its {others} recordings of this model are of other prompts, parameters or repetitions"
            if others
            else "it has none of this model"
        )
        return (
            f"model {question.model} was not asked, for nothing in {path} answers this call: {why}; "
            f"record it with: {hub.command.format(cassette=self._cassette)}"
        )


def _secrets(options: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in options.items():
        if any(word in name.lower() for word in SECRETIVE):
            found += _texts(value)
        else:
            found += [login for text in _texts(value) for login in passwords(text)]
    return found


def _texts(value: Any) -> list[str]:
    reveal = getattr(value, "get_secret_value", None)
    if callable(reveal):
        value = reveal()
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in _texts(one)]
    # `Bearer KEY`: the key alone must not be left either.
    return [value, *value.split()[1:]] if isinstance(value, str) else []
