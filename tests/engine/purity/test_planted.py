"""Every planted impurity is named with its kind, and with the line that carries the mark."""

from pathlib import Path

import pytest

from seatrial.purity import Kind

MARK = "# here"

PLANTED = {
    "clock": (
        Kind.CLOCK,
        """
import time
def f(run, example):
    return time.time() < 0  # here
""",
    ),
    "clock, in disguise": (
        Kind.CLOCK,
        """
import time
def f(run, example):
    return getattr(time, "ti" + "me")() < 0  # here
""",
    ),
    "clock, in a helper": (
        Kind.CLOCK,
        """
from datetime import datetime, timezone
def helper():
    return datetime.now(timezone.utc).year  # here
def f(run, example):
    return helper() < 0
""",
    ),
    "clock, of a subclass of datetime": (
        Kind.CLOCK,
        """
from datetime import datetime
class Stamp(datetime):
    pass
def f(run, example):
    return Stamp.now().year < 0  # here
""",
    ),
    "clock, converted": (
        Kind.CLOCK,
        """
import time
def f(run, example):
    return time.gmtime().tm_year < 0  # here
""",
    ),
    "clock, handed to a partial": (
        Kind.CLOCK,
        """
import functools, time
def f(run, example):
    return functools.partial(time.time)() < 0  # here
""",
    ),
    "clock, in a partial of the module": (
        Kind.CLOCK,
        """
import functools, time
now = functools.partial(time.time)
def f(run, example):
    return now() < 0  # here
""",
    ),
    "random, handed to map": (
        Kind.RANDOM,
        """
import random
def f(run, example):
    return sum(map(random.getrandbits, [8])) < 0  # here
""",
    ),
    "clock, read once and remembered by a cache": (
        Kind.CLOCK,
        """
import functools, time
@functools.lru_cache
def started():
    return time.monotonic()  # here
def f(run, example):
    return started() < 0
""",
    ),
    "clock, read in a thread": (
        Kind.CLOCK,
        """
import threading, time
def work():
    time.perf_counter()  # here
def f(run, example):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return True
""",
    ),
    "clock, as a thread": (
        Kind.CLOCK,
        """
import threading, time
def f(run, example):
    thread = threading.Thread(target=time.time)
    thread.start()  # here
    thread.join()
    return True
""",
    ),
    "clock, in a pool of threads": (
        Kind.CLOCK,
        """
from concurrent.futures import ThreadPoolExecutor
from datetime import date
def today(_):
    return date.today()  # here
def f(run, example):
    with ThreadPoolExecutor(2) as pool:
        return bool(list(pool.map(today, range(3))))
""",
    ),
    "waiting": (
        Kind.CLOCK,
        """
import time
def f(run, example):
    time.sleep(0)  # here
    return True
""",
    ),
    "random": (
        Kind.RANDOM,
        """
import random
def f(run, example):
    return random.choice([0, 1])  # here
""",
    ),
    "random, without a seed": (
        Kind.RANDOM,
        """
import random
def f(run, example):
    return random.Random().random()  # here
""",
    ),
    "random, seeded for everybody": (
        Kind.RANDOM,
        """
import random
def f(run, example):
    random.seed(0)  # here
    return True
""",
    ),
    "random, of numpy": (
        Kind.RANDOM,
        """
import numpy
def f(run, example):
    return float(numpy.random.random())  # here
""",
    ),
    "random, of numpy without a seed": (
        Kind.RANDOM,
        """
import numpy
def f(run, example):
    return float(numpy.random.default_rng().random())  # here
""",
    ),
    "random, a seeded generator that is used up": (
        Kind.STATE,
        """
import random
RNG = random.Random(0)
def f(run, example):
    return RNG.random()  # here
""",
    ),
    "uuid4": (
        Kind.RANDOM,
        """
import uuid
def f(run, example):
    return bool(uuid.uuid4())  # here
""",
    ),
    "uuid1": (
        Kind.CLOCK,
        """
import uuid
def f(run, example):
    return bool(uuid.uuid1())  # here
""",
    ),
    "urandom": (
        Kind.RANDOM,
        """
import os
def f(run, example):
    return bool(os.urandom(1))  # here
""",
    ),
    "secrets": (
        Kind.RANDOM,
        """
import secrets
def f(run, example):
    return bool(secrets.token_hex())  # here
""",
    ),
    "environment": (
        Kind.ENVIRONMENT,
        """
import os
def f(run, example):
    return os.environ.get("STRICT") is None  # here
""",
    ),
    "environment, by getenv": (
        Kind.ENVIRONMENT,
        """
import os
def f(run, example):
    return os.getenv("STRICT") is None  # here
""",
    ),
    "process id": (
        Kind.ENVIRONMENT,
        """
import os
def f(run, example):
    return os.getpid() > 0  # here
""",
    ),
    "socket": (
        Kind.NETWORK,
        """
import socket
def f(run, example):
    with socket.socket() as s:
        s.connect(("127.0.0.1", 9))  # here
    return True
""",
    ),
    "socket, by a library": (
        Kind.NETWORK,
        """
from http.client import HTTPConnection
def f(run, example):
    try:
        return bool(HTTPConnection("127.0.0.1", 9).request("GET", "/"))  # here
    except OSError:
        return False
""",
    ),
    "subprocess": (
        Kind.PROCESS,
        """
import subprocess
def f(run, example):
    return subprocess.run(["true"]).returncode == 0  # here
""",
    ),
    "fork": (
        Kind.PROCESS,
        """
import os
def f(run, example):
    return os.fork() > 0  # here
""",
    ),
    "file written": (
        Kind.WRITE,
        """
from pathlib import Path
def f(run, example):
    Path(__file__).with_suffix(".txt").write_text("seen")  # here
    return True
""",
    ),
    "file removed": (
        Kind.WRITE,
        """
import os
def f(run, example):
    os.remove(__file__)  # here
    return True
""",
    ),
    "file read": (
        Kind.READ,
        """
def f(run, example):
    with open(__file__ + ".words") as words:  # here
        return "x" in words.read()
""",
    ),
    "database": (
        Kind.WRITE,
        """
import sqlite3
def f(run, example):
    return bool(sqlite3.connect(__file__ + ".db"))  # here
""",
    ),
    "counter": (
        Kind.STATE,
        """
COUNT = 0
def f(run, example):
    global COUNT
    COUNT += 1  # here
    return True
""",
    ),
    "memory": (
        Kind.STATE,
        """
SEEN = {}
def look(text):
    return SEEN.setdefault(text, len(text))  # here
def f(run, example):
    return look(example.inputs["text"]) > 0
""",
    ),
    "set once, by whoever comes first": (
        Kind.STATE,
        """
FIRST = None
def f(run, example):
    global FIRST
    if FIRST is None:
        FIRST = example.id  # here
    return FIRST == example.id
""",
    ),
    "a global that was not there": (
        Kind.STATE,
        """
def f(run, example):
    globals()["made"] = example.id  # here
    return True
""",
    ),
    "default argument": (
        Kind.STATE,
        """
def f(run, example, seen=[]):
    seen.append(example.id)  # here
    return len(seen) < 3
""",
    ),
    "attribute of the function": (
        Kind.STATE,
        """
def f(run, example):
    f.last = example.id  # here
    return True
""",
    ),
    "closure": (
        Kind.STATE,
        """
def make():
    n = 0
    def judge(run, example):
        nonlocal n
        n += 1  # here
        return n < 5
    return judge
f = make()
""",
    ),
    "attribute of a class": (
        Kind.STATE,
        """
class Judge:
    seen = 0
def f(run, example):
    Judge.seen += 1  # here
    return Judge.seen < 9
""",
    ),
    "evaluator with attributes": (
        Kind.STATE,
        """
class Judge:
    def __init__(self):
        self.seen = []
    def __call__(self, run, example):
        self.seen.append(example.id)  # here
        return True
f = Judge()
""",
    ),
    "argument, the run": (
        Kind.ARGUMENT,
        """
def f(run, example):
    words = run.outputs.get("words", [])
    words.sort(reverse=True)  # here
    return bool(words)
""",
    ),
    "argument, the example": (
        Kind.ARGUMENT,
        """
def f(run, example):
    example.inputs["text"] = ""  # here
    return True
""",
    ),
    "argument, by name": (
        Kind.ARGUMENT,
        """
def f(outputs):
    outputs.pop("label", None)  # here
    return True
""",
    ),
    "order, an iterator that is used up": (
        Kind.ANSWER,
        """
import itertools
turns = itertools.cycle([0, 1, 1])
def f(run, example):  # here
    return next(turns)
""",
    ),
    "order, what a cache was asked first": (
        Kind.ANSWER,
        """
import functools
class Text(str):
    __hash__ = lambda self: 0
    __eq__ = lambda self, other: True
@functools.cache
def judged(text):
    return sum(map(ord, text)) / 10_000
def f(run, example):  # here
    return judged(Text(run.id))
""",
    ),
    "ctypes": (
        Kind.NATIVE,
        """
import ctypes
def f(run, example):
    return ctypes.CDLL(None).time(None) < 0  # here
""",
    ),
    "profiler taken away": (
        Kind.HIDING,
        """
import sys, time
def f(run, example):
    sys.setprofile(None)  # here
    return time.time() < 0
""",
    ),
    "random, drawn once and remembered": (
        Kind.RANDOM,
        """
import numpy
from functools import cached_property
class Noise:
    @cached_property
    def threshold(self):
        return numpy.random.random()  # here
NOISE = Noise()
def f(run, example):
    return NOISE.threshold < .5
""",
    ),
    "bare thread": (
        Kind.HIDING,
        """
import _thread
def f(run, example):
    _thread.start_new_thread(len, ((),))  # here
    return True
""",
    ),
}


