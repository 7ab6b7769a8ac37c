"""`seatrial eval`: one version of a graph over its dataset; evidence under .seatrial/runs/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.concurrency import runs_at_once
from seatrial.cli.mlflow import Record, option, record, wanted
from seatrial.cli.progress import progress
from seatrial.wording import count, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.adapters.mlflow import Entry
    from seatrial.project import Project
    from seatrial.runner import RunResult


@click.command("eval")
@click.argument("graph", metavar="GRAPH[@VERSION]")
@click.option("--dataset", "kind", help="Which examples: datasets/GRAPH/KIND.jsonl.  [default: golden]")
@click.option("--repeat", type=click.IntRange(min=1), help="Runs per example.  [default: 1]")
@runs_at_once()
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=120.0,
    show_default=True,
    help="Seconds one run may take.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many examples.")
@click.option(
    "--resume",
    metavar="RUN",
    help="Go on with a run that was stopped, as it was begun; only what has no outcome is run.",
)
@click.option("--retry-errors", is_flag=True, help="With --resume: also run again what was not measured.")
@click.option(
    "--rebuild",
    metavar="RUN",
    help="Write the evidence of a finished run again from its rows; nothing is run. Stands alone.",
)
@click.option("--version-label", metavar="NAME", help="Record the version under this name, e.g. a commit.")
@option
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/eval/1 on stdout.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Also copy the evidence to FILE.parquet.")
def command(
    graph: str,
    kind: str | None,
    repeat: int | None,
    concurrency: int | None,
    timeout: float,
    limit: int | None,
    resume: str | None,
    retry_errors: bool,
    rebuild: str | None,
    version_label: str | None,
    mlflow: bool | None,
    as_json: bool,
    output: Path | None,
) -> int:
    """Run a graph over its dataset and write evidence.

    Exits 0 when every planned row has an outcome (system failures are outcomes, and counted aloud); 2 when none was
    scored, the run was stopped, something could not be measured, or --mlflow was asked for and MLflow took nothing.

    \b
    Examples:
      seatrial eval triage@v2
      seatrial eval triage --repeat 3 -j 4 --limit 50
      seatrial eval triage@v2 --mlflow
      seatrial eval triage --resume 20261120-174502-triage-v2-3f9a
    """
    from seatrial.errors import UsageError  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415 - graphs and numbers are for those who run
    from seatrial.trial.evaluate import evaluate  # noqa: PLC0415

    if retry_errors and not resume:
        raise UsageError("--retry-errors goes with --resume RUN")
    if output is not None and (output.suffix != ".parquet" or not output.parent.is_dir()):
        raise UsageError(f"-o {output}: evidence is written as FILE.parquet into a folder that exists")
    name, _, version = graph.partition("@")
    project = open_project(Path.cwd())
    if rebuild:
        given = (kind, repeat, concurrency, limit, resume, version_label, mlflow, output)
        if any(value is not None for value in given):
            raise UsageError("--rebuild RUN stands alone: it reads what the run kept, and runs nothing")
        return _rebuilt(project, name, rebuild, as_json=as_json)
    logs = wanted(mlflow, project.settings.mlflow, "eval")
    with progress(quiet=as_json) as tell:
        result = evaluate(
            project,
            name,
            version or None,
            kind=kind,
            repeat=repeat,
            concurrency=concurrency,
            timeout_s=timeout,
            limit=limit,
            resume=resume,
            retry_errors=retry_errors,
            label=version_label,
            progress=tell,
        )
    logged = record(project, lambda: _entries(result), requested=mlflow) if logs and result.complete else Record()
    code = logged.exit_code(_exit_code(result))
    if output is not None and result.complete:
        output.write_bytes((result.run_dir / "evidence.parquet").read_bytes())
    _say(result, graph, code, logged, as_json=as_json)
    return code


def _rebuilt(project: Project, graph: str, run_id: str, *, as_json: bool) -> int:
    from seatrial.trial.rebuild import rebuild  # noqa: PLC0415 - for those who rebuild

    result = rebuild(project, graph, run_id)
    if as_json:
        from seatrial.canonical import canonical_json  # noqa: PLC0415

        wording = {"schema": "seatrial/eval/1", "exit_code": 0, "run_id": run_id, "rebuilt": sum(result.rows.values())}
        click.echo(canonical_json(wording))
    else:
        click.echo(f"run {run_id}: evidence rebuilt from its rows, {count(sum(result.rows.values()), 'row')}")
    return 0


def _entries(result: RunResult) -> tuple[Entry, ...]:
    from seatrial.adapters.mlflow import Entry  # noqa: PLC0415 - for those who log

    return (Entry(result.run_dir),)


def _exit_code(result: RunResult) -> int:
    scored = result.rows.get("scored", 0)
    return 0 if result.complete and scored and not result.measurement_failures else 2


def _say(result: RunResult, graph: str, code: int, logged: Record, *, as_json: bool) -> None:
    run_id = result.run_dir.name
    if as_json:
        from seatrial.canonical import canonical_json  # noqa: PLC0415

        wording = {
            "schema": "seatrial/eval/1",
            "exit_code": code,
            "run_id": run_id,
            "complete": result.complete,
            "planned": result.planned,
            "done": result.done,
            "rows": dict(result.rows),
            "system_failures": result.system_failures,
            "measurement_failures": result.measurement_failures,
            "warnings": list(result.warnings),
            **({"mlflow": logged.data} if logged.data else {}),
        }
        click.echo(canonical_json(wording))
        return
    rows = ", ".join(f"{count:,} {word}" for word, count in sorted(result.rows.items()) if count)
    click.echo(f"run {run_id}: {result.done} of {count(result.planned, 'run')} done; rows: {rows or 'none'}")
    for line in _scores(result):
        click.echo(f"  {line}")
    if result.system_failures:
        click.echo(
            f"  {count(result.system_failures, 'row')} {verb(result.system_failures, 'are')} system failures: the graph crashed, hung or stopped; they score 0 in every gate"
        )
        click.echo(f"  first cause  {_cause(result, system=True)}")
    if result.measurement_failures:
        click.echo(
            f"  {count(result.measurement_failures, 'row')} could not be measured; fix the cause and: seatrial eval {graph} --resume {run_id} --retry-errors"
        )
        click.echo(f"  first cause  {_cause(result, system=False)}")
    for warning in result.warnings:
        click.echo(f"  note  {warning}")
    for line in logged.lines:
        click.echo(f"  {line}")
    if not result.complete:
        click.echo(f"  go on with: seatrial eval {graph} --resume {run_id}")
    elif not result.rows.get("scored"):
        click.echo(f"  nothing was scored: until a newer run finishes, {graph} is judged by this one")


def _scores(result: RunResult) -> Iterator[str]:
    """Each key's score over what was measured: a pass rate where every score is 0 or 1, else a mean."""
    from seatrial.runner.stored import stored_evidence  # noqa: PLC0415
    from seatrial.verdict import SYSTEM_FAILURES, Outcome  # noqa: PLC0415
    from seatrial.wording import percent  # noqa: PLC0415

    if not result.complete:
        return
    evidence = stored_evidence(result.run_dir)
    known: dict[str, list[float]] = {}
    for key, score, outcome in zip(*(evidence.values(name) for name in ("key", "score", "outcome")), strict=True):
        if score is not None or Outcome(outcome) in SYSTEM_FAILURES:
            known.setdefault(key, []).append(score or 0.0)
    for key, scores in sorted(known.items()):
        word = "pass rate" if set(scores) <= {0.0, 1.0} else "mean score"
        yield f"{key}: {word} {percent(sum(scores) / len(scores))} of {count(len(scores), 'run')}"


def _cause(result: RunResult, *, system: bool) -> str:
    """What most rows that failed say."""
    from collections import Counter  # noqa: PLC0415

    from seatrial.runner.stored import stored_evidence  # noqa: PLC0415
    from seatrial.verdict import SYSTEM_FAILURES, Outcome  # noqa: PLC0415

    if not result.complete:
        return "the run is not complete; its rows.jsonl holds the reasons"
    evidence = stored_evidence(result.run_dir)
    columns = [evidence.values(name) for name in ("outcome", "key", "reason")]
    wording = Counter(
        reason or "no reason given" if system else f"{key}: {reason or outcome}"
        for outcome, key, reason in zip(*columns, strict=True)
        if outcome != Outcome.SCORED and (Outcome(outcome) in SYSTEM_FAILURES) is system
    )
    reason, times = wording.most_common(1)[0]
    return f"{times:,} of {count(wording.total(), 'row')}: {reason[:200]}"
