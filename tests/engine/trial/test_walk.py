"""An outsider's walk: an empty folder, a project, a prompt made worse, a gate that stops it, a person who answers for it."""

import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from seatrial.canonical import canonical_json
from seatrial.cli.app import run
from seatrial.errors import DataError, InvalidComparison, UsageError
from seatrial.gate.baseline import baseline_name
from seatrial.project import open_project
from seatrial.trial.against_baseline import gate_against_baseline, renew
from seatrial.verdict import Verdict

PROMPT = Path("graphs/triage/prompts/p1.md")
TODAY = datetime.now(UTC).date()
SOON = (TODAY + timedelta(days=7)).isoformat()


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A project as `seatrial init` leaves it; copied by every test that changes it."""
    folder = tmp_path_factory.mktemp("walk") / "evals"
    assert run(["init", str(folder)]) == 0
    # By content: by its time, a file rewritten in the second it was made in would pass for what was compiled then.
    compileall.compile_dir(folder, force=True, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return folder


@pytest.fixture
def project(begun, tmp_path, monkeypatch):
    folder = tmp_path / "evals"
    shutil.copytree(begun, folder)
    monkeypatch.chdir(folder)
    return folder


def break_it(project):
    """The break the README shows: one word taken from the prompt."""
    file = project / PROMPT
    text = file.read_text()
    assert "refund: refund, " in text
    file.write_text(text.replace("refund: refund, ", "refund: "))


def fast_gate(project, *arguments, **environ):
    """A user's pytest, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not llm", "-p", "no:cacheprovider", *arguments],
        cwd=project,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def gate_here(users_pytest):
    """The same pytest inside this one, which has loaded LangGraph already; of the project's tests the gate alone."""

    def gate(*arguments):
        return users_pytest(*arguments, *(() if "gates" in str(arguments) else ("gates/merge.toml",)))

    return gate


def plugins_that_must_stay_out(folder):
    """Stand-ins under the names of the two plugins the template keeps out: each leaves a mark, and one reads `.env`."""
    for name in ("deepeval", "langsmith_plugin"):
        (folder / f"stand_in_{name}.py").write_text(
            f"from pathlib import Path\nPath(__file__).with_name('{name} was here').write_text(Path('.env').read_text())\n"
        )
        about = folder / f"stand_in_{name}-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: stand-in-{name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[pytest11]\n{name} = stand_in_{name}\n")
    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))


def override(segment, *, reason="the refund desk moves on Friday"):
    return run(
        ["override", "--segment", segment, "--key", "desk", "--reason", reason, "--author", "ada", "--expires", SOON]
    )


LOADED = """
import sys

def pytest_unconfigure():
    heavy = ("pyarrow", "scipy", "pandas", "mlflow", "jinja2", "seatrial.gate.merge")
    print("loaded:", *(name for name in heavy if name in sys.modules))
"""


