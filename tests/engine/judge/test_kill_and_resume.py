"""A judge run that is killed loses at most the calls under way, and what was answered is never asked again."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage

from seatrial.judge.pairs import questions
from seatrial.judge.run import read_rows, run
from seatrial.model import InvalidReply, Outage, Refused, Reply
from seatrial.testing import OpenAIServer

from .asking import hub, pairs, prefers, verdict

WORKER = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[3])
from asking import hub, pairs
from seatrial.judge.pairs import questions
from seatrial.judge.run import run
from seatrial.judge.spec import read_judge

root = Path(sys.argv[1])
judge = read_judge(root, "helpful")
run(judge, list(questions(judge, pairs(int(sys.argv[2])))), hub(), root / "out", concurrency=4)
"""


def _killed(server: OpenAIServer, root, n: int, after: int) -> None:
    """Run a worker and kill it once it has made so many further calls."""
    here = str(Path(__file__).parent)
    before = len(server.requests)
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(root), str(n), here])
    while worker.poll() is None and len(server.requests) - before < after:
        time.sleep(0.002)
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def _kills(judges, root, n: int, times: int, after: int) -> None:
    with OpenAIServer(prefers("good"), mode="slow", delay_s=0.01) as server:
        judge = judges(server.url)
        made = list(questions(judge, pairs(n)))
        for _ in range(times):
            _killed(server, root, n, after)
        recorded = len(read_rows(root / "out" / "rows.jsonl"))
        done = run(judge, made, hub(), root / "out", concurrency=4)
        requested = len(server.requests)
    assert (done.known, len(done.answers)) == (recorded, 2 * n)
    assert requested <= 2 * n + times * 4
    lines = (root / "out" / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 * n  # a reply that was recorded is not asked for again


def test_a_killed_run_goes_on_where_it_was(judges, tmp_path):
    _kills(judges, tmp_path, n=30, times=1, after=20)


@pytest.mark.slow
def test_ten_kills_lose_at_most_what_was_under_way(judges, tmp_path):
    _kills(judges, tmp_path, n=200, times=10, after=25)


def test_two_processes_never_judge_into_one_folder(judges, tmp_path, server):
    from seatrial.pool.lock import run_lock  # noqa: PLC0415

    judge = judges(server.url)
    (tmp_path / "out").mkdir()
    with run_lock(tmp_path / "out"), pytest.raises(Exception, match="is being written by another process"):
        run(judge, list(questions(judge, pairs(1))), hub(), tmp_path / "out")
    assert not server.requests


def test_a_stopped_run_keeps_what_was_answered(judges, tmp_path):
    stop = threading.Event()

    def reported(done: int, planned: int, usd: float | None) -> None:
        if done == 10:
            stop.set()

    with OpenAIServer(prefers("good")) as server:
        judge = judges(server.url)
        made = list(questions(judge, pairs(20)))
        first = run(judge, made, hub(), tmp_path / "out", concurrency=1, progress=reported, stop=stop)
        assert len(first.answers) == len(server.requests) == 10
        second = run(judge, made, hub(), tmp_path / "out", resume=True)
        assert (second.known, second.requested, len(server.requests)) == (10, 30, 40)


class FaultyHub:
    """Answers as a provider on a bad day does: `faults` of the calls fail, each kind as the real hub raises it."""

    def __init__(self, faults: float, seed: int = 17) -> None:
        self._rng, self._faults, self._lock = random.Random(seed), faults, threading.Lock()
        self.made = 0

    def call(self, messages, *, model, **_) -> Reply:
        with self._lock:
            self.made += 1
            fault = self._rng.choice(FAULTS) if self._rng.random() < self._faults else None
        if isinstance(fault, Exception):
            raise fault
        reported = verdict(1.0) if fault is None else fault.get("text", verdict(1.0))
        metadata = {"finish_reason": "stop", "model_name": "gpt-4o-mini", **(fault or {}).get("metadata", {})}
        message = AIMessage(reported, response_metadata=metadata)
        return Reply(message, model, metadata["model_name"], 10, 10)


FAULTS = (
    Outage("down"),
    InvalidReply("a reply that cannot be read"),
    Refused("declined"),
    RuntimeError("our own bug"),
    {"text": "prose"},
    {"text": '{"preference": 0.9, "rea', "metadata": {"finish_reason": "length"}},
    {"metadata": {"model_name": "another"}},
    {"metadata": {"model_name": None}},
)


def test_two_thousand_comparisons_under_every_kind_of_fault_lose_none(judges, tmp_path):
    judge, faulty = judges(), FaultyHub(0.3)
    made = list(questions(judge, pairs(2_000)))
    done = run(judge, made, faulty, tmp_path / "out", concurrency=32)
    assert len(done.answers) == 4_000
    assert 0.6 < sum(one.outcome == "scored" for one in done.answers.values()) / 4_000 < 0.95
    calls = faulty.made
    done = run(judge, made, FaultyHub(0.0), tmp_path / "out", concurrency=32, resume=True)
    assert {one.outcome for one in done.answers.values()} == {"scored"}
    assert done.known + done.requested == 4_000
    assert calls < 2 * 4_000


@pytest.mark.slow
def test_comparisons_under_faults_of_a_real_protocol_lose_none(judges, tmp_path):
    rng = random.Random(17)
    faults = (
        "rate_limited",
        "server_error",
        "overloaded",
        "truncated",
        "dropped",
        "refusal",
        "cut_short",
        "other_model",
    )
    script = [rng.choice(faults) if rng.random() < 0.3 else "normal" for _ in range(3_000)]
    limits = {"concurrency": 32, "attempts": 6, "patience_s": 60, "window_s": 0.2}
    with OpenAIServer(lambda _: verdict(1), script=script, retry_after="0", keep_alive=True) as server:
        judge = judges(server.url)
        made = list(questions(judge, pairs(100)))
        for _ in range(5):
            done = run(judge, made, hub(**limits), tmp_path / "out", concurrency=8)
            assert len(done.answers) == 200
    assert Counter(one.outcome for one in done.answers.values()) == {"scored": 200}
