"""`seatrial datasets`: new examples from production, proposed for review."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.decision_options import time_options
from seatrial.cli.feedback_sources import metrics_of, rules_of, source_options, tables_from
from seatrial.cli.group import Group
from seatrial.cli.times import moment, time_zone
from seatrial.errors import DataError, UsageError
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seatrial.adapters.feedback.source import Tables
    from seatrial.feedback.proposal import Proposals, Request
    from seatrial.feedback.rules import FeedbackRules
    from seatrial.feedback.units import Units
    from seatrial.monitor.production import Recorded
    from seatrial.outcome import Metric
    from seatrial.project import Project


@click.group("datasets", cls=Group)
def command() -> None:
    """Work on datasets.

    \b
    Examples:
      seatrial datasets propose email_classify --runs production.jsonl -o proposed.jsonl
    """


@command.command("propose")
@click.argument("graph")
@click.option(
    "--runs",
    "runs_file",
    required=True,
    type=click.Path(path_type=Path),
    help="Recorded production runs (JSONL: id, thread_id, version, inputs, outputs), as monitor reads them.",
)
@source_options
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most examples, over all segments."
)
@time_options()
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/proposal/1 on stdout.")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="New file to write proposals to (.jsonl)."
)
def propose_(
    graph: str,
    runs_file: Path,
    decisions: str | None,
    outcomes: str | None,
    sources: tuple[str, ...],
    maps: tuple[str, ...],
    segments: tuple[str, ...],
    only: tuple[str, ...],
    rules_file: Path | None,
    metrics_file: Path | None,
    limit: int,
    clock: str | None,
    zone: str | None,
    as_json: bool,
    output: Path,
) -> int:
    """Propose golden examples from decisions that production contradicted.

    Takes decisions whose outcome was negative, those of flagged rows first, from each segment in turn; strips personal data and
    secrets, and leaves out what another proposal or a golden example asks already. Each line lacks its reference: a person
    fills in what was right and moves it to the dataset. No dataset is ever written. Exits 0 where proposals were written, 2
    where a source could not be read or there is nothing to propose.

    \b
    Examples:
      seatrial datasets propose email_classify --runs production.jsonl -o proposed.jsonl
      seatrial datasets propose email_classify --runs production.jsonl --decisions d.csv --outcomes o.csv \\
                       --segment language --limit 20 -o proposed.jsonl
    """
    from seatrial.feedback.proposal import Contradicted, contradicted, propose  # noqa: PLC0415 - after the options
    from seatrial.monitor.production import read_production  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415

    project = open_project(Path.cwd())
    project.spec(graph)
    _check_target(project, output)
    metrics = metrics_of(metrics_file)
    rules = rules_of(rules_file).with_metrics(metrics)
    declared = time_zone(zone)
    tables = tables_from(decisions, outcomes, sources, maps, segments, declared, rules)
    read = read_production(runs_file)
    requests, threads = _requests(read.runs)
    found: list[Contradicted] = []
    for one, flagged in _judged(tables, rules, metrics, moment(clock, "--now", declared), only):
        found += contradicted(one, flagged)
    made = propose(sorted(found, key=lambda one: not one.flagged), requests, threads, _known(project, graph), limit)
    if made.examples:
        _write(output, made)
    _say(made, output, as_json=as_json)
    return 0 if made.examples else 2


def _check_target(project: Project, output: Path) -> None:
    """Refuse what would overwrite anything, or be read as a dataset.

    Raises:
        UsageError: the file exists, is no .jsonl, has no folder, or lies in `datasets/`.
    """
    if output.suffix != ".jsonl" or not output.parent.is_dir():
        raise UsageError(f"-o {output}: proposals are written as FILE.jsonl into a folder that exists")
    if output.exists():
        raise UsageError(f"-o {output} exists; name a new file, so that no review is lost")
    if output.resolve().is_relative_to((project.root / "datasets").resolve()):
        raise UsageError(
            f"-o {output} lies in datasets/, where files are read as datasets; write it elsewhere, review it, and move its lines yourself"
        )


def _requests(runs: Sequence[Recorded]) -> tuple[list[Request], dict[str, str]]:
    """Recorded runs as requests, and thread -> id of its run where it has only one."""
    from seatrial.feedback.proposal import Request  # noqa: PLC0415

    requests = [Request(one.run.id, one.run.inputs, one.run.outputs, one.version) for one in runs]
    by_thread: dict[str, list[str]] = {}
    for one in runs:
        if one.run.thread_id:
            by_thread.setdefault(one.run.thread_id, []).append(one.run.id)
    return requests, {thread: ids[0] for thread, ids in by_thread.items() if len(ids) == 1}


def _judged(
    tables: Sequence[Tables], rules: FeedbackRules, metrics: Mapping[str, Metric], now: float, only: tuple[str, ...]
) -> Iterator[tuple[Units, Sequence[Mapping[str, str]]]]:
    """Each source's decisions with the rows of the yearly gate that flag it."""
    from seatrial.adapters.feedback.source import Question, units_of  # noqa: PLC0415
    from seatrial.feedback.decide import decide  # noqa: PLC0415
    from seatrial.feedback.evidence import collect  # noqa: PLC0415
    from seatrial.feedback.year import year_at  # noqa: PLC0415

    year = year_at(now, rules.year)
    for one in tables:
        units = units_of(one, Question(rules, metrics, year, now, only))
        decision = decide([collect(units, rules, year)], rules, year=year)
        yield units, decision.details["sources"][units.source]["flagged"]


def _known(project: Project, graph: str) -> set[str]:
    """What the graph's datasets ask already."""
    from seatrial.feedback.proposal import question  # noqa: PLC0415

    kinds = [file.stem for file in (project.root / "datasets" / graph).glob("*.jsonl")]
    return {question(example.inputs) for kind in kinds for example in project.dataset(graph, kind).examples}


def _write(output: Path, made: Proposals) -> None:
    from seatrial.canonical import canonical_json  # noqa: PLC0415

    try:
        output.write_text("".join(canonical_json(one) + "\n" for one in made.examples), encoding="utf-8")
    except OSError as error:
        raise DataError(f"-o {output} cannot be written: {error.strerror}") from error


def _say(made: Proposals, output: Path, *, as_json: bool) -> None:
    if as_json:
        from seatrial.canonical import canonical_json  # noqa: PLC0415

        found = {
            "schema": "seatrial/proposal/1",
            "proposed": len(made.examples),
            "contradicted": made.contradicted,
            "unrecorded": made.unrecorded,
            "repeated": made.repeated,
            "left_out": made.left_out,
            "file": str(output),
        }
        click.echo(canonical_json(found))
        return
    click.echo(
        f"{count(made.contradicted, 'decision')} contradicted by production: {count(len(made.examples), 'example')} proposed"
    )
    for number, words in (
        (made.unrecorded, "without a recorded run"),
        (made.repeated, "ask what another example asks already"),
        (made.left_out, "left out by --limit"),
    ):
        if number:
            click.echo(f"  {number:,} {words}")
    if made.examples:
        click.echo(f"  written to {output}; fill in outputs, then move the lines to the dataset")
    else:
        click.echo("  nothing was written")
