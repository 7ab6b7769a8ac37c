"""The command group: what it lists, what it refuses, and what it does not import."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seatrial.cli.app import VERBS, run

REPO_ROOT = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
ENV = {**os.environ, "PYTHONPATH": str(REPO_ROOT / "src")}
HEAVY = ("numpy", "scipy", "pyarrow", "pydantic", "langgraph", "jinja2", "rich", "pandas", "statsmodels")


def test_help_lists_every_verb(capsys):
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for verb in VERBS:
        assert f"\n  {verb.name}" in out
    assert "0 pass, 1 the evidence says no, 2 could not tell" in " ".join(out.split())


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from seatrial.cli.app import run; code = run(['--help']); "
        f"print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules], "
        "[m for m in sys.modules if m.startswith(('seatrial.cli.', 'seatrial.gate'))], code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENV, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY [] ['seatrial.cli.app'] 0"


def test_python_m_seatrial_is_the_same_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "seatrial", "--help"], capture_output=True, text=True, env=ENV, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: seatrial [OPTIONS]")


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_verb_helps_with_an_example(capsys, verb):
    assert run([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Example" in out
    assert f"seatrial {verb}" in out


def test_an_unknown_verb_lists_those_there_are(capsys):
    assert run(["gaet"]) == 3
    err = capsys.readouterr().err
    assert "no verb is called 'gaet'; choose one of: " in err
    assert "did you mean 'gate'?" in err
    for verb in VERBS:
        assert verb.name in err


def test_an_unknown_option_is_exit_3_and_names_a_near_one(capsys):
    assert run(["gate", "--evidnce", "x.csv"]) == 3
    err = capsys.readouterr().err
    assert "No such option" in err
    assert "--evidence" in err


def test_what_a_group_holds_is_said_in_whole_sentences_and_once(capsys):
    assert run(["rollout"]) == 3
    told = capsys.readouterr().err
    assert told.count("Usage: ") == 1
    assert "..." not in told.partition("Commands:")[2]


def test_version_is_the_packages(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("seatrial ")


@pytest.mark.parametrize(
    ("arguments", "code", "reason_class"),
    [
        (["--evidence", "absent.csv"], 3, "usage"),
        (["--evidence", "e.csv", "--map", "score=nowhere"], 3, "usage"),
        (["--evidence", "no_score.csv"], 3, "usage"),
        (["--evidence", "e.csv", "--policy", "absent.toml"], 3, "usage"),
        (["--evidence", "e.csv", "--policy", "lacking.toml"], 3, "usage"),  # a gating key that no row has
        (["--evidence", "bad.csv"], 2, "invalid"),
    ],
)
def test_what_is_wrong_is_exit_3_and_what_cannot_be_told_is_exit_2(
    tmp_path, monkeypatch, capsys, arguments, code, reason_class
):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"e{i},{version},1\n" for i in range(50) for version in "ab")
    Path("e.csv").write_text("example_id,version,score\n" + rows)
    Path("bad.csv").write_text("example_id,version,score\ne1,a,7\n")
    Path("no_score.csv").write_text("example_id,version\ne1,a\n")
    Path("lacking.toml").write_text('schema = "seatrial/policy/1"\n[key.other]\n')
    assert run(["gate", *arguments, "--baseline", "a", "--candidate", "b", "--json"]) == code
    refusal = json.loads(capsys.readouterr().out)
    assert (refusal["exit_code"], refusal["reason_class"]) == (code, reason_class)
