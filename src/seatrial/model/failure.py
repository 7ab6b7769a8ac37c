"""Failure: what a provider's client raised, read as one of a few kinds; no SDK is imported to do so.

Every SDK has its own exceptions, but all of them carry the HTTP status, and their names agree on the rest.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.model.retry_after import retry_after_s

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(StrEnum):
    """What to do about a failed try.

    throttled: slow down, then again. failed: again. unreadable: once more. no_key, no_credit: give up, nobody answers.
    declined: the model refused. theirs: the call itself is wrong, and whoever made it hears so.
    """

    THROTTLED = "throttled"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    NO_KEY = "no_key"
    NO_CREDIT = "no_credit"
    DECLINED = "declined"
    THEIRS = "theirs"


class Failure(NamedTuple):
    """A failed try.

    Attributes:
        kind: what to do about it.
        what: in a few words: `HTTP 500`, `no connection`, `no answer in time`.
        retry_after_s: seconds the provider asked to wait, None where it said nothing.
        unavailable: it answered 503 and did not say when to come back: slowed down for, and as likely down as busy.
    """

    kind: Kind
    what: str
    retry_after_s: float | None = None
    unavailable: bool = False

    @property
    def counts(self) -> bool:
        """Whether the provider failed, as its circuit breaker counts it."""
        return self.kind is Kind.FAILED or self.unavailable


_NO_ANSWER = ("APITimeoutError", "TimeoutError", "TimeoutException", "ReadTimeout", "ConnectTimeout", "Timeout")
_NO_CONNECTION = ("APIConnectionError", "ConnectionError", "TransportError", "RemoteProtocolError", "ProtocolError")
_UNREADABLE = (
    *("JSONDecodeError", "APIResponseValidationError", "ValidationError", "UnicodeDecodeError"),
    "LengthFinishReasonError",
)
_DECLINED = ("ContentFilterFinishReasonError", "OpenAIRefusalError")
_NO_CREDIT = ("insufficient_quota", "billing_error", "credit balance", "billing_hard_limit_reached")
_OVERLOADED = ("overloaded_error", "rate_limit_error", "RateLimitError", "OverloadedError", "ThrottlingException")


def failure_of(error: BaseException, date: float) -> Failure:
    """Read what a client raised.

    Args:
        error: from the SDK, or from LangChain's wrapper around it.
        date: seconds since 1970, for a `Retry-After` that is a date.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    status = _status(error)
    wait_s = retry_after_s(_headers(error), date)
    if status is None:
        return _without_status(error, names)
    what, body = f"HTTP {status}", _body(error)
    if status in (401, 403):
        return Failure(Kind.NO_KEY, what)
    if status == 402 or (status in (400, 429) and any(word in body for word in _NO_CREDIT)):
        return Failure(Kind.NO_CREDIT, what)
    if status in (429, 503, 529) or any(word in body for word in _OVERLOADED[:2]):
        return Failure(Kind.THROTTLED, what, wait_s, unavailable=status == 503 and wait_s is None)
    if status in (408, 409, 425) or status >= 500:
        return Failure(Kind.FAILED, what, wait_s)
    if status < 400:
        return Failure(Kind.UNREADABLE, "a reply that is no whole JSON")
    return Failure(Kind.THEIRS, what)


def _without_status(error: BaseException, names: set[str]) -> Failure:
    if names & set(_OVERLOADED):
        return Failure(Kind.THROTTLED, "overload")
    if names & set(_NO_ANSWER):
        return Failure(Kind.FAILED, "no answer in time")
    if names & set(_NO_CONNECTION):
        return Failure(Kind.FAILED, "no connection, or one that broke off")
    if names & set(_UNREADABLE) or "Unexpected response type" in str(error):
        return Failure(Kind.UNREADABLE, "a reply that cannot be read")
    if names & set(_DECLINED):
        return Failure(Kind.DECLINED, "a refusal")
    return Failure(Kind.THEIRS, type(error).__name__)


def _chain(error: BaseException) -> Iterator[Any]:
    """The error and its response: where clients keep status and headers."""
    yield error
    response = getattr(error, "response", None)
    if response is not None:
        yield response


def _status(error: BaseException) -> int | None:
    for one in _chain(error):
        for name in ("status_code", "http_status", "code"):
            value = getattr(one, name, None)
            if isinstance(value, int) and 100 <= value <= 999:
                return value
    return None


def _headers(error: BaseException) -> Any:
    for one in _chain(error):
        headers = getattr(one, "headers", None)
        if hasattr(headers, "get"):
            return headers
    return {}


def _body(error: BaseException) -> str:
    return f"{getattr(error, 'body', '')} {error}"[:5000]
