"""Ask: one question to a judge, through the hub, and what came of it: a verdict, or the reason there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.errors import ConfigError, ExitCode, MissingExtra, SeatrialError, UsageError
from seatrial.judge.reply import NotAVerdict, read_verdict, text_of
from seatrial.model.failure import Kind, failure_of
from seatrial.model.outcome import InvalidReply, KeyRefused, NoCredit, Outage, Refused, Skipped
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.judge.prompt import Request
    from seatrial.judge.spec import Judge
    from seatrial.judge.spend import Spend
    from seatrial.model.hub import Hub
    from seatrial.model.reply import Reply

TRUNCATED, OTHER_MODEL, UNREPORTED, DECLINED, REFUSED_CALL = (
    "truncated",
    "other_model",
    "unreported",
    "declined",
    "refused",
)
"""Kinds of rows without a verdict besides those of evidence: cut short, answered by another or an unnamed model, declined,
and a call that the provider itself refused."""

BUDGET = "budget"
SETTINGS = (ConfigError, UsageError, MissingExtra)
"""What the hub raises where the model cannot be set up at all."""

LONGEST = 500
"""Characters of a reason or of a provider's sentence that are kept."""


class Answered(NamedTuple):
    """What came of one question; as it stands in rows.jsonl.

    Attributes:
        outcome: `scored`, or the word for what there is instead.
        error_kind: why, where it was not scored.
        first: preference (0..1) for the answer shown first; None unless scored.
        reason: the judge's, or a sentence on why there is no verdict.
        reported: model that says it answered.
        input_tokens: read, of every call; None when one went uncounted.
        output_tokens: written, likewise.
        calls: questions put to the provider.
        fence: whether a reply repeated a fence.
        fatal: whether the provider refused what every further call would repeat: the key, the credit, the model.
    """

    outcome: str
    error_kind: str | None
    first: float | None
    reason: str
    reported: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    calls: int = 0
    fence: bool = False
    fatal: bool = False


class _Tally:
    """What the calls of one question add up to."""

    def __init__(self) -> None:
        self.calls = 0
        self.read: int | None = 0
        self.written: int | None = 0
        self.reported: str | None = None
        self.fence = False

    def add(self, reply: Reply) -> None:
        self.calls += 1
        self.reported = reply.reported
        self.read = None if self.read is None or reply.input_tokens is None else self.read + reply.input_tokens
        self.written = (
            None if self.written is None or reply.output_tokens is None else self.written + reply.output_tokens
        )

    def answered(
        self, outcome: str, kind: str | None, first: float | None, reason: str, *, fatal: bool = False
    ) -> Answered:
        read, written = (self.read, self.written) if self.calls else (None, None)
        return Answered(
            outcome, kind, first, reason[:LONGEST], self.reported, read, written, self.calls, self.fence, fatal
        )


class OverCap(SeatrialError):
    """The run's cap in USD allows no further call."""

    exit_code = ExitCode.COULD_NOT_TELL


def ask(judge: Judge, request: Request, hub: Hub, spend: Spend, repetition: int = 0) -> Answered:
    """Ask once; a reply that is no verdict is asked for once more, with more room where it was cut short.

    Nothing is raised for what a provider or a model does: one failed comparison never ends a run.
    """
    tally = _Tally()
    try:
        return _ask(judge, request, hub, spend, repetition, tally)
    except OverCap as error:
        return tally.answered(Outcome.SKIPPED, BUDGET, None, str(error))
    except (KeyRefused, NoCredit) as error:
        return tally.answered(Outcome.SKIPPED, error.kind, None, str(error), fatal=True)
    except SETTINGS as error:  # no key, no package, an unknown provider: the next call would meet the same
        return tally.answered(Outcome.SKIPPED, REFUSED_CALL, None, str(error), fatal=True)
    except Skipped as error:
        return tally.answered(Outcome.SKIPPED, error.kind, None, str(error))
    except Refused as error:
        return tally.answered(Outcome.UNPARSED, DECLINED, None, str(error))
    except InvalidReply as error:
        return tally.answered(Outcome.UNPARSED, "invalid_output", None, str(error))


