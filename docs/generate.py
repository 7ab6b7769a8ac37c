"""Write the generated parts of docs/, or with --check say whether they are what the code would write.

python docs/generate.py [--check]
"""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.app import app, run

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


def with_sessions(page: Path) -> str:
    """The page with the output below every `$ seatrial ...` line of its console blocks as it is printed today."""
    names: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):

        def again(block: re.Match[str]) -> str:
            kind, text = block.groups()
            if kind == "python":
                Path("example.py").write_text(text, encoding="utf-8")
                names.update(runpy.run_path("example.py", init_globals=names))
                return block.group()
            commands = [line for line in text.splitlines() if line.startswith("$ ")]
            return "```console\n" + "".join(f"{command}\n{_printed(command)}" for command in commands) + "```"

        return FENCE.sub(again, page.read_text(encoding="utf-8"))


def _printed(command: str) -> str:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="utf-8") as out, contextlib.redirect_stdout(out):
        run(shlex.split(command)[2:])
        out.flush()
        return raw.getvalue().decode()


FENCE = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITH_SESSIONS = (DOCS.parent / "README.md", DOCS / "gate.md")
PAGES = {DOCS / "cli.md": cli_page} | {page: (lambda page=page: with_sessions(page)) for page in WITH_SESSIONS}


def main(arguments: list[str]) -> int:
    """Write or check every page; 1 when a checked page is stale."""
    stale = 0
    for page, write in PAGES.items():
        text = write()
        if "--check" not in arguments:
            page.write_text(text, encoding="utf-8")
            print(f"wrote {page.name}")
        elif not page.exists() or page.read_text(encoding="utf-8") != text:
            print(f"{page.name} is stale: run `make docs`")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
