"""docs/reference/cli.md and the tables of exit-codes.md, from the commands and from `seatrial.cli.exits`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from written.tables import meanings, table

from seatrial.cli.app import GROUPS, app
from seatrial.cli.exits import EXITS
from seatrial.errors import EXIT_CODES
from seatrial.verdict import ReasonClass

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 100
HEAD = """# Commands

Every command with its options and its exit codes. Written by `make docs` from the commands themselves; `make check` fails when it is stale. [What each exit code
means](exit-codes.md) is the same everywhere: 0 pass, 1 the evidence says no, 2 cannot tell, 3 nothing was judged.
"""


def page() -> str:
    """The index of the commands by group, then the help of each as it is printed, with its exit codes."""
    parts = [HEAD]
    for group, names in GROUPS.items():
        rows = [
            (f"[`seatrial {' '.join(path)}`](#{'-'.join(('seatrial', *path))})", _first_line(command), _codes(path))
            for path, command in commands()
            if path and path[0] in names
        ]
        parts += [f"**{group}**\n", table(("command", "what it does", "exit codes of its own"), rows)]
    parts.append(_help((), app))
    parts += [_help(path, command) for path, command in walk((), app) if path]
    return "\n".join(parts)


def walk(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group below this one, itself first."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from walk((*path, name), found)


def commands() -> list[tuple[tuple[str, ...], click.Command]]:
    """The commands that do something by themselves: all but those that only group others."""
    return [
        (path, one) for path, one in walk((), app) if not isinstance(one, click.Group) or one.invoke_without_command
    ]


def _first_line(command: click.Command) -> str:
    return command.get_short_help_str(limit=200)


def _codes(path: tuple[str, ...]) -> str:
    return " ".join(str(code) for code, meaning in enumerate(EXITS[" ".join(path)]) if meaning)


def _help(path: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(
        command,
        info_name=" ".join(("seatrial", *path)),
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    lines = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    codes = EXITS.get(" ".join(path))
    own = " · ".join(f"**{code}** {meaning}" for code, meaning in enumerate(codes) if meaning) if codes else ""
    title = f"## seatrial {' '.join(path)}".rstrip()
    return f"{title}\n\n```text\n{lines}\n```\n" + (f"\n{own}.\n" if own else "")


def exit_codes() -> str:
    """0 to 3 and their meaning."""
    return table(("exit code", "meaning"), ((f"**{code:d}**", meaning) for code, meaning in EXIT_CODES.items()))


def exits() -> str:
    """What 0, 1 and 2 of each command mean."""
    order = [" ".join(path) for path, _ in commands()]
    return table(("`seatrial`", "0", "1", "2"), ((f"`{name}`", *EXITS[name]) for name in order))


def reason_classes() -> str:
    """The reason classes of exit codes 2 and 3."""
    return table(
        ("reason_class", "meaning", "what to do"),
        ((f"`{word}`", *meanings(ReasonClass)[word.name].split("; ", 1)) for word in ReasonClass),
    )
