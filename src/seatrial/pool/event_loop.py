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
import sys
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from seatrial.pool.threads import END, TICK_S, TimedOut, Turn, patience, settle, shared_turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

Item = TypeVar("Item")
Value = TypeVar("Value")

BEAT_S = 0.05
"""How often the loop shows that it is alive."""

STALL_S = 0.1
"""A step that holds the loop longer than this blocks it."""

LOOK_S = 0.25
"""How often the watch looks whether one does, where others share the loop; to wake costs the loop a millisecond and more."""

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
    turn = shared_turn.get()
    return turn is not None and turn.loop.late - turn.late > LATE * seconds


def running_in(thread: int | None) -> tuple[object, Turn | None]:
    """The step that the event loop in `thread` is at, and the item on whose behalf; None where nobody can say.

    Every callback runs in the context it was made in, tasks that a graph makes for its nodes included. Asked only of a loop
    that is blocked: to keep account of all tasks, just in case, costs every item more than it is worth.
    """
    frame = sys._current_frames().get(thread or 0)  # noqa: SLF001 - the documented way to another thread's stack
    while frame is not None and frame.f_code is not _RUNS:
        frame = frame.f_back
    step = None if frame is None else frame.f_locals["self"]
    context = getattr(step, "_context", None)
    return step, None if context is None else context.get(shared_turn)


_RUNS = asyncio.Handle._run.__code__  # noqa: SLF001 - of CPython's loops; another's blame nobody


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
        self._turns: list[Turn] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._thread: threading.Thread | None = None
        self._began = self._beat_due = time.monotonic()
        self._stalled: set[tuple[int, float]] = set()
        self._broken: BaseException | None = None
        self._step: object = None
        self._step_seen = 0.0

    def run(self, concurrency: int) -> None:
        """Until every item has had its result, or the loop is given up."""
        self._turns = [Turn(self) for _ in range(concurrency)]
        context = contextvars.copy_context()
        try:
            self._thread = threading.Thread(target=context.run, args=(self._live,), name="seatrial-loop", daemon=True)
            self._thread.start()
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
        return min(patience(self._turns, self._timeout_s), LOOK_S if len(self._turns) > 1 else math.inf)

    def _watch(self, now: float) -> None:
        if self._thread is None or not self._tasks:
            return
        under_way = [turn for turn in self._turns if turn.item is not END]
        late = max(0.0, now - self._beat_due)
        if late <= STALL_S:
            # The loop is fine: who is overdue does not let itself be cancelled.
            overdue = [turn for turn in under_way if self._is_overdue(turn, now, late)]
            for turn in overdue:
                self._abandon(turn, now)
            self._closed = self._closed or bool(overdue)
            return
        step, blocking = running_in(self._thread.ident)
        if step is not self._step:
            self._step, self._step_seen = step, now
        self._stall(id(blocking), now)
        if self._closed and not under_way:
            self._left = True  # who has the loop was given up, and nobody else is waited for
            return
        if blocking in under_way:
            # Of the time that the loop is late, its own is what it was seen at this one step: others went before, if any.
            others = late - (now - self._step_seen) if len(self._turns) > 1 else 0.0
            if not self._is_overdue(blocking, now, others):
                return
        elif not any(self._is_overdue(turn, now, 0.0) for turn in under_way):
            return
        for turn in under_way:
            if turn is blocking:
                self._abandon(turn, now)
            else:
                turn.abandoned = True
                self.again.append(turn.item)
        self._left = True

    def _stall(self, blocking: int, now: float) -> None:
        self._stalled.add((blocking, self._beat_due))
        if len(self._stalled) >= STALLS and self.late > LATE * (now - self._began):
            self._closed = True

    def _is_overdue(self, turn: Turn, now: float, late: float) -> bool:
        # What its neighbours took is not its own, be it over or still going on; its own timeout may be on its way, too.
        return self._timeout_s is not None and now - turn.started - (self.late - turn.late) - late > self._timeout_s

    def _abandon(self, turn: Turn, now: float) -> None:
        waited = now - turn.started
        turn.abandoned = True
        self._on_result(turn.item, None, TimedOut(waited))
        turn.item = END

    def _live(self) -> None:
        try:
            asyncio.run(self._share())
        except BaseException as caught:  # noqa: BLE001 - a thread has nobody above it to tell
            self._broken = caught
        finally:
            self._ended.set()

    async def _share(self) -> None:
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(self._toil(place)) for place in range(len(self._turns))]
        self._began = self._beat_due = time.monotonic()
        self._beat(loop)
        self._tasks = tasks
        # Whom nobody waits for any more must not keep the others waiting.
        while waiting := [
            task for task, turn in zip(tasks, self._turns, strict=True) if not turn.abandoned and not task.done()
        ]:
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

    async def _toil(self, place: int) -> None:
        yielded = 0.0
        while (turn := self._draw(place)) is not None:
            if turn.started - yielded > TURN_S:
                yielded = turn.started
                await asyncio.sleep(0)
            item = turn.item
            value: Value | None = None
            error: BaseException | None = None
            try:
                value = await self._awaited(item)
            except BaseException as caught:  # noqa: BLE001 - KeyboardInterrupt too: `on_result` decides
                error = caught
            with self._lock:
                if turn.abandoned or self._left:  # its item has had its result, or nobody listens any more
                    return
                turn.item = END
                if isinstance(error, Disturbed):
                    self.again.append(item)
                    continue
                try:
                    self._on_result(item, value, error)
                except BaseException as caught:  # noqa: BLE001 - the caller hears of it
                    self._broken, self._left = caught, True
                    self._ended.set()
                    return

    def _draw(self, place: int) -> Turn | None:
        with self._lock:
            if self._closed or self._stop.is_set() or self._broken is not None:
                return None
            try:
                item = next(self._items, END)
            except BaseException as caught:  # noqa: BLE001 - `items` broke: the caller hears of it
                self._broken = caught
                return None
            if item is END:
                return None
            turn = self._turns[place] = Turn(self, item, time.monotonic())
        shared_turn.set(turn)
        return turn
