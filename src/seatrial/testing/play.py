"""Play: how a loopback server answers: the modes it knows, a tool call it may make, a rate it really enforces."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MODES = (
    *("normal", "slow", "rate_limited", "overloaded", "server_error", "wrong_key"),
    *("truncated", "dropped", "cut_short", "refusal", "other_model"),
)
"""normal; slow: the answer comes after `delay_s`; rate_limited: 429; overloaded: 529, or 503 where the service sends that;
server_error: 500; wrong_key: 401; truncated: half of a JSON body; dropped: the connection breaks off inside the body;
cut_short: the model ran into its limit of tokens; refusal: it declines; other_model: another model says it answered."""

OTHER_MODEL = "another-model-1"
"""Who answers in mode `other_model`."""
REFUSAL = "I'm sorry, but I can't help with that."


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model calls instead of writing a text."""

    name: str
    arguments: Mapping[str, Any]


Message = Mapping[str, Any]
Reply = Callable[[Sequence[Message]], "str | ToolCall"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in, whatever became of it.

    Attributes:
        path: what was asked for, with its query.
        headers: by lower-case name; a key that was sent stands in `authorization` or `x-api-key`.
        body: the JSON object, or None where it was none.
        status: what the server answered.
        at: seconds, by the server's clock.
    """

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    status: int
    at: float = 0.0


@dataclass(slots=True)
class Allowance:
    """At most `requests` answers in any `window_s` seconds; what comes beyond is refused with 429.

    Attributes:
        requests: answers that any window may hold.
        window_s: its length, seconds.
    """

    requests: int
    window_s: float = 60.0
    _answered: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, now: float) -> float | None:
        """None: go on, and it is counted. Otherwise the seconds until a request may be answered again."""
        with self._lock:
            while self._answered and self._answered[0] <= now - self.window_s:
                self._answered.popleft()
            if len(self._answered) >= self.requests:
                return self._answered[0] + self.window_s - now
            self._answered.append(now)
            return None
