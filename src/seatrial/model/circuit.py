"""Circuit breaker: a provider that fails many tries in a row is left alone for a while, then asked by one call at a time.

closed ──failures in a row──> open ──open_s──> half-open ──one call answered──> closed
                               ^                   └──────it failed──────> open again

Own code: one circuit serves threads and event loops at once, on a clock that is handed in; purgatory, the nearest library,
has a factory of circuits for each.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import NamedTuple

from seatrial.errors import UsageError
from seatrial.model.outcome import CircuitOpen


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a provider is left alone.

    Attributes:
        failures: tries in a row that failed (5xx, no connection, no answer in time; not 503 or 529 that asks for a pause), of all
            its models together.
        open_s: seconds until one call may try.
    """

    failures: int = 10
    open_s: float = 30.0

    def __post_init__(self) -> None:
        if not self.failures >= 1:
            raise UsageError(f"breaker failures {self.failures} is out of range; choose 1 or more")
        if not 0 < self.open_s < math.inf:
            raise UsageError(f"breaker open_s {self.open_s} is out of range; choose more than 0 seconds")


class Passage(NamedTuple):
    """A try that is under way: in which period of the circuit it began, and whether it is the trial call."""

    period: int
    trial: bool


class CircuitState(NamedTuple):
    """What a circuit has come to.

    Attributes:
        provider: whose.
        state: `closed`, `open` or `half_open`.
        opened: how often it has opened.
        refused: calls that were not made because it was open.
    """

    provider: str
    state: str
    opened: int
    refused: int


class Circuit:
    """The breaker of one provider; safe between threads.

    Args:
        provider: its name, for messages.
        breaker: when it opens.
    """

    def __init__(self, provider: str, breaker: Breaker) -> None:
        self._provider, self._breaker = provider, breaker
        self._failed, self._why = 0, ""
        self._open_until: float | None = None
        self._trial, self._period = False, 0
        self._opened = self._refused = 0
        self._lock = threading.Lock()

    def check(self, model: str, now: float) -> None:
        """Refuse a call while no try may begin.

        Raises:
            CircuitOpen: the provider is left alone.
        """
        with self._lock:
            self._refuse(model, now)

    def enter(self, model: str, now: float) -> Passage:
        """Begin a try; in a half-open circuit it is the one trial call. Tell what came of it.

        Raises:
            CircuitOpen: the provider is left alone.
        """
        with self._lock:
            self._refuse(model, now)
            self._trial = self._open_until is not None
            return Passage(self._period, self._trial)

    def answered(self, passage: Passage) -> None:
        """The provider answered, if only with an error that is the call's own."""
        with self._lock:
            if passage.period == self._period:
                self._failed, self._open_until = 0, None
                self._end(passage)

    def failed(self, passage: Passage, what: str, now: float) -> None:
        """The provider failed. A try that began before the circuit opened says nothing new."""
        with self._lock:
            if passage.period != self._period:
                return
            self._failed += 1
            self._why = what
            if passage.trial or self._failed >= self._breaker.failures:
                self._opened += 1
                self._pause(now)

    def throttled(self, passage: Passage, now: float) -> None:
        """The provider asked for fewer calls: no failure, and a trial call that hears it leaves the circuit open once more."""
        with self._lock:
            if passage.trial and passage.period == self._period:
                self._pause(now)

    def abandoned(self, passage: Passage) -> None:
        """The try was cancelled: nothing is known, and another call may be the trial."""
        with self._lock:
            if passage.period == self._period:
                self._end(passage)

    def state(self, now: float) -> CircuitState:
        """What it has come to."""
        with self._lock:
            state = "closed"
            if self._open_until is not None:
                state = "open" if now < self._open_until else "half_open"
            return CircuitState(self._provider, state, self._opened, self._refused)

    def _pause(self, now: float) -> None:
        self._open_until = now + self._breaker.open_s
        self._trial, self._period = False, self._period + 1

    def _end(self, passage: Passage) -> None:
        if passage.trial:
            self._trial = False
            self._period += 1

    def _refuse(self, model: str, now: float) -> None:
        if self._open_until is None or (now >= self._open_until and not self._trial):
            return
        self._refused += 1
        left = max(0.0, self._open_until - now)
        then = f"one call may try in {left:.3g} s" if left else "one call is trying"
        tries = f"{self._failed} tries in a row, last with" if self._failed > 1 else "its last try with"
        raise CircuitOpen(f"model {model} was not asked: {self._provider} failed {tries} {self._why}; {then}", left)
