"""One writer of a run at a time; a process that died holds nothing, and is named."""

import json
import os
import socket
import subprocess
import sys

import pytest

from seatrial.cli.app import run
from seatrial.errors import UsageError
from seatrial.pool.lock import NAME, run_lock
from seatrial.trial.runs import RUNS

from .fleet_of_two import write

HOLD = """
import fcntl, json, os, socket, sys, time
file = open(sys.argv[1], "a+")
fcntl.flock(file, fcntl.LOCK_EX)
file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": "2026-11-20T08:00:00+00:00"}))
file.flush()
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.chdir(write(tmp_path))
    return tmp_path


@pytest.fixture
def holder():
    """Start another process that holds the lock of a run's folder."""
    started = []

    def hold(run_dir):
        command = [sys.executable, "-c", HOLD, str(run_dir / NAME)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_resume_of_one_run_is_refused_while_the_first_works(root, capsys, holder):
    assert run(["eval", "desk@v1"]) == 0
    (folder,) = (root / RUNS).iterdir()
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    process = holder(folder)
    for word in ("--resume", "--rebuild"):
        assert run(["eval", "desk", word, folder.name]) == 3
        reported = capsys.readouterr().err
        assert (
            f"{folder.name} is being written by another process (process {process.pid} on {socket.gethostname()}"
            in reported
        )
        assert "Wait for it or stop it" in reported
    assert {name: (folder / name).read_bytes() for name in before} == before, "nothing was touched"


def test_a_process_that_was_killed_frees_its_lock_and_is_named(root, capsys, holder):
    assert run(["eval", "desk@v1"]) == 0
    (folder,) = (root / RUNS).iterdir()
    process = holder(folder)
    process.kill()
    process.wait()
    assert run(["eval", "desk", "--resume", folder.name]) == 0
    reported = capsys.readouterr().out
    assert (
        f"a stale lock was replaced: process {process.pid} on {socket.gethostname()}, since 2026-11-20T08:00:00"
        in reported
    )
    assert not (folder / NAME).exists()


def test_a_lock_is_held_within_one_process_too_and_removed_at_the_end(tmp_path):
    with run_lock(tmp_path) as stale:
        assert stale == ""
        assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()
        with pytest.raises(UsageError, match="is being written by another process"), run_lock(tmp_path):
            pass
    assert not (tmp_path / NAME).exists()
    with run_lock(tmp_path) as stale:
        assert stale == ""


def test_a_lock_that_a_child_of_a_dead_process_holds_says_so(tmp_path, holder):
    holder(tmp_path)
    missing_share = subprocess.Popen([sys.executable, "-c", ""])
    missing_share.wait()
    (tmp_path / NAME).write_text(json.dumps({"pid": missing_share.pid, "host": socket.gethostname()}))
    with pytest.raises(UsageError, match="which has ended: a process that it started still holds"), run_lock(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "many"}'])
def test_a_lock_file_nobody_can_read_is_no_lock(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    with run_lock(tmp_path):
        assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()
