"""The main job on a small project of its own: a graph that greets, two versions, one of them rude to enterprise users."""

import datetime as dt
import json
import re
import sys
from pathlib import Path

import pytest

import seatrial.cli.trial as trial_verb
from seatrial.cli.app import run

REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

GRAPHS = fleet(
    GraphSpec(
        "greeter",
        module="graphs.greeter",
        family="rules",
        versions=(
            Version("v1"),
            Version("v2", {"style": "short"}),
            Version("v3", {"style": "rude"}),
            Version("same", {"style": "long"}),
            Version("crash", {"style": "crash"}),
            Version("hang", {"style": "hang"}),
            Version("stop", {"style": "stop"}),
            Version("shut", {"style": "shut"}),
            Version("leave", {"style": "leave"}),
        ),
        current="v1",
    ),
    GraphSpec("broken", module="graphs.broken"),
)
"""
GREETER = """
import os
import signal
import sys
import time
from pathlib import Path
from typing import TypedDict

from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    name: str
    tier: str
    greeting: str


def build(style="long"):
    def greet(state: State) -> State:
        print("greeting", state["name"])
        if style == "crash" and state["name"].endswith("7"):
            raise RuntimeError("no words for " + state["name"])
        if style == "hang" and state["name"] == "guest 3":
            time.sleep(30)
        if style == "stop" and state["name"] == "guest 50" and not Path("go_on").exists():
            os.kill(os.getpid(), signal.SIGINT)  # Ctrl-C at the terminal
            time.sleep(0.2)
        if style == "shut":
            sys.stdout.close()
        if style == "leave" and state["name"] == "guest 5":
            raise BaseException("enough")
        if style == "rude" and state["tier"] == "enterprise" and int(state["name"].split()[1]) % 2:
            return {"greeting": "What?"}
        return {"greeting": ("Hello " if style == "short" else "Good morning, ") + state["name"]}

    graph = StateGraph(State)
    graph.add_node("greet", greet)
    graph.add_edge(START, "greet")
    graph.add_edge("greet", END)
    return graph
"""
EVALUATORS = """
from seatrial.scoring import Score


def polite(run, example):
    named = run.outputs["greeting"].endswith(example.inputs["name"])
    return Score("polite", named, "names the guest" if named else "does not name the guest")


SUITES = {"greeter": (polite,)}
"""
PYPROJECT = """
[tool.seatrial]
fleet = "hotel"
mlflow = "never"
segments = "datasets/segments.toml"

