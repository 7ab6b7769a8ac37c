"""Somebody else's LangGraph project: mounted where it lies, drafted from its examples, run twice, and gated."""

import ast
import json
import subprocess
import sys
import tomllib
from datetime import UTC, datetime

import pytest

from seatrial.cli.app import run
from seatrial.dataset.contract import Contract
from seatrial.dataset.draft import draft_contract
from seatrial.errors import ConfigError
from seatrial.graph.runtime import Runtime
from seatrial.graph.spec import GraphSpec
from seatrial.project import open_project
from seatrial.project.draft import packages
from seatrial.project.foreign import SEARCH, load_graph
from seatrial.project.langgraph_json import read_langgraph_json
from seatrial.segment import parse
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.trial.against_baseline import renew
from seatrial.trial.inspect_graph import missing_key

UTILS = """
def desk_of(message):
    return "refund" if "refund" in message else "other"
"""
GRAPH = """
from __future__ import annotations

from collections import Counter
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

from PACKAGE.utils import desk_of

ASKED = Counter()
print("a foreign module talks while it is loaded")


class State(TypedDict, total=False):
    message: str
    tier: str
    desk: str


def answer(state: State) -> State:
    return {"desk": desk_of(state["message"])}


def toss(state: State) -> State:
    # Messages that end in 7 are answered in turns: 6 of 60, in every second call the other way.
    message = state["message"]
    ASKED[message] += 1
    return {"desk": "refund" if message.endswith("7") and ASKED[message] % 2 else desk_of(message)}


def crash(state: State) -> State:
    raise RuntimeError("the model said: set PLANTED_API_KEY first")


def of(node):
    return StateGraph(State).add_node("node", node).add_edge(START, "node").add_edge("node", END)


builder = of(answer)
graph = builder.compile()
coin = of(toss).compile()
keyless = of(crash).compile()


def make(config):
    assert config == {"configurable": {}}
    return builder


async def later():
    return graph


def configured(config):
    def node(state: State) -> State:
        return {"desk": config["configurable"].get("desk", "nobody")}

    return of(node)


def two(config, more):
    return graph


def nothing():
    return None
"""
FILES = {
    "relative.py": "from .graph import graph\n",
    "broken.py": "import nowhere_to_be_found\n",
    "keyed.py": "import os\n\nos.environ['PLANTED_API_KEY']\n",
}


