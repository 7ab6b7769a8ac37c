"""Clock: what a hub knows of time, given to it so that a test can turn the hands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds, and how to let them pass.

    Attributes:
        now: monotonic.
        sleep: blocks the calling thread.
        asleep: the same, awaited.
        date: since 1970, for a `Retry-After` that is a date.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Any] = time.sleep
    asleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    date: Callable[[], float] = time.time
