"""Webhooks: after the ledger, each with its own timeout, one message per cell and reason, delivered until taken."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from seatrial.adapters import webhook
from seatrial.errors import ConfigError
from seatrial.rollout import controller, ledger
from seatrial.rollout.ladder import Move, exit_code
from seatrial.rollout.reason import Why
from seatrial.rollout.sentence import step_sentence
from seatrial.rollout.store_source import StoreSource
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

BEGIN = 1_800_000_000.0
HOUR = 3600.0


class Peer(ThreadingHTTPServer):
    """Answers /hang never, /fail with 500 and everything else with 200; keeps what it took."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        self.taken, self.seen, self.end, self.broken = [], [], threading.Event(), True
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                peer.seen.append((self.path, body))
                if self.path == "/hang":
                    peer.end.wait(30)
                failed = self.path == "/fail" and peer.broken
                if not failed:
                    peer.taken.append((self.path, body))
                try:
                    self.send_response(500 if failed else 200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def peer():
    server = Peer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.end.set()
    server.shutdown()
    server.server_close()
    thread.join()


def hook(peer, name, kind="event", timeout=5.0):
    return webhook.Hook(name, f"http://127.0.0.1:{peer.server_port}/{name}", webhook.HookType(kind), timeout)


def begin(store, rules):
    controller.start(store, ledger.started(rules, BEGIN, code="1", author="ada", reason="x"), rules)


def look(store, rules, now, hooks):
    def following(rules, decided):
        texts = [step_sentence(rules, one) for one in decided.reported]
        return webhook.messages(hooks, rules, decided, texts)

    _, last = controller.ends(store, rules.rollout)
    requested = webhook.ask(hooks, rules, ledger.state_of(last))
    found = controller.look(
        store, rules.rollout, StoreSource(store), now, code="1", requested=requested, following=following
    )
    return found, webhook.deliver(store, rules.rollout, hooks, now)


def test_a_hook_that_hangs_and_one_that_fails_stop_neither_the_step_nor_the_third(store, rules, peer):
    # R21
    begin(store, rules)
    hooks = (hook(peer, "hang", timeout=0.3), hook(peer, "fail"), hook(peer, "works"))
    write_exposures(store, [Exposure("e", rules.rollout, "t", "t", "DE", "candidate", 0, 1, BEGIN + 1)])
    write_outcomes(store, [OutcomeEvent("o", "t", "no_pii", "0", BEGIN + 2)])
    found, failures = look(store, rules, BEGIN + 60, hooks)
    assert exit_code(found.decided.steps) == 1
    assert len(failures) == 2
    (_, body), *more = [one for one in peer.taken if one[0] == "/works"]
    assert not more
    assert (body["metadata"]["cell"], body["metadata"]["move"], body["phase"]) == ("DE", "off", "Failed")
    peer.broken = False
    found, failures = look(store, rules, BEGIN + 120, hooks[1:])
    assert exit_code(found.decided.steps) == 0
    assert not found.decided.reported
    assert not failures
    ids = [body["metadata"]["id"] for path, body in peer.seen if path == "/fail"]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_hold_of_three_days_is_told_once(store, rules, peer):
    # R21
    begin(store, rules)
    hooks = (hook(peer, "works"),)
    for step in range(72 * 4):  # every half hour; the dwell of 24 hours ends on the way
        look(store, rules, BEGIN + step * 1800.0, hooks)
    whys = [(body["metadata"]["cell"], body["metadata"]["why"]) for _, body in peer.taken]
    assert sorted(whys) == [("DE", "dwell"), ("rest", "dwell")]


def test_promotion_waits_for_its_confirmation_and_a_rollback_hook_takes_cells_off(store, rules, peer):
    begin(store, rules)
    _, last = controller.ends(store, rules.rollout)
    state = ledger.state_of(last)
    assert webhook.ask((hook(peer, "fail", "confirm-promotion"),), rules, state) == ()
    requested = webhook.ask((hook(peer, "fail", "rollback"),), rules, state)
    assert requested == (("DE", "rollback", False), ("rest", "rollback", False))
    found, _ = look(store, rules, BEGIN + 60, (hook(peer, "now", "rollback"),))
    assert [(one.move, one.reason.why) for one in found.decided.steps] == [(Move.OFF, Why.HOOK)] * 2
    assert exit_code(found.decided.steps) == 1
    assert ledger.replayed(controller.all_rows(store, rules.rollout)) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[hook.a]\nurl = "http://x"\nurl_env = "Y"\n', "once"),
        ('[hook.a]\nurl_env = "SEATRIAL_NOT_SET"\n', "address is empty"),
        ('[hook.a]\nurl = "http://x"\ntype = "promote"\n', "confirm-promotion"),
        ('[hook.a]\nurl = "http://x"\nretries = 3\n', "retries"),
    ],
)
def test_a_mistake_in_the_file_is_a_sentence(tmp_path, text, says):
    path = tmp_path / "webhooks.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        webhook.load_hooks(path)
    (hook,) = webhook.read_hooks(path)
    assert says in hook.fault
    assert webhook.load_hooks(tmp_path / "none.toml") == ()


def test_a_hook_that_cannot_be_called_stops_no_rollback_confirms_nothing_and_is_told_later(
    store, rules, peer, tmp_path
):
    begin(store, rules)
    path = tmp_path / "webhooks.toml"
    path.write_text('[hook.pager]\nurl_env = "SEATRIAL_NOT_SET"\n[hook.sign]\nurl = "x"\ntype = "confirm-promotion"\n')
    hooks = webhook.read_hooks(path)
    write_exposures(store, [Exposure("e", rules.rollout, "t", "t", "DE", "candidate", 0, 1, BEGIN + 1)])
    write_outcomes(store, [OutcomeEvent("o", "t", "no_pii", "0", BEGIN + 2)])
    found, failures = look(store, rules, BEGIN + 60, hooks)
    assert exit_code(found.decided.steps) == 1
    assert failures == ()  # the message waits for an address
    last = ledger.state_of(controller.ends(store, rules.rollout)[1])
    top = replace(last, cells=tuple(replace(cell, rung=rules.top - 1) for cell in last.cells))
    assert webhook.ask(hooks, rules, top) == (("DE", "confirm-promotion", False), ("rest", "confirm-promotion", False))
    assert webhook.deliver(store, rules.rollout, (hook(peer, "pager"),), BEGIN + 120) == ()
    assert [body["metadata"]["why"] for _, body in peer.taken] == ["zero_tolerance"]


@pytest.mark.parametrize("text", ["[hook", "[other]\n", '[hook.a]\ntype = "sign-off"\nurl = "http://x"\n'])
def test_a_file_that_may_have_asked_for_a_confirmation_stands_for_one(tmp_path, text):
    path = tmp_path / "webhooks.toml"
    path.write_text(text)
    (found,) = webhook.read_hooks(path)
    assert found.type is webhook.HookType.CONFIRM_PROMOTION
    assert found.fault