@pytest.fixture
def foreign(tmp_path, monkeypatch, request):
    """A project in src layout with absolute imports of its own; a package of its own name a test, and nothing stays."""
    package = f"agent_{request.node.name.partition('[')[0]}"[:60]
    code = tmp_path / "app" / "src" / package
    code.mkdir(parents=True)
    (code / "__init__.py").write_text("")
    (code / "utils.py").write_text(UTILS)
    (code / "graph.py").write_text(GRAPH.replace("PACKAGE", package))
    for name, text in FILES.items():
        (code / name).write_text(text)
    monkeypatch.chdir(tmp_path / "app")
    monkeypatch.delenv("PLANTED_API_KEY", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    before = set(sys.modules)
    yield tmp_path / "app"
    SEARCH.folders.clear()
    if SEARCH in sys.meta_path:
        sys.meta_path.remove(SEARCH)
    for name in set(sys.modules) - before:
        if name.startswith((package, "seatrial_foreign_")):
            del sys.modules[name]


def declare(foreign, **graphs):
    """Write langgraph.json; a graph is named by what stands behind `graph.py:`, or by file and attribute."""
    (package,) = (foreign / "src").iterdir()
    paths = {name: f"./src/{package.name}/{at if ':' in at else f'graph.py:{at}'}" for name, at in graphs.items()}
    file = foreign / "langgraph.json"
    file.write_text(json.dumps({"dependencies": ["."], "graphs": paths, "env": ".env"}))
    (foreign / ".env").write_text("PLANTED_API_KEY=planted-secret\n")
    return file


def rows(n=60):
    return [
        {
            "inputs": {
                "message": f"a refund for {i + 1}" if i % 2 else f"hello {i + 1}",
                "tier": "pro" if i % 3 else "free",
            },
            "outputs": {"desk": "refund" if i % 2 else "other"},
            "metadata": {"lang": "de" if i % 4 else "en", "dataset_split": ["base"]},
            "created_at": "2026-11-01T00:00:00Z",
        }
        for i in range(n)
    ]


def write(foreign, examples, name="examples.jsonl"):
    (foreign / name).write_text("".join(json.dumps(row) + "\n" for row in examples))
    return name


def init(*arguments):
    return run(["init", "--langgraph", "langgraph.json", *arguments])


def reported(capsys):
    return json.loads(capsys.readouterr().out)


def test_a_foreign_project_is_mounted_run_twice_and_gated(foreign, capsys):
    declare(foreign, agent="graph")
    theirs = {path: path.read_bytes() for path in foreign.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    paths = list(sys.path)
    assert init("--examples", write(foreign, rows()), "--json") == 0
    (graph,) = reported(capsys)["graphs"]
    assert (graph["a_a"]["verdict"], graph["a_a"]["unchanged"], graph["a_a"]["churn"]) == ("pass", True, {"desk": 0.0})
    assert graph["a_a"]["scores"] == {"desk": 1.0}
    assert {row["segment"]: row["n"] for row in graph["detects"]} == {"overall": 60, "tier=free": 20, "tier=pro": 40}
    assert 0.1 < graph["detects"][0]["drop"] < 0.3
    assert not any(row["critical"] for row in graph["detects"])
    # 60 examples at churn .05 rule 10 points out: what has to be shown of all examples, and of no segment that is not critical
    assert [(row["rules_out"], row["to_show"]) for row in graph["detects"]] == [
        (0.1, clusters_to_rule_out(0.1, 0.05)),
        (0.0, None),
        (0.0, None),
    ]
    assert theirs == {path: path.read_bytes() for path in theirs}
    assert sys.path == paths
    assert run(["fleet", "check"]) == 0
    assert "✓ agent: 1 version, 60 examples, 1 evaluator" in capsys.readouterr().out
    assert run(["eval", "agent@0", "--limit", "2"]) == 0
    project = open_project(foreign)
    (row,) = project.settings.trial
    renew(project, row, today=datetime.now(UTC).date(), author="ada", reason="the first")
    gate = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "gates/merge.toml"]
    done = subprocess.run(gate, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout  # three rows and their verdict


def test_every_shape_of_graph_that_langgraph_takes_is_taken(foreign):
    reported = read_langgraph_json(
        declare(
            foreign, compiled="graph", uncompiled="builder", factory="make", later="later", relative="relative.py:graph"
        )
    )
    for one in reported.graphs:
        graph = load_graph(one.source, one.attribute, search=reported.search)
        assert graph.invoke({"message": "a refund"})["desk"] == "refund", one.name


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        ("nothing", "is a NoneType; a graph is a compiled graph, a StateGraph, or a function that makes one"),
        ("two", "asks for config, more; a function that makes a graph takes nothing, or a config"),
        ("absent", "has no 'absent'"),
    ],
)
def test_what_is_no_graph_is_a_sentence(foreign, attribute, words):
    reported = read_langgraph_json(declare(foreign, agent=attribute))
    with pytest.raises(ConfigError, match=words):
        load_graph(reported.graphs[0].source, attribute, search=reported.search)


def test_a_broken_graph_breaks_only_its_own_id_and_the_exit_code(foreign, capsys):
    declare(foreign, agent="graph", broken="broken.py:graph")
    assert init("--into", "evals") == 2
    out = capsys.readouterr().out
    assert "✕ broken: it cannot be loaded: ModuleNotFoundError: No module named 'nowhere_to_be_found'" in out
    assert "a foreign module talks" not in out
    project = open_project(foreign / "evals")
    assert project.runtime.compiled("agent").graph.invoke({"message": "hello"})["desk"] == "other"
    with pytest.raises(ConfigError, match=r"graph 'broken' .* cannot be built: .*nowhere_to_be_found"):
        project.runtime.compiled("broken")


