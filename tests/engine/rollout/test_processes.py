"""Controllers as processes: killed at any point, eight at once, and while eight writers emit."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid

import numpy as np
import pytest

from seatrial.rollout import controller, ledger
from seatrial.rollout.store_source import StoreSource
from seatrial.store.engine import open_store
from seatrial.testing.rollout_traffic import serve

from .conftest import make_rules

BEGIN = 1_800_000_000.0
LOOKS = 36
POSTGRES = os.environ.get("SEATRIAL_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


def prepare(url):
    """A started rollout and six hours of traffic, of which DE's candidate is bad."""
    rules = make_rules()
    with open_store(url) as store:
        decided = ledger.started(rules, BEGIN, code="1", author="ada", reason="x")
        controller.start(store, decided, rules)
        serve(
            store,
            rules,
            decided.state,
            lambda cell, arm, *_: 0.6 if (cell, arm) == ("DE", "candidate") else 0.95,
            np.random.default_rng(8),
            begin=BEGIN,
            seconds=6 * 3600,
            units_per_day=4000,
        )
    return rules


def drive(url, rollout):
    """Look every ten minutes from where the ledger ends."""
    with open_store(url) as store:
        _, last = controller.ends(store, rollout)
        first = int((last.data["at"] - BEGIN) // 600) + 1
        for k in range(first, LOOKS + 1):
            controller.look(store, rollout, StoreSource(store), BEGIN + k * 600, code="1")


def rows_of(url, rollout):
    with open_store(url) as store:
        return controller.all_rows(store, rollout)


def child_of(work, *arguments):
    """Run it in a forked process; returns its pid."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work(*arguments)
            code = 0
        finally:
            os._exit(code)
    return pid


def killed_at_random(tmp_path, kills):
    """Kill a controller at random points, on another copy once it has come to the end; every ledger is the calm one's."""
    calm, fresh = tmp_path / "calm.db", tmp_path / "fresh.db"
    rules = prepare(f"sqlite:///{calm}")
    shutil.copy(calm, fresh)
    drive(f"sqlite:///{calm}", rules.rollout)
    expected = rows_of(f"sqlite:///{calm}", rules.rollout)
    rng, killed, finished = random.Random(9), 0, 0
    while killed < kills:
        rough = tmp_path / f"rough-{finished}.db"
        shutil.copy(fresh, rough)
        url = f"sqlite:///{rough}"
        ended = False
        while not ended and killed < kills:
            pid = child_of(drive, url, rules.rollout)
            time.sleep(rng.uniform(0.005, 0.15))
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            ended = os.WIFEXITED(status)
            killed += not ended
        drive(url, rules.rollout)
        found = rows_of(url, rules.rollout)
        assert found == expected
        assert ledger.broken_at(found) is None
        assert ledger.replayed(found) is None
        finished += 1


def test_a_controller_killed_on_the_way_ends_with_the_same_ledger(tmp_path):
    killed_at_random(tmp_path, 4)


@pytest.mark.slow
def test_a_controller_killed_200_times_ends_with_the_same_ledger(tmp_path):
    killed_at_random(tmp_path, 200)


def looks_in_step(url, rollout, barrier):
    with open_store(url) as store:
        for k in range(1, LOOKS + 1):
            barrier.wait(60)
            controller.look(store, rollout, StoreSource(store), BEGIN + k * 600, code="1")


@pytest.mark.slow
def test_of_eight_controllers_on_postgresql_one_decides_each_step():
    psycopg = pytest.importorskip("psycopg")
    try:
        connection = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=2)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL: {error}")
    schema = f"seatrial_{uuid.uuid4().hex[:12]}"
    connection.execute(f"CREATE SCHEMA {schema}")
    try:
        url = f"{POSTGRES}?options=-csearch_path%3D{schema}"
        rules = prepare(url)
        fork = multiprocessing.get_context("fork")
        barrier = fork.Barrier(8)
        crew = [fork.Process(target=looks_in_step, args=(url, rules.rollout, barrier)) for _ in range(8)]
        for one in crew:
            one.start()
        for one in crew:
            one.join(300)
        assert [one.exitcode for one in crew] == [0] * 8
        found = rows_of(url, rules.rollout)
        times = [row.data["at"] for row in found]
        assert len(set(times)) == len(times)
        assert len(found) > LOOKS - 6
        assert ledger.broken_at(found) is None
        assert ledger.replayed(found) is None
    finally:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")
        connection.close()


WRITER = """
import sys, seatrial
from seatrial.store.current import use_store
from seatrial.store.engine import open_store
with open_store(sys.argv[1]) as store, use_store(store):
    for i in range(int(sys.argv[3])):
        assert seatrial.emit(f"t{i}", "note", "1", event_id=f"{sys.argv[2]}-{i}")
"""


@pytest.mark.slow
def test_eight_writers_lose_nothing_while_a_controller_steps(tmp_path):
    # R25
    url = f"sqlite:///{tmp_path}/store.db"
    rules = prepare(url)
    crew = [subprocess.Popen([sys.executable, "-c", WRITER, url, str(n), "1000"]) for n in range(8)]
    k = 0
    while any(one.poll() is None for one in crew):
        k += 1
        with open_store(url) as store:
            controller.look(store, rules.rollout, StoreSource(store), BEGIN + k * 600, code="1")
        time.sleep(0.05)
    assert [one.returncode for one in crew] == [0] * 8
    with open_store(url) as store, store.read() as connection:
        n = connection.exec_driver_sql("SELECT COUNT(*) FROM outcomes WHERE outcome = 'note'").scalar()
    assert n == 8000
    assert ledger.replayed(rows_of(url, rules.rollout)) is None
