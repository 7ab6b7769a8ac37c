"""The walk of docs/how-to/fleet-server.md, command by command: a server process, a canary, LangGraph's client, a step."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("langgraph_sdk")

PAGE = Path(__file__).parents[3] / "docs/how-to/fleet-server.md"
FENCE = re.compile(r'^```(\w+)(?: title="(.+?)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SEATRIAL = (sys.executable, "-m", "seatrial")


def commands() -> list[str]:
    walk = PAGE.read_text(encoding="utf-8").partition("## 1.")[2].partition("## Keys")[0]
    return [line for kind, _, lines in FENCE.findall(walk) if kind == "bash" for line in lines.splitlines()]


def test_the_walk_of_the_page_works_as_it_is_written(tmp_path: Path) -> None:
    for _, name, content in FENCE.findall(PAGE.read_text(encoding="utf-8")):
        if name:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(content, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SEATRIAL_")}
    serve, start, call, step, status = commands()
    assert serve == "seatrial fleet serve --port 2024 --compile all"
    words = serve.replace("2024", "0").split()[1:]  # a free port: another server may have 2024
    with subprocess.Popen([*SEATRIAL, *words], cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            address = re.search(r"http://\S+?:\d+", server.stderr.readline())
            assert address is not None

            def run(*words: str) -> str:
                done = subprocess.run(
                    words, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False
                )
                assert done.returncode == 0, done.stderr
                return done.stdout

            assert start.startswith("seatrial rollout start reply_v2 --author ada")
            run(*SEATRIAL, "rollout", "start", "reply_v2", "--author", "ada", "--reason", "shorter greeting")
            assert call == "python client.py"
            versions = run(sys.executable, "client.py", address[0])
            served = {version: int(n) for version, n in re.findall(r"'(v\d)': (\d+)", versions)}
            # A share of .5: 80 units give fewer than 20 or more than 60 of a version with probability 4e-6.
            assert sum(served.values()) == 80
            assert 20 <= served["v2"] <= 60
            run(*SEATRIAL, *step.split()[1:])
            assert "needs 30 more candidate units" in run(*SEATRIAL, *status.split()[1:])  # none is an hour old
        finally:
            server.terminate()
            server.wait(20)
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as store:
        exposed = dict(store.execute("SELECT arm, COUNT(*) FROM exposures GROUP BY arm").fetchall())
        assert exposed == {"control": served["v1"], "candidate": served["v2"]}
        assert store.execute("SELECT COUNT(*) FROM outcomes WHERE outcome = 'accepted'").fetchone() == (80,)
        assert store.execute("SELECT requests FROM router_traffic").fetchone() == (80,)
