"""What every `seatrial plan` shares: option types, where its answer goes, what a file answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.output import say
from seatrial.cli.share import Share
from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seatrial.report.console import Line

SHARE = Share(min_open=True, max_open=True)
SOME = Share(min_open=True)
JSON = click.option("--json", "as_json", is_flag=True, help="Print seatrial/plan/1 on stdout.")
OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Also write FILE.json, or the curve as FILE.svg."
)
PER_DAY = click.option(
    "--units-per-day", type=click.FloatRange(0, 1e12, min_open=True), help="All traffic; makes days of units."
)


def target(output: Path | None, formats: tuple[str, ...] = (".json", ".svg")) -> None:
    """Refuse a file we could not write before any work is done."""
    if output is not None and (output.suffix not in formats or not output.parent.is_dir()):
        raise UsageError(f"-o {output}: choose {' or '.join(f'FILE{f}' for f in formats)} in a folder that exists")


def file_alone(*free: str) -> None:
    """Refuse an option beside a rollout's plan that is not one of `free`: the file answers it, silence would ignore it."""
    ctx = click.get_current_context()
    for option in ctx.command.params:
        wording = ctx.get_parameter_source(option.name or "")
        if option.name not in free and wording is not None and wording.name == "COMMANDLINE":
            raise UsageError(f"{option.opts[0]} is for a plan without a file; the PLAN file says it here")


def answer(
    lines: Iterable[Line], data: dict[str, Any], as_json: bool, output: Path | None, picture: Callable[[], str] | None
) -> None:
    """Print a plan as text or JSON, and write it to a file in the format its suffix names."""
    from seatrial.report.data import gate_json  # noqa: PLC0415

    if as_json:
        # As bytes: JSON is UTF-8 whatever the terminal's encoding is.
        click.echo(gate_json(data).encode(), nl=False)
    else:
        say(lines)
    if output is not None:
        output.write_text(picture() if picture and output.suffix == ".svg" else gate_json(data), encoding="utf-8")
