"""`gate --since-ref`: a graph as a commit has it against the graph as it is now, asked and judged alike."""

import json
import subprocess

import pytest

from seatrial.cli.app import run
from seatrial.project import mount

GRAPH = """
from typing import TypedDict

from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    message: str
    desk: str


def answer(state):
    return {"desk": "refund" if "WORD" in state["message"] else "other"}


def build():
    return StateGraph(State).add_node("answer", answer).add_edge(START, "answer").add_edge("answer", END)
"""
FILES = {
    "pyproject.toml": """
[tool.seatrial]
registry = "graphs/registry.py"
[[tool.seatrial.trial]]
graph = "desk"
baseline = "0"
candidate = "0"
policy = "gates/merge.toml"
""",
    "graphs/__init__.py": "",
    "graphs/registry.py": """
from seatrial.graph.spec import GraphSpec

GRAPHS = (GraphSpec("desk", module="graphs.desk", family="rules", side_effects="none"),)
""",
    "graphs/desk.py": GRAPH.replace("WORD", "refund"),
    "evaluators/__init__.py": """
from seatrial.checks import exact

SUITES = {"desk": (exact("desk", key="desk"),)}
""",
    "gates/merge.toml": 'schema = "seatrial/policy/1"\n[key.desk]\nprimary = true\n',
    "datasets/desk/dataset.toml": 'version = "1"\nkind = "golden"\n',
}


def git(folder, *words):
    identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A project in a folder of a git repository, committed, with a branch `main`."""
    root = tmp_path / "repository" / "evals"
    for name, text in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    rows = [
        {
            "id": f"m{i}",
            "inputs": {"message": f"{'a refund' if i % 2 else 'hello'} {i}"},
            "outputs": {"desk": "refund" if i % 2 else "other"},
        }
        for i in range(60)
    ]
    (root / "datasets/desk/golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    git(root.parent, "init", "-q", "-b", "main")
    git(root.parent, "add", ".")
    git(root.parent, "commit", "-q", "-m", "first")
    monkeypatch.chdir(root)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return root


def test_a_branch_is_compared_with_what_a_ref_has_and_nothing_is_left_behind(repository, capsys):
    (repository / "graphs/desk.py").write_text(GRAPH.replace("WORD", "money back"))
    # A question that the ref did not have is put to both versions.
    with (repository / "datasets/desk/golden.jsonl").open("a") as file:
        file.write(json.dumps({"id": "new", "inputs": {"message": "hello"}, "outputs": {"desk": "other"}}) + "\n")
    assert run(["gate", "--since-ref", "main", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["baseline"].startswith("main-")
    assert report["candidate"].endswith("-changed")
    assert report["overall"]["n"] == 61
    trees = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True)
    assert len(trees.stdout.splitlines()) == 1


def test_what_cannot_be_compared_is_a_sentence(repository, capsys):
    for arguments, said in (
        (["--since-ref", "gone"], "fetch-depth: 0"),
        (["nobody", "--since-ref", "main"], "nobody"),
        (["a", "b", "--since-ref", "main"], "compares one graph with itself"),
        (["--since-ref", "main", "--critical", "x"], "--critical does not go with --since-ref"),
        (["--since-ref=--all"], "is no branch, tag or commit"),
    ):
        assert run(["gate", *arguments]) == 3
        assert said in capsys.readouterr().err


def test_runs_under_labels_are_decided_on_what_there_is(repository, capsys):
    registry = repository / "graphs/registry.py"
    registry.write_text(registry.read_text().replace('family="rules"', 'family="unknown"'))
    assert run(["eval", "desk", "--version-label", "main"]) == 0
    (repository / "graphs/desk.py").write_text(GRAPH.replace("WORD", "refund 1"))
    mount(repository.parent)  # the next command of a terminal reads the files again
    assert run(["eval", "desk", "--version-label", "branch"]) == 0
    capsys.readouterr()
    assert run(["gate", "desk@main", "desk@branch"]) == 1
    assert "decided on these runs alone: main and branch were recorded under labels" in capsys.readouterr().out
    assert run(["gate", "desk@main", "desk@branch", "--confirm"]) == 3
    assert "cannot be confirmed" in capsys.readouterr().err
