"""`-j`: how much of a command's work is under way at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES = ("-j", "--max-concurrency", "concurrency")
MOST_CALLS = 64
"""Calls of judges that may be under way at once."""


def runs_at_once(what: str = "Runs") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`-j` of a command that runs graphs; without it the runner decides by the kind of graph."""
    wording = f"{what} at once; default 1 for graphs made of rules, 8 for the rest."
    return click.option(*_NAMES, type=click.IntRange(min=1), help=wording)


def calls_at_once(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`-j` of a command that asks judges."""
    return click.option(
        *_NAMES, type=click.IntRange(1, MOST_CALLS), default=8, show_default=True, help=f"{what} at once."
    )
