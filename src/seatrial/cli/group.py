"""Group: a command of commands, which says what each is for in its whole first sentence."""

from __future__ import annotations

import re

import click


class Group(click.Group):
    """A click group whose help wraps long sentences instead of cutting them."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each command: its name, and the first sentence of its help."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, _first_sentence(self.commands[name].help or "")) for name in self.list_commands(ctx)]
            )


def _first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence, without what follows a semicolon."""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=\.)\s|;\s", paragraph)[0].rstrip(".") + "."
