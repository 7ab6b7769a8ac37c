"""`seatrial override`: a failing row is accepted by a named owner, with a reason, until a date; `override list` is the debt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.group import Group
from seatrial.errors import UsageError
from seatrial.gate.override import LONGEST_DAYS, RENEWALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from seatrial.gate.override import Bound, Override
    from seatrial.gate.report import Report
    from seatrial.project import Project


@click.group("override", cls=Group, invoke_without_command=True)
@click.option("--graph", help="The graph whose verdict it is; may be left out where the project has one.")
@click.option(
    "--baseline", help="With --candidate: the two versions whose latest runs are compared, as in seatrial gate."
)
@click.option(
    "--candidate", help="See --baseline; without both it is the current version against its accepted baseline."
)
@click.option(
    "--segment", "segments", multiple=True, help="Segment of a failing row: overall or NAME=value (repeatable)."
)
@click.option(
    "--key", "keys", multiple=True, help="Evaluator key of that row; one for all segments, or one for each, in order."
)
@click.option("--all-failing", is_flag=True, help="In place of --segment and --key: every row that fails.")
@click.option("--reason", help="Why the drop is acceptable, in a sentence.")
@click.option("--author", help="Who accepts it.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Last valid day, YYYY-MM-DD.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/override/1 on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    graph: str | None,
    baseline: str | None,
    candidate: str | None,
    segments: tuple[str, ...],
    keys: tuple[str, ...],
    all_failing: bool,
    reason: str | None,
    author: str | None,
    expires: datetime | None,
    *,
    as_json: bool,
) -> int | None:
    """Accept failing rows until a date, with a reason and an author.

    The verdict stays FAIL; the exit code becomes 0 once every failing row is accepted. An override is appended to
    gates/overrides.jsonl, which is committed. It is bound to this baseline, this candidate and this depth: the next change
    is judged anew. It lasts {days} days at most and can be renewed {renewals} times; a command given once more renews nothing.

    \b
    Examples:
      seatrial override --graph triage --segment topic=refund --key desk \\
          --reason "the refund desk moves on Friday" --author ada --expires 2026-12-01
      seatrial override --graph triage --segment overall --segment topic=refund --key desk ...
      seatrial override --graph triage --baseline v1 --candidate v2 --all-failing ...
      seatrial override list
    """
    if ctx.invoked_subcommand is not None:
        return None
    if all_failing and (segments or keys):
        raise UsageError("--all-failing names every row; leave out --segment and --key")
    named = {"--segment": segments, "--key": keys} if not all_failing else {}
    lacking = [
        name
        for name, given in {**named, "--reason": reason, "--author": author, "--expires": expires}.items()
        if given is None or given == ()
    ]
    if lacking or reason is None or author is None or expires is None:
        raise UsageError(f"an override needs {', '.join(lacking)}; seatrial override --help shows one")
    rows = [] if all_failing else _pairs(segments, keys)
    from datetime import UTC, datetime  # noqa: PLC0415

    from seatrial.gate.override import renewals, still_failing, write_rows  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.overrides import overrides_of, record  # noqa: PLC0415

    project, today = open_project(Path.cwd()), datetime.now(UTC).date()
    report, bound = _judged(project, _graph(project, graph), baseline, candidate)
    rows = [(f.segment, f.key) for f in report.stopping] if all_failing else rows
    if not rows:
        raise UsageError("no row fails, so there is nothing to override")
    written = write_rows(
        report,
        bound,
        overrides_of(project),
        rows,
        reason=reason,
        author=author,
        expires=expires.date(),
        today=today,
    )
    record(project, [one for one, is_new in written if is_new])
    if as_json:
        mine = [one for one, _ in written]
        _print([(one, times) for one, times in renewals(overrides_of(project)) if one in mine])
        return 0
    for line in _written_lines(written):
        click.echo(line)
    for left in still_failing(report, overrides_of(project), bound, today):
        click.echo(f"still unanswered: --segment {left.segment} --key {left.key}")
    return 0


command.help = (command.help or "").format(days=LONGEST_DAYS, renewals=RENEWALS)


def _pairs(segments: Sequence[str], keys: Sequence[str]) -> list[tuple[str, str]]:
    """(segment, key) of each row: one key for all segments, or one for each."""
    if len(keys) not in (1, len(segments)):
        raise UsageError(
            f"{len(segments)} --segment and {len(keys)} --key: name one key for all segments, or one for each, in order"
        )
    each = list(keys) if len(keys) == len(segments) else [keys[0]] * len(segments)
    return list(zip(segments, each, strict=True))


def _written_lines(written: Sequence[tuple[Override, bool]]) -> Iterator[str]:
    from seatrial.trial.overrides import FILE  # noqa: PLC0415
    from seatrial.wording import count  # noqa: PLC0415

    for one, is_new in written:
        already = "" if is_new else ", as it may already; nothing was renewed"
        yield f"{one.segment} · {one.key} of {one.graph} may pass until {one.expires}: {one.reason} ({one.author}){already}"
    new = sum(is_new for _, is_new in written)
    if new:
        yield f"appended {count(new, 'line')} to {FILE}; commit it"


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/override/1 on stdout.")
def listed(*, as_json: bool) -> int:
    """Show the accepted rows: author, reason, renewals and last valid day.

    \b
    Example:
      seatrial override list
    """
    from datetime import UTC, date, datetime  # noqa: PLC0415

    from seatrial.gate.override import renewals  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.overrides import overrides_of  # noqa: PLC0415
    from seatrial.wording import count, points  # noqa: PLC0415

    today = datetime.now(UTC).date()
    found = sorted(renewals(overrides_of(open_project(Path.cwd()))), key=lambda one: one[0].expires)
    if as_json:
        _print(found)
        return 0
    if not found:
        click.echo("nothing was ever overridden")
    for one, times in found:
        left = (date.fromisoformat(one.expires) - today).days
        until = f"{count(left, 'day')} left" if left >= 0 else f"expired {one.expires}"
        click.echo(
            f"{one.graph or 'evidence'} · {one.segment} · {one.key}: {points(one.difference)}, {until}, renewed {times} of 2 times; {one.author}: {one.reason}"
        )
    return 0


def _graph(project: Project, graph: str | None) -> str:
    from seatrial.errors import one_of  # noqa: PLC0415

    known = list(dict.fromkeys(row.graph for row in project.settings.trial))
    if graph is None and len(known) == 1:
        return known[0]
    if graph is None:
        raise UsageError(f"say whose verdict it is with --graph; one of: {', '.join(known)}")
    return one_of(graph, known, "a trial row of graph")


def _judged(project: Project, graph: str, baseline: str | None, candidate: str | None) -> tuple[Report, Bound]:
    import tempfile  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    from seatrial.trial.against_baseline import gate_against_baseline, valid_bound  # noqa: PLC0415
    from seatrial.trial.confirm import Confirming  # noqa: PLC0415
    from seatrial.trial.gating import gate_runs  # noqa: PLC0415
    from seatrial.trial.overrides import versions_bound  # noqa: PLC0415

    if (baseline is None) != (candidate is None):
        raise UsageError("--baseline and --candidate go together")
    if baseline is not None and candidate is not None:
        report = gate_runs(project, f"{graph}@{baseline}", f"{graph}@{candidate}", confirming=Confirming())
        return report, versions_bound(project, graph, baseline, candidate)
    row = next(row for row in project.settings.trial if row.graph == graph)
    with tempfile.TemporaryDirectory() as folder:
        report = gate_against_baseline(
            project, row, against="current", into=Path(folder), today=datetime.now(UTC).date(), models=False
        )
    return report, valid_bound(project, row, "current")


def _print(found: object) -> None:
    from dataclasses import asdict  # noqa: PLC0415

    from seatrial.report.data import gate_json  # noqa: PLC0415

    rows = [{**asdict(one), "renewals": times} for one, times in found]  # type: ignore[attr-defined]
    click.echo(gate_json({"schema": "seatrial/override/1", "overrides": rows}), nl=False)
