"""Campaign: durable, woken by time or by a person, stopped by the contact; killed anywhere, no message goes out twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command

from seatrial.dataset import Example
from seatrial.graph.run import Run
from seatrial.project import module, mount
from seatrial.scoring import bind

ROOT = next(parent for parent in Path(__file__).resolve().parents if (parent / "pyproject.toml").is_file())
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ADA = {
    "campaign": "spring",
    "contact": "c-17",
    "first_name": "Ada",
    "company": "Dunmore Mills",
    "started_at": START.isoformat(),
}
KEYS = ["spring/c-17/1", "spring/c-17/2", "spring/c-17/3"]


@pytest.fixture(scope="module")
def graph() -> ModuleType:
    mount(ROOT)
    return module("graphs.campaign.graph")


@pytest.fixture
def drive(graph: ModuleType, tmp_path: Path) -> Any:
    """Each call opens the file anew, as another process would."""
    found = module("graphs.campaign.drive")

    def advance(day: float, **inputs: Any) -> str:
        with SqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as saver:
            app = graph.build("p1").compile(checkpointer=saver)
            return str(
                found.advance(app, {**ADA, **inputs}, START + timedelta(days=day), outbox=tmp_path / "outbox.db")
            )

    return advance


def sent(tmp_path: Path) -> list[str]:
    return [key for key, _ in module("graphs.campaign.outbox").delivered(tmp_path / "outbox.db")]


def test_a_thread_wakes_at_its_times_and_a_second_call_changes_nothing(drive: Any, tmp_path: Path) -> None:
    assert [drive(day) for day in (-1, 0, 0, 2.9, 3, 9.9, 10, 11)] == ["wake"] * 6 + ["finished"] * 2
    assert sent(tmp_path) == KEYS


def test_a_person_approves_each_message_to_an_enterprise_customer_and_may_say_no(
    drive: Any, graph: ModuleType, tmp_path: Path
) -> None:
    assert drive(0, customer_tier="enterprise") == "approval"
    assert drive(5, customer_tier="enterprise") == "approval"  # time alone sends nothing
    with SqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as saver:
        app = graph.build("p1").compile(checkpointer=saver)
        thread_id = module("graphs.campaign.drive").thread_of("spring", "c-17")
        config = {"configurable": {"thread_id": thread_id, "outbox": str(tmp_path / "outbox.db")}}
        app.invoke(Command(resume="approve"), config)
        assert sent(tmp_path) == KEYS[:1]
        app.invoke(Command(resume="approve"), config)  # before its time: a person may send early
        assert sent(tmp_path) == KEYS[:2]
        state = app.invoke(Command(resume={"outcome": "unsubscribe"}), config)
    assert (state["status"], state["stop_reason"], state["steps"]) == ("stopped", "unsubscribe", [1, 2])
    assert drive(90, customer_tier="enterprise") == "stopped"
    assert sent(tmp_path) == KEYS[:2]


def test_a_crash_between_handing_over_and_saving_sends_nothing_twice(
    drive: Any, graph: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = graph.deliver

    def dies(*message: Any) -> bool:
        real(*message)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(graph, "deliver", dies)
        with pytest.raises(KeyboardInterrupt):
            drive(0)
    assert sent(tmp_path) == KEYS[:1]
    assert drive(0) == "wake"  # it goes on behind the message
    assert [drive(3), drive(10)] == ["wake", "finished"]
    assert sent(tmp_path) == KEYS


class Crash(BaseException):
    """What a process dies of."""


class Failing(InMemorySaver):
    """A checkpointer whose process dies at write number `left`, before it or after it."""

    left, after = 0, False

    def _written(self, write: Any, *given: Any) -> Any:
        Failing.left -= 1
        if Failing.left == 0 and not self.after:
            raise Crash
        found = write(*given)
        if Failing.left == 0:
            raise Crash
        return found

    def put(self, *given: Any) -> Any:
        return self._written(super().put, *given)

    def put_writes(self, *given: Any) -> Any:
        return self._written(super().put_writes, *given)


@pytest.mark.parametrize("after", [False, True])
def test_a_thread_that_dies_at_any_write_of_its_state_ends_and_sends_each_message_once(
    graph: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    found = module("graphs.campaign.drive")
    monkeypatch.setattr(Failing, "after", after)
    outbox: list[str] = []
    monkeypatch.setattr(graph, "deliver", lambda _, key, __: key in outbox or outbox.append(key))
    for died_at in range(1, 100):
        outbox.clear()
        Failing.left = died_at
        app, told = graph.build("p1").compile(checkpointer=Failing()), []
        for day in (0, 0, 3, 3, 10, 10):
            try:
                told.append(found.advance(app, ADA, START + timedelta(days=day), outbox=tmp_path))
            except Crash:
                told.append("crash")
        assert (told[-1], outbox) == ("finished", KEYS), died_at
        if "crash" not in told:
            break
    assert died_at == 36


def test_an_answer_that_is_none_is_refused_and_the_thread_still_waits(graph: ModuleType) -> None:
    app = graph.build("p1").compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    app.invoke(ADA, config)
    with pytest.raises(graph.DataError, match="a wake is answered with"):
        app.invoke(Command(resume="maybe"), config)
    assert app.get_state(config).interrupts[0].value["kind"] == "wake"


@pytest.mark.parametrize(
    ("tier", "log", "key"),
    [
        ("enterprise", [("sent", 1), ("approved", 1)], "approved_first"),
        ("free", [("sent", 1), ("unsubscribe", 2), ("sent", 2)], "quiet_after_stop"),
    ],
)
def test_the_suite_finds_the_one_step_that_went_wrong(graph: ModuleType, tier: str, log: Any, key: str) -> None:
    outputs = {"status": "finished", "log": [{"kind": kind, "step": step} for kind, step in log]}
    run, example = Run("r", {**ADA, "customer_tier": tier}, outputs), Example("x", ADA, {"status": "finished"})
    suite = module("evaluators.campaign").SUITE
    found = {one.key: one.score for function in suite for one in bind(function)(run, example)}
    assert found == {"sequence": 1.0, "once": 1.0, "approved_first": 1.0, "quiet_after_stop": 1.0, key: 0.0}


def test_the_same_key_twice_is_found(graph: ModuleType) -> None:
    twice = [{"step": 1, "key": KEYS[0]}, {"step": 1, "key": KEYS[0]}]
    (found,) = bind(module("evaluators.campaign").once)(Run("r", ADA, {"sent": twice}), Example("x", ADA))
    assert found.score == 0.0


DRIVER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from seatrial.project import module, mount

root, folder = Path(sys.argv[1]), Path(sys.argv[2])
mount(root)
graph, drive = module("graphs.campaign.graph"), module("graphs.campaign.drive")
start = datetime(2026, 3, 2, 9, tzinfo=UTC)
with SqliteSaver.from_conn_string(str(folder / "threads.db")) as saver:
    app = graph.build("p1").compile(checkpointer=saver)
    print("ready", flush=True)
    for day in (0, 3, 10):
        for number in range(int(sys.argv[3])):
            inputs = {"campaign": "spring", "contact": f"c-{number}", "first_name": "Ada", "company": "Mills", "started_at": start.isoformat()}
            drive.advance(app, inputs, start + timedelta(days=day), outbox=folder / "outbox.db")
print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_at_a_hundred_random_points_every_thread_ends_and_no_message_goes_out_twice(tmp_path: Path) -> None:
    driver, threads, kills = tmp_path / "driver.py", 600, 0
    driver.write_text(DRIVER, encoding="utf-8")
    command = [sys.executable, str(driver), str(ROOT), str(tmp_path), str(threads)]
    chance = random.Random(1)
    while kills < 100:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.3))
            if child.poll() is not None:
                break
            os.kill(child.pid, signal.SIGKILL)
            kills += 1
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.endswith("done\n")
    mount(ROOT)
    keys = sent(tmp_path)
    assert len(keys) == len(set(keys)) == 3 * threads
    assert kills == 100