def test_any_name_is_accepted_and_one_unusable_graph_refuses_no_other(foreign, capsys):
    declare(
        foreign, **{"my agent": "graph", "my-agent": "graph", "in TypeScript": "agent.ts:graph", "gone": "gone.py:g"}
    )
    assert init("--examples", f"my agent={write(foreign, rows(20))}", "--no-run", "--json") == 2
    found = {one["graph"]: one["problem"] for one in reported(capsys)["graphs"]}
    assert list(found) == ["my-agent", "my-agent-2", "in TypeScript", "gone"]
    assert "no Python file; seatrial runs graphs written in Python; it was left out" in found["in TypeScript"]
    assert "gone.py does not exist in" in found["gone"]
    assert run(["fleet", "list"]) == 0
    assert "my-agent-2" in capsys.readouterr().out


def test_force_drafts_a_project_again_over_its_own_files(foreign, capsys):
    declare(foreign, agent="graph")
    assert init("--no-run") == 0
    (foreign / "gates" / "merge.toml").write_text("# mine")
    capsys.readouterr()
    assert init("--no-run") == 3
    assert "--force, which writes over the files that are there" in capsys.readouterr().err
    settings = (foreign / "pyproject.toml").read_bytes()
    assert init("--no-run", "--force", "--examples", write(foreign, rows(20))) == 0
    assert "key.desk" in (foreign / "gates" / "merge.toml").read_text()
    assert (foreign / "pyproject.toml").read_bytes() == settings


@pytest.mark.parametrize("graph", ["keyed.py:graph", "keyless"])
def test_a_missing_key_is_named_and_costs_the_run_only(foreign, capsys, graph):
    declare(foreign, agent=graph)
    assert init("--examples", write(foreign, rows())) == 0
    out = capsys.readouterr().out
    assert "agent needs PLANTED_API_KEY, which is not set, so the A/A run was left out" in out
    assert "env (.env) was not read" in out
    assert "export PLANTED_API_KEY=... && seatrial flaky agent --repeat 2" in out
    assert "planted-secret" not in out
    assert not (foreign / ".seatrial").exists()
    assert (foreign / "graphs/agent/contract.py").is_file()


def test_a_key_that_is_set_is_not_missing():
    assert missing_key("the OPENAI_API_KEY environment variable", {}) == "OPENAI_API_KEY"
    assert missing_key("the OPENAI_API_KEY environment variable", {"OPENAI_API_KEY": "x"}) == ""
    assert missing_key("Could not resolve authentication method.", {}) == "ANTHROPIC_API_KEY"
    assert missing_key("KeyError: 'MONKEY'", {}) == ""


def test_a_graph_that_crashes_everywhere_is_exit_2(foreign, capsys, monkeypatch):
    monkeypatch.setenv("PLANTED_API_KEY", "set")
    declare(foreign, agent="keyless")
    assert init("--examples", write(foreign, rows(8))) == 2
    assert (
        "✕ agent: none of 8 examples was answered and scored: RuntimeError: the model said" in capsys.readouterr().out
    )


@pytest.mark.parametrize(("n", "reported"), [(26, True), (27, False)])
def test_too_few_examples_to_pass_anything_are_told(foreign, capsys, n, reported):
    declare(foreign, agent="graph")
    assert init("--examples", write(foreign, rows(n)), "--no-run") == 0
    assert ("under 27 examples the gate can stop a change and cannot pass one" in capsys.readouterr().out) == reported


def test_a_graph_that_contradicts_itself_is_measured_and_its_policy_knows(foreign, capsys):
    declare(foreign, agent="coin")
    assert init("--examples", write(foreign, rows()), "--json") == 0
    (graph,) = reported(capsys)["graphs"]
    assert graph["a_a"]["churn"] == {"desk": pytest.approx(6 / 60)}
    assert graph["a_a"]["verdict"] == "pass"
    policy = tomllib.loads((foreign / "gates/merge.toml").read_text())
    assert policy["mode"] == "observe"
    assert policy["churn"] == 0.1
    assert graph["detects"][0]["drop"] > 0.2


