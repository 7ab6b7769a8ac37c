"""A spent budget is told to the webhooks once an episode, and a receiver that hangs holds up no request."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from seatrial.adapters.webhook import BudgetSpent, Hook, HookType, budget_messages
from seatrial.serve.alarm import Alarm
from seatrial.store import ledger as kept
from seatrial.store.engine import open_store
from seatrial.testing import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Callable

SPENT = BudgetSpent("compose", "day", "2026-03-02", 5.0, 5.25)


class Receiver(ThreadingHTTPServer):
    """Takes what is posted; /hang answers after `go_on`, /down with 500 until `up`."""

    daemon_threads, block_on_close = True, False

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.came, self.go_on, self.up = threading.Semaphore(0), threading.Event(), False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if self.path == "/hang":
                    receiver.go_on.wait(20)
                refused = self.path == "/down" and not receiver.up
                if not refused:
                    receiver.taken.append(body)
                self.send_response(500 if refused else 200)
                self.send_header("content-length", "0")
                self.end_headers()
                receiver.came.release()

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


@pytest.fixture
def receiver() -> Any:
    found = Receiver()
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.go_on.set()
    found.shutdown()
    found.server_close()


def test_of_two_servers_one_message_arrives_and_a_refused_one_is_tried_until_taken(
    tmp_path: Path, receiver: Receiver
) -> None:
    hooks = [Hook("pager", receiver.url("/down")), Hook("question", receiver.url("/x"), HookType.ROLLBACK)]
    failed: list[str] = []
    with open_store("sqlite:///s.db", root=tmp_path) as store:
        first = Alarm(hooks, store, lambda: 1.0, failed.append, retry_s=0.02)
        first.tell(SPENT)
        assert receiver.came.acquire(timeout=10)
        second = Alarm(hooks, store, lambda: 1.0, failed.append, retry_s=60)
        second.tell(SPENT)
        receiver.up = True
        until(lambda: not kept.undelivered(store, "budget"))
        first.close(10)
        second.close(10)
        assert kept.undelivered(store, "budget") == ()
    assert {one["metadata"]["id"] for one in receiver.taken} == {"budget/compose/2026-03-02/5/pager"}
    (told, *_) = receiver.taken
    assert (told["phase"], told["metadata"]["why"]) == ("Failed", "budget_spent")
    assert told["metadata"]["text"].startswith("graph 'compose' has spent $5.25 of $5.00 this day")
    assert "alarms_failed" in failed


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_message_waits_for_a_store_that_is_locked_and_no_more_than_some_do(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatrial.serve.alarm.WAITING", 1)
    failed: list[str] = []
    with open_store("sqlite:///s.db", root=tmp_path, busy_seconds=0.01) as store:
        alarm = Alarm([Hook("pager", receiver.url("/ok"))], store, lambda: 1.0, failed.append, retry_s=0.02)
        other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for i, spent in enumerate((SPENT, replace(SPENT, graph="dropped"))):
            before = len(failed)
            alarm.tell(spent)
            until(lambda before=before, i=i: len(failed) > before + 1 + i)
        other.execute("ROLLBACK")
        other.close()
        assert receiver.came.acquire(timeout=20)
        alarm.close(10)
        assert kept.undelivered(store, "budget") == ()
    assert [one["metadata"]["graph"] for one in receiver.taken] == ["compose"]


def test_what_an_earlier_server_left_is_sent_at_once(tmp_path: Path, receiver: Receiver) -> None:
    hooks = [Hook("pager", receiver.url("/ok"))]
    with open_store("sqlite:///s.db", root=tmp_path) as store:
        kept.announce(store, "budget", budget_messages(hooks, SPENT), at=1.0)
        alarm = Alarm(hooks, store, lambda: 1.0, lambda _: None, retry_s=600)
        assert receiver.came.acquire(timeout=20)
        alarm.close(10)


def test_fifty_requests_race_a_budget_and_a_hanging_receiver_holds_up_none(
    tmp_path: Path, serving: Any, receiver: Receiver
) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/webhooks.toml").write_text(
        f'[hook.pager]\nurl = "{receiver.url("/hang")}"\n[hook.log]\nurl = "{receiver.url("/ok")}"\n'
    )
    # A word is a token here: "hi" read and "yes" written are 1 + 1 tokens, .1 + .4 = .5 USD; the third call is not made.
    (tmp_path / "pyproject.toml").write_text(
        '[tool.seatrial.model.prices."openai:gpt-x"]\ninput = 100000\noutput = 400000\n'
        "[tool.seatrial.budget.calls]\ndaily_usd = 1\n"
    )
    with (
        OpenAIServer(lambda _: "yes") as model,
        serving(tmp_path, concurrency={"default": 4}) as (server, address),
        httpx.Client(base_url=address, timeout=60) as client,
        ThreadPoolExecutor(50) as pool,
    ):
        body = {"assistant_id": "calls", "input": {"text": model.url}}
        answers = list(pool.map(lambda _: client.post("/runs/wait", json=body), range(50)))
        assert not receiver.go_on.is_set()  # every request was answered while the receiver hung
        answered = sum(one.status_code == 200 for one in answers)
        assert {one.status_code for one in answers} <= {200, 503}
        # Two are within the budget; beyond it at most one call in flight for each of the four places.
        assert 2 <= answered <= 2 + 4
        assert len(model.requests) == answered
        assert f'seatrial_events_total{{event="budget_exceeded"}} {50 - answered}' in client.get("/metrics").text
        receiver.go_on.set()
        assert receiver.came.acquire(timeout=10)
        assert receiver.came.acquire(timeout=10)
        server.alarm.close(10)
    assert [one["name"] for one in receiver.taken] == ["calls", "calls"]  # one message for each of the two receivers
    assert len({one["metadata"]["id"] for one in receiver.taken}) == 2
