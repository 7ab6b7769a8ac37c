"""The guards stop what would leave a trace, and leave none themselves."""

import cProfile
import gc
import os
import random
import sys
import threading
import time
from random import Random

import numpy.random
import pytest

from seatrial.purity import Kind, audit, pairs
from seatrial.purity.guard import Guard
from seatrial.scoring import bind

from .conftest import EXAMPLES, lines


def floor():
    return floor.__code__


def quiet(frame, event, arg):
    return None


@pytest.fixture
def profiler():
    """A profiler and a tracer of somebody else's."""
    before = (sys.getprofile(), threading.getprofile(), sys.gettrace())
    sys.setprofile(quiet)
    threading.setprofile(quiet)
    yield quiet
    sys.setprofile(before[0])
    threading.setprofile(before[1])
    sys.settrace(before[2])


def test_a_profiler_that_was_there_is_back_afterwards(profiler, audited):
    audited("def f(run, example):\n    return True\n")
    assert sys.getprofile() is profiler
    assert threading.getprofile() is profiler


def test_it_is_back_when_the_evaluator_raises_and_when_it_takes_the_profiler_away(profiler, audited):
    audited("import sys\ndef f(run, example):\n    sys.setprofile(None)\n")
    audited("def f(run, example):\n    raise SystemExit(3)\n")
    assert sys.getprofile() is profiler


def test_a_tracer_is_back_when_a_line_was_searched_for(audited):
    before = sys.gettrace()
    mine = lambda frame, event, arg: None  # noqa: E731 - a tracer is one expression
    sys.settrace(mine)
    try:
        audited("N = []\ndef f(run, example):\n    N.append(1)\n    return True\n")
        assert sys.gettrace() is mine
    finally:
        sys.settrace(before)


def test_cprofile_goes_on_measuring(audited):
    measured = cProfile.Profile()
    measured.enable()
    try:
        audited("def f(run, example):\n    return True\n")
        sorted([2, 1])
    finally:
        measured.disable()
    assert any("sorted" in str(entry.code) for entry in measured.getstats())


def test_what_happens_outside_is_nobodys_business(tmp_path):
    with Guard(floor()) as guard:
        pass
    time.time()
    (tmp_path / "file").write_text("x")
    os.environ.get("HOME")
    assert guard.acts == []
    assert sys.getprofile() is None


def test_garbage_collection_rests_and_goes_on(audited):
    assert gc.isenabled()
    found = audited("import gc, time\ndef f(run, example):\n    return gc.isenabled() and time.time() > 0\n")
    assert found.pure
    assert gc.isenabled()


def test_threads_of_others_are_neither_charged_nor_stopped(tmp_path, load):
    go, done = threading.Event(), threading.Event()

    def work():
        go.wait()
        (tmp_path / "log").write_text("a line")
        time.time()
        done.set()

    other = threading.Thread(target=work)
    other.start()
    with Guard(floor()) as guard:
        go.set()
        done.wait()
    other.join()
    assert (tmp_path / "log").read_text() == "a line"
    assert guard.acts == []


@pytest.fixture
def client(monkeypatch):
    """A client of somebody else's that waits before it tries again, as long as `random` says."""
    go, done = threading.Event(), threading.Event()

    def retry():
        go.wait()
        random.random()
        done.set()

    thread = threading.Thread(target=retry)
    thread.start()
    yield go, done
    go.set()
    thread.join()


def test_what_a_thread_of_others_draws_is_not_the_evaluators(client, load):
    module = load("def f(run, example):\n    GO.set()\n    return DONE.wait(9)\n")
    module.GO, module.DONE = client
    assert audit(bind(module.f), pairs(EXAMPLES), Random(0)).impurities == ()


@pytest.mark.parametrize("every_s", [0.0005, 0.02])
def test_where_others_draw_all_the_time_nothing_is_known_and_nobody_is_charged(load, every_s):
    stop = threading.Event()
    drawn = []

    def draw():
        while not stop.wait(every_s):
            drawn.append(random.random())

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        slow = load("def f(run, example):\n    return sum(range(200_000)) > 0\n")
        found = audit(bind(slow.f), pairs(EXAMPLES), Random(0))
        noisy = audit(
            bind(load("import random\ndef f(run, example):\n    return random.random() < 0\n").f),
            pairs(EXAMPLES),
            Random(0),
        )
    finally:
        stop.set()
        thread.join()
    assert found.impurities == ()
    if every_s < 0.01 or found.unseen:  # so often it is in everybody's way, else it may be in nobody's
        assert "changes the generator behind random.random() all the time" in found.unseen
    assert [one.kind for one in noisy.impurities] == [Kind.RANDOM]
    # What is not the evaluator's is not wound back, but for a draw in the instant between a look at the generator and its return.
    assert len(drawn) - len(set(drawn)) <= 2


def test_what_others_set_in_the_environment_stays(load, monkeypatch):
    monkeypatch.delenv("SERVER_PORT", raising=False)
    go, done = threading.Event(), threading.Event()

    def serve():
        go.wait()
        os.environ["SERVER_PORT"] = "8000"
        done.set()

    thread = threading.Thread(target=serve)
    thread.start()
    module = load("def f(run, example):\n    GO.set()\n    return DONE.wait(9)\n")
    module.GO, module.DONE = go, done
    assert audit(bind(module.f), pairs(EXAMPLES), Random(0)).pure
    thread.join()
    assert os.environ.pop("SERVER_PORT") == "8000"