def test_without_examples_two_rows_are_drafted_from_the_schema(foreign, capsys):
    declare(foreign, agent="graph")
    assert init() == 0
    out = capsys.readouterr().out
    assert "finish datasets/agent/golden.jsonl.example and call it golden.jsonl" in out
    assert "--examples agent=FILE" in out
    lines = (foreign / "datasets/agent/golden.jsonl.example").read_text().splitlines()
    assert len(lines) == 2
    assert set(json.loads(lines[0])["inputs"]) == {"message", "tier", "desk"}
    # finished, it is a project
    (foreign / "datasets/agent/golden.jsonl").write_text('{"inputs": {"message": "a refund"}}\n')
    assert run(["fleet", "check"]) == 0


def test_nothing_is_written_over_and_nothing_by_half(foreign, capsys):
    declare(foreign, agent="graph")
    (foreign / "gates").mkdir()
    (foreign / "gates/merge.toml").write_text("mine")
    assert init() == 3
    err = capsys.readouterr().err
    assert "already has gates/merge.toml; nothing was written" in err
    assert "--into evals" in err
    assert not (foreign / "graphs").exists()
    assert not (foreign / "pyproject.toml").exists()


def test_a_pyproject_is_appended_to_only_when_asked(foreign, capsys):
    declare(foreign, agent="graph")
    file = foreign / "pyproject.toml"
    mine = '[project]\nname = "theirs"\n'
    file.write_text(mine)
    assert init("--examples", write(foreign, rows()), "--no-run") == 0
    assert "    [[tool.seatrial.trial]]" in capsys.readouterr().out
    assert file.read_text() == mine
    assert init("--into", "evals", "--no-run") == 0
    for name in ("graphs", "datasets", "evaluators", "gates"):
        (foreign / name).rename(foreign / f"old_{name}")
    assert init("--examples", "examples.jsonl", "--no-run", "--append") == 0
    assert "put [tool.seatrial] at the end of pyproject.toml" in capsys.readouterr().out
    assert file.read_text().startswith(mine)
    assert tomllib.loads(file.read_text())["tool"]["seatrial"]["trial"][0]["baseline"] == "0"
    assert run(["fleet", "check"]) == 0
    assert init("--append") == 3
    assert "has a [tool.seatrial] table already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON: Expecting property name"),
        ('{\n  // the graphs\n  "graphs": {}\n}', "JSON has no comments, take this one out"),
        ("[]", "is no JSON object"),
        ("", "is not JSON"),
        ('{"graphs": {}}', "names no graph"),
        ('{"graphs": {"agent": "./src/none.py:graph"}}', "./src/none.py does not exist in"),
        ('{"graphs": {"agent": "./src/agent.ts:graph"}}', "which is no Python file"),
        ('{"graphs": {"agent": "./src/graph.py"}}', "write it as"),
        ('{"graphs": {"agent": 7}}', "write it as"),
        ('{"graphs": {"../up": "./x.py:graph"}}', "./x.py does not exist in"),
        ('{"graphs": {"agent": "a.b:graph"}, "dependencies": "."}', "dependencies is a list"),
    ],
)
def test_a_wrong_langgraph_json_is_a_sentence_and_nothing_is_written(foreign, capsys, text, words):
    (foreign / "langgraph.json").write_text(text)
    before = sorted(foreign.rglob("*"))
    assert init() == 3
    assert words in capsys.readouterr().err
    assert sorted(foreign.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["--examples", "absent.jsonl"], "there is no dataset at absent.jsonl", 2),
        (["--examples", "other=examples.jsonl"], "has no graph 'other'; it has: agent", 3),
        (["--examples", "wrong.jsonl"], "has the unknown field 'question'", 2),
        (["evals"], "the folder is named by --into evals", 3),
        (["--into", "wrong.jsonl"], "is a file; name a folder", 3),
    ],
)
def test_a_users_mistake_is_a_sentence_and_nothing_is_written(foreign, capsys, arguments, words, code):
    declare(foreign, agent="graph")
    write(foreign, rows(3))
    write(foreign, [{"question": "x"}], "wrong.jsonl")
    assert init(*arguments) == code
    assert words in capsys.readouterr().err
    assert not (foreign / "graphs").exists()