[[tool.seatrial.trial]]
graph = "greeter"
baseline = "v1"
candidate = "{candidate}"
policy = "gates/merge.toml"
expect = "{expect}"
expect_segments = {segments}
"""
SEGMENTS = """
version = 1
[dimension.tier]
field = "inputs.tier"
values = ["free", "enterprise"]
critical = ["enterprise"]
"""
POLICY = """
schema = "seatrial/policy/1"
owner = "front-desk"
mode = "{mode}"
[key.polite]
primary = true
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write the project and stand in it; returns a function that writes its trial row and policy mode."""
    for folder in ("graphs", "evaluators", "datasets/greeter", "gates"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "graphs/registry.py").write_text(REGISTRY)
    (tmp_path / "graphs/greeter.py").write_text(GREETER)
    (tmp_path / "graphs/broken.py").write_text("import a_package_nobody_has\n")
    (tmp_path / "evaluators/__init__.py").write_text(EVALUATORS)
    (tmp_path / "datasets/segments.toml").write_text(SEGMENTS)
    examples = [
        {"id": f"g{i:03}", "inputs": {"name": f"guest {i}", "tier": "enterprise" if i % 2 else "free"}}
        for i in range(120)
    ]
    (tmp_path / "datasets/greeter/golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in examples))

    def write(candidate="v2", expect="pass", segments=(), mode="block"):
        (tmp_path / "pyproject.toml").write_text(
            PYPROJECT.format(candidate=candidate, expect=expect, segments=json.dumps(list(segments)))
        )
        (tmp_path / "gates/merge.toml").write_text(POLICY.format(mode=mode))
        return tmp_path

    write()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return write


def forget() -> None:
    """What a new process knows of the project: nothing."""
    for name in [name for name in sys.modules if name.startswith("seatrial_project")]:
        del sys.modules[name]


def only_run(root: Path, version: str) -> dict:
    (folder,) = root.glob(f".seatrial/runs/*-greeter-{version}-*")
    return json.loads((folder / "run.json").read_text())


def test_a_good_upgrade_ships_and_leaves_its_reports(project, capsys):
    root = project()
    code = run(["trial"])
    out = capsys.readouterr().out
    assert code == 0
    assert out.startswith("✓ PASS  greeter v1 → v2   exit 0\n")
    (folder,) = (path for path in (root / "reports").iterdir())
    assert sorted(path.name for path in folder.iterdir()) == [
        "greeter.html",
        "greeter.json",
        "greeter.md",
        "greeter.txt",
        "greeter.xml",
    ]
    assert json.loads((folder / "greeter.json").read_text())["verdict"] == "pass"
    assert "greeting guest" not in out, "what a graph prints stays in its rows"


def test_a_bad_upgrade_is_stopped_and_its_segment_named(project, capsys):
    project("v3", "fail", ["tier=enterprise"])
    assert run(["trial"]) == 1
    assert run(["trial", "--check-expect"]) == 0
    out = capsys.readouterr().out
    assert "one critical: enterprise −100.0 points" in out
    assert "every verdict is as expected" in out


@pytest.mark.parametrize(
    ("candidate", "expect", "segments", "reported"),
    [
        ("v2", "fail", [], "expected fail, got pass"),
        ("v3", "pass", [], "expected pass, got fail"),
        ("v3", "fail", ["tier=free"], "expected tier=free among the failing segments, found overall, tier=enterprise"),
    ],
)
def test_check_expect_fails_on_any_surprise(project, capsys, candidate, expect, segments, reported):
    project(candidate, expect, segments)
    assert run(["trial", "--check-expect"]) == 1
    assert reported in capsys.readouterr().out


def test_observe_mode_shows_the_verdict_and_exits_0(project, capsys):
    project("v3", mode="observe")
    assert run(["trial"]) == 0
    assert "✕ WOULD BLOCK" in capsys.readouterr().out


def test_trial_json_is_one_document_on_stdout(project, capsys):
    project("v3", "fail")
    assert run(["trial", "--json", "--check-expect"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["schema"] == "seatrial/trial/1"
    assert [(row["graph"], row["as_expected"], row["report"]["verdict"]) for row in reported["trials"]] == [
        ("greeter", True, "fail")
    ]


def test_an_unchanged_graph_passes_as_unchanged(project, capsys):
    project("same")
    assert run(["trial"]) == 0
    assert "Unchanged: outputs identical on all 120 examples." in capsys.readouterr().out


def test_a_crashing_candidate_is_scored_not_dropped(project, capsys):
    root = project("crash")
    assert run(["trial"]) == 1
    # names ending in 7: 7, 17, ... 117 are 12 of 120, and all of them odd, so enterprise
    assert only_run(root, "crash")["rows"]["target_error"] == 12
    assert (
        "12 scored lower, 0 higher"
        in json.loads((next((root / "reports").iterdir()) / "greeter.json").read_text())["reason"]
    )
    assert capsys.readouterr().out.startswith("✕ BLOCKED")


def test_a_hanging_run_is_a_timeout_and_nothing_else_is_lost(project):
    root = project()
    assert run(["eval", "greeter@hang", "--timeout", "0.5"]) == 0
    rows = only_run(root, "hang")["rows"]
    assert (rows["scored"], rows["target_error"]) == (119, 1)


def test_gate_on_two_runs_uses_the_trial_rows_policy(project, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    project("v3", mode="warn")
    assert [run(["eval", f"greeter@{version}"]) for version in ("v1", "v3")] == [0, 0]
    capsys.readouterr()
    assert run(["gate", "greeter@v1", "greeter@v3", "--json"]) == 0, "warn shows and does not act"
    shown = capsys.readouterr()
    assert json.loads(shown.out)["verdict"] == "fail"
    assert shown.err.startswith("::warning title=seatrial gate::fail")


def test_two_runs_of_one_version_are_told_apart_by_their_names(project, capsys):
    root = project()
    run(["eval", "greeter@v1"])
    run(["eval", "greeter@v1"])
    runs = sorted(path.name for path in (root / ".seatrial/runs").iterdir())
    capsys.readouterr()
    assert run(["gate", *runs]) == 0
    assert f"{runs[0]} → {runs[1]}" in capsys.readouterr().out


def test_a_limited_run_is_not_taken_for_the_latest_complete_one(project, capsys):
    root = project()
    run(["eval", "greeter@v1"])
    run(["eval", "greeter@v1", "--limit", "5"])
    run(["eval", "greeter@v2"])
    summaries = [json.loads(path.read_text()) for path in root.glob(".seatrial/runs/*/run.json")]
    (limited,) = [reported["run_id"] for reported in summaries if reported["limit"] == 5]
    capsys.readouterr()
    assert run(["gate", "greeter@v1", "greeter@v2", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert (counts["planned"], counts["scored"]) == (240, 240)
    # asked for by its id it is compared, and 115 examples that the candidate never ran are no pass
    assert run(["gate", "greeter@v2", limited, "--json"]) == 2
    reported = json.loads(capsys.readouterr().out)
    assert (reported["verdict"], reported["counts"]["scored"]) == ("inconclusive", 125)


def test_compare_shows_a_drop_and_exits_0(project, capsys):
    project("v3")
    run(["trial"])
    capsys.readouterr()
    assert run(["compare", "greeter@v1", "greeter@v3"]) == 0
    assert "shown, not acted on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["eval", "nobody"], "graph 'nobody' is unknown; the registry has: greeter, broken"),
        (["eval", "greeter@v9"], "has no version 'v9'; it has: v1, v2, v3, same, crash, hang"),
        (["eval", "broken"], "SUITES names no evaluator for graph 'broken'"),
        (["eval", "greeter", "--resume", "never"], "no run is called 'never'"),
        (["eval", "greeter", "--retry-errors"], "--retry-errors goes with --resume"),
        (["trial", "nobody"], "a trial row of graph 'nobody' is unknown; choose one of: greeter"),
        (["gate", "greeter@v1", "greeter@v2"], "no finished run of greeter@v1 over its whole golden dataset yet"),
        (["gate", "greeter@v1"], "two versions of a graph (seatrial gate "),
        (["gate", "a", "b", "--critical", "tier"], "--critical goes with files of results"),
    ],
)
def test_a_users_mistake_is_a_sentence_and_exit_3(project, capsys, arguments, reported):
    project()
    assert run(arguments) == 3
    shown = capsys.readouterr().err
    assert reported in shown
    assert "Traceback" not in shown


def test_fleet_check_names_the_broken_graph_and_checks_the_others(project, capsys):
    project()
    assert run(["fleet", "check"]) == 2
    out = capsys.readouterr().out
    assert "✓ greeter: 9 versions, 120 examples, 1 evaluator, segments: tier" in out
    assert "✕ broken: graph 'broken' (version '0', module 'graphs.broken') cannot be imported" in out
    assert "a_package_nobody_has" in out


def test_fleet_list_imports_no_graph(project, capsys):
    project()
    assert run(["fleet", "list"]) == 0
    assert "seatrial_project.graphs.broken" not in sys.modules
    assert "seatrial_project.graphs.greeter" not in sys.modules
    assert (
        capsys.readouterr()
        .out.splitlines()[0]
        .startswith(
            "greeter  [v1] v2 v3 same crash hang stop shut leave  graphs.greeter  family rules  feature greeter  owner unknown"
        )
    )


def test_mounting_leaves_the_import_path_alone(project):
    before = list(sys.path)
    project()
    run(["fleet", "list"])
    assert sys.path == before


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ('[tool.seatrial]\nflet = "x"\n', "'flet' is unknown; choose one of: fleet, registry, segments, store, trial"),
        ("[tool.seatrial]\nfleet = 3\n", "fleet: expected text, got 3"),
        ('[[tool.seatrial.trial]]\ngraph = "g"\nbaseline = "a"\n', "candidate is missing"),
        (
            '[[tool.seatrial.trial]]\ngraph = "g"\nbaseline = "a"\ncandidate = "b"\nexpect = "maybe"\n',
            "expect: 'maybe' is unknown; choose one of: pass, fail, inconclusive",
        ),
        (
            '[[tool.seatrial.trial]]\ngraph = "g"\nbaseline = "a"\ncandidate = "b"\nrepeat = 0\n',
            "repeat: expected a whole number of 1 or more",
        ),
        ("[tool.seatrial\n", "cannot be read"),
    ],
)
def test_a_wrong_pyproject_names_its_place(project, capsys, text, reported):
    root = project()
    (root / "pyproject.toml").write_text(text)
    assert run(["trial"]) == 3
    assert reported in capsys.readouterr().err


def test_outside_a_project_says_what_makes_one(tmp_path, monkeypatch, capsys):
    if any((folder / "pyproject.toml").exists() for folder in tmp_path.parents):
        pytest.skip("the temporary folder lies inside a project")
    monkeypatch.chdir(tmp_path)
    assert run(["trial"]) == 3
    assert "[tool.seatrial]" in capsys.readouterr().err


def test_a_read_only_reports_folder_is_a_sentence(project, capsys):
    root = project()
    (root / "reports").write_text("a file where a folder should be")
    assert run(["trial"]) == 3
    assert "reports cannot be written" in capsys.readouterr().err
    assert (root / ".seatrial/runs").exists(), "the evidence is there all the same"


def test_flaky_runs_a_version_against_itself(project, capsys):
    project()
    assert run(["flaky", "greeter@v1", "--repeat", "3", "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    (key,) = reported["keys"]
    assert (key["key"], key["repetitions"], key["proposed_churn"]) == ("polite", 3, 0.0)
    assert [(row["segment"], row["n"], row["churn"]) for row in key["segments"]] == [
        ("overall", 120, 0.0),
        ("tier=enterprise", 60, 0.0),
        ("tier=free", 60, 0.0),
    ]


def test_flaky_reads_a_run_that_has_repetitions(project, capsys):
    root = project()
    run(["eval", "greeter@v1"])
    name = only_run(root, "v1")["run_id"]
    assert run(["flaky", name]) == 2
    assert "a project: seatrial eval GRAPH --repeat 3" in capsys.readouterr().err


def test_a_run_that_has_gone_stale_is_refused_by_name_and_taken_by_id(project, capsys):
    root = project()
    run(["eval", "greeter@v1"])
    run(["eval", "greeter@v2"])
    registry = root / "graphs/registry.py"
    registry.write_text(registry.read_text().replace('{"style": "short"}', '{"style": "rude"}'))
    capsys.readouterr()
    forget()
    assert run(["gate", "greeter@v1", "greeter@v2"]) == 3
    assert "the registry's config of v2 changed" in capsys.readouterr().err
    assert run(["gate", "greeter@v1", only_run(root, "v2")["run_id"]]) == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "reported"),
    [
        ("datasets/greeter/golden.jsonl", "guest 7", "guest seven", "the dataset changed"),
        (
            "evaluators/__init__.py",
            "SUITES =",
            "polite.__seatrial__ = ('polite', '2', None)\nSUITES =",
            "the evaluators changed",
        ),
    ],
)
def test_other_data_or_other_evaluators_make_a_run_stale(project, capsys, file, old, new, reported):
    root = project()
    for version in ("v1", "v2"):
        run(["eval", f"greeter@{version}"])
    path = root / file
    path.write_text(path.read_text().replace(old, new))
    capsys.readouterr()
    forget()
    assert run(["gate", "greeter@v1", "greeter@v2"]) == 3
    assert reported in capsys.readouterr().err


def test_a_tuple_in_a_versions_config_is_the_list_that_run_json_holds(project):
    root = project()
    registry = root / "graphs/registry.py"
    registry.write_text(registry.read_text().replace('Version("v1")', 'Version("v1", {"tags": ("a", "b")})'))
    greeter = root / "graphs/greeter.py"
    greeter.write_text(greeter.read_text().replace('def build(style="long")', 'def build(style="long", tags=())'))
    forget()
    run(["eval", "greeter@v1"])
    run(["eval", "greeter@v2"])
    assert run(["gate", "greeter@v1", "greeter@v2"]) == 0


def test_a_plan_that_cannot_work_costs_no_run(project, capsys):
    root = project(candidate="v9")
    assert run(["trial"]) == 3
    assert "has no version 'v9'" in capsys.readouterr().out
    assert not (root / ".seatrial/runs").exists()


def test_a_key_nobody_gives_is_found_before_the_candidate_is_paid_for(project, capsys):
    root = project()
    (root / "gates/merge.toml").write_text(POLICY.format(mode="block").replace("key.polite", "key.rude"))
    assert run(["trial"]) == 3
    assert "key 'rude' gates but no evaluator gives it; the run holds: polite" in capsys.readouterr().out
    assert len(list(root.glob(".seatrial/runs/*"))) == 1


def test_a_suite_that_is_no_tuple_is_a_sentence(project, capsys):
    root = project()
    (root / "evaluators/__init__.py").write_text(EVALUATORS.replace("(polite,)", "(polite)"))
    assert run(["eval", "greeter"]) == 3
    assert 'SUITES["greeter"] is a function; a suite is a tuple' in capsys.readouterr().err


def test_eval_says_why_most_rows_failed(project, capsys):
    project()
    assert run(["eval", "greeter@crash"]) == 0
    out = capsys.readouterr().out
    assert "12 rows are system failures" in out
    assert "first cause  1 of 12 rows: RuntimeError: no words for guest" in out


def test_the_command_that_a_stopped_trial_names_goes_on_with_it_as_it_was_begun(project, capsys):
    folder = project(candidate="stop")
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace("expect =", "repeat = 2\nexpect ="))
    assert run(["trial"]) == 2
    reported = capsys.readouterr().out
    resume, gate = re.search(r"go on with seatrial (.+), then seatrial (gate .+)\n", reported).groups()
    (folder / "go_on").touch()
    assert run(resume.split()) == 0
    assert "240 of 240" in capsys.readouterr().out
    assert run(gate.split()) == 0
    assert "PASS  greeter v1 → stop" in capsys.readouterr().out


def test_two_states_of_the_code_are_held_against_each_other_by_label(project, capsys):
    project()
    for version, label in (("v1", "main"), ("v3", "branch")):
        assert run(["eval", f"greeter@{version}", "--version-label", label]) == 0
    capsys.readouterr()
    assert run(["gate", "greeter@main", "greeter@branch"]) == 1
    assert "BLOCKED  greeter main → branch" in capsys.readouterr().out


def test_a_run_is_gone_on_with_under_the_name_it_was_recorded_under(project, capsys):
    folder = project()
    assert run(["eval", "greeter@stop", "--repeat", "2", "--limit", "60", "--version-label", "abc1234"]) == 2
    (run_dir,) = (folder / ".seatrial/runs").iterdir()
    (folder / "go_on").touch()
    assert run(["eval", "greeter@stop", "--resume", run_dir.name]) == 0
    capsys.readouterr()
    assert run(["eval", "greeter@v2", "--resume", run_dir.name]) == 3
    assert f"{run_dir} cannot be resumed: its version_config was" in capsys.readouterr().err
    assert run(["eval", "broken", "--resume", run_dir.name]) == 3
    assert f"is a run of 'greeter': seatrial eval greeter --resume {run_dir.name}" in capsys.readouterr().err


def loosen(root):
    """The evaluator scores otherwise, under the same key and version."""
    file = root / "evaluators/__init__.py"
    text = file.read_text()
    file.write_text(text.replace("endswith(example.inputs", "startswith(example.inputs"))
    assert file.read_text() != text
    forget()


def test_runs_of_two_evaluators_are_not_compared_by_name_nor_by_id(project, capsys):
    root = project()
    assert run(["eval", "greeter@v1"]) == 0
    loosen(root)
    assert run(["eval", "greeter@v2"]) == 0
    capsys.readouterr()
    assert run(["gate", "greeter@v1", "greeter@v2"]) == 3
    assert "the evaluators changed (polite) since its latest run" in capsys.readouterr().err
    ids = [only_run(root, version)["run_id"] for version in ("v1", "v2")]
    for verb in ("gate", "compare"):
        assert run([verb, *ids]) == 2
        reported = capsys.readouterr().err
        assert f"the evaluators changed (polite) between run {ids[0]} and run {ids[1]}" in reported
        assert "seatrial eval greeter@v1 and seatrial eval greeter@v2" in reported


def test_a_run_is_not_gone_on_with_by_another_evaluator(project, capsys):
    root = project()
    assert run(["eval", "greeter@v1", "--limit", "20"]) == 0
    (run_dir,) = (root / ".seatrial/runs").iterdir()
    loosen(root)
    capsys.readouterr()
    assert run(["eval", "greeter@v1", "--resume", run_dir.name, "--limit", "40"]) == 3
    assert "cannot be resumed: evaluator polite changed" in capsys.readouterr().err


def test_a_graph_that_closes_the_stream_closes_its_own(project, capsys):
    project()
    assert run(["eval", "greeter@shut"]) == 0
    assert "120 of 120" in capsys.readouterr().out


def test_what_nothing_catches_is_no_verdict(project, capsys):
    project("leave")
    for words in (["eval", "greeter@leave"], ["trial"]):
        assert run(words) == 2
        assert "seatrial: BaseException: enough; a graph or an evaluator raised" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["trial"], ["eval", "greeter"], ["evaluators", "check"]])
def test_pytest_fail_in_an_evaluator_is_its_failure_and_no_exit_code(project, capsys, verb):
    folder = project()
    (folder / "graphs/registry.py").write_text(
        REGISTRY.replace('    GraphSpec("broken", module="graphs.broken"),\n', "")
    )
    (folder / "evaluators/__init__.py").write_text(
        "import pytest\ndef polite(run, example):\n    pytest.fail('wrong desk')\nSUITES = {'greeter': (polite,)}\n"
    )
    assert run(verb) == 2
    out, err = capsys.readouterr()
    assert ("the evaluator failed on" if verb == ["trial"] else "wrong desk") in out + err
    assert "Traceback" not in err


@pytest.mark.parametrize("damaged", ["{}", "[]", "null", '{"schema": "seatrial/gate/1"}'])
def test_a_run_that_no_longer_says_what_it_was_is_a_sentence(project, capsys, damaged):
    folder = project()
    run(["trial"])
    last = max((folder / ".seatrial/runs").iterdir())
    (last / "run.json").write_text(damaged)
    for verb in ("gate", "compare", "slices"):
        capsys.readouterr()
        assert run([verb, "greeter@v1", "greeter@v2"]) == 2
        assert f"{last}/run.json is no run.json" in capsys.readouterr().err


SPOILING = GREETER.replace(
    'return {"greeting": ("Hello "',
    'state["log"].append(style)\n        return {"greeting": ("Hello " if len(state["log"]) == 1 else "Bye ") + state["name"]} if True else {"greeting": ("Hello "',
).replace("    tier: str\n", "    tier: str\n    log: list\n", 1)


def test_what_a_run_changes_in_its_inputs_no_other_run_is_given(project, capsys):
    folder = project(candidate="same")
    (folder / "graphs/greeter.py").write_text(SPOILING)
    (folder / "evaluators/__init__.py").write_text(
        "def polite(run, example):\n    return run.outputs['greeting'].startswith('Hello')\n\nSUITES = {'greeter': (polite,)}\n"
    )
    data = folder / "datasets/greeter/golden.jsonl"
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    for row in rows:
        row["inputs"]["log"] = []
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace("expect =", "repeat = 3\nexpect ="))
    assert run(["trial"]) == 0
    assert "100.0→100.0" in capsys.readouterr().out


def test_two_spellings_of_a_run_are_not_two_runs(project, capsys):
    folder = project()
    run(["eval", "greeter@v1"])
    (run_dir,) = (folder / ".seatrial/runs").iterdir()
    for other in (f"{run_dir.name}/", f"./{run_dir.name}", f"../runs/{run_dir.name}", "."):
        capsys.readouterr()
        assert run(["gate", run_dir.name, other]) == 3
        assert "a run is named by its id alone" in capsys.readouterr().err
    assert run(["eval", "greeter", "--resume", f"{run_dir.name}/"]) == 3


def test_evidence_in_another_runs_folder_is_not_that_runs(project, capsys):
    folder = project()
    for version in ("v1", "v3"):
        run(["eval", f"greeter@{version}"])
    first, second = sorted(
        (folder / ".seatrial/runs").iterdir(), key=lambda one: json.loads((one / "run.json").read_text())["version"]
    )
    (second / "evidence.parquet").write_bytes((first / "evidence.parquet").read_bytes())
    capsys.readouterr()
    assert run(["gate", "greeter@v1", "greeter@v3"]) == 2
    reported = capsys.readouterr().err
    assert f"{second.name}/evidence.parquet is not the table that was written there" in reported
    assert f"seatrial eval greeter --rebuild {second.name}" in reported


def test_runs_whose_segments_were_others_are_refused(project, capsys):
    folder = project()
    run(["trial"])
    segments = folder / "datasets/segments.toml"
    segments.write_text(
        'version = 2\n[dimension.tier]\nfield = "inputs.name"\nbands = { enterprise = [0, 0] }\ncritical = ["enterprise"]\n'.replace(
            'field = "inputs.name"\nbands = { enterprise = [0, 0] }',
            'field = "inputs.name"\nvalues = ["guest 1", "guest 2"]',
        ).replace('["enterprise"]', '["guest 1"]')
    )
    capsys.readouterr()
    assert run(["gate", "greeter@v1", "greeter@v2"]) == 2
    reported = capsys.readouterr().err
    assert "the rules of segments.toml were edited since the runs" in reported
    assert "moved in tier, such as " in reported


def test_a_run_that_goes_on_gets_no_smaller_and_keeps_its_limit(project, capsys):
    folder = project(candidate="stop")
    assert run(["eval", "greeter@stop", "--repeat", "2", "--limit", "60"]) == 2
    (run_dir,) = (folder / ".seatrial/runs").iterdir()
    (folder / "go_on").touch()
    for words, reported in (
        (["--repeat", "1"], "was begun with --repeat 2"),
        (["--limit", "5"], "was begun with --limit 60"),
    ):
        capsys.readouterr()
        assert run(["eval", "greeter", "--resume", run_dir.name, *words]) == 3
        assert reported in capsys.readouterr().err
    assert run(["eval", "greeter", "--resume", run_dir.name]) == 0
    reported = json.loads((run_dir / "run.json").read_text())
    assert (reported["planned"], reported["limit"]) == (120, 60)
    assert run(["eval", "greeter", "--resume", run_dir.name, "--limit", "100"]) == 0
    assert run(["eval", "greeter@v1"]) == 0
    complete = next(one for one in (folder / ".seatrial/runs").iterdir() if one != run_dir)
    assert run(["eval", "greeter", "--resume", complete.name, "--limit", "5"]) == 3
    assert "was begun whole" in capsys.readouterr().err


def test_a_part_of_a_run_is_not_gone_on_with_as_a_whole(project, capsys):
    folder = project()
    run(["eval", "greeter@v1"])
    (run_dir,) = (folder / ".seatrial/runs").iterdir()
    reported = json.loads((run_dir / "run.json").read_text())
    (run_dir / "run.json").write_text(json.dumps(reported | {"part": "must_pass"}))
    capsys.readouterr()
    assert run(["eval", "greeter", "--resume", run_dir.name]) == 3
    assert "is a part of another run (must_pass)" in capsys.readouterr().err


def test_trials_of_one_second_have_a_folder_each(project, monkeypatch):
    class Still(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 11, 29, 12, 0, 0, tzinfo=tz)

    folder = project()
    monkeypatch.setattr(trial_verb, "datetime", Still)
    for _ in range(3):
        run(["trial"])
    assert sorted(one.name for one in (folder / "reports").iterdir()) == [
        "20261129-120000",
        "20261129-120000.2",
        "20261129-120000.3",
    ]
