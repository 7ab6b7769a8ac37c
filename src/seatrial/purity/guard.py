"""Guard: watches one evaluator while it runs, in its own thread and in those it starts, and goes without a trace.

Two instruments. Audit events tell of files, the network and processes, and those that would leave something behind are
refused with PermissionError. A profile function hears every call of C code, which is how the clock, the shared random
generator and the environment are heard: Python raises no audit event for them.

An audit hook cannot be taken out again, so there is one for the life of the process; it asks whether a guard is on duty
and does nothing when there is none. Garbage collection rests meanwhile: somebody else's finaliser is not the evaluator's
act.
"""

from __future__ import annotations

import _thread
import functools
import gc
import queue
import sys
import threading
from concurrent.futures import _base as futures
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from seatrial.purity.calls import CALLS, CODES, MAYBE, Call, call_of
from seatrial.purity.events import EVENTS
from seatrial.purity.impurity import Kind
from seatrial.purity.place import Place, place_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType, TracebackType

MOST = 50
"""Different acts that are kept."""

PATIENCE_S = 0.5
"""How long a thread that the evaluator did not wait for is watched."""


_START = threading.Thread.start.__code__
_RUN = threading.Thread.run.__code__
_STARTS = frozenset(
    getattr(_thread, name)
    for name in ("start_new_thread", "start_new", "start_joinable_thread")
    if hasattr(_thread, name)
)
_HEARD = _STARTS | CALLS.keys()
_INSTALLERS = frozenset({threading.__file__, __file__})
_TIMEKEEPERS = frozenset({threading.__file__, queue.__file__, futures.__file__})
"""They read the clock to know how long they have waited, and tell nobody."""


class Act(NamedTuple):
    """Something impure that was done, and where; no place where no line could be found."""

    kind: Kind
    act: str
    place: Place


class Guard:
    """Watches while inside `with`.

    Args:
        floor: code object of the function that calls the evaluator; frames above it do not count.

    Attributes:
        acts: what was seen, each line and kind once, in order.
        ran: the code that ran, with its globals, by the identity of the code.
        loading: the first call is under way (see `place_of`).
    """

    def __init__(self, floor: CodeType) -> None:
        self.acts: list[Act] = []
        self.ran: dict[int, tuple[CodeType, dict[str, Any]]] = {}
        self.loading = False
        self._floors = (floor, _WATCHED)
        self._idents: set[int] = set()
        self._threads: list[Any] = []
        self._seen: set[tuple[Any, ...]] = set()
        self._started_at = Place("", 0, None)

    def __enter__(self) -> Self:
        global _on_duty  # noqa: PLW0603 - the one hook of the process has to find the one guard on duty
        _turn.acquire()
        _hook_once()
        self._collecting = gc.isenabled()
        gc.disable()
        self._before = sys.getprofile()
        self._idents = {threading.get_ident()}
        _profile(self._watch)
        _on_duty = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _on_duty  # noqa: PLW0603 - as above
        self._idents.discard(threading.get_ident())
        _profile_restored(self._before)
        for thread in self._threads:
            thread.join(PATIENCE_S)
            if thread.is_alive():
                self._note(Kind.THREAD, "leaves a thread running when it returns", self._started_at)
                break
        _on_duty = None
        if self._collecting:
            gc.enable()
        _turn.release()

    def heard(self, name: str, args: tuple[Any, ...]) -> None:
        """Take one audit event.

        Raises:
            PermissionError: it would have left a trace outside this process.
        """
        if threading.get_ident() not in self._idents:
            return
        frame = sys._getframe(2)  # noqa: SLF001 - the act's own, whose line it is
        if frame.f_code.co_filename in _INSTALLERS and name == "sys.setprofile":
            return  # ours: a new thread is put under watch; its number may be that of one that has ended
        found = EVENTS[name](args)
        place = place_of(frame, self._floors, loading=self.loading) if found is not None else None
        if found is not None and place is not None:
            self._note(found.kind, found.act, place if place.file else self._started_at)
            if found.stop:
                raise PermissionError(f"seatrial's purity audit stopped it: an evaluator that {found.act} is not pure")

    def _starts(self, frame: FrameType) -> None:
        place = place_of(frame, self._floors, loading=self.loading)
        self._started_at = place or self._started_at
        if frame.f_code is _START:
            thread = frame.f_locals["self"]
            self._threads.append(thread)
            thread.run = functools.partial(self._watched, thread, thread.run)
        elif place is not None:
            self._note(Kind.HIDING, "starts a bare thread, where no audit can look (use threading.Thread)", place)

    def _watched(self, thread: threading.Thread, run: Callable[[], None]) -> None:
        """What a thread that the evaluator started runs: its own, under watch."""
        del thread.run  # it was put on the instance, and hides the class's
        if _on_duty is not self:
            run()
            return
        self._idents.add(threading.get_ident())
        _profile(self._watch)
        try:
            run()
        finally:
            _profile(None)
            self._idents.discard(threading.get_ident())  # the next thread of this number may be anybody's

    def _watch(self, frame: FrameType, event: str, arg: Any) -> None:
        # Heard at every call and every return of all code: nothing is done here that can be done later.
        if event == "c_call":
            if arg in _HEARD or arg.__name__ in MAYBE:
                self._c_called(frame, arg)
        elif event == "call":
            code = frame.f_code
            known = id(code)
            if known not in self.ran:
                self.ran[known] = (code, frame.f_globals)
            if known in CODES:
                self._called(CODES[known], frame)

    def _c_called(self, frame: FrameType, function: Any) -> None:
        if function in _STARTS:
            self._starts(frame)
            return
        call = call_of(function, frame)
        if call is not None:
            self._called(call, frame)

    def _called(self, call: Call, frame: FrameType) -> None:
        if _on_duty is not self:
            _profile(None)  # a thread that outlived its evaluator
            return
        code = frame.f_code
        if code.co_filename in _TIMEKEEPERS and call.kind is Kind.CLOCK and code is not _RUN:
            return
        place = place_of(frame, self._floors, loading=self.loading)
        if place is None:
            return
        if not place.file:
            place = self._started_at  # a thread whose target is the impure function itself
        through = f", through {place.through}" if place.through and call.name != "os.environ" else ""
        self._note(call.kind, f"{call.act} ({call.name}{through})", place)

    def _note(self, kind: Kind, act: str, place: Place) -> None:
        key = (kind, place.file, place.line)
        if key not in self._seen and len(self.acts) < MOST:
            self._seen.add(key)
            self.acts.append(Act(kind, act, place))


_WATCHED = Guard._watched.__code__  # noqa: SLF001 - what stands above it is Python starting a thread
_on_duty: Guard | None = None
_turn, _installing = threading.Lock(), threading.Lock()
_hooked = False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    guard = _on_duty
    if guard is not None and event in EVENTS:
        guard.heard(event, args)


def _hook_once() -> None:
    global _hooked  # noqa: PLW0603 - a hook stays for the life of the process: never two
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True


def _profile(function: Any) -> None:
    # Python 3.11 tells audit hooks while it installs, and meanwhile raises where another thread installs, too.
    with _installing:
        sys.setprofile(function)


def _profile_restored(before: Any) -> None:
    """Give the profiler back to whom it belonged."""
    _profile(None)
    if before is None:
        return
    if callable(before):
        _profile(before)
    else:
        with _installing:
            before.enable()  # cProfile on Python 3.11 shows itself as the profile function and is none
