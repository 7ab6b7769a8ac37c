"""The worker loop: one result per item, whatever an item does."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial import pool
from seatrial.errors import UsageError
from seatrial.pool import process_loop
from seatrial.pool.shared_loop import running_in
from seatrial.pool.threads import NAP_S, TICK_S, Crew, Turn, patience, settle, shared_turn

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _other_tests_lost_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_loop, "_missing", [])


class Results:
    """Remembers what it was given; refuses a second result of one item, and two results at once."""

    def __init__(self) -> None:
        self.of: dict[int, Any] = {}
        self.busy = threading.Lock()

    def __call__(self, item: int, value: Any, error: BaseException | None) -> None:
        assert self.busy.acquire(blocking=False)
        assert item not in self.of
        time.sleep(0)
        self.of[item] = value if error is None else type(error).__name__
        self.busy.release()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.booleans(), max_size=30), st.sampled_from([(1, None), (1, 5.0), (3, None), (3, 5.0)]))
def test_every_item_has_exactly_one_result(fails: list[bool], how: tuple[int, float | None]) -> None:
    def work(item: int) -> int:
        if fails[item]:
            raise ValueError(item)
        return item * 2

    results = Results()
    pool.run(range(len(fails)), work, results, concurrency=how[0], timeout_s=how[1])
    assert results.of == {item: "ValueError" if fail else item * 2 for item, fail in enumerate(fails)}


def test_one_worker_without_timeout_works_in_the_calling_thread() -> None:
    places: set[int] = set()
    pool.run(range(3), lambda _: places.add(threading.get_ident()), Results())
    assert places == {threading.get_ident()}


def test_so_many_items_are_under_way_at_once_and_no_more() -> None:
    lock, here, most = threading.Lock(), [0], [0]
    gate = threading.Barrier(3, timeout=5)

    def work(_: int) -> None:
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
        gate.wait()  # breaks unless three are here together
        with lock:
            here[0] -= 1

    results = Results()
    pool.run(range(6), work, results, concurrency=3)
    assert (most, set(results.of.values())) == ([3], {None})


def test_a_hung_item_is_abandoned_and_the_others_go_on() -> None:
    release = threading.Event()

    def work(item: int) -> int:
        if item == 1:
            release.wait(30)
        return item

    results = Results()
    pool.run(range(4), work, results, concurrency=1, timeout_s=0.1)
    release.set()
    assert results.of == {0: 0, 1: "TimedOut", 2: 2, 3: 3}


def test_an_abandoned_item_that_ends_after_all_has_had_its_result() -> None:
    release = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            release.wait(30)
        else:
            release.set()
            time.sleep(0.1)  # time for the abandoned one to come back while the run still listens
        return item

    results = Results()
    pool.run(range(2), work, results, timeout_s=0.2)
    assert results.of == {0: "TimedOut", 1: 1}


def test_every_worker_may_hang() -> None:
    release = threading.Event()
    results = Results()
    pool.run(range(5), lambda _: release.wait(30), results, concurrency=2, timeout_s=0.05)
    release.set()
    assert set(results.of.values()) == {"TimedOut"}


def test_a_new_phase_has_the_whole_timeout_again() -> None:
    def work(_: int) -> str:
        for _ in range(4):
            time.sleep(0.1)
            pool.restart_clock()
        return "done"

    results = Results()
    pool.run([0], work, results, timeout_s=0.3)
    assert results.of == {0: "done"}


@pytest.mark.parametrize("how", [{}, {"concurrency": 2}])
def test_stop_begins_nothing_more(how: dict[str, Any]) -> None:
    stop = threading.Event()

    def work(item: int) -> int:
        if item == 3:
            stop.set()
        return item

    results = Results()
    pool.run(range(10_000), work, results, stop=stop, **how)
    assert {0, 1, 2, 3} <= set(results.of)
    assert len(results.of) < 10_000


@pytest.mark.parametrize("how", [{}, {"concurrency": 2, "timeout_s": 5.0}])
def test_an_interrupt_passes_on_and_keeps_what_was_delivered(how: dict[str, Any]) -> None:
    kept: list[int] = []

    def on_result(item: int, value: Any, error: BaseException | None) -> None:
        if len(kept) == 3:
            raise KeyboardInterrupt
        kept.append(item)

    with pytest.raises(KeyboardInterrupt):
        pool.run(range(3_000), lambda item: item, on_result, **how)
    assert len(kept) == 3


@pytest.mark.parametrize("shared", [False, True])
def test_after_a_run_has_ended_nothing_is_handed_on(shared: bool) -> None:
    release, kept, waited = threading.Event(), [], []

    def on_result(item: int, value: Any, error: BaseException | None) -> None:
        kept.append(item)
        raise KeyboardInterrupt

    def work(item: int) -> int:
        if item and not release.wait(30):
            waited.append(item)
        return item

    async def awaited(item: int) -> int:
        for _ in range(30_000):
            if not item or release.is_set():
                return item
            await asyncio.sleep(0.001)
        waited.append(item)
        return item

    with pytest.raises(KeyboardInterrupt):
        pool.run(range(2), work, on_result, concurrency=2, awaited=awaited if shared else None)
    assert waited == []  # it does not wait for the other one
    release.set()
    time.sleep(0.1)
    assert kept == [0]


def test_an_interrupt_while_threads_are_started_ends_those_that_were(monkeypatch: pytest.MonkeyPatch) -> None:
    start, started, results = threading.Thread.start, [], Results()

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        started.append(thread)
        if len(started) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pool.run(count(), lambda item: time.sleep(0.02), results, concurrency=8)
    before = dict(results.of)
    for thread in started:
        thread.join(5)
        assert not thread.is_alive()
    assert results.of == before


def test_why_a_run_ended_is_known_before_it_ends() -> None:
    class Slow:
        """A lock that is slow to let go of who comes out with an error; the others have ended meanwhile."""

        def __init__(self) -> None:
            self.beneath = threading.Lock()

        def __enter__(self) -> None:
            self.beneath.acquire()

        def __exit__(self, kind: object, *_: object) -> None:
            self.beneath.release()
            if kind is not None:
                time.sleep(0.3)

    def on_result(item: int, value: Any, error: BaseException | None) -> None:
        raise OSError("disk gone")

    crew = Crew(count(), lambda item: time.sleep(0.02 * item), on_result, None, threading.Event())
    crew._lock = Slow()  # type: ignore[assignment]
    with pytest.raises(OSError, match="disk gone"):
        crew.run(3)


def test_a_second_interrupt_does_not_end_the_wait_for_who_is_handing_on_a_result() -> None:
    class Impatient:
        """A lock at which the user strikes again, so many times."""

        def __init__(self, times: int) -> None:
            self.times, self.waited = times, False

        def __enter__(self) -> None:
            self.times -= 1
            if self.times >= 0:
                raise KeyboardInterrupt
            self.waited = True

        def __exit__(self, *_: object) -> None:
            pass

    locks = [Impatient(times) for times in (0, 1, 2)]
    for lock in locks:
        settle(lock)  # type: ignore[arg-type]
    assert [lock.waited for lock in locks] == [True, True, False]


class Loop:
    """Stands for a shared loop that was never late."""

    late = 0.0


def test_the_watch_sleeps_until_an_item_can_be_overdue() -> None:
    idle, busy = Turn(Loop()), Turn(Loop())
    busy.item, busy.started = 1, time.monotonic() - 59.9
    assert patience([idle, busy], None) == NAP_S
    assert patience([idle], 60.0) == NAP_S
    assert patience([idle, busy], 60.0) == pytest.approx(0.1, abs=0.05)
    assert patience([idle, busy], 60.5) == pytest.approx(0.6, abs=0.05)
    assert patience([idle, busy], 30.0) == TICK_S


def test_items_that_break_are_heard_of() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        pool.run(items(), lambda item: item, Results(), concurrency=2)


@pytest.mark.parametrize("how", [{"concurrency": 0}, {"concurrency": pool.CEILING + 1}, {"timeout_s": 0.0}])
def test_options_out_of_range_are_refused(how: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="out of range"):
        pool.run([1], lambda item: item, Results(), **how)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.booleans(), max_size=20), st.sampled_from([(1, None), (3, None), (3, 5.0)]))
def test_every_awaited_item_has_exactly_one_result(fails: list[bool], how: tuple[int, float | None]) -> None:
    async def awaited(item: int) -> int:
        await asyncio.sleep(0)
        if fails[item]:
            raise ValueError(item)
        return item * 2

    results = Results()
    pool.run(range(len(fails)), never, results, concurrency=how[0], timeout_s=how[1], awaited=awaited)
    assert results.of == {item: "ValueError" if fail else item * 2 for item, fail in enumerate(fails)}


def never(item: int) -> Any:
    pytest.fail(f"item {item} was done in a thread")


def test_awaited_items_share_one_loop_so_many_at_once_and_no_more() -> None:
    here, most, threads = [0], [0], set()

    async def awaited(item: int) -> None:
        here[0] += 1
        most[0] = max(most[0], here[0])
        threads.add(threading.get_ident())
        await asyncio.sleep(0.01)
        here[0] -= 1

    pool.run(range(9), never, Results(), concurrency=3, awaited=awaited)
    assert (most, len(threads)) == ([3], 1)
    assert threads != {threading.get_ident()}


@pytest.mark.parametrize("inner_task", [False, True])
def test_who_blocks_the_loop_is_abandoned_and_its_neighbours_are_done_again(inner_task: bool) -> None:
    release = threading.Event()
    begun: list[int] = []

    async def block() -> None:
        release.wait(30)

    async def awaited(item: int) -> int:
        begun.append(item)
        await asyncio.sleep(0.01)
        if item == 1:
            await (asyncio.create_task(block()) if inner_task else block())
        await asyncio.sleep(0.01)
        return item

    missing_cells = pool.loops_abandoned()
    results = Results()
    pool.run(range(4), never, results, concurrency=3, timeout_s=0.3, awaited=awaited)
    release.set()
    assert results.of == {0: 0, 1: "TimedOut", 2: 2, 3: 3}
    assert begun.count(1) == 1
    assert begun.count(0) == begun.count(2) == 2
    assert pool.loops_abandoned() == missing_cells + 1


def test_items_that_spoil_each_other_time_and_again_are_done_one_at_a_time() -> None:
    here, most_at_the_end = [0], [0]

    async def awaited(item: int) -> int:
        here[0] += 1
        if item > 12:
            most_at_the_end[0] = max(most_at_the_end[0], here[0])
        try:
            began = time.monotonic()
            await asyncio.sleep(0)
            time.sleep(0.06)
            await asyncio.sleep(0)
            if time.monotonic() - began > 0.2 and pool.disturbed(0.2):
                raise pool.Disturbed
        finally:
            here[0] -= 1
        return item

    results = Results()
    pool.run(range(20), never, results, concurrency=4, timeout_s=0.2, awaited=awaited)
    assert results.of == {item: item for item in range(20)}
    assert most_at_the_end == [1]


def test_who_does_not_let_itself_be_cancelled_is_abandoned_alone() -> None:
    async def awaited(item: int) -> int:
        while item == 0:
            await asyncio.sleep(0.01)
        return item

    results = Results()
    pool.run(range(5), lambda item: item, results, concurrency=2, timeout_s=0.2, awaited=awaited)
    assert results.of == {0: "TimedOut", 1: 1, 2: 2, 3: 3, 4: 4}


def test_an_item_of_many_tasks_does_not_hold_the_loop() -> None:
    # Each new task once cost as much as all that were there: 30,000 took longer than the timeout.
    async def awaited(item: int) -> int:
        await asyncio.gather(*[asyncio.create_task(asyncio.sleep(0.05)) for _ in range(30_000)])
        return item

    results = Results()
    pool.run(range(1), lambda item: -1, results, concurrency=1, timeout_s=40.0, awaited=awaited)
    assert results.of == {0: 0}


@pytest.mark.parametrize(
    ("at_once", "items", "step_s", "steps", "timeout_s"),
    [(8, 8, 0.05, 3, 0.4), (3, 3, 0.12, 3, 0.5)],
)
def test_steps_of_its_neighbours_are_nobody_s_own_time(
    at_once: int, items: int, step_s: float, steps: int, timeout_s: float
) -> None:
    # Whoever happened to be at a short step when the watch looked once had the time of all that went before.
    async def awaited(item: int) -> int:
        for _ in range(steps):
            time.sleep(step_s)
            await asyncio.sleep(0)
        return item

    results = Results()
    pool.run(range(items), never, results, concurrency=at_once, timeout_s=timeout_s, awaited=awaited)
    assert results.of == {item: item for item in range(items)}


@pytest.mark.parametrize("how", ["task", "callback", "timer"])
def test_what_an_item_left_behind_is_not_the_fault_of_the_next_one(how: str) -> None:
    release, begun = threading.Event(), []
    left: list[object] = []

    async def block() -> None:
        await asyncio.sleep(0.02)
        release.wait(0.7)

    async def awaited(item: int) -> int:
        loop = asyncio.get_running_loop()
        begun.append(item)
        if item == 0 and how == "task":
            left.append(asyncio.create_task(block()))
        elif item == 0 and how == "callback":
            loop.call_soon(lambda: loop.call_soon(release.wait, 0.7))
        elif item == 0:
            loop.call_later(0.02, release.wait, 0.7)
        else:
            await asyncio.sleep(0.1)
        return item

    results = Results()
    pool.run(range(2), never, results, timeout_s=0.3, awaited=awaited)
    release.set()
    assert results.of == {0: 0, 1: 1}
    assert begun == [0, 1, 1]


def test_a_callback_that_blocks_is_the_fault_of_who_asked_for_it() -> None:
    release = threading.Event()

    async def awaited(item: int) -> int:
        if item == 1:
            asyncio.get_running_loop().call_later(0.02, release.wait, 30)
        await asyncio.sleep(0.1)
        return item

    results = Results()
    pool.run(range(3), lambda item: item, results, concurrency=3, timeout_s=0.3, awaited=awaited)
    release.set()
    assert results.of == {0: 0, 1: "TimedOut", 2: 2}


def test_who_a_blocked_loop_runs_for_is_known_by_its_context() -> None:
    seen: list[Turn | None] = []
    mine = Turn(Loop(), "mine")

    async def ask() -> None:
        ident = threading.get_ident()
        seen.append(running_in(ident)[1])  # on nobody's behalf
        shared_turn.set(mine)
        seen.append(running_in(ident)[1])  # the step that sets it runs in that very context
        await asyncio.create_task(nested(ident))

    async def nested(ident: int) -> None:
        seen.append(running_in(ident)[1])

    asyncio.run(ask())
    assert seen == [None, mine, mine]
    assert running_in(threading.get_ident()) == (None, None)  # no loop
    assert running_in(None) == (None, None)
    assert running_in(-1) == (None, None)


def test_what_the_tasks_of_an_item_returned_is_not_kept() -> None:
    alive: list[int] = []

    class Large:
        def __init__(self) -> None:
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    most: list[int] = []

    async def one() -> Large:
        return Large()

    async def awaited(item: int) -> int:
        for _ in range(50):
            await asyncio.create_task(one())
            most.append(len(alive))
        return item

    results = Results()
    pool.run(range(1), lambda item: -1, results, awaited=awaited)
    assert results.of == {0: 0}
    assert max(most) <= 2


def test_a_disturbed_item_is_done_again_by_itself() -> None:
    begun: list[int] = []

    async def awaited(item: int) -> str:
        begun.append(item)
        if item == 1:
            time.sleep(0.3)
            return "blocked"
        await asyncio.sleep(0.1)
        if pool.disturbed(0.1):
            raise pool.Disturbed
        return "undisturbed"

    results = Results()
    pool.run(range(2), never, results, concurrency=2, timeout_s=5.0, awaited=awaited)
    assert results.of == {0: "undisturbed", 1: "blocked"}
    assert begun == [0, 1, 0]
    assert not pool.disturbed(0.1)


def test_stop_and_an_interrupt_end_awaited_work_too() -> None:
    async def awaited(item: int) -> int:
        await asyncio.sleep(0)
        return item

    def on_result(item: int, value: Any, error: BaseException | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pool.run(iter(int, 1), never, on_result, concurrency=2, awaited=awaited)
    stop = threading.Event()
    stop.set()
    results = Results()
    pool.run(range(5), never, results, concurrency=2, stop=stop, awaited=awaited)
    assert results.of == {}


def test_awaited_items_that_break_are_heard_of() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("disk gone")

    async def awaited(item: int) -> int:
        return item

    with pytest.raises(OSError, match="disk gone"):
        pool.run(items(), never, Results(), concurrency=2, awaited=awaited)


def test_who_blocks_the_loop_to_the_end_is_not_waited_for_however_short_the_timeout() -> None:
    release = threading.Event()
    waited_for: list[int] = []

    async def awaited(item: int) -> int:
        if item == 2 and not release.wait(10):
            waited_for.append(item)
        return 2 * item

    results = Results()
    pool.run(range(3), never, results, timeout_s=0.05, awaited=awaited)
    release.set()
    assert not waited_for
    assert results.of == {0: 0, 1: 2, 2: "TimedOut"}