KEPT = (
    ("a namespace", "from types import SimpleNamespace", "SimpleNamespace(n=0)", "KEPT.n += 1"),
    ("a queue", "from queue import Queue", "Queue()", "KEPT.put(example.id)"),
    ("a text stream", "from io import StringIO", "StringIO()", "KEPT.write(example.id)"),
    ("a user's dict", "from collections import UserDict", "UserDict()", "KEPT[example.id] = 1"),
    ("a user's list", "from collections import UserList", "UserList()", "KEPT.append(example.id)"),
    ("an iterator", "", "iter(range(1000))", "next(KEPT)"),
    ("a context variable", "from contextvars import ContextVar", "ContextVar('kept')", "KEPT.set(example.id)"),
    ("an array of objects", "import numpy", "numpy.array([0, None], dtype=object)", "KEPT[0] += 1"),
)
"""Where something is kept, what that needs, how it begins and how more is put there."""

PLANTED |= {
    f"memory in {where}": (
        Kind.STATE,
        f"{needs}\nKEPT = {begun}\ndef f(run, example):\n    {more}  # here\n    return True\n",
    )
    for where, needs, begun, more in KEPT
}


def named(found, kind):
    return [
        Path(one.file).read_text(encoding="utf-8").splitlines()[one.line - 1]
        for one in found.impurities
        if one.kind is kind
    ]


@pytest.mark.parametrize("title", PLANTED)
def test_it_is_named_with_its_kind_and_its_line(title, audited):
    kind, source = PLANTED[title]
    if "numpy" in source:
        pytest.importorskip("numpy")
    found = audited(source)
    assert not found.pure
    reported = named(found, kind)
    assert reported, found.impurities
    assert all(MARK in line for line in reported), found.impurities


@pytest.mark.parametrize("title", PLANTED)
def test_nothing_else_is_said_of_it(title, audited):
    if "numpy" in PLANTED[title][1]:
        pytest.importorskip("numpy")
    found = audited(PLANTED[title][1])
    assert {one.kind for one in found.impurities} == {PLANTED[title][0]}, found.impurities


def test_every_order_of_the_calls_names_the_same_line(audited):
    for seed in range(5):
        assert MARK in named(audited(PLANTED["memory"][1], seed), Kind.STATE)[0]