def test_options_of_langgraph_go_with_it(capsys):
    assert run(["init", "--append"]) == 3
    assert "--append goes with --langgraph FILE" in capsys.readouterr().err


def test_a_data_folder_beside_the_code_is_no_package(foreign):
    (foreign / "datasets").mkdir()
    (foreign / "plain").mkdir()
    SEARCH.folders.append(str(foreign))
    assert SEARCH.find_spec("datasets") is None
    assert SEARCH.find_spec("plain") is not None


def test_personal_data_is_warned_of_and_stays_out_of_what_is_drafted(foreign, capsys):
    declare(foreign, agent="graph")
    real = [row | {"metadata": {"owner": f"ada{i % 2}@gmail.com"}} for i, row in enumerate(rows())]
    for row in real:
        row["inputs"]["reply_to"] = "grace@gmail.com"
    assert init("--examples", write(foreign, real), "--no-run") == 0
    out = capsys.readouterr().out
    assert "personal data in its examples: 120 × email, the first in line 1 (g***m)" in out
    assert "left out  field metadata.owner (<email> 60): its values are personal data" in out
    drafted = [file for file in foreign.rglob("*") if file.suffix in (".py", ".toml")]
    assert [file for file in drafted if "gmail" in file.read_text()] == []


def drafted(inputs, outputs=(), **schemas):
    """The models of a draft, and its text."""
    text = draft_contract("x", inputs, outputs, **schemas)
    names: dict[str, object] = {"__name__": "drafted"}
    exec(compile(ast.parse(text), "drafted", "exec"), names)
    return Contract(names["Input"], names["Output"]), text


def test_a_draft_accepts_every_example_it_was_drawn_from_and_marks_what_is_open():
    inputs = [
        {"n": 1, "mixed": "a", "opt": None, "class": "x", "schema": 1, "deep": {"a": [1, 2.5], "b": {}}, "one": "same"},
        {"n": 2, "mixed": 3, "opt": "b", "class": "y", "schema": 2, "deep": {"a": [], "b": {"q": 1}}, "one": "same"},
        {
            "n": 3,
            "mixed": True,
            "opt": "c",
            "class": "z",
            "schema": 3,
            "deep": {"a": [3], "b": {}},
            "one": "same",
            "new": 1,
        },
    ]
    contract, text = drafted(inputs, [{"y": None}], input_schema={"properties": {"n": {"type": "string"}, "q": {}}})
    assert [contract.breaches(row, {"y": None}) for row in inputs] == [(), (), ()]
    marks = {
        line.split(":")[0].strip(): line.partition("# FINISH: ")[2] for line in text.splitlines() if " # FINISH" in line
    }
    assert marks["n"] == "the graph's input schema says string"
    assert marks["mixed"].startswith("seen as bool (1), int (1), str (1)")
    assert marks["opt"].startswith("null in 1 of 3")
    assert marks["one"].startswith("only one value was seen: 'same'")
    assert marks["new"].startswith("absent in 2 of 3")
    assert marks["y"] == "only null was seen"
    assert "# In the graph's input schema and in no example: q" in text
    # and it is a contract: what is unknown or of another type breaks it
    assert contract.breaches(inputs[0] | {"typo": 1}, None)
    assert contract.breaches(inputs[0] | {"n": "one"}, None)