def test_what_a_library_sets_while_it_is_loaded_stays(load, tmp_path, monkeypatch):
    monkeypatch.delenv("LATE_LIBRARY", raising=False)
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages/late_library.py").write_text(
        "import os, random\nos.environ.setdefault('LATE_LIBRARY', '1')\nrandom.random()\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    module = load("def f(run, example):\n    import late_library\n    return True\n")
    assert audit(bind(module.f), pairs(EXAMPLES), Random(0)).pure
    assert os.environ.pop("LATE_LIBRARY") == "1"


def test_a_thread_that_has_ended_leaves_its_number_to_others(load, tmp_path):
    stop = threading.Event()
    refused = []

    def note():
        try:
            (tmp_path / "log").write_text("a line")
        except PermissionError as error:
            refused.append(error)

    def serve():
        while not stop.is_set():
            one = threading.Thread(target=note)
            one.start()
            one.join()

    server = threading.Thread(target=serve)
    server.start()
    try:
        module = load(
            "import threading\ndef f(run, example):\n    one = threading.Thread(target=len, args=('',))\n"
            "    one.start()\n    one.join()\n    return sum(range(50_000)) > 0\n"
        )
        for _ in range(5):
            assert audit(bind(module.f), pairs(EXAMPLES), Random(0)).impurities == ()
    finally:
        stop.set()
        server.join()
    assert refused == []


def test_with_a_thread_of_others_alive_what_it_draws_itself_is_its_own(client, audited):
    found = audited("import random\ndef f(run, example):\n    return sum(map(random.getrandbits, [8])) < 0  # here\n")
    assert [one.kind for one in found.impurities] == [Kind.RANDOM]
    assert "# here" in lines(found)[0]


@pytest.mark.parametrize(
    ("line", "kinds"), [("", []), ("    next(map(numpy.random.standard_normal, [None]))\n", [Kind.RANDOM])]
)
def test_loading_numpy_late_is_no_draw_from_its_generator(load, monkeypatch, line, kinds):
    monkeypatch.delitem(sys.modules, "numpy.random")
    module = load(f"import sys\ndef f(run, example):\n    sys.modules.setdefault('numpy.random', numpy.random)\n{line}")
    module.numpy = numpy
    assert [one.kind for one in audit(bind(module.f), pairs(EXAMPLES), Random(0)).impurities] == kinds


def test_the_environment_is_put_back(audited, monkeypatch):
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("GONE", "1")
    audited(
        "import os\ndef f(run, example):\n    os.environ.update(KEPT='2', NEW='3')\n    os.environ.pop('GONE', 0)\n"
    )
    assert [os.environ.get(name) for name in ("KEPT", "NEW", "GONE")] == ["1", None, "1"]


def test_a_file_is_neither_written_nor_removed(tmp_path, audited):
    kept = tmp_path / "kept"
    kept.write_text("all of it")
    found = audited(f"import os\ndef f(run, example):\n    os.remove({str(kept)!r})\n    return True\n")
    assert kept.read_text() == "all of it"
    assert [one.kind for one in found.impurities] == [Kind.WRITE]


def test_a_thread_that_is_left_running_is_named(audited):
    found = audited(
        "import threading\nstop = threading.Event()\ndef f(run, example):\n"
        "    if not stop.is_set():\n        threading.Thread(target=stop.wait, args=(3,), daemon=True).start()  # here\n    return True\n"
    )
    assert Kind.THREAD in {one.kind for one in found.impurities}
    assert "# here" in lines(found)[0]


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_threads_that_begin_at_once_are_all_watched(audited):
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            found = audited(
                "import threading, time\ndef f(run, example):\n    threads = [threading.Thread(target=time.time) for _ in range(8)]\n"
                "    for thread in threads:\n        thread.start()  # here\n    for thread in threads:\n        thread.join()\n"
            )
            assert [one.kind for one in found.impurities] == [Kind.CLOCK]
            assert "# here" in lines(found)[0]
    finally:
        sys.setswitchinterval(before)


def test_a_thread_is_itself_again_when_it_runs(load):
    module = load(
        "import threading\nSEEN = []\nclass Mine(threading.Thread):\n    def run(self):\n        SEEN.append(vars(self).get('run'))\n"
        "def f(run, example):\n    thread = Mine()\n    thread.start()\n    thread.join()\n    return SEEN.pop() is None\n"
    )
    assert audit(bind(module.f), pairs(EXAMPLES), Random(0)).impurities == ()


def test_what_it_remembered_is_put_back(load):
    module = load(
        "COUNT = 0\nSEEN = {'a': [1]}\ndef f(run, example):\n    global COUNT\n    COUNT += 1\n    SEEN['a'].append(1)\n"
    )
    audit(bind(module.f), pairs(EXAMPLES), Random(0))
    assert (module.COUNT, module.SEEN) == (0, {"a": [1]})


def test_the_arguments_are_as_they_were(load):
    given = pairs(EXAMPLES)
    audit(bind(load("def f(outputs):\n    outputs.clear()\n    return True\n").f), given, Random(0))
    assert given == pairs(EXAMPLES)
