"""`seatrial judge pointwise`: the stored answers of a run put to a judge that scores one answer, each more than once."""

from __future__ import annotations

from pathlib import Path

import click

from seatrial.cli.concurrency import calls_at_once
from seatrial.cli.progress import progress

SCHEMA = "seatrial/judge-pointwise/1"


@click.command("pointwise")
@click.argument("run", metavar="RUN")
@click.option("--judge", "name", required=True, help="Which judge of the graph's evaluators, NAME or judge:NAME.")
@calls_at_once("Answers")
@click.option(
    "--repeat", type=click.IntRange(min=1), default=2, show_default=True, help="How often each answer is judged."
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many examples.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/judge-pointwise/1 on stdout.")
def command(run: str, name: str, concurrency: int, repeat: int, limit: int | None, *, as_json: bool) -> int:
    """Put the stored answers of a run to a judge that scores one answer. No graph runs.

    RUN is GRAPH@VERSION (its latest finished run) or a run id. Scores lie in the run under judged/NAME--pointwise/; one that is
    there is never requested again. Each answer is judged more than once, because a licence takes that the judge repeats itself.
    Exits 0 when every answer has a score, 2 when one has none.

    \b
    Examples:
      seatrial judge pointwise desk@v2 --judge concise
      seatrial judge agreement .seatrial/runs/RUN/judged/concise--pointwise/scores.jsonl --labels passes.jsonl --licence judge:concise
    """
    from seatrial.canonical import canonical_json  # noqa: PLC0415 - numbers and models are for those who judge
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.pointwise import judge_answers, rubricated  # noqa: PLC0415
    from seatrial.wording import count  # noqa: PLC0415

    project = open_project(Path.cwd())
    made = rubricated(project, run, name, repeat=repeat, limit=limit)
    with progress(quiet=as_json) as tell:
        rows, requested = judge_answers(
            project,
            made,
            concurrency=concurrency,
            progress=lambda finished, planned: tell(f"{made.bound.key} on {made.graph}", finished, planned),
        )
    missing = [row for row in rows if row["score"] is None]
    code = 2 if missing else 0
    file = made.file.relative_to(project.root)
    if as_json:
        wording = {
            "schema": SCHEMA,
            "exit_code": code,
            "judge": made.identity,
            "graph": made.graph,
            "run_id": made.run_id,
            "rows": len(rows),
            "requested": requested,
            "missing": len(missing),
            "file": str(file),
        }
        click.echo(canonical_json(wording))
        return code
    click.echo(
        f"{made.identity}: {len(rows) - len(missing):,} of {count(len(rows), 'score')}, {requested:,} requested, "
        f"{len(rows) - requested:,} known; they are in {file}"
    )
    if missing:
        click.echo(f"without a score: {missing[0]['reason']} ({len(missing):,} of {len(rows):,})")
    return code
