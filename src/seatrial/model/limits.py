"""Limits: what a model may be asked, and the limiter that keeps to it and to what the provider lets pass."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import NamedTuple

from seatrial.errors import UsageError
from seatrial.model.bucket import Bucket
from seatrial.model.pace import Pace
from seatrial.model.slots import Slots

CHARACTERS_A_TOKEN = 4
FIRST_GUESS = 200
"""Tokens a reply is taken to have until some have been counted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one model may be asked.

    Attributes:
        concurrency: calls at once.
        requests_per_minute: in any minute; None = as many as the provider lets pass.
        tokens_per_minute: read and written, in any minute; None likewise.
        timeout_s: seconds one try may take.
        attempts: tries in all where the provider fails.
        patience_s: seconds a call may wait for limits and further tries before it is an outage.
        window_s: the minute; another length is for tests.
    """

    concurrency: int = 16
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout_s: float = 60.0
    attempts: int = 4
    patience_s: float = 100.0
    window_s: float = 60.0

    def __post_init__(self) -> None:
        for name in ("concurrency", "attempts", "requests_per_minute", "tokens_per_minute"):
            value = getattr(self, name)
            if value is not None and not value >= 1:
                raise UsageError(f"limit {name} {value} is out of range; choose 1 or more")
        for name in ("timeout_s", "patience_s", "window_s"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise UsageError(f"limit {name} {value} is out of range; choose more than 0 seconds")


class Ticket(NamedTuple):
    """A booked call: when it may go, what it was booked for, and under which news."""

    at: float
    tokens: float
    epoch: int


class Limiter:
    """One model's limits, kept between threads and event loops.

    Attributes:
        limits: what was asked for.
        slots: places for calls under way.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.slots = Slots(limits.concurrency)
        window_s = limits.window_s
        self._requests = Bucket(limits.requests_per_minute, window_s) if limits.requests_per_minute else None
        self._tokens = Bucket(limits.tokens_per_minute, window_s) if limits.tokens_per_minute else None
        self._pace = Pace(window_s)
        self._written, self._replies = float(FIRST_GUESS), 1
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """Calls a second that may go now, as far as the provider has said; infinite while it never refused."""
        with self._lock:
            return self._pace.rate

    def guess(self, characters: int) -> float:
        """Tokens that a call of so many characters may cost, its reply included."""
        return characters / CHARACTERS_A_TOKEN + self._written / self._replies

    def book(self, now: float, tokens: float) -> Ticket:
        """A moment for one call: sleep until then, and ask `leave`."""
        with self._lock:
            at = self._pace.next(now)
            if self._requests is not None:
                at = max(at, self._requests.next(now, 1))
            if self._tokens is not None:
                at = max(at, self._tokens.next(now, tokens))
                self._tokens.book(at, tokens)
            if self._requests is not None:
                self._requests.book(at, 1)
            self._pace.book(at)
            return Ticket(at, tokens, self._pace.epoch)

    def leave(self, ticket: Ticket, now: float) -> Ticket | None:
        """None: the call goes now, and is counted. Otherwise a ticket for later."""
        with self._lock:
            if ticket.epoch == self._pace.epoch:
                if now < ticket.at:
                    return ticket
                at = self._pace.allowed(now)
                if self._requests is not None:
                    at = max(at, self._requests.allowed(now, 1))
                if self._tokens is not None:
                    at = max(at, self._tokens.allowed(now, ticket.tokens))
                if at > now:
                    return ticket._replace(at=at)
                self._pace.went(now)
                if self._requests is not None:
                    self._requests.went(now, 1)
                if self._tokens is not None:
                    self._tokens.went(now, ticket.tokens)
                return None
        return self.book(now, ticket.tokens)

    def answered(self, ticket: Ticket, read: int | None, written: int | None, now: float) -> None:
        """The provider answered, and counted so many tokens (None: it did not say)."""
        with self._lock:
            epoch = self._pace.epoch
            self._pace.passed(now)
            self._rebook(epoch)
            if written is not None:
                self._written, self._replies = self._written + written, self._replies + 1
                if self._tokens is not None and read is not None:
                    self._tokens.correct(read + written - ticket.tokens)

    def refused(self, sent_at: float, retry_after_s: float | None, now: float) -> None:
        """The provider refused for the sake of the rate, or is overloaded."""
        with self._lock:
            ceiling = math.inf if self._requests is None else self._requests.rate
            epoch = self._pace.epoch
            self._pace.refused(sent_at, retry_after_s, now, ceiling)
            self._rebook(epoch)

    def _rebook(self, epoch: int) -> None:
        """Forget the bookings made under an earlier epoch: whoever has not gone yet books anew."""
        if self._pace.epoch != epoch:
            for bucket in (self._requests, self._tokens):
                if bucket is not None:
                    bucket.clear()