def test_init_writes_a_project_whose_gate_passes_and_keeps_two_plugins_out(project, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    path = plugins_that_must_stay_out(away)
    (project / ".env").write_text("OPENAI_API_KEY=sk-not-a-real-key\n")
    (project / "tests" / "conftest.py").write_text(LOADED)
    code, reported = fast_gate(project, PYTHONPATH=path)
    assert code == 0, reported
    assert "loaded: seatrial.gate.merge\n" in reported  # deciding waits for neither Arrow nor scipy
    # two tests of its own, four rows (one of zero tolerance), one verdict, two evaluators that are pure
    assert "9 passed" in reported
    assert not list(away.glob("* was here"))


def test_a_project_that_lets_the_two_plugins_in_is_gated_all_the_same(project, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    path = plugins_that_must_stay_out(away)
    (project / ".env").write_text("COLOUR=blue\n")
    settings = project / "pyproject.toml"
    text = settings.read_text()
    assert " -p no:deepeval -p no:langsmith_plugin" in text
    settings.write_text(text.replace(" -p no:deepeval -p no:langsmith_plugin", ""))
    break_it(project)
    code, reported = fast_gate(project, "gates/merge.toml", PYTHONPATH=path)
    assert code == 1, reported
    assert "3 failed, 2 passed" in reported
    assert len(list(away.glob("* was here"))) == 2  # so the stand-ins would have been seen above


def test_the_break_of_the_readme_is_stopped_and_an_override_lets_it_through(project, gate_here):
    break_it(project)
    code, reported = gate_here("--junitxml=gate.xml")
    assert code == 1, reported
    assert "FAILED gates/merge.toml::gate::triage" in reported
    assert "refund −60.0 points" in reported
    assert "Traceback" not in reported
    assert cases("gate.xml")["gates.merge.toml.gate.triage"]["verdict"] == "fail"
    assert override("topic=refund") == 0
    assert override("overall") == 0
    code, reported = gate_here("-rs")
    assert code == 0, reported
    assert "overridden until" in reported
    assert "the refund desk moves on Friday" in reported
    # a reader is sent to the rule, not to the line of ours that skipped the row
    rule = (project / "gates/merge.toml").read_text().splitlines().index("[key.desk]") + 1
    assert f"SKIPPED [1] gates/merge.toml:{rule}: overridden until" in reported
    assert "pytest_plugin" not in reported
    # the next change is judged anew
    file = project / PROMPT
    file.write_text(file.read_text() + "\nBe brief.\n")
    code, reported = gate_here()
    assert code == 1, reported


def cases(file):
    """Item -> its properties, of a JUnit file."""
    found = {}
    for case in ET.parse(file).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        assert name not in found
        found[name] = {one.get("name"): one.get("value") for one in case.iter("property")}
    return found


def test_workers_share_one_evaluation_one_verdict_and_leave_nothing(project, tmp_path):
    break_it(project)
    rules, requested = project / "graphs/triage/rules.py", tmp_path / "asked"
    rules.write_text(
        rules.read_text().replace(
            "    text = user.lower()\n",
            f"    with open({str(requested)!r}, 'a') as f: f.write('.')\n    text = user.lower()\n",
        )
    )
    own = tmp_path / "own"
    own.mkdir()
    code, reported = fast_gate(project, "-n", "2", "gates/merge.toml", "--junitxml=gate.xml", TMPDIR=str(own))
    assert code == 1, reported
    assert "3 failed, 2 passed" in reported
    assert len(requested.read_text()) == 80  # one question an example, whoever asked
    assert not list(own.glob("seatrial-*"))
    written = cases(project / "gate.xml")
    assert {name: (one["verdict"], one["n"]) for name, one in written.items()} == {
        "gates.merge.toml.triage.overall.desk": ("fail", "80"),
        "gates.merge.toml.triage.overall.pii_leak": ("pass", "80"),
        "gates.merge.toml.triage.topic=refund.desk": ("fail", "60"),
        "gates.merge.toml.triage.topic=rest.desk": ("pass", "20"),
        "gates.merge.toml.gate.triage": ("fail", "80"),
    }
    assert all(one["reason"] for one in written.values())


def test_choosing_items_does_not_change_what_they_say(project, gate_here):
    break_it(project)
    verdict, refund = "gates/merge.toml::gate::triage", "gates/merge.toml::triage::topic=refund::desk"
    code, reported = gate_here("-k", "rest")
    assert (code, "1 passed, 4 deselected" in reported) == (0, True), reported
    for chosen in (("--deselect", refund), (verdict,), ("--deselect", "gates/merge.toml::triage")):
        code, reported = gate_here(*chosen)
        assert code == 1, reported
        assert "refund −60.0 points" in reported  # the family is whole, whichever of its rows are shown
    code, reported = gate_here("--lf")
    assert code == 1, reported
    assert f"FAILED {verdict}" in reported


def test_the_gate_needs_no_git_no_terminal_and_no_checkout_it_may_write(project, tmp_path, monkeypatch, gate_here):
    # A superuser may write anywhere, so what is compared is what would have been touched: names, sizes, times, of folders too.
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gate_here(
        "-p", "no:cacheprovider"
    )  # compiles the project's modules, which Python itself does without where it cannot write
    before = touched(project)
    code, reported = gate_here("-p", "no:cacheprovider")
    assert code == 0, reported
    assert touched(project) == before
    assert not list(tmp_path.glob("seatrial-*"))


def touched(folder):
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in (folder, *folder.rglob("*"))
        if "__pycache__" not in path.parts
    }


CTRL_C = "    import os, signal, time\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(0.2)\n"


def test_an_interrupt_leaves_nothing_behind(project, tmp_path, monkeypatch, gate_here):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rules = project / "graphs/triage/rules.py"
    rules.write_text(rules.read_text().replace("    text = user.lower()\n", CTRL_C))
    before = touched(project)
    code, reported = gate_here("-p", "no:cacheprovider")
    assert code == pytest.ExitCode.INTERRUPTED, reported
    assert touched(project) == before
    assert not list(tmp_path.glob("seatrial-*"))


def test_the_override_is_the_debt_table_until_it_ends(project, capsys):
    break_it(project)
    assert override("topic=refund") == 0
    assert run(["override", "list", "--json"]) == 0
    printed = capsys.readouterr().out
    reported = json.loads(printed[printed.index("{") :])
    assert reported["schema"] == "seatrial/override/1"
    (row,) = reported["overrides"]
    assert (row["segment"], row["key"], row["author"], row["renewals"]) == ("topic=refund", "desk", "ada", 0)
    assert row["difference"] == pytest.approx(-0.6)


def test_what_does_not_fail_is_not_overridden(project, capsys):
    assert override("topic=refund") == 3
    assert "does not fail, so there is nothing to override; nothing fails" in capsys.readouterr().err


def test_init_writes_over_nothing(project, capsys):
    (project / "gates" / "merge.toml").write_text("mine")
    shutil.rmtree(project / "graphs")
    assert run(["init", "."]) == 3
    assert "already has" in capsys.readouterr().err
    assert (project / "gates" / "merge.toml").read_text() == "mine"
    assert not (project / "graphs").exists()


def test_the_template_is_as_large_as_it_says(begun):
    rows = [json.loads(line) for line in (begun / "datasets/triage/golden.jsonl").read_text().splitlines()]
    assert len(rows) == len({row["id"] for row in rows}) == 80
    assert sum(row["outputs"]["desk"] == "refund" for row in rows) == 60
    policy = tomllib.loads((begun / "gates/merge.toml").read_text())
    assert [name for name, rule in policy["key"].items() if not rule.get("zero_tolerance")] == ["desk"]


def test_its_workflow_asks_for_no_more_than_to_read(begun):
    text = (begun / ".github/workflows/gate.yml").read_text()
    assert "permissions:\n  contents: read\n" in text
    assert "persist-credentials: false" in text
    assert "secrets." not in text


def test_init_tells_what_its_gate_can_see(tmp_path, capsys):
    assert run(["init", str(tmp_path / "here"), "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    detects = {row["segment"]: row for row in reported["graphs"][0]["detects"]}
    assert detects["topic=refund"]["n"] == 60
    assert detects["topic=refund"]["critical"]
    assert 0.1 < detects["topic=refund"]["drop"] < 0.2


def test_a_second_plugin_with_our_option_is_a_sentence(project):
    (project / "fighting.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--seatrial-baseline', default='x')\n"
    )
    code, reported = fast_gate(project, "-p", "fighting")
    assert code == 4, reported
    assert "another pytest plugin already defines one of our options" in reported


def stand(project, into, against="current", *, models=False):
    """What the deciding item does, in this process."""
    opened = open_project(project)
    (row,) = opened.settings.trial
    return gate_against_baseline(opened, row, against=against, into=into, today=TODAY, models=models)


def test_without_a_baseline_the_gate_says_how_to_accept_one(project, tmp_path, gate_here):
    shutil.rmtree(project / "gates" / "baselines")
    with pytest.raises(UsageError, match=r"pytest gates/merge.toml --seatrial-update-baseline -k triage"):
        stand(project, tmp_path)
    code, reported = gate_here("--seatrial-update-baseline", "-k", "triage")
    assert code == 0, reported
    assert stand(project, tmp_path).unchanged


def test_gating_writes_nothing_into_the_checkout(project, tmp_path):
    before = {path for path in project.rglob("*") if "__pycache__" not in path.parts}
    assert stand(project, tmp_path / "elsewhere").unchanged
    assert {path for path in project.rglob("*") if "__pycache__" not in path.parts} == before


def test_a_run_kept_in_memory_stands_for_what_ran_and_nothing_else(project, tmp_path):
    opened, made, into = open_project(project), {}, tmp_path / "kept"
    into.mkdir()
    (row,) = opened.settings.trial

    def second_stage():
        return gate_against_baseline(opened, row, against="current", into=into, today=TODAY, models=False, made=made)

    assert second_stage() == second_stage()
    assert {(folder.name, version, tries) for folder, version, tries in made} == {("candidate", "v1", 1)}
    assert not list(into.rglob("*.parquet"))
    break_it(project)  # as a test of the same session may do
    with pytest.raises(DataError, match="holds another run than the one asked for"):
        second_stage()


def test_a_run_kept_in_memory_is_judged_as_a_file_of_it_is(project, tmp_path):
    break_it(project)
    opened = open_project(project)
    (row,) = opened.settings.trial
    kept, written = (
        gate_against_baseline(
            opened, row, against="current", into=tmp_path / name, today=TODAY, models=False, made={} if name else None
        )
        for name in ("m", "")
    )
    assert kept.verdict is Verdict.FAIL
    assert replace(kept, source="") == replace(written, source="")


def test_most_of_another_dataset_is_another_question(project, tmp_path):
    file = project / "datasets/triage/golden.jsonl"
    file.write_text("\n".join(file.read_text().splitlines()[:60]) + "\n")
    with pytest.raises(
        InvalidComparison,
        match=r"the dataset changed: 60 of its 80 examples \(75.0 %\).*asks for 80.0 %.*--seatrial-update-baseline -k triage",
    ):
        stand(project, tmp_path)


def add_example(project, name="new-1"):
    """One more example, the copy of another under a name of its own."""
    file = project / "datasets/triage/golden.jsonl"
    lines = file.read_text().splitlines()
    added = json.loads(lines[0]) | {"id": name}
    added["inputs"] = {
        key: f"{value} once more" if isinstance(value, str) else value for key, value in added["inputs"].items()
    }
    file.write_text("\n".join([*lines, json.dumps(added)]) + "\n")


def test_an_added_example_is_counted_and_the_others_are_compared(project, tmp_path):
    add_example(project)
    report = stand(project, tmp_path)
    assert (report.verdict, report.overall.n, report.unchanged) == (Verdict.PASS, 80, True)
    assert "1 of 81 examples new, not compared: new-1" in report.warnings


def test_one_commit_that_adds_an_example_and_breaks_the_graph_is_stopped(project, tmp_path):
    add_example(project)
    break_it(project)
    report = stand(project, tmp_path)
    assert (report.verdict, report.overall.n) == (Verdict.FAIL, 80)


def accept_again(project, reason="accepted by a test"):
    opened = open_project(project)
    (row,) = opened.settings.trial
    return renew(opened, row, today=TODAY, author="ada", reason=reason)


def test_a_baseline_is_not_renewed_with_answers_that_the_gate_stops(project, tmp_path):
    before = (project / "gates/baselines/triage/current").read_text()
    add_example(project)
    break_it(project)
    with pytest.raises(
        UsageError, match=r"triage: the baseline was not renewed\. Not from v1: The gate against it says FAIL"
    ):
        accept_again(project)
    assert (project / "gates/baselines/triage/current").read_text() == before


def test_a_baseline_of_which_no_example_is_left_is_not_renewed_and_the_way_out_is_named(project, tmp_path):
    golden = project / "datasets/triage/golden.jsonl"
    rows = [json.loads(line) for line in golden.read_text().splitlines()]
    first = next(key for key, value in rows[0]["inputs"].items() if isinstance(value, str))
    for row in rows:
        row["inputs"][first] += " "
    golden.write_text("".join(json.dumps(row) + "\n" for row in rows))
    graph = project / "graphs/triage/graph.py"
    graph.write_text(graph.read_text() + "\n# another code than was accepted\n")
    with pytest.raises(UsageError, match="Not one example of what was accepted is left") as error:
        accept_again(project)
    assert "remove gates/baselines/triage/current" in str(error.value)


def test_a_baseline_is_renewed_with_new_examples_while_the_gate_passes(project, tmp_path):
    add_example(project)
    assert "v1, 81 examples; was" in accept_again(project)
    report = stand(project, tmp_path)
    assert (report.overall.n, report.counts.get("not_compared")) == (81, None)


def test_a_failing_current_version_renews_the_baseline_from_the_accepted_one(project, tmp_path):
    add_example(project)
    registry = project / "graphs/registry.py"
    registry.write_text(registry.read_text().replace('current="v1"', 'current="v2"'))
    prompt = project / "graphs/triage/prompts/p2.md"
    prompt.write_text("")
    reported = accept_again(project)
    assert "(v1, 81 examples" in reported
    assert "Not from v2: The gate against it says FAIL" in reported


def test_an_evaluator_edited_with_the_graph_renews_nothing(project, tmp_path):
    file = project / "evaluators/__init__.py"
    file.write_text(file.read_text().replace("got == expected,", "got == expected or got is None,"))
    accept_again(project)  # the same code answers: only the scorer is another
    assert stand(project, tmp_path).unchanged
    file.write_text(file.read_text().replace("or got is None,", "or True,"))
    for name in [name for name in sys.modules if name.startswith("seatrial_project")]:
        del sys.modules[name]  # as in a new process
    break_it(project)
    with pytest.raises(UsageError, match=r"evaluator desk changed .* and so did the answers of v1"):
        accept_again(project)


def test_another_evaluator_is_another_question(project, tmp_path):
    file = project / "evaluators/__init__.py"
    file.write_text(file.read_text().replace('version="1"', 'version="2"'))
    with pytest.raises(InvalidComparison, match=r"evaluator desk changed \(1 -> 2\)"):
        stand(project, tmp_path)


def test_an_evaluator_edited_under_its_version_is_another(project, tmp_path):
    file = project / "evaluators/__init__.py"
    text = file.read_text()
    assert "got == expected," in text
    file.write_text(text.replace("got == expected,", "got == expected or got is None,"))
    with pytest.raises(
        InvalidComparison, match=r"evaluator desk changed \(its code, .*--seatrial-update-baseline -k triage"
    ):
        stand(project, tmp_path)


def test_a_baseline_that_does_not_name_its_evaluators_is_refused(project, tmp_path):
    folder = project / "gates/baselines/triage"
    (file,) = [f for f in folder.glob("*.jsonl") if f.stem != "moves"]
    header, rows = file.read_text().split("\n", 1)
    known = json.loads(header)
    assert known.pop("evaluator_hashes").keys() == {"desk", "pii_leak"}
    text = f"{canonical_json(known)}\n{rows}"
    (folder / f"{baseline_name(text)}.jsonl").write_text(text)
    (folder / "current").write_text(f"{baseline_name(text)}\n")
    with pytest.raises(
        InvalidComparison, match=r"does not say by which evaluators.*--seatrial-update-baseline -k triage"
    ):
        stand(project, tmp_path)


def test_an_edited_baseline_is_refused(project, tmp_path):
    (file,) = [f for f in (project / "gates/baselines/triage").glob("*.jsonl") if f.stem != "moves"]
    file.write_text(file.read_text().replace('"score":0.0', '"score":1.0'))
    with pytest.raises(DataError, match="is not what was accepted"):
        stand(project, tmp_path)


def test_a_pointer_to_nothing_is_refused(project, tmp_path):
    (project / "gates/baselines/triage/current").write_text("0123456789abcdef\n")
    with pytest.raises(DataError, match="restore it from version control"):
        stand(project, tmp_path)


def test_a_version_may_be_the_baseline(project, tmp_path):
    report = stand(project, tmp_path, "v2")
    assert (report.baseline, report.candidate) == ("v2", "v1")
    with pytest.raises(UsageError, match="neither current, anchor nor a version of triage; its versions: v1, v2"):
        stand(project, tmp_path, "v9")


def of_a_model(project, *, days=0):
    """The same graph as one of a real model's, its baseline measured so many days ago with three runs an example."""
    file = project / "graphs/registry.py"
    file.write_text(file.read_text().replace('family="rules"', 'family="gpt"'))
    opened = open_project(project)
    (row,) = opened.settings.trial
    renew(opened, row, today=TODAY, author="ada", reason="test")
    return gate_against_baseline(
        opened, row, against="current", into=project / "x", today=TODAY + timedelta(days=days), models=False
    )


def test_the_baseline_of_a_model_has_three_runs_an_example(project):
    report = of_a_model(project)
    assert report.counts["planned"] == 80 * 2 * 3 * 2  # examples, keys, repetitions, arms


def test_the_baseline_of_a_model_grows_old(project):
    with pytest.raises(InvalidComparison, match="15 days old, at most 14"):
        of_a_model(project, days=15)


def test_an_anchor_remembers_where_it_began(project, tmp_path, capsys):
    assert run(["anchor", "set", "triage", "--reason", "release 1"]) == 0
    reported = capsys.readouterr().out
    assert "cost: 0.01 of alpha 0.05 is for drops from the anchor, 0.04 is left for the baseline" in reported
    assert "PASS also needs topic=refund shown to be less than 20 points worse than the anchor" in reported
    break_it(project)
    (project / "gates/baselines/triage/current").unlink()  # the way to start anew, which a review sees
    accept_again(project, "somebody accepted it")
    report = stand(project, tmp_path)
    assert report.verdict is Verdict.FAIL
    assert report.reason.startswith("Worse than the anchor v1")
    assert run(["anchor", "set", "triage", "--reason", " "]) == 3
    assert "takes a reason" in capsys.readouterr().err
    moves = [json.loads(line) for line in (project / "gates/baselines/triage/moves.jsonl").read_text().splitlines()]
    assert [(move["pointer"], move["reason"]) for move in moves] == [
        ("current", "seatrial init"),
        ("anchor", "release 1"),
        ("current", "somebody accepted it"),
    ]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("graphs/triage/graph.py", "import pytest\npytest.importorskip('no_such_module')\n"),
        ("graphs/registry.py", "import pytest\npytest.importorskip('no_such_module')\n"),
        ("evaluators/__init__.py", "import pytest\npytest.skip('no key', allow_module_level=True)\n"),
        ("evaluators/__init__.py", "import pytest\npytest.fail('no key')\n"),
    ],
)
def test_a_projects_own_skip_leaves_no_gate_out(project, gate_here, file, code):
    changed = project / file
    head, _, rest = changed.read_text().partition("from __future__ import annotations\n")
    changed.write_text(f"{head}from __future__ import annotations\n{code}{rest}" if rest else code + head)
    exit_code, reported = gate_here()
    assert exit_code != 0, reported
    assert "of pytest" in reported


def test_two_datasets_under_one_policy_are_said_to_be_two(project, gate_here):
    settings = project / "pyproject.toml"
    (project / "datasets/triage/edge.jsonl").write_bytes((project / "datasets/triage/golden.jsonl").read_bytes())
    settings.write_text(
        settings.read_text()
        + '\n[[tool.seatrial.trial]]\ngraph = "triage"\nbaseline = "v1"\ncandidate = "v2"\ndataset = "edge"\npolicy = "gates/merge.toml"\n'
    )
    exit_code, reported = gate_here()
    assert exit_code != 0
    assert "puts triage to gates/merge.toml on golden and on edge" in reported


@pytest.mark.parametrize("hidden", [".gates", "build", "node_modules"])
def test_a_policy_where_pytest_does_not_look_is_gated_all_the_same(project, users_pytest, hidden):
    settings = project / "pyproject.toml"
    text = settings.read_text().replace('policy = "gates/merge.toml"', f'policy = "{hidden}/merge.toml"')
    settings.write_text("\n".join(line for line in text.split("\n") if not line.startswith("testpaths")))
    (project / hidden).mkdir()
    shutil.move(project / "gates/merge.toml", project / hidden / "merge.toml")
    (project / hidden / "test_never.py").write_text("def test_triage_is_never_asked(): raise SystemError\n")
    break_it(project)
    exit_code, reported = users_pytest("-k", "gate or triage")
    assert exit_code == 1, reported
    assert "BLOCKED" in reported
    assert "SystemError" not in reported


def test_an_anchor_that_points_nowhere_is_no_missing_anchor(project, tmp_path):
    assert run(["anchor", "set", "triage", "--reason", "release 1"]) == 0
    pointer = project / "gates/baselines/triage/anchor"
    pointer.unlink()
    pointer.symlink_to("gone")
    with pytest.raises(DataError, match="restore it from version control"):
        stand(project, tmp_path)
