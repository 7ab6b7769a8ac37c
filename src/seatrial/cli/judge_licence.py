"""`seatrial judge licence`: what each judge of the project may do in a gate today, and why no more."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.times import moment, time_zone
from seatrial.errors import one_of
from seatrial.evidence.schema import POINTWISE
from seatrial.wording import count

if TYPE_CHECKING:
    from seatrial.judge.licence import Licence
    from seatrial.vote import Standing

SCHEMA = "seatrial/judge-licences/1"


@click.command("licence")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--now", "clock", metavar="TIME", help="When it is asked; default the clock.")
@click.option("--json", "as_json", is_flag=True, help=f"Print {SCHEMA} on stdout.")
def command(names: tuple[str, ...], clock: str | None, *, as_json: bool) -> int:
    """Say which judges and panels of this project have a vote in a gate today: full, provisional or none, and why.

    What only a gate knows is not asked here: which models answered, and whether they are of the judge's family. Exits 0 when
    every judge that is named has a full licence, 2 when one has not. `judge agreement --licence NAME` writes one.

    \b
    Examples:
      seatrial judge licence
      seatrial judge licence helpful --json
      seatrial judge licence judge:concise
    """
    from seatrial.judge.licence import read_licence, standing_of  # noqa: PLC0415 - numpy is for those who measure
    from seatrial.judge.panel import panel_names, read_panel  # noqa: PLC0415
    from seatrial.judge.spec import judge_names, read_judge  # noqa: PLC0415
    from seatrial.judge.standing import licence_file  # noqa: PLC0415

    root, now = Path.cwd(), moment(clock, "--now", time_zone("UTC"), time.time())
    panels, rubrics = panel_names(root), _rubrics(root, names)
    known = [*judge_names(root), *panels, *rubrics]
    for name in names:
        one_of(name, known, "a judge or a panel")
    found = []
    for name in names or known:
        if name in rubrics:
            identity = rubrics[name]
        else:
            identity = read_panel(root, name).identity if name in panels else read_judge(root, name).identity
        licence = read_licence(licence_file(root, name))
        found.append((name, licence, standing_of(licence, identity, now=now)))
    code = 0 if found and all(standing.level == "full" for _, _, standing in found) else 2
    if as_json:
        from seatrial.canonical import canonical_json  # noqa: PLC0415

        click.echo(canonical_json({"schema": SCHEMA, "exit_code": code, "judges": [_data(*one) for one in found]}))
        return code
    for one in found:
        click.echo(_line(*one))
    if not found:
        click.echo("this project has no judge: write judges/NAME.toml beside its prompt")
    return code


def _rubrics(root: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Key -> identity of the project's judges of single answers, where one is named or has a licence."""
    if not any(name.startswith(POINTWISE) for name in names) and not any(
        (root / "judges").glob("*.pointwise.licence.json")
    ):
        return {}
    from seatrial.project import open_project  # noqa: PLC0415 - its evaluators are imported
    from seatrial.scoring.rubric import rubric_identity  # noqa: PLC0415
    from seatrial.trial.pointwise import rubric_judges  # noqa: PLC0415

    return {key: rubric_identity(bound) or "" for key, bound in rubric_judges(open_project(root)).items()}


def _data(name: str, licence: Licence | None, found: Standing) -> dict[str, Any]:
    from seatrial.reason import reason_data  # noqa: PLC0415

    return {
        "judge": name,
        "level": found.level.value,
        "expires_at": None if licence is None else licence.expires_at,
        "labels": None if licence is None else licence.labels,
        "reasons": [reason_data(one) for one in found.bars],
    }


def _line(name: str, licence: Licence | None, found: Standing) -> str:
    from seatrial.vote import bar_sentence  # noqa: PLC0415

    why = "; ".join(map(bar_sentence, found.bars))
    until = ""
    if licence is not None:
        until = f", {count(licence.labels, 'label')}, until {datetime.fromtimestamp(licence.expires_at, UTC):%Y-%m-%d}"
    return f"{name}: {found.level.value}{until}{f' ({why})' if why else ''}"
