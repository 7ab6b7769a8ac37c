"""Forty secrets in answers, reasons, exceptions, prints and the environment: no byte that leaves a project holds one."""

import json
import sys
import warnings

import pyarrow.parquet as pq
import pytest

from seatrial import Score
from seatrial.canonical import canonical_json, short_hash
from seatrial.cli.app import run
from seatrial.dataset import Example
from seatrial.graph.target import callable_target
from seatrial.pytest_plugin import pytest_warning_recorded
from seatrial.runner import RunPlan
from seatrial.runner import run as run_plan
from seatrial.scoring import bind

from .planted import ENVIRONMENT, TEXTS, needles

REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

VERSIONS = (Version("v1"), Version("v2", {"style": "new"}))
GRAPHS = fleet(GraphSpec("desk", module="graphs.desk", family="rules", versions=VERSIONS, current="v1"))
"""
GRAPH = """
import json
import os
import sys
import warnings
from pathlib import Path
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

TEXTS = json.loads(Path(os.environ["PLANTED"]).read_text())


class State(TypedDict, total=False):
    n: int
    answer: str
    nested: dict


def build(style="old"):
    def answer(state):
        text = TEXTS[state["n"] % len(TEXTS)]
        print("heard", text)
        print("seen", text, file=sys.stderr)
        if style == "new" and state["n"] % 2:
            raise KeyError(f"cannot log in with {text} at all")
        return {"answer": f"the key is {text} as asked", "nested": {"list": [text], text: 1}}

    return StateGraph(State).add_node("answer", answer).add_edge(START, "answer").add_edge("answer", END)
"""
EVALUATORS = """
from seatrial import Score


def right(run, example):
    return Score("right", 1.0, f"the answer says {run.outputs['answer']!r}")


def broken(run, example):
    raise RuntimeError(f"no connection for {run.outputs['answer']}")


SUITES = {"desk": (right, broken)}
"""
POLICY = """
schema = "seatrial/policy/1"
[key.right]
primary = true
"""
SETTINGS = """
[tool.seatrial]
fleet = "one"
mlflow = "always"
segments = "datasets/segments.toml"
[[tool.seatrial.trial]]
graph = "desk"
baseline = "v1"
candidate = "v2"
policy = "gates/desk.toml"
"""
SEGMENTS = """
version = 1
[dimension.size]
field = "inputs.size"
values = ["low", "high"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    root = tmp_path / "project"
    for file, text in {
        "graphs/registry.py": REGISTRY,
        "graphs/desk.py": GRAPH,
        "evaluators/__init__.py": EVALUATORS,
        "gates/desk.toml": POLICY,
        "datasets/segments.toml": SEGMENTS,
        "pyproject.toml": SETTINGS,
        "datasets/desk/golden.jsonl": "".join(
            json.dumps({"id": f"e{n}", "inputs": {"n": n, "size": "low" if n % 3 else "high"}, "outputs": {}}) + "\n"
            for n in range(len(TEXTS))
        ),
    }.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    (tmp_path / "planted.json").write_text(json.dumps(TEXTS))
    monkeypatch.setenv("PLANTED", str(tmp_path / "planted.json"))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(root / "summary.md"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root}/mlflow.db")
    monkeypatch.chdir(root)
    yield root
    for module in [module for module in sys.modules if module.startswith("seatrial_project")]:
        del sys.modules[module]


def bytes_of(root):
    for file in sorted(root.rglob("*")):
        if file.is_file():
            yield str(file.relative_to(root)), file.read_bytes()
            if file.suffix == ".parquet":  # compressed
                table = pq.read_table(file)
                text = json.dumps([table.to_pydict(), str(table.schema.metadata)], default=str, ensure_ascii=False)
                yield f"{file.name} read", text.encode()


def holds(data, secret):
    """Whether a secret is in it: as it is, or as JSON, HTML or `repr` write it."""
    forms = {
        secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        secret.replace('"', "&#34;"),
        secret.replace('"', "&quot;"),
    }
    return any(form.encode() in data for form in forms)


def test_no_secret_leaves_a_project(project, capfd):
    assert len(needles()) >= 40
    reported = ""
    for command in (
        ["eval", "desk@v1"],
        ["trial"],
        ["trial", "--json", "--no-mlflow"],
        ["gate", "desk@v1", "desk@v2", "-o", "page.html", "-o", "page.md", "-o", "page.json", "-o", "page.xml"],
        ["gate", "desk@v1", "desk@v2", "--json", "-o", "bare.html", "--no-examples"],
        ["eval", "desk@v2", "--json"],
        ["report", "page.json"],
        ["slices", "desk@v1", "desk@v2"],
    ):
        code = run(command)
        assert code in (0, 1, 2)
        out = capfd.readouterr()
        assert "this is a bug in seatrial" not in out.err, out.err
        reported += f"\n$ {command}: {code}\n{out.out}\n{out.err}"
    (project / "said.txt").write_text(reported)
    names = {name.rpartition("/")[2] for name, _ in bytes_of(project)}
    assert {
        "page.html",
        "page.md",
        "page.json",
        "page.xml",
        "bare.html",
        "mlflow.db",
        "rows.jsonl",
        "summary.md",
    } <= names
    assert "evidence.parquet read" in names
    leaks = [
        (name, n, secret)
        for name, data in bytes_of(project)
        for n, secret in enumerate(needles())
        if holds(data, secret)
    ]
    assert leaks == []
    assert reported.count("<secret>") > 5


def test_hashes_and_scores_are_those_of_the_answers_as_they_were(tmp_path):
    key = TEXTS[len(ENVIRONMENT) + 2]
    plan = RunPlan("r", "g", "v1", "d", "h", (Example("e1", {"n": 1}, {"key": key}),), {"api_key": key})

    def right(run, example):
        return Score("right", float(run.outputs["key"] == example.outputs["key"]), f"got {run.outputs['key']}")

    def go(**options):
        return run_plan(
            plan, callable_target(lambda _: {"key": key}), (bind(right),), lambda _: {}, tmp_path, **options
        )

    assert go().rows["scored"] == 1
    assert go(resume=True).complete  # its run.json holds no key, and is still that of this run
    row = json.loads((tmp_path / "rows.jsonl").read_text())
    assert row["outputs"] == {"key": "<secret>"}
    assert row["results"] == {"right": [["right", 1.0, "got <secret>"]]}
    assert row["output_hash"] == short_hash(canonical_json({"key": key}).encode())
    evidence = pq.read_table(tmp_path / "evidence.parquet").to_pylist()
    assert [(one["score"], one["reason"], one["output_hash"]) for one in evidence] == [
        (1.0, "got <secret>", row["output_hash"])
    ]
    assert key not in (tmp_path / "run.json").read_text()


def test_pytest_shows_a_warning_of_a_graph_without_the_key_in_it(monkeypatch):
    monkeypatch.setenv("PLANTED_PASSWORD", "Tr0ub4dor-and-3")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warnings.warn("login with Tr0ub4dor-and-3 was refused", stacklevel=1)
    pytest_warning_recorded(found[0])
    assert str(found[0].message) == "login with <secret> was refused"
