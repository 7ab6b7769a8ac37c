"""`seatrial flaky`: how often a version contradicts itself, what that asks for, and which examples are in quarantine for it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.concurrency import runs_at_once
from seatrial.cli.output import say
from seatrial.cli.progress import progress
from seatrial.errors import UsageError
from seatrial.gate.quarantine_file import LONGEST_DAYS

if TYPE_CHECKING:
    from seatrial.project import Project


@click.command("flaky")
@click.argument("graph", required=False, metavar="[GRAPH[@VERSION]|RUN]")
@click.option("--repeat", type=click.IntRange(min=2), default=5, show_default=True, help="Runs per example.")
@runs_at_once()
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many examples.")
@click.option(
    "--quarantine",
    "ids",
    multiple=True,
    metavar="EXAMPLE",
    help="Measure this example, and when it is flaky let it decide nothing until --expires; repeatable.",
)
@click.option("--owner", help="Who fixes it (with --quarantine).")
@click.option("--reason", help="Why it is flaky, in one sentence (with --quarantine).")
@click.option(
    "--expires", metavar="DATE", help=f"Last day of it, at most {LONGEST_DAYS} days away (with --quarantine)."
)
@click.option("--quarantined", is_flag=True, help="List what is in quarantine, the next to expire first.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/flaky/1 on stdout.")
def command(
    graph: str | None,
    repeat: int,
    concurrency: int | None,
    limit: int | None,
    ids: tuple[str, ...],
    owner: str | None,
    reason: str | None,
    expires: str | None,
    quarantined: bool,
    as_json: bool,
) -> int:
    """Run a version against itself: churn per segment, advice on repetitions, the flakiest examples.

    Runs the graph's dataset several times (or reads a run that already has repetitions) and says how often two runs of the
    same example disagree on each gating key. Exits 0 also when something is found, 2 when nothing could be compared.

    With --quarantine only those examples are run, and those that contradict themselves are written to
    gates/quarantine.toml: shown in every report, out of every tested row, until they expire.

    \b
    Examples:
      seatrial flaky triage --repeat 5
      seatrial flaky 20261120-174502-triage-v1-3f9a
      seatrial flaky triage --quarantine t017 --owner ada \\
                     --reason "the ticket can be read both ways" --expires 2026-12-20
      seatrial flaky --quarantined
    """
    from seatrial.project import open_project  # noqa: PLC0415 - graphs and numbers are for those who run

    _check(graph, limit, ids, {"--owner": owner, "--reason": reason, "--expires": expires}, quarantined=quarantined)
    project = open_project(Path.cwd())
    if quarantined:
        return _debt(project, as_json=as_json)
    assert graph is not None  # noqa: S101 - checked above
    if ids:
        assert owner is not None and reason is not None and expires is not None  # noqa: S101, PT018 - checked above
        return _quarantine(project, graph, ids, owner, reason, _day(expires), repeat, concurrency, as_json=as_json)
    from seatrial.report.churn import churn_data, churn_lines  # noqa: PLC0415
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.trial.flaky import flaky  # noqa: PLC0415

    with progress(quiet=as_json) as tell:
        found, policy = flaky(project, graph, repeat=repeat, concurrency=concurrency, limit=limit, progress=tell)
    if as_json:
        click.echo(gate_json(churn_data(found)), nl=False)
        return 0
    for churn in found:
        say(churn_lines(churn, policy))
    return 0


def _check(
    graph: str | None, limit: int | None, ids: tuple[str, ...], reported: dict[str, str | None], *, quarantined: bool
) -> None:
    if quarantined and (graph or ids):
        raise UsageError("--quarantined lists what is in quarantine in the whole project; it stands alone")
    if not quarantined and not graph:
        raise UsageError("name a graph or a run (seatrial flaky GRAPH), or ask for the list with --quarantined")
    for word, value in reported.items():
        if ids and not value:
            raise UsageError(f"{word} is missing: a quarantine has an owner, a reason and a last day")
        if value and not ids:
            raise UsageError(f"{word} goes with --quarantine EXAMPLE")
    if ids and limit:
        raise UsageError("--limit does not go with --quarantine, which runs the examples it names")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--expires {text!r} is no date; write it as {datetime.now(UTC).date()}") from None


def _quarantine(
    project: Project,
    graph: str,
    ids: tuple[str, ...],
    owner: str,
    reason: str,
    expires: date,
    repeat: int,
    concurrency: int | None,
    *,
    as_json: bool,
) -> int:
    from seatrial.report.churn import debt_data, quarantine_lines  # noqa: PLC0415
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.trial.flaky import put_in_quarantine  # noqa: PLC0415

    with progress(quiet=as_json) as tell:
        entries = put_in_quarantine(
            project,
            graph,
            ids,
            owner=owner,
            reason=reason,
            expires=expires,
            repeat=repeat,
            concurrency=concurrency,
            progress=tell,
        )
    if as_json:
        click.echo(gate_json(debt_data(entries, datetime.now(UTC).date())), nl=False)
    else:
        say(quarantine_lines(entries))
    return 0


def _debt(project: Project, *, as_json: bool) -> int:
    from seatrial.report.churn import debt_data, debt_lines  # noqa: PLC0415
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.trial.quarantine import debt  # noqa: PLC0415

    today = datetime.now(UTC).date()
    entries = debt(project, today)
    if as_json:
        click.echo(gate_json(debt_data(entries, today)), nl=False)
    else:
        say(debt_lines(entries, today))
    return 0
