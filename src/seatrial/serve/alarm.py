"""Alarm: the `event` webhooks of experiments/webhooks.toml hear of a spent budget, one message an episode, beside the requests.

An episode is a graph, a period and a limit: a limit that is raised and spent is another. The message is written to the store
before it is sent, so that of several servers one sends it, and both are tried until the store and a receiver take it.
"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from seatrial.adapters import webhook
from seatrial.errors import SeatrialError
from seatrial.store import ledger as kept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.adapters.webhook import BudgetSpent, Hook
    from seatrial.store.engine import Store

TOPIC = "budget"
"""Name under which the messages are kept, where a rollout's are under its own."""
RETRY_S = 30.0
WAITING = 100


class Alarm:
    """Sends what `tell` is given, in a thread of its own; without hooks there is none.

    Args:
        hooks: those of type `event` are told.
        store: where messages wait.
        clock: seconds since 1970.
        count: told of `alarms_failed`.
        retry_s: seconds between two tries.
    """

    def __init__(
        self,
        hooks: Sequence[Hook],
        store: Store,
        clock: Callable[[], float],
        count: Callable[[str], None],
        retry_s: float = RETRY_S,
    ) -> None:
        self._hooks = [hook for hook in hooks if hook.type is webhook.HookType.EVENT]
        self._store, self._clock, self._count, self._retry_s = store, clock, count, retry_s
        self._queue: queue.Queue[BudgetSpent | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="seatrial-alarm", daemon=True)
        if self._hooks:
            self._thread.start()

    def tell(self, spent: BudgetSpent) -> None:
        """Queue a message; never blocks, a full queue counts."""
        if not self._hooks:
            return
        try:
            self._queue.put_nowait(spent)
        except queue.Full:
            self._count("alarms_failed")

    def close(self, seconds: float = 2.0) -> None:
        """Send what is queued if it goes quickly; what is left waits in the store for the next server."""
        if self._hooks:
            with suppress(queue.Full):
                self._queue.put_nowait(None)
            self._thread.join(seconds)

    def _run(self) -> None:
        waiting: list[BudgetSpent] = []
        ended, wait = False, 0.0  # at once: what an earlier server left
        while not ended:
            ended = self._take(waiting, wait)
            wait = self._retry_s
            try:
                messages = [message for one in waiting for message in webhook.budget_messages(self._hooks, one)]
                kept.announce(self._store, TOPIC, messages, at=self._clock())
                waiting.clear()  # the store has them, and keeps them until they are taken
                failures = webhook.deliver(self._store, TOPIC, self._hooks, self._clock())
            except SeatrialError:
                failures = ("",)
            for _ in failures:
                self._count("alarms_failed")

    def _take(self, waiting: list[BudgetSpent], seconds: float) -> bool:
        """Add what is queued within so many seconds; true at the end. What the store did not take in the meantime is bounded."""
        try:
            one = self._queue.get(timeout=seconds)
        except queue.Empty:
            return False
        if one is not None and len(waiting) < WAITING:
            waiting.append(one)
        elif one is not None:
            self._count("alarms_failed")
        return one is None
