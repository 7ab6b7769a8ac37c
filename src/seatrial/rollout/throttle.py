"""Throttle: how much of the planned sample a shadow takes, halved while the live side is short of capacity."""

from __future__ import annotations

CALM = 50
"""Live calls without trouble after which the sample grows by a tenth of the planned one."""
LEAST = 1 / 1024
WARM_UP = 100
"""Live calls whose latency is only learnt."""
SLOWER = 2.0
"""The recent mean latency is trouble from so many times the usual one."""
_RECENT, _USUAL = 1 / 20, 1 / 500


class Throttle:
    """A factor between 0 and 1, lowered at once and raised slowly; not safe between threads by itself."""

    def __init__(self) -> None:
        self.factor = 1.0
        self._calm = self._calls = 0
        self._recent = self._usual = 0.0

    def trouble(self) -> None:
        """Halve the factor: the live side answered 429 or 5xx, or became slow."""
        self.factor, self._calm = max(LEAST, self.factor / 2), 0

    def observe(self, seconds: float, *, overloaded: bool = False) -> None:
        """Note one live call.

        Args:
            seconds: how long it took.
            overloaded: it failed for want of capacity.
        """
        self._calls += 1
        self._calm += 1
        if overloaded:
            self.trouble()
        elif self._slow(seconds):
            if self._calm > 1 / _RECENT:  # one halving for each stretch of calls that the recent mean is made of
                self.trouble()
        elif self._calm >= CALM and self.factor < 1:
            self.factor, self._calm = min(1.0, self.factor + 0.1), 0

    def _slow(self, seconds: float) -> bool:
        """Whether calls take longer than usual; the usual latency is not learnt from calls that do."""
        if self._calls <= WARM_UP:
            self._usual += (seconds - self._usual) / self._calls
            self._recent = self._usual
            return False
        self._recent += (seconds - self._recent) * _RECENT
        if self._recent > SLOWER * self._usual:
            return True
        self._usual += (seconds - self._usual) * _USUAL
        return False
