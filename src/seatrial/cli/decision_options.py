"""Options that verbs with one decision share: how it is shown, and which time and time zone it is judged at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def output_options(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--all`, `--json` and `-o`, for a decision whose JSON is `seatrial/KIND/1`."""
    return together(
        click.option("--all", "every", is_flag=True, help="Show every row, not only those that decide."),
        click.option("--json", "as_json", is_flag=True, help=f"Print seatrial/{kind}/1 on stdout."),
        click.option(
            "-o",
            "--output",
            "files",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Also write FILE: .html, .json, .md, .xml (JUnit) or .txt.",
        ),
    )


def time_options() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--now` and `--timezone`."""
    return together(
        click.option("--now", "clock", metavar="TIME", help="The time to judge at; default the clock."),
        click.option(
            "--timezone", "zone", metavar="NAME", help="Time zone of times that name none, e.g. UTC or Europe/Berlin."
        ),
    )


def together(*options: Callable[[Any], Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Several options as one decorator, in this order in the help."""

    def apply(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return apply
