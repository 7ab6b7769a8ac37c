"""Bucket: when the next call may go, so that no window of time ever holds more than its ceiling.

A bucket that is as large as a minute's ceiling lets twice the ceiling pass in the minute after a pause. This one is a
twentieth of it, and fills so slowly that burst and refill together stay under the ceiling in every window.
"""

from __future__ import annotations

import math

SHARE = 0.05
"""Of the ceiling that may go at once."""

LARGEST = 0.5
"""Of the ceiling that a single call may take of the bucket; what a larger one has too much is paid back later."""


class Bucket:
    """A ceiling per window. A call books a moment, sleeps until then, and goes if the calls that really went allow it.

    Booking orders the sleepers; what went is what the ceiling is kept by, so a sleeper that wakes late (a busy machine,
    a laptop that slept) adds to no burst. Not safe between threads by itself; `Limiter` holds the lock.

    Attributes:
        ceiling: most units in any window.
        window_s: length of a window, seconds.
    """

    def __init__(self, ceiling: float, window_s: float) -> None:
        self.ceiling, self.window_s = ceiling, window_s
        self._burst = max(1.0, math.floor(ceiling * SHARE))
        self._booked = self._expired = -math.inf

    @property
    def rate(self) -> float:
        """Units a second when it never rests: within a twentieth of the ceiling."""
        return (self.ceiling - self._burst + 1) / self.window_s

    def next(self, now: float, units: float) -> float:
        """The moment for which `units` could be booked."""
        return self._after(self._booked, now, units)

    def book(self, at: float, units: float) -> None:
        """Book the moment that `next` named, or a later one."""
        self._booked = max(self._booked, at) + units / self.rate

    def allowed(self, now: float, units: float) -> float:
        """When `units` may go, as far as those say that went."""
        return self._after(self._expired, now, units)

    def went(self, now: float, units: float) -> None:
        """They went."""
        self._expired = max(self._expired, now) + units / self.rate
        self._booked = max(self._booked, self._expired)

    def clear(self) -> None:
        """Forget what was booked and has not gone."""
        self._booked = self._expired

    def correct(self, units: float) -> None:
        """Take `units` more, or give back fewer: what went was an estimate."""
        self._booked += units / self.rate
        self._expired += units / self.rate

    def _after(self, empty_until: float, now: float, units: float) -> float:
        self._burst = max(self._burst, min(units, self.ceiling * LARGEST))
        return max(now, empty_until + (min(units, self._burst) - self._burst) / self.rate)