def test_two_graphs_share_a_dimension_that_stands_in_the_same_place(foreign, capsys):
    declare(foreign, agent="graph", other="builder")
    tagged = [row | {"tags": [f"tier:{'a' if i % 2 else 'b'}"], "metadata": {}} for i, row in enumerate(rows())]
    arguments = (
        "--examples",
        f"agent={write(foreign, rows())}",
        "--examples",
        f"other={write(foreign, tagged, 't.jsonl')}",
    )
    assert init(*arguments, "--no-run", "--json") == 0
    found = {
        one["graph"]: [s["dimension"] for s in one["segments"] if s["dimension"]] for one in reported(capsys)["graphs"]
    }
    assert found["agent"] == ["tier"]
    assert found["other"] == ["other_tier", "tier"]
    dimensions = {one.name: one for one in parse((foreign / "datasets/segments.toml").read_text())}
    assert dimensions["tier"].graphs == ("agent", "other")
    assert dimensions["other_tier"].tag == "tier"
    assert all(not one.critical for one in dimensions.values())


def test_folders_of_graphs_can_be_imported_and_are_their_own():
    assert packages(["a-b", "a_b", "registry", "7th", "class"]) == {
        "a-b": "a_b",
        "a_b": "a_b_",
        "registry": "graph_registry",
        "7th": "graph_7th",
        "class": "graph_class",
    }


def test_a_runtime_says_our_own_sentence_without_its_type():
    def load(name):
        raise ConfigError("the file is gone")

    with pytest.raises(ConfigError, match="cannot be imported: the file is gone"):
        Runtime((GraphSpec("a", module="m"),), load).compiled("a")


CONTEXTUAL = """
from dataclasses import dataclass
from typing import TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime


@dataclass
class Context:
    REQUIRED
    tone: str = "plain"


class State(TypedDict, total=False):
    message: str
    desk: str


def answer(state: State, runtime: Runtime[Context]) -> State:
    runtime.store.put(("seen",), "1", {"message": state["message"]})
    return {"desk": runtime.context.tone}


graph = StateGraph(State, context_schema=Context).add_node("node", answer).add_edge(START, "node").compile()
"""


def contextual(foreign, required):
    (package,) = (foreign / "src").iterdir()
    (package / "contextual.py").write_text(CONTEXTUAL.replace("REQUIRED", required))
    declare(foreign, agent="contextual.py:graph")
    return write(foreign, [{**row, "outputs": {"desk": "plain"}} for row in rows()])


def test_a_graph_that_reads_its_context_and_a_store_runs_with_its_defaults(foreign, capsys):
    assert init("--examples", contextual(foreign, "limit: int = 3"), "--json") == 0
    (graph,) = reported(capsys)["graphs"]
    assert (graph["a_a"]["scores"], graph["a_a"]["failures"]) == ({"desk": 1.0}, 0)
    assert graph["context"] == [
        {"name": "limit", "type": "int", "required": False, "default": "3"},
        {"name": "tone", "type": "str", "required": False, "default": '"plain"'},
    ]
    assert '            # "tone": "plain",  # str\n' in (foreign / "graphs/registry.py").read_text()


def test_a_context_that_must_be_given_is_shown_and_marked_and_never_made_up(foreign, capsys):
    assert init("--examples", contextual(foreign, "user_id: str")) == 2
    out = capsys.readouterr().out
    assert '  context   must be given: user_id; has tone="plain"; give values in graphs/registry.py' in out
    assert "its context needs user_id; give it as context={'user_id': ...} of GraphSpec or Version" in out
    assert '            # FINISH: "user_id": ...,  # str\n' in (foreign / "graphs/registry.py").read_text()
    assert not (foreign / ".seatrial/runs").exists()


def test_a_function_that_makes_a_graph_is_called_per_version_with_its_configurable(foreign):
    declare(foreign, agent="configured")
    assert init("--examples", write(foreign, rows()), "--no-run") == 0
    registry = foreign / "graphs/registry.py"
    version = 'Version("0"), Version("1", configurable={"desk": "refund"}), Version("2", context={"desk": "other"})'
    registry.write_text(registry.read_text().replace('Version("0")', version))
    del sys.modules["seatrial_project.graphs.registry"]
    runtime = open_project(foreign).runtime
    desks = [runtime.compiled("agent", name).graph.invoke({"message": "hello"})["desk"] for name in ("0", "1", "2")]
    assert desks == ["nobody", "refund", "other"]
