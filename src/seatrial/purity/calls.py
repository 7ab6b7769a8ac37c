"""Calls: the functions of Python's own that read the clock, draw or look at the machine; no audit event tells of them."""

from __future__ import annotations

import dis
import os
import random
import time
import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.purity.impurity import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType


class Call(NamedTuple):
    """An impure call.

    Attributes:
        kind: what it touches.
        act: what it does, in the words of a finding.
        name: what it is called.
        at_most: impure only with so many arguments: `time.gmtime()` reads the clock, `time.gmtime(0)` converts.
    """

    kind: Kind
    act: str
    name: str
    at_most: int | None = None


_CLOCKS = [
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "process_time_ns",
    "thread_time",
    "thread_time_ns",
    "clock_gettime",
    "clock_gettime_ns",
]
_CONVERTERS = {"gmtime": 0, "localtime": 0, "ctime": 0, "asctime": 0, "strftime": 1}
_READS_CLOCK = "reads the clock"
_DRAWS = "draws from the generator that everybody shares"
_SYSTEM = "draws random bytes from the system"
_UNSEEDED = Call(Kind.RANDOM, "makes a random generator without a seed", "random.Random()")
_SHARED: Any = random._inst  # noqa: SLF001 - the one behind random.random()
_SEED = random.Random.seed.__code__
_NOW = frozenset({"now", "utcnow", "today"})
MAYBE = _NOW | {"seed"}
"""Names of functions that are impure only on some objects."""


def _all() -> Iterator[tuple[Any, Call]]:
    for name in _CLOCKS:
        if hasattr(time, name):
            yield getattr(time, name), Call(Kind.CLOCK, _READS_CLOCK, f"time.{name}")
    for name, most in _CONVERTERS.items():
        yield getattr(time, name), Call(Kind.CLOCK, _READS_CLOCK, f"time.{name}", most)
    yield time.sleep, Call(Kind.CLOCK, "waits", "time.sleep")
    for owner, name in ((datetime, "now"), (datetime, "utcnow"), (datetime, "today"), (date, "today")):
        yield getattr(owner, name), Call(Kind.CLOCK, _READS_CLOCK, f"{owner.__name__}.{name}")
    for name in ("random", "getrandbits", "seed", "getstate", "setstate"):
        yield getattr(super(random.Random, _SHARED), name), Call(Kind.RANDOM, _DRAWS, f"random.{name}")
    for name in ("urandom", "getrandom"):
        if hasattr(os, name):
            yield getattr(os, name), Call(Kind.RANDOM, _SYSTEM, f"os.{name}")
    made = getattr(uuid, "_generate_time_safe", None)
    if made is not None:
        yield made, Call(Kind.CLOCK, "makes an id from the clock and the machine", "uuid.uuid1")
    for name in ("times", "getpid", "getppid", "getloadavg", "uname", "getlogin"):
        if hasattr(os, name):
            yield getattr(os, name), Call(Kind.ENVIRONMENT, "asks about the machine or the process", f"os.{name}")


CALLS: Mapping[Any, Call] = dict(_all())

_ENVIRON: Any = type(os.environ)
CODES: Mapping[int, Call] = {
    id(getattr(_ENVIRON, name).__code__): Call(Kind.ENVIRONMENT, f"{verb} the environment", "os.environ")
    for name, verb in {
        "__getitem__": "reads",
        "__iter__": "reads",
        "__len__": "reads",
        "copy": "reads",
        "__setitem__": "changes",
        "__delitem__": "changes",
        "setdefault": "changes",
    }.items()
}
"""By the identity of their code object, whose own hash is slow."""


def call_of(function: Any, frame: FrameType) -> Call | None:
    """What is impure about a call of the C function `function`, if anything, made in `frame`."""
    found = CALLS.get(function)
    if found is not None:
        return found if found.at_most is None or _arguments(frame) <= found.at_most else None
    name = function.__name__
    if name == "seed" and frame.f_code is _SEED:
        return _UNSEEDED if frame.f_locals.get("a") is None else None
    if name in _NOW:
        owner = function.__self__
        if isinstance(owner, type) and issubclass(owner, date):
            return Call(Kind.CLOCK, _READS_CLOCK, f"{owner.__name__}.{name}")
    return None


def _arguments(frame: FrameType) -> int:
    """How many arguments the call under way has; very many where the instruction does not say."""
    code = frame.f_code.co_code
    return code[frame.f_lasti + 1] if dis.opname[code[frame.f_lasti]] == "CALL" else 1_000
