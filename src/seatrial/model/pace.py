"""Pace: what the provider lets pass, learnt from its refusals: multiplicative decrease, additive increase.

A refusal cuts the rate by a twentieth when the rate was about right, and by up to a half when far fewer calls than it got
through in the window just past. Calls that were under way when it came tell the same news, and so do further refusals
before anything got through: they prolong the wait, and cut again only once in a while. Then the rate grows by a twentieth
of itself in a window, and twice as fast for each window without a cut, so an outage that cut it to almost nothing is
forgotten in minutes. A refused call leaves its place in the rhythm to the next, which goes as soon as it may: where calls
are ten seconds apart, places are too expensive to lose one with each refusal.

Source: AIMD after Chiu and Jain, "Analysis of the increase and decrease algorithms for congestion avoidance in computer
networks", Computer Networks and ISDN Systems 17 (1989).
"""

from __future__ import annotations

import math
from collections import deque

GENTLE, HARD = 0.95, 0.5
"""What a refusal leaves of the rate: at most, and at least."""

GROWTH = 0.05
"""Of the rate after a cut that is added in one window."""

QUIET = 16
"""Windows after which growth no longer doubles."""

SLOWEST = 1.0
"""Calls in a window that are tried at least: below that it could not be noticed that the provider is back."""

REPEAT = 0.25
"""Of a window that passes between two cuts with nothing answered in between, and at least the time of one call."""

HOLD = 1 / 60
"""Of a window that everybody waits after a first refusal without `Retry-After`; each further one in a row adds as much."""

MOST_HOLDS = 60
"""Steps to which that wait grows: a whole window, and never more."""


class Pace:
    """The rate that a provider lets pass; infinite until it first refuses.

    Not safe between threads by itself; `Limiter` holds the lock.

    Attributes:
        rate: calls a second.
        hold_until: nothing goes before this moment.
        epoch: what was booked under an earlier one must be booked again: a refusal was heard, or the rate has doubled.
    """

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self.rate = math.inf
        self.hold_until = -math.inf
        self.epoch = 0
        self._booked = self._expired = -math.inf
        self._cut_at = self._grown_at = self._heard_at = self._last = -math.inf
        self._booked_rate = math.inf
        self._step = 0.0
        self._in_a_row = 0
        self._passed: deque[float] = deque()
        self._first: float | None = None

    def next(self, now: float) -> float:
        """The moment for which a call could be booked."""
        return max(now, self._booked, self.hold_until)

    def book(self, at: float) -> None:
        """Book the moment that `next` named, or a later one."""
        self._booked = max(self._booked, at) + 1 / self.rate

    def allowed(self, now: float) -> float:
        """When a call may go, as far as those say that went."""
        return max(now, self._expired, self.hold_until)

    def went(self, now: float) -> None:
        """It went."""
        if self._first is None:
            self._first = now
        self._last = now
        self._expired = now + 1 / self.rate
        self._booked = max(self._booked, self._expired)

    def passed(self, now: float) -> None:
        """A call got through."""
        self._in_a_row = 0
        self._passed.append(now)
        self._forget(now)
        if self.rate < math.inf:
            quiet = min((now - self._cut_at) / self.window_s, QUIET)
            seconds = min(now - self._grown_at, 2 / self.rate)
            self.rate += self._step * 2 ** math.floor(quiet) * seconds
            self._grown_at = now
            if self.rate >= 2 * self._booked_rate:
                self._rebook()

    def refused(self, sent_at: float, retry_after_s: float | None, now: float, ceiling: float) -> None:
        """A call was refused for the sake of the rate.

        Args:
            sent_at: when it went out.
            retry_after_s: what the provider said, None where it said nothing.
            now: the moment.
            ceiling: calls a second that were allowed to go at most.
        """
        news = sent_at >= self._heard_at
        if news:
            self._in_a_row += 1
            self._heard_at = now
        hold_s = self.window_s * HOLD * min(self._in_a_row, MOST_HOLDS)
        wait_s = (hold_s if news else 0.0) if retry_after_s is None else retry_after_s
        if news or now + wait_s > self.hold_until:
            self.hold_until = max(self.hold_until, now + wait_s)
            self._rebook()
        if not news:
            return
        if sent_at >= self._last:
            # It did not count, so its place in the rhythm is free: at six a minute, to wait for the next would lose a tenth.
            repeated = self.hold_until if self._in_a_row == 1 else max(self.hold_until, now + hold_s)
            self._expired = self._booked = min(self._expired, repeated)
        if self._in_a_row == 1 or now - self._cut_at >= max(1 / self.rate, self.window_s * REPEAT):
            self._cut(now, ceiling)

    def _cut(self, now: float, ceiling: float) -> None:
        self._forget(now)
        before = min(self.rate, ceiling)
        heard_s = min(self.window_s, now - (now if self._first is None else self._first))
        # One more: where a window begins between two calls is chance, and at six a minute one call is a sixth of the rate.
        counted = len(self._passed) + 1 if self._passed else 0
        through = counted / max(heard_s, self.window_s * HOLD)
        if before == math.inf:
            before = max(through, 1 / (self.window_s * HOLD))
        cut = min(GENTLE * before, max(HARD * before, GENTLE * through))
        self.rate = min(max(cut, SLOWEST / self.window_s), ceiling)
        self._booked_rate = self.rate
        self._step = GROWTH * self.rate / self.window_s
        self._cut_at = self._grown_at = now

    def _rebook(self) -> None:
        self.epoch += 1
        self._booked, self._booked_rate = self._expired, self.rate

    def _forget(self, now: float) -> None:
        while self._passed and self._passed[0] <= now - self.window_s:
            self._passed.popleft()
