"""`seatrial init`: a working project in an empty folder, or beside a LangGraph project that is there."""

from __future__ import annotations

import os
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.errors import UsageError
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "--langgraph", type=click.Path(path_type=Path), metavar="FILE", help="Mount the project of this langgraph.json."
)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="With --langgraph: folder of the evaluation project; default: beside langgraph.json.",
)
@click.option(
    "--examples",
    multiple=True,
    metavar="[GRAPH=]FILE",
    help="With --langgraph: JSONL of a graph's examples (inputs, outputs, metadata, tags); repeatable.",
)
@click.option(
    "--append", is_flag=True, help="With --langgraph: put [tool.seatrial] into the pyproject.toml that is there."
)
@click.option(
    "--force", is_flag=True, help="With --langgraph: write over files of an evaluation project that are there."
)
@click.option(
    "--no-run", is_flag=True, help="With --langgraph: leave out the A/A run, which calls every graph twice an example."
)
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/init/1 on stdout.")
def command(
    folder: Path | None,
    langgraph: Path | None,
    into: Path | None,
    examples: tuple[str, ...],
    append: bool,
    force: bool,
    no_run: bool,
    as_json: bool,
) -> int:
    """Write a working evaluation project into FOLDER (default: here), and accept its first baseline.

    A small graph with a dataset, an evaluator, segments, a policy, a workflow for GitHub Actions and a README. Nothing that
    is there already is written over.

    With --langgraph the project is that of a langgraph.json: its graphs are registered where they lie, contracts, segments,
    evaluators and a policy that watches are drafted from its examples, and every graph is run twice as it is, to say what
    this gate can see. Exits 0 when every graph could be loaded or lacks no more than a key or examples, else 2.

    \b
    Examples:
      seatrial init
      seatrial init evals && cd evals && pytest -m 'not llm'
      seatrial init --langgraph langgraph.json --examples golden.jsonl
      seatrial init --langgraph app/langgraph.json --into evals --examples agent=a.jsonl --examples triage=t.jsonl
    """
    if langgraph is not None:
        if folder is not None:
            raise UsageError(f"with --langgraph the folder is named by --into {folder}")
        return _mount(langgraph, into, examples, append=append, force=force, run=not no_run, as_json=as_json)
    for word, given in (
        ("--into", into),
        ("--examples", examples),
        ("--append", append),
        ("--force", force),
        ("--no-run", no_run),
    ):
        if given:
            raise UsageError(f"{word} goes with --langgraph FILE")
    return _begin(folder or Path(), as_json=as_json)


def _mount(
    file: Path,
    into: Path | None,
    examples: tuple[str, ...],
    *,
    append: bool,
    force: bool,
    run: bool,
    as_json: bool,
) -> int:
    from seatrial.cli.adopted import adopted_data, adopted_lines, exit_code  # noqa: PLC0415
    from seatrial.cli.output import say  # noqa: PLC0415
    from seatrial.cli.progress import progress  # noqa: PLC0415
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.trial.adopt import adopt  # noqa: PLC0415 - for those who begin

    if into is not None and into.exists() and not into.is_dir():
        raise UsageError(f"--into {into} is a file; name a folder")
    with progress(quiet=as_json) as tell:
        done = adopt(
            file,
            into=into,
            examples=_named(examples),
            append=append,
            force=force,
            run=run,
            environ=os.environ,
            progress=tell,
        )
    if as_json:
        click.echo(gate_json(adopted_data(done)).encode(), nl=False)
    else:
        say(adopted_lines(done, into or file.parent, here=Path.cwd()))
    return exit_code(done)


def _named(examples: Iterable[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for one in examples:
        graph, equals, path = one.partition("=")
        # A path may hold an equals sign; a graph's name holds no slash.
        name, file = (graph, path) if equals and "/" not in graph and not Path(one).exists() else ("", one)
        if name in found:
            raise UsageError(f"--examples names {name or 'the examples'} twice; a graph has one file of examples")
        found[name] = Path(file)
    return found


def _begin(folder: Path, *, as_json: bool) -> int:
    from seatrial.trial.init import can_run_graphs, write_template  # noqa: PLC0415 - for those who begin

    wrote = write_template(folder)
    wording: list[dict[str, Any]] = []
    if can_run_graphs():
        wording = _first_baselines(folder)
    if as_json:
        from seatrial.report.data import gate_json  # noqa: PLC0415

        click.echo(
            gate_json({"schema": "seatrial/init/1", "folder": str(folder), "files": list(wrote), "graphs": wording}),
            nl=False,
        )
        return 0
    click.echo(f"wrote {count(len(wrote), 'file')} to {folder.resolve()}")
    from seatrial.certify.detectable import HEAD, Detectable  # noqa: PLC0415 - numbers, where a graph was run

    for graph in wording:
        click.echo(graph["baseline"])
        click.echo(f"\n{HEAD}")
        for row in graph["detects"]:
            mark = "*" if row["critical"] else ""
            click.echo(f"  {row['segment'] + mark:<20} {row['n']:>4} examples  {Detectable(**row).sentence}")
    if not wording:
        click.echo("LangGraph is not installed, so no graph was run: pip install 'seatrial[fleet]' pytest, then")
        click.echo("  pytest gates/merge.toml --seatrial-update-baseline")
    click.echo("\nNext:")
    if folder.resolve() != Path.cwd():
        click.echo(f"  cd {shlex.quote(str(folder))}")
    if find_spec("pytest") is None:
        click.echo("  pip install pytest           # it is not here yet")
    click.echo("  pytest -m 'not llm'          # the fast gate; README.md says how to see it stop something")
    click.echo("  seatrial trial               # v1 against v2, with a report")
    return 0


def _first_baselines(folder: Path) -> list[dict[str, Any]]:
    import getpass  # noqa: PLC0415
    from dataclasses import asdict  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.against_baseline import renew  # noqa: PLC0415
    from seatrial.trial.init import detects  # noqa: PLC0415

    project = open_project(folder)
    today = datetime.now(UTC).date()
    return [
        {
            "graph": row.graph,
            "baseline": renew(project, row, today=today, author=getpass.getuser(), reason="seatrial init"),
            "detects": [asdict(detectable) for detectable in detects(project, row)],
        }
        for row in project.settings.trial
    ]
