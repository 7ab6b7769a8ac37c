"""The table of exit codes: every command has a row, and no test sees a command answer 1 that its row does not name.

The second half is held by `declared_exits` in tests/conftest.py, in every test that runs a command line.
"""

import doctest

import click
import pytest

from seatrial.cli import app, exits
from seatrial.cli.exits import EXITS


def typed(path, command):
    """Every command that does something by itself, as it is typed."""
    if not isinstance(command, click.Group):
        return {" ".join(path)}
    own = {" ".join(path)} if command.invoke_without_command else set()
    names = command.list_commands(click.Context(command))
    return own.union(*(typed((*path, name), command.get_command(click.Context(command), name)) for name in names))


def test_every_command_has_a_row_and_every_row_a_command():
    assert set(EXITS) == typed((), app.app)


def test_every_verb_is_in_one_group():
    assert sorted(app.app.list_commands(click.Context(app.app))) == sorted(verb.name for verb in app.VERBS)


def test_a_command_that_answers_one_without_a_row_for_it_is_noticed(monkeypatch):
    monkeypatch.setattr(app.app, "main", lambda *_, **__: 1)
    assert app.run(["gate", "a.csv", "b.csv"]) == 1
    with pytest.raises(AssertionError, match="compare"):
        app.run(["compare", "a", "b"])


def test_the_examples_in_the_table_itself_hold():
    assert doctest.testmod(exits).failed == 0
