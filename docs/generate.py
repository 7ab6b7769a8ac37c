"""Write the generated parts of docs/, or with --check say whether they are what the code would write.

python docs/generate.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parent
WIDTH = 100


def cli_page() -> str:
    """docs/cli.md: the help of every verb, as it is printed."""
    parts = [
        "# The command line",
        "",
        "Written by `make docs` from the commands themselves; `make check` fails when it is stale.",
        "",
    ]
    for path, command in _walk((), app):
        context = click.Context(
            command,
            info_name=" ".join(("seatrial", *path)),
            terminal_width=WIDTH,
            max_content_width=WIDTH,
            help_option_names=["-h", "--help"],
        )
        parts += [
            f"## seatrial {' '.join(path)}".rstrip(),
            "",
            "```text",
            *(line.rstrip() for line in command.get_help(context).splitlines()),
            "```",
            "",
        ]
    return "\n".join(parts)


def _walk(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from _walk((*path, name), found)


PAGES = {"cli.md": cli_page}


def main(arguments: list[str]) -> int:
    """Write or check every page; 1 when a checked page is stale."""
    stale = 0
    for name, write in PAGES.items():
        page = DOCS / name
        text = write()
        if "--check" in arguments:
            if not page.exists() or page.read_text(encoding="utf-8") != text:
                print(f"docs/{name} is stale: run `make docs`")
                stale = 1
        else:
            page.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
