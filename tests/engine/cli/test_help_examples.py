"""What `--help` shows as examples can be pasted: in the project that `seatrial init` writes, each runs."""

import re
import shlex

import click
import pytest

from seatrial.cli.app import app, run

MADE_UP = (
    "triage-v",
    "--mlflow",
    "--resume",
    "--since-ref",
    "reports/2",
    "t017",
    "--from-run",
    "override",
    "--replace",
    "--langgraph",
)
"""What needs a run, a commit or a report that a reader has of their own."""


def commands(command, path):
    """(what is typed, the command) of a command and of all below it."""
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            yield from commands(command.get_command(ctx, name), f"{path} {name}")


def examples(command):
    text = (command.help or "").replace("\\\n", " ")
    return re.findall(r"^ *(seatrial .+)$", text.partition("Example")[2], re.MULTILINE)


HELPS = dict(commands(app, "seatrial"))
OF_THE_PROJECT = sorted(
    line
    for line in {one for command in HELPS.values() for one in examples(command)}
    if re.search(r"\btriage\b", line) and not any(word in line for word in MADE_UP)
)


@pytest.mark.parametrize("path", sorted(set(HELPS) - {"seatrial"}))
def test_every_command_shows_an_example_of_itself(path):
    shown = examples(HELPS[path])
    assert any(one.startswith(path) for one in shown), shown


@pytest.mark.slow
def test_the_examples_run_in_the_project_that_init_writes(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert run(["init", "evals"]) == 0
    monkeypatch.chdir(tmp_path / "evals")
    for version in ("v1", "v2"):
        assert run(["eval", f"triage@{version}"]) == 0
    assert len(OF_THE_PROJECT) > 10
    for line in OF_THE_PROJECT:
        code = run(shlex.split(line)[1:])
        told = capfd.readouterr()
        assert code < 3, f"{line}: {told.err}"
        assert "Traceback" not in told.err, line
