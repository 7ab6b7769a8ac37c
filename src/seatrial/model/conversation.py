"""Conversation: a question, and where its answer cannot be parsed, the question once more with what was wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, convert_to_messages

from seatrial.model.outcome import InvalidReply, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from seatrial.model.reply import Reply

LONGEST = 300
"""Characters of a parser's complaint that the model is told."""


def messages_of(given: str | Sequence[Any]) -> list[BaseMessage]:
    """A text as one message of the user's; anything else as LangChain reads it."""
    return [HumanMessage(given)] if isinstance(given, str) else convert_to_messages(given)


def conversation(
    messages: list[BaseMessage], model: str, parse: Callable[[str], Any] | None
) -> Generator[list[BaseMessage], Reply, Reply]:
    """Yields what to ask, is sent the reply; returns the last one, with its `value`.

    Raises:
        Refused: the model declined, and there was something to parse.
        InvalidReply: the second reply cannot be parsed either.
    """
    reply = yield messages
    if parse is None:
        return reply
    try:
        return _parsed(reply, model, parse)
    except ValueError as error:
        wrong = _one_line(error)
    wording = reply.text.strip() or "(nothing)"
    repeated = (
        f"That reply cannot be read: {wrong}. Answer the question again, whole and in the form that was asked for."
    )
    reply = yield [*messages, AIMessage(wording), HumanMessage(repeated)]
    try:
        return _parsed(reply, model, parse)
    except ValueError as error:
        cut = "; it ran into its limit of tokens" if reply.cut_short else ""
        raise InvalidReply(f"model {model}: its reply cannot be read, asked twice{cut}: {_one_line(error)}") from error


def _parsed(reply: Reply, model: str, parse: Callable[[str], Any]) -> Reply:
    if reply.refusal is not None:
        raise Refused(f"model {model} declined to answer: {reply.refusal[:LONGEST]}")
    return replace(reply, value=parse(reply.text))


def _one_line(error: ValueError) -> str:
    """The complaint on one line; of a validation error its fields only, for its text repeats what was given."""
    fields = getattr(error, "errors", None)
    if callable(fields):
        wording = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in fields())
    else:
        wording = " ".join(str(error).split())
    return wording[:LONGEST] or type(error).__name__
