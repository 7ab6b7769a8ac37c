"""SharedLoop: many awaited items on the process's event loop, while the caller's thread watches over them.

One item can take the time of all: a step that does not await holds up its neighbours, whose own clocks run on. So the
loop's lateness is measured, and an item that ran out of time on a late loop is done again by itself. When that happens
time and again, everything that is left is done one at a time.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from seatrial.pool.process_loop import give_up, process_loop
from seatrial.pool.threads import END, TimedOut, Turn, patience, settle, shared_turn

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Awaitable, Callable, Iterator

Item = TypeVar("Item")
Value = TypeVar("Value")

BEAT_S = 0.05
"""How often the loop shows that it is alive."""

STALL_S = 0.1
"""A step that holds the loop longer than this blocks it."""

LOOK_S = 0.25
"""How often the watch looks whether one does, where others share the loop; to wake costs the loop a millisecond and more."""

STARVED = 3
"""From so many items on that ran out of time because of their neighbours, the rest is done one at a time."""

TURN_S = 0.005
"""How long work that never waits may keep the loop to itself."""

LATE = 0.1
"""Share of its time that the loop may be late: beyond it a timeout is not the item's own."""


class Disturbed(Exception):
    """Raised by awaited work: another task on the loop starved it, it must run again by itself."""


def disturbed(seconds: float) -> bool:
    """Whether neighbours on its loop took more than `LATE` of the `seconds` that the item at hand had."""
    turn = shared_turn.get()
    return turn is not None and not turn.loop.alone and turn.loop.late - turn.late > LATE * seconds


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
    """One run of items on the process's loop.

    Attributes:
        to_repeat: after `run`, what must be done again one at a time; `items` may hold more.
        alone: items are done one at a time, so what keeps the loop is the item's own.
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
        self.to_repeat: list[Item] = []
        self.alone = False
        self.late = 0.0
        self._items, self._awaited, self._on_result = items, awaited, on_result
        self._timeout_s, self._stop = timeout_s, stop
        self._closed = False
        self._left = False
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._home = process_loop()
        self._turns: list[Turn] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._beat_due = time.monotonic()
        self._broken: BaseException | None = None
        self._step: object = None
        self._step_seen = 0.0

    def run(self, concurrency: int) -> None:
        """Until every item has had its result, or too many were starved by other tasks, or the loop is given up."""
        self.alone = concurrency == 1
        self._turns = [Turn(self) for _ in range(concurrency)]
        share: deque[asyncio.Task[None]] | None = None
        try:
            share = self._home.start(self._share(), self._over, contextvars.copy_context())
            while not self._left and not self._ended.wait(self._patience()):
                with self._lock:
                    self._watch(time.monotonic())
        finally:
            self._closed = self._left = True
            settle(self._lock)
            if share is not None:
                self._home.loop.call_soon_threadsafe(self._cancel)
        if self._broken is not None:
            raise self._broken

    def _over(self, share: asyncio.Task[None]) -> None:
        error = None if share.cancelled() else share.exception()
        self._broken = self._broken or error
        self._ended.set()

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _patience(self) -> float:
        # Neighbours are to be seen while one of them blocks them.
        return min(patience(self._turns, self._timeout_s), LOOK_S if len(self._turns) > 1 else math.inf)

    def _watch(self, now: float) -> None:
        if not self._tasks:
            return
        under_way = [turn for turn in self._turns if turn.item is not END]
        late = max(0.0, now - self._beat_due)
        if late <= STALL_S:
            # The loop is fine: who is overdue does not let itself be cancelled, or its evaluators hang in a thread.
            for place, turn in enumerate(self._turns):
                if turn.item is not END and self._is_overdue(turn, now, late):
                    self._abandon(turn, now)
                    self._turns[place] = Turn(self)
                    self._home.loop.call_soon_threadsafe(self._replace, place)
            return
        step, blocking = running_in(self._home.ident)
        if step is not self._step:
            self._step, self._step_seen = step, now
        if blocking in under_way:
            # Of the time that the loop is late, its own is what it was seen at this one step: others went before, if any.
            others = late - (now - self._step_seen) if len(self._turns) > 1 else 0.0
            if not self._is_overdue(blocking, now, others):
                return
        elif not any(self._is_overdue(turn, now, 0.0) for turn in under_way):
            return
        give_up(self._home)
        for turn in under_way:
            if turn is blocking:
                self._abandon(turn, now)
            else:
                turn.abandoned = True
                self.to_repeat.append(turn.item)
        self._left = True

    def _is_overdue(self, turn: Turn, now: float, late: float) -> bool:
        # What its neighbours took is not its own, be it over or still going on; its own timeout may be on its way, too.
        return self._timeout_s is not None and now - turn.started - (self.late - turn.late) - late > self._timeout_s

    def _abandon(self, turn: Turn, now: float) -> None:
        waited = now - turn.started
        turn.abandoned = True
        self._on_result(turn.item, None, TimedOut(waited))
        turn.item = END

    def _replace(self, place: int) -> None:
        """Somebody else takes the place of who was abandoned."""
        self._tasks[place].cancel()
        self._tasks[place] = self._home.loop.create_task(self._toil(place))

    async def _share(self) -> None:
        loop = asyncio.get_running_loop()
        self._beat_due = time.monotonic()
        self._beat(loop)
        self._tasks = [loop.create_task(self._toil(place)) for place in range(len(self._turns))]
        # Whom nobody waits for any more must not keep the others waiting.
        while not self._left and (waiting := [task for task in self._tasks if not task.done()]):
            await asyncio.wait(waiting, timeout=BEAT_S)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        with self._lock:
            self.late += max(0.0, now - self._beat_due)
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
            if not self._hand_on(turn, item, value, error):
                return

    def _hand_on(self, turn: Turn, item: Item, value: Value | None, error: BaseException | None) -> bool:
        """Whether there may be more to do."""
        with self._lock:
            if turn.abandoned or self._left:  # its item has had its result, or nobody listens any more
                return False
            turn.item = END
            if isinstance(error, Disturbed):
                self.to_repeat.append(item)
                self._closed = self._closed or len(self.to_repeat) >= STARVED
                return True
            try:
                self._on_result(item, value, error)
            except BaseException as caught:  # noqa: BLE001 - the caller hears of it
                self._broken, self._left = caught, True
                self._ended.set()
                return False
            return True

    def _draw(self, place: int) -> Turn | None:
        with self._lock:
            if self._closed or self._stop.is_set() or self._broken is not None:
                return None
            try:
                item: Any = next(self._items, END)
            except BaseException as caught:  # noqa: BLE001 - `items` broke: the caller hears of it
                self._broken = caught
                return None
            if item is END:
                return None
            turn = self._turns[place] = Turn(self, item, time.monotonic())
        shared_turn.set(turn)
        return turn
