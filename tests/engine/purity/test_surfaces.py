"""The command and the pytest items, on projects of their own."""

import json
import shutil
from pathlib import Path

import pytest

import seatrial
from seatrial.cli.app import run

pytest_plugins = ["pytester"]

TEMPLATE = Path(seatrial.__file__).parent / "template"
IMPURE = """
import time
from seatrial import evaluator

@evaluator(version="1")
def desk(run, example):
    print("{looks like JSON")
    return time.time() > 0

SUITES = {"triage": (desk,)}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """What `seatrial init` writes, without its baseline."""
    shutil.copytree(TEMPLATE, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def test_the_project_that_init_writes_is_pure(project, capsys):
    assert run(["evaluators", "check"]) == 0
    out = capsys.readouterr().out
    assert "✓ triage · desk: pure in 112 calls" in out
    assert out.endswith("2 evaluators: 2 pure\n")


def test_an_impure_evaluator_is_exit_1_and_its_line_is_named(project, capsys):
    (project / "evaluators" / "__init__.py").write_text(IMPURE)
    assert run(["evaluators", "check", "--graph", "triage"]) == 1
    out = capsys.readouterr().out
    assert (
        "✕ triage · desk\n    evaluators/__init__.py:8 reads the clock (time.time); take the time from the run" in out
    )
    assert out.endswith("1 evaluator: 0 pure, 1 impure\n")


def test_json_is_json_whatever_the_evaluator_prints(project, capsys, tmp_path):
    (project / "evaluators" / "__init__.py").write_text(IMPURE)
    assert run(["evaluators", "check", "--json", "--examples", "2", "-o", str(tmp_path / "found.json")]) == 1
    reported = json.loads(capsys.readouterr().out)
    assert reported == json.loads((tmp_path / "found.json").read_text())
    assert reported["schema"] == "seatrial/evaluators/1"
    (one,) = reported["evaluators"]
    assert (one["graph"], one["key"], one["pure"]) == ("triage", "desk", False)
    assert one["impurities"][0]["file"] == "evaluators/__init__.py"
    assert (one["impurities"][0]["kind"], one["impurities"][0]["line"]) == ("clock", 8)


@pytest.mark.parametrize(
    ("source", "reported"),
    [
        ("import nowhere_to_be_found\n", "nowhere_to_be_found"),
        ('async def desk(run, example):\n    return True\nSUITES = {"triage": (desk,)}\n', "is async"),
        (
            'def desk(run, example):\n    raise ValueError("never")\nSUITES = {"triage": (desk,)}\n',
            "raises on every pair",
        ),
    ],
)
def test_what_cannot_be_audited_is_a_sentence(project, capsys, source, reported):
    (project / "evaluators" / "__init__.py").write_text(source)
    assert run(["evaluators", "check"]) == (2 if "every pair" in reported else 3)
    captured = capsys.readouterr()
    assert reported in captured.out + captured.err


def test_an_unknown_graph_is_exit_3(project):
    assert run(["evaluators", "check", "--graph", "triaje"]) == 3


def test_pytest_has_an_item_for_every_evaluator(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    shutil.copytree(TEMPLATE, pytester.path, dirs_exist_ok=True)
    arguments = ("-p", "seatrial.pytest_plugin", "-v")
    result = pytester.runpytest_subprocess(*arguments, "evaluators")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["evaluators/__init__.py::triage::desk PASSED*"])
    (pytester.path / "evaluators" / "__init__.py").write_text(IMPURE)
    result = pytester.runpytest_subprocess(*arguments, "evaluators/__init__.py::triage::desk")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*evaluators/__init__.py:8 reads the clock (time.time); take the time*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_folder_called_evaluators_that_is_no_projects_is_left_alone(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (pytester.path / "evaluators").mkdir()
    (pytester.path / "evaluators" / "__init__.py").write_text("SUITES = {}\n")
    (pytester.path / "evaluators" / "test_it.py").write_text("def test_it(): pass\n")
    pytester.runpytest_subprocess("-p", "seatrial.pytest_plugin", "evaluators").assert_outcomes(passed=1)