def _ask(judge: Judge, request: Request, hub: Hub, spend: Spend, repetition: int, tally: _Tally) -> Answered:
    messages: list[Any] = [("system", request.system), ("user", request.user)]
    room = judge.max_tokens
    for last in (False, True):
        try:
            reply = _call(judge, messages, room, hub, spend, repetition)
        except Exception as error:
            refused = _refused(error)
            if refused is None:
                raise
            return tally.answered(Outcome.SKIPPED, REFUSED_CALL, None, refused.sentence, fatal=refused.fatal)
        tally.add(reply)
        text = text_of(reply)
        tally.fence = tally.fence or request.quoted_in(text)
        stranger = _stranger(judge, reply)
        if stranger:
            return tally.answered(Outcome.EVALUATOR_ERROR, stranger[0], None, stranger[1])
        if reply.refusal is not None:
            return tally.answered(Outcome.UNPARSED, DECLINED, None, f"the judge declined: {reply.refusal}")
        if reply.cut_short:
            if last or judge.max_tokens_ceiling == room:
                return tally.answered(Outcome.UNPARSED, TRUNCATED, None, _cut(judge, room))
            room = judge.max_tokens_ceiling
            continue
        try:
            first, reason = read_verdict(text, judge)
        except NotAVerdict as error:
            if last:
                return tally.answered(Outcome.UNPARSED, "invalid_output", None, f"no verdict, asked twice: {error}")
            messages = _repeated(messages, text, error)
            continue
        return tally.answered(Outcome.SCORED, None, first, reason)
    raise AssertionError("the second round returns")


def _call(judge: Judge, messages: Sequence[Any], room: int, hub: Hub, spend: Spend, repetition: int) -> Reply:
    size = sum(len(text.encode("utf-8", "surrogatepass")) for _, text in messages) + len(str(judge.reply_schema))
    amount = spend.worst(size, room)
    if not spend.reserve(amount):
        raise OverCap(f"model {judge.model} was not asked: the cap of --max-usd leaves no room for another call")
    try:
        reply = hub.call(
            messages,
            model=judge.model,
            schema=judge.reply_schema,
            repetition=repetition,
            max_tokens=room,
            **judge.parameters,
        )
    except BaseException as error:
        spend.settle(amount, None, None, made=_may_be_charged(error))
        raise
    spend.settle(amount, reply.input_tokens, reply.output_tokens, made=reply.source == "live")
    return reply


def _may_be_charged(error: BaseException) -> bool:
    """Whether a failed call may stand on the bill: yes, unless nothing was sent or the provider answered with an error."""
    if isinstance(error, Skipped) and not isinstance(error, Outage):
        return False  # a kill switch, a hub's budget, a missing recording: nobody was asked
    if isinstance(error, (KeyRefused, NoCredit, *SETTINGS)):
        return False
    cause = error.__cause__ if isinstance(error, Outage) else error
    if isinstance(error, Outage) and cause is None:
        return False  # it waited for its turn and was never sent
    return not (isinstance(cause, Exception) and failure_of(cause, 0.0).what.startswith("HTTP "))


class _Refusal(NamedTuple):
    sentence: str
    fatal: bool


FATAL = (404, 405, 410)
"""Statuses that say nothing of the request's content: the model or its address is not there."""


def _refused(error: Exception) -> _Refusal | None:
    """The provider's own refusal of a call (a 4xx that no retry helps); None for anything else."""
    if isinstance(error, SeatrialError):
        return None
    failure = failure_of(error, 0.0)
    if failure.kind is not Kind.THEIRS or not failure.what.startswith("HTTP "):
        return None
    status = int(failure.what.removeprefix("HTTP "))
    return _Refusal(f"{failure.what}: {_sentence(error)}", status in FATAL)


def _sentence(error: Exception) -> str:
    """The provider's sentence: from the body where the client keeps it, else the error's text."""
    body = getattr(error, "body", None)
    for found in (body, body.get("error") if isinstance(body, dict) else None):
        message = found.get("message") if isinstance(found, dict) else None
        if isinstance(message, str) and message:
            return " ".join(message.split())[:LONGEST]
    return " ".join(str(error).split())[:LONGEST]


def _stranger(judge: Judge, reply: Reply) -> tuple[str, str] | None:
    """Kind and sentence where the reply is not of the model that was asked."""
    if reply.reported is None:
        return UNREPORTED, f"asked {judge.model}, and the reply does not say which model answered"
    if judge.reported:
        if reply.reported == judge.reported:
            return None
        return OTHER_MODEL, f"asked {judge.model}, which reports {judge.reported}, answered by {reply.reported}"
    return None if reply.note is None else (OTHER_MODEL, reply.note)


def _cut(judge: Judge, room: int) -> str:
    return (
        f"the reply was cut short at {room} tokens; raise max_tokens_ceiling in judges/{judge.name}.toml "
        f"(now {judge.max_tokens_ceiling})"
    )


def _repeated(messages: Sequence[Any], text: str, error: NotAVerdict) -> list[Any]:
    """The conversation with the bad reply and what was wrong with it; the complaint repeats nothing of the reply."""
    complaint = f"That reply is no verdict: {error}. Answer again with the one JSON object and nothing else."
    return [*messages, ("assistant", text.strip() or "(nothing)"), ("user", complaint)]
