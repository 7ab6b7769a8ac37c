"""`seatrial judge drift`: control pairs judged once more, against the verdicts that the licence was measured on."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.share import Share
from seatrial.cli.times import moment, time_zone

if TYPE_CHECKING:
    from seatrial.judge.drift import JudgeDrift

SCHEMA = "seatrial/judge-drift/1"


@click.command("drift")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--judge", "name", required=True, help="Which judge: judges/NAME.toml.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=60, show_default=True, help="Control items: so many pairs."
)
@click.option(
    "--most",
    type=Share(min_open=True, max_open=True),
    default=0.10,
    show_default=True,
    help="Tolerated share of control items with another verdict.",
)
@click.option("--max-usd", type=click.FloatRange(min=0, min_open=True), help="Never spend more than this.")
@click.option("--keep-licence", is_flag=True, help="Only say it: do not suspend the licence.")
@click.option("--now", "clock", metavar="TIME", help="When it is; default the clock.")
@click.option("--json", "as_json", is_flag=True, help=f"Print {SCHEMA} on stdout.")
def command(
    a: str,
    b: str,
    name: str,
    limit: int,
    most: float,
    max_usd: float | None,
    clock: str | None,
    *,
    keep_licence: bool,
    as_json: bool,
) -> int:
    """Ask a judge once more about pairs it has judged, and suspend its licence where its verdicts changed.

    A and B are runs that `judge pairwise` has put to this judge. A provider may change a model under its name; then the
    prompt, the settings and the judge's identity stay what they are and its verdicts do not. The control items are asked anew
    every day at most once. Exits 0 when fewer than the tolerated share is shown to have changed, 1 when more is, 2 when
    neither is. A suspended judge has no vote until its licence is measured again.

    \b
    Example:
      seatrial judge drift support_router@v1 support_router@v2 --judge helpful --max-usd 0.20
    """
    from seatrial.project import open_project  # noqa: PLC0415 - models and numbers are for those who judge
    from seatrial.trial.control import judge_control, suspend  # noqa: PLC0415

    now = moment(clock, "--now", time_zone("UTC"), time.time())
    project = open_project(Path.cwd())
    found, warnings = judge_control(project, a, b, name, now=now, limit=limit, most=most, max_usd=max_usd)
    code = found.verdict.exit_code
    suspended = code == 1 and not keep_licence and suspend(project.root, name, found, now)
    if as_json:
        from seatrial.canonical import canonical_json  # noqa: PLC0415

        data = {**asdict(found), "pairs": [[*pair, before, after] for pair, before, after in found.pairs]}
        wording = {
            "schema": SCHEMA,
            "exit_code": code,
            "judge": name,
            "suspended": suspended,
            "warnings": list(warnings),
        }
        click.echo(canonical_json(wording | data))
        return code
    for line in _lines(name, found, suspended=suspended):
        click.echo(line)
    for text in warnings:
        click.echo(f"  note  {text}")
    return code


def _lines(name: str, found: JudgeDrift, *, suspended: bool) -> list[str]:
    word = ("✓ STABLE", "✕ CHANGED", "? CANNOT TELL")[found.verdict.exit_code]
    share = f"{100 * found.low:.1f} to {100 * found.high:.1f} %, tolerated {100 * found.most:g} %"
    lines = [f"{word}  judge {name}: {found.flips} of {found.of} control items have another verdict ({share})"]
    lines += [f"  {pair.example_id}: {before} → {after}" for pair, before, after in found.pairs[:10]]
    if len(found.pairs) > 10:
        lines.append(f"  and {len(found.pairs) - 10} more")
    if suspended:
        lines.append(
            f"  judges/{name}.licence.json is suspended: measure it again with seatrial judge agreement --licence {name}"
        )
    return lines
