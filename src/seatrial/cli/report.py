"""`seatrial report`: the HTML page of a trial, of a gate's JSON or of two runs; shows, and never blocks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.page import browse, page, refusals, save
from seatrial.errors import DataError, SeatrialError, UsageError

if TYPE_CHECKING:
    from seatrial.gate.report import Report

REPORTS = "reports"
JUDGED = ("verdict", "overall", "segments")
"""What two reports must share to be one."""


@click.command("report")
@click.argument("names", nargs=-1, metavar="[RUN | A B]")
@click.option("--open", "opened", is_flag=True, help="Open the page in the browser (never where CI is set).")
@click.option("--no-examples", is_flag=True, help="Leave the texts of flipped answers out of the page.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/report/1 on stdout: where the pages are.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the page to FILE.html.")
def command(names: tuple[str, ...], opened: bool, no_examples: bool, as_json: bool, output: Path | None) -> int:
    """Write a verdict's page: one HTML file that needs no server, no script and no network.

    RUN is a folder below reports/, a path to one, or a gate's JSON file; without it, the last trial. A and B are two
    runs, or GRAPH@VERSION for the latest of each, gated by the trial row's policy. A page that a trial wrote is kept as
    it is. Exit 0 when the page is there, whatever its verdict; 2 when there is nothing to show.

    \b
    Examples:
      seatrial report --open
      seatrial report reports/20261120-174502/triage.json -o page.html
      seatrial report triage@v1 triage@v2 --no-examples -o share.html
    """
    if output is not None and (output.suffix != ".html" or not output.parent.is_dir()):
        raise UsageError(f"-o {output}: choose FILE.html in a folder that exists")
    if len(names) > 2:
        raise UsageError("give one report folder or JSON file, or two runs; see seatrial report --help")
    written = (
        [_of_runs(names[0], names[1], output, examples=not no_examples)]
        if len(names) == 2
        else _of_files(names[0] if names else None, output, examples=not no_examples)
    )
    if as_json:
        from seatrial.report.data import gate_json  # noqa: PLC0415

        click.echo(
            gate_json({"schema": "seatrial/report/1", "exit_code": 0, "pages": [str(file) for file in written]}),
            nl=False,
        )
    else:
        for file in written:
            click.echo(f"page: {file}")
    if opened:
        browse(written)
    return 0


def _of_runs(a: str, b: str, output: Path | None, *, examples: bool) -> Path:
    from seatrial.project import open_project  # noqa: PLC0415 - numbers are for those who gate
    from seatrial.trial.gating import gate_runs  # noqa: PLC0415

    project = open_project(Path.cwd())
    with refusals([output] if output else [], f"{a} → {b}"):
        report = gate_runs(project, a, b)
    if output is None:
        folder = project.root / REPORTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
        folder.mkdir(parents=True, exist_ok=True)
        output = folder / f"{report.graph or 'gate'}.html"
    save(output, page(report, examples=examples))
    return output


def _of_files(name: str | None, output: Path | None, *, examples: bool) -> list[Path]:
    files = _reports(name)
    if output is not None:
        if len(files) > 1:
            raise UsageError(
                f"-o {output} is one page, and {files[0].parent} holds {len(files)} reports; name one: {', '.join(map(str, files))}"
            )
        save(output, page(_read(files[0], [output]), examples=examples))
        return [output]
    written = []
    for file in files:
        target = file.with_suffix(".html")
        if not (target.is_file() and examples):
            save(target, page(_read(file, [target]), examples=examples))
        written.append(target)
    return written


def _reports(name: str | None) -> list[Path]:
    """The gate reports that a name means: a JSON file, a folder, or a folder below the project's reports/."""
    place = _last() if name is None else Path(name)
    if name is not None and not place.exists():
        place = _folder() / name
    if place.is_file():
        return [place]
    found = [file for file in sorted(place.glob("*.json")) if _data(file).get("schema") == "seatrial/gate/1"]
    if not found:
        raise UsageError(
            f"{name or place}: no report of a gate is there; name a folder below {_folder()}, a gate's JSON file, or two runs"
        )
    return found


def _folder() -> Path:
    from seatrial.project.settings import find_root  # noqa: PLC0415

    try:
        return find_root(Path.cwd()) / REPORTS
    except SeatrialError:
        return Path(REPORTS)


def _last() -> Path:
    folders = sorted(file.parent for file in _folder().glob("*/*.json"))
    if not folders:
        raise UsageError(f"{_folder()} holds no report yet; make one with seatrial trial, or name two runs")
    return folders[-1]


def _data(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as JSON: {error}") from error
    return found if isinstance(found, dict) else {}


def _read(file: Path, targets: list[Path]) -> Report:
    """The report of a JSON file; complete, where its runs are still there and give the same verdict again."""
    from seatrial.report.read import report_of  # noqa: PLC0415

    data = _data(file)
    with refusals(targets, file.stem):
        given = report_of(data, file.name)
    repeated = _repeated(data)
    return given if repeated is None else replace(repeated, confirm=given.confirm)


def _repeated(data: dict[str, Any]) -> Report | None:
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.report.data import gate_data, gate_json  # noqa: PLC0415
    from seatrial.report.provenance import runs_of  # noqa: PLC0415
    from seatrial.trial.gating import gate_runs  # noqa: PLC0415

    runs = runs_of(str(data["evidence"]))
    if runs is None:
        return None
    try:
        report = gate_runs(open_project(Path.cwd()), *runs)
    except (SeatrialError, OSError):
        return None
    now = json.loads(gate_json(gate_data(report)))
    same = all(now[name] == data.get(name) for name in JUDGED) and now["policy"].get("hash") == data["policy"].get(
        "hash"
    )
    return report if same else None
