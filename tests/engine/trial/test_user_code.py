"""Code of the project that ends the process, or takes the console: a crash like any other, and the verdict is heard."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import seatrial
from seatrial.cli.app import run
from seatrial.pool import ExitRefused, user_code

ENDS = {
    "exit": "os._exit(0)",
    "posix": "posix._exit(0)",
    "sys": "sys.exit(0)",
    "interrupt": "raise KeyboardInterrupt",
    "exec": "os.execv('/usr/bin/true', ['true'])",
    "thread": "thread()",
    "stdout": "sys.stdout = sys.stderr = io.StringIO()",
}
REFUSED = "was refused: it would end the process that judges this code"
CRASHES = (
    f"ExitRefused: os._exit(0) {REFUSED}",
    f"ExitRefused: os._exit(0) {REFUSED}",
    "SystemExit: 0",
    "KeyboardInterrupt",
    f"ExitRefused: os.execv('/usr/bin/true') {REFUSED}",
    None,
    None,
)
"""What each comes to; None where the run goes on."""

ORACLE = """
import atexit, io, os, posix, sys, threading
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

AT_EXIT
IMPORTED


class State(TypedDict, total=False):
    n: int
    tier: str
    answer: str


def thread():
    one = threading.Thread(target=lambda: os._exit(0))
    one.start()
    one.join()


def build(style="v1"):
    ASYNC def think(state: State) -> State:
        if style == "worse" or os.environ.get("PLANTED"):
            if state["n"] % 3 == 0:
                ENDING
        return {"answer": "right"}

    return StateGraph(State).add_node("think", think).add_edge(START, "think").add_edge("think", END)
"""


def write(project, ending, asynchronous=False, imported="", at_exit=""):
    text = ORACLE.replace("ENDING", ending).replace("IMPORTED", imported).replace("AT_EXIT", at_exit)
    (project / "graphs/oracle.py").write_text(text.replace("ASYNC ", "async " if asynchronous else ""))


def command(*words, **environ):
    """A command in a process of its own, which it may try to end."""
    source = str(Path(seatrial.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-m", *words],
        env={**os.environ, "PYTHONPATH": source, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the thread's, which says so
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_graph_that_ends_the_process_is_a_crash_and_the_others_are_run(project, capsys, asynchronous):
    chosen = "; ".join(f"[{n}].count(state['n']) and CHOSEN{n}()" for n in range(len(ENDS)))
    write(project, chosen, asynchronous)
    graph = project / "graphs/oracle.py"
    functions = "".join(f"\n\ndef CHOSEN{n}():\n    {text}\n" for n, text in enumerate(ENDS.values()))
    graph.write_text(
        graph.read_text().replace("% 3 == 0", "< 120").replace("\n\ndef build", functions + "\n\ndef build")
    )
    assert run(["eval", "oracle@worse", "-j", "4"]) == 0
    assert "120 of 120 runs done" in capsys.readouterr().out
    (file,) = project.glob(".seatrial/runs/*/rows.jsonl")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    crashed = {row["example_id"]: row["error"] for row in rows if row["outcome"] == "target_error"}
    assert crashed == {
        f"q{n:03}": error for n, (name, error) in enumerate(zip(ENDS, CRASHES, strict=True)) if error is not None
    }


def test_a_trial_says_its_verdict_whatever_the_graph_does(project):
    ending = f"{ENDS['stdout']}; os._exit(0)"
    write(project, ending, at_exit="atexit.register(lambda: os._exit(0))")
    file = project / "pyproject.toml"
    file.write_text(
        file.read_text().replace('"unlucky"', '"worse"').replace("[tool.seatrial]", '[tool.seatrial]\nmlflow = "never"')
    )
    done = command("seatrial", "trial")
    assert done.returncode == 1, done
    assert "BLOCKED" in done.stdout


@pytest.mark.parametrize("ending", ["os._exit(0)", "sys.exit(0)", "raise KeyboardInterrupt"])
def test_a_module_that_ends_the_process_while_it_is_imported_is_no_verdict(project, capsys, users_pytest, ending):
    nothing_judged = 2 if ending == "raise KeyboardInterrupt" else 3  # Ctrl-C stops; a module that exits is wrong
    write(project, "pass", imported=ending)
    suites = project / "evaluators/__init__.py"
    sound = suites.read_text()
    suites.write_text(f"import os, sys\n{ending}\n" + sound)
    assert run(["eval", "oracle@v1"]) == nothing_judged
    assert capsys.readouterr().err.strip()
    code, _ = users_pytest("-p", "no:cacheprovider")
    assert code == 2  # interrupted: nothing was decided
    suites.write_text(sound)
    assert run(["eval", "oracle@v1"]) == nothing_judged  # now the graph's module
    assert capsys.readouterr().err.strip()


def test_pytest_ends_with_its_own_code(project, users_pytest):
    write(project, ENDS["exit"])
    code, reported = users_pytest("-p", "no:cacheprovider", "gates/merge.toml", "--seatrial-update-baseline")
    assert code == 0, reported
    done = command("pytest", "-p", "no:cacheprovider", "gates/merge.toml", PLANTED="1")
    assert done.returncode == 1
    assert "failed" in done.stdout


def test_a_forked_process_ends_as_it_likes():
    with user_code():
        child = os.fork()
        if child == 0:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        with pytest.raises(ExitRefused, match=r"os\._exit\(7\) was refused"):
            os._exit(7)
