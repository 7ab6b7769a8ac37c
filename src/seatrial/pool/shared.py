"""SharedLoop: many awaited items on one event loop, in one thread that the caller's watches over.

A loop a thread would make them wait for each other at Python's lock. But on a shared loop one item can take the time of
all: a step that does not await holds up its neighbours, whose own clocks run on. So the loop's lateness is measured, an
item that ran out of time on a late loop is done again elsewhere, and a loop that is blocked time and again is given up:
what is left goes to threads, where items cannot hurt each other.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import threading
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from seatrial.pool.crew import END, TICK_S, Row, TimedOut, patience, settle, shared_row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

Item = TypeVar("Item")
Value = TypeVar("Value")

BEAT_S = 0.05
"""How often the loop shows that it is alive."""

STALL_S = 0.1
"""A step that holds the loop longer than this blocks it."""

STALLS = 3
"""From so many blocking steps on items may no longer share: the first may be an import, a third is a habit."""

TURN_S = 0.005
"""How long work that never waits may keep the loop to itself."""

LATE = 0.1
"""Share of its time that the loop may be late: beyond it a timeout is not the item's own, and blocking steps are too many."""


class Disturbed(Exception):
    """Raised by awaited work: neighbours spoilt it, it must be done again by itself."""


def disturbed(seconds: float) -> bool:
    """Whether neighbours on its loop took more than `LATE` of the `seconds` that the item at hand had."""
    row = shared_row.get()
    return row is not None and row.loop.late - row.late > LATE * seconds


def _task(loop: asyncio.AbstractEventLoop, work: Any, **how: Any) -> asyncio.Task[Any]:
    """A task, remembered by the row it is made for.

    A plain one: of a subclass asyncio runs every step the long way round.
    """
    task = asyncio.Task(work, loop=loop, **how)
    row = shared_row.get()
    if row is not None:
        row.remember(task)
    return task


class SharedLoop(Generic[Item, Value]):
    """One run of items on one loop.

    Attributes:
        again: after `run`, what must be done again by threads; `items` may hold more.
        late: seconds that the loop came too late, all in all.
    """

    def __init__(
        self,
        items: Iterator[Item],
        awaited: Callable[[Item], Awaitable[Value]],
        on_result: Callable[[Item, Value | None, BaseException | None], None],
        timeout_s: float | None,
        stop: threading.Event,
    ) -> None:
        self.again: list[Item] = []
        self.late = 0.0
        self._items, self._awaited, self._on_result = items, awaited, on_result
        self._timeout_s, self._stop = timeout_s, stop
        self._closed = False
        self._left = False
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._rows: list[Row] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._began = self._beat_due = time.monotonic()
        self._stalled: set[tuple[int, float]] = set()
        self._broken: BaseException | None = None

    def run(self, concurrency: int) -> None:
        """Until every item has had its result, or the loop is given up."""
        self._rows = [Row(self) for _ in range(concurrency)]
        context = contextvars.copy_context()
        try:
            threading.Thread(target=context.run, args=(self._live,), name="seatrial-loop", daemon=True).start()
            while not self._left and not self._ended.wait(self._patience()):
                with self._lock:
                    self._watch(time.monotonic())
        finally:
            self._closed = self._left = True
            settle(self._lock)
        if self._broken is not None:
            raise self._broken

    def _patience(self) -> float:
        if self._closed:
            return TICK_S
        # Neighbours are to be seen while one of them blocks them.
        return min(patience(self._rows, self._timeout_s), STALL_S if len(self._rows) > 1 else math.inf)

    def _watch(self, now: float) -> None:
        if self._loop is None:
            return
        under_way = [row for row in self._rows if row.item is not END]
        overdue = [row for row in under_way if self._is_overdue(row, now)]
        if now - self._beat_due <= STALL_S:
            # The loop is fine: who is overdue does not let itself be cancelled.
            for row in overdue:
                self._abandon(row, now)
            self._closed = self._closed or bool(overdue)
            return
        current = asyncio.current_task(self._loop)
        blocking = next((row for row in self._rows if row.made(current)), None)
        self._stall(id(blocking), now)
        if self._closed and not under_way:
            self._left = True  # who has the loop was given up, and nobody else is waited for
            return
        if not overdue or (blocking in under_way and blocking not in overdue):
            return  # nobody is, or the one who has the loop still has time
        for row in under_way:
            if row is blocking:
                self._abandon(row, now)
            else:
                row.abandoned = True
                self.again.append(row.item)
        self._left = True

    def _stall(self, blocking: int, now: float) -> None:
        self._stalled.add((blocking, self._beat_due))
        if len(self._stalled) >= STALLS and self.late > LATE * (now - self._began):
            self._closed = True

    def _is_overdue(self, row: Row, now: float) -> bool:
        # What its neighbours took is not its own; its own timeout may be on its way, too.
        return self._timeout_s is not None and now - row.started - (self.late - row.late) > self._timeout_s

    def _abandon(self, row: Row, now: float) -> None:
        waited = now - row.started
        row.abandoned = True
        self._on_result(row.item, None, TimedOut(waited))
        row.item = END

    def _live(self) -> None:
        try:
            asyncio.run(self._share())
        except BaseException as caught:  # noqa: BLE001 - a thread has nobody above it to tell
            self._broken = caught
        finally:
            self._ended.set()

    async def _share(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(_task)
        for row in self._rows:
            row.task = loop.create_task(self._toil(row))
        self._began = self._beat_due = time.monotonic()
        self._beat(loop)
        self._loop = loop
        # Whom nobody waits for any more must not keep the others waiting.
        while waiting := [row.task for row in self._rows if not row.abandoned and not row.task.done()]:
            await asyncio.wait(waiting, timeout=BEAT_S)
        self._ended.set()  # before asyncio.run cancels those who do not let themselves be cancelled

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        late = max(0.0, now - self._beat_due)
        with self._lock:
            self.late += late
            if late > STALL_S and all(due != self._beat_due for _, due in self._stalled):
                self._stall(0, now)  # one that was over before the watch looked: nobody knows whose
            self._beat_due = now + BEAT_S
        if not self._ended.is_set():
            loop.call_later(BEAT_S, self._beat, loop)

    async def _toil(self, row: Row) -> None:
        shared_row.set(row)
        yielded = 0.0
        while self._draw(row):
            if row.started - yielded > TURN_S:
                yielded = row.started
                await asyncio.sleep(0)
            item = row.item
            value: Value | None = None
            error: BaseException | None = None
            try:
                value = await self._awaited(item)
            except BaseException as caught:  # noqa: BLE001 - KeyboardInterrupt too: `on_result` decides
                error = caught
            with self._lock:
                if row.abandoned or self._left:  # its item has had its result, or nobody listens any more
                    return
                row.item = END
                row.forget_tasks()
                if isinstance(error, Disturbed):
                    self.again.append(item)
                    continue
                try:
                    self._on_result(item, value, error)
                except BaseException as caught:  # noqa: BLE001 - the caller hears of it
                    self._broken, self._left = caught, True
                    self._ended.set()
                    return

    def _draw(self, row: Row) -> bool:
        with self._lock:
            if self._closed or self._stop.is_set() or self._broken is not None:
                return False
            try:
                row.item = next(self._items, END)
            except BaseException as caught:  # noqa: BLE001 - `items` broke: the caller hears of it
                self._broken = caught
                return False
            row.started, row.late = time.monotonic(), self.late
            return row.item is not END
