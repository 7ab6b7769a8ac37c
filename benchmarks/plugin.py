"""The pytest plugin: what the gate of a new project costs over bare pytest, the project's own graphs apart; and what it costs where nothing is gated."""

from __future__ import annotations

import json
import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import CLI, Took, compile_all, environment, expect, middle, ours, shuffled, spawn

if TYPE_CHECKING:
    from collections.abc import Callable

ALONE = ("-p", "no:seatrial")
# A runner's share of a run is the engine's to answer for; what is left to the project is the graph called bare.
GRAPHS = """
import json, sys, time
from pathlib import Path
from seatrial.project import open_project
project = open_project(Path.cwd())
rows = [json.loads(line) for line in Path("datasets/triage/golden.jsonl").read_text().splitlines()]
graph = project.runtime.compiled("triage").graph
graph.invoke(rows[0]["inputs"])
began = time.process_time()
for row in rows:
    graph.invoke(row["inputs"])
print(json.dumps(time.process_time() - began))
"""


def measure(say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """Rows of CPU ms over bare pytest: with the gate, with its collection only, and in a folder that is no project."""
    python, env = ours(), environment()
    compile_all(python, Path(env["PYTHONPATH"].split(os.pathsep)[0]))
    with tempfile.TemporaryDirectory() as folder:
        project, empty = Path(folder) / "evals", Path(folder) / "empty"
        expect(spawn([python, "-c", CLI, "init", str(project)], env))
        empty.mkdir()
        (empty / "test_nothing.py").write_text("def test_nothing():\n    assert True\n", encoding="utf-8")

        def pytest(where: Path, *arguments: str) -> Callable[[], Took]:
            command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:langsmith_plugin", *arguments]
            return lambda: expect(spawn(command, env, cwd=where))

        ways: dict[str, Callable[[], Took]] = {
            "bare": pytest(project, *ALONE),
            "gate": pytest(project),
            "bare, collecting": pytest(project, *ALONE, "--collect-only", "tests"),
            "gate, collecting": pytest(project, "--collect-only"),
            "bare, no project": pytest(empty, *ALONE),
            "installed, no project": pytest(empty),
            "graphs": lambda: expect(spawn([python, "-c", GRAPHS], env, cwd=project)),
        }
        for way in ways.values():  # the project's own .pyc files
            way()
        took = shuffled(ways, 3 if quick else 11, random.Random(20), say)
    graphs = 1000 * middle([json.loads(one.out) for one in took["graphs"]])
    ms = {name: 1000 * middle([one.cpu_s for one in mine]) for name, mine in took.items()}
    return [
        _row("plugin + gate of a new project, its graphs apart", ms["gate"] - graphs, ms["bare"]),
        _row("its graphs: 80 calls of one", ms["bare"] + graphs, ms["bare"]),
        _row("collecting it", ms["gate, collecting"], ms["bare, collecting"]),
        _row("plugin installed, no project", ms["installed, no project"], ms["bare, no project"]),
    ]


def _row(what: str, mine: float, bare: float) -> dict[str, Any]:
    return {
        "what": what,
        "ours": mine - bare,
        "floor": bare,
        "ratio": mine / bare,
        "unit": "ms CPU over bare pytest",
        "n": 1,
    }
