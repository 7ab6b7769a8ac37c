"""`seatrial fleet`: the registry as a table, whether every row of it works, and the files made from it."""

from __future__ import annotations

from pathlib import Path

import click

from seatrial.cli.fleet_dispatch import command as dispatch
from seatrial.cli.fleet_serve import command as serve
from seatrial.cli.group import Group


@click.group("fleet", cls=Group)
def command() -> None:
    """List and check the graphs of the registry, pin their prompts, write langgraph.json.

    \b
    Examples:
      seatrial fleet list
      seatrial fleet check
      seatrial fleet coverage triage
      seatrial fleet pin triage
      seatrial fleet langgraph-json
      seatrial fleet serve
      seatrial fleet dispatch --routes
    """


command.add_command(serve)
command.add_command(dispatch)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/fleet/1 on stdout.")
def list_(as_json: bool) -> int:
    """List the graphs; imports none of them.

    \b
    Example:
      seatrial fleet list --json
    """
    from seatrial.project import open_project  # noqa: PLC0415

    project = open_project(Path.cwd())
    if as_json:
        from seatrial.canonical import canonical_json  # noqa: PLC0415

        rows = [
            {
                "graph": s.assistant_id,
                "module": s.module,
                "versions": [v.name for v in s.versions],
                "families": {v.name: s.family_of(v) for v in s.versions},
                "current": s.current,
                "family": s.family,
                "resumable": s.resumable,
                "pool": s.pool,
                "feature": s.feature,
                "owner": s.owner,
                "side_effects": s.side_effects,
            }
            for s in project.graphs
        ]
        click.echo(canonical_json({"schema": "seatrial/fleet/1", "fleet": project.settings.fleet, "graphs": rows}))
        return 0
    width = max((len(s.assistant_id) for s in project.graphs), default=0)
    for s in project.graphs:
        versions = " ".join(f"[{v.name}]" if v.name == s.current else v.name for v in s.versions)
        click.echo(
            f"{s.assistant_id:<{width}}  {versions}  {s.module}  family {s.family}  feature {s.feature}  owner {s.owner}{'  resumable' if s.resumable else ''}"
        )
    return 0


@command.command("check")
@click.option("--isolated", is_flag=True, help="Look in a process of its own, which a graph may even end.")
def check(isolated: bool) -> int:
    """Import, compile and read everything the registry names; exit 2 when something does not work.

    Where [tool.seatrial.dispatch] names pools, it also says which graphs are on no pool's list and which pools do not
    answer (exit 2); where a server has run, which graphs were never called.

    \b
    Examples:
      seatrial fleet check
      seatrial fleet check --isolated
    """
    from seatrial.cli.fleet_check import check_fleet, check_isolated  # noqa: PLC0415

    return check_isolated() if isolated else check_fleet()


@command.command("coverage")
@click.argument("name", metavar="GRAPH[@VERSION]|RUN")
@click.option("--dataset", "kind", help="Which examples, e.g. golden; those are then run.")
@click.option(
    "--run/--stored", "run_now", default=None, help="Run the dataset now, or only read the latest stored run."
)
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/coverage/1 on stdout.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write seatrial/coverage/1 here.")
def coverage(name: str, kind: str | None, run_now: bool | None, as_json: bool, output: Path | None) -> int:
    """Name the nodes and edges of a graph that no example of its dataset reaches; exit 0 either way.

    It reads the paths of the latest stored run, or runs the dataset where that is none or stale.

    \b
    Examples:
      seatrial fleet coverage triage
      seatrial fleet coverage triage@v2 --run
    """
    from seatrial.cli.coverage import coverage_data, coverage_lines  # noqa: PLC0415
    from seatrial.cli.progress import progress  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.coverage import dataset_coverage  # noqa: PLC0415

    with progress(quiet=as_json) as tell:
        found = dataset_coverage(open_project(Path.cwd()), name, kind=kind, run=run_now, progress=tell)
    text = coverage_data(found)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    for line in (text,) if as_json else coverage_lines(found):
        click.echo(line)
    return 0


@command.command("pin")
@click.argument("graph", required=False)
@click.option(
    "--replace",
    multiple=True,
    metavar="PROMPT",
    help="Pin this prompt to its new text, though its name stays; only where no run was made with the old one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/pins/1 on stdout.")
def pin_(graph: str | None, replace: tuple[str, ...], as_json: bool) -> int:
    """Write the sha256 of each prompt version's text into graphs/GRAPH/prompts.toml.

    A text that is edited afterwards under the same name is refused wherever its graph is used.

    \b
    Examples:
      seatrial fleet pin
      seatrial fleet pin triage --replace p2
    """
    from seatrial.canonical import canonical_json  # noqa: PLC0415
    from seatrial.errors import UsageError  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.project.prompts import folder_of, pin, prompt_of, read_pins  # noqa: PLC0415
    from seatrial.wording import count  # noqa: PLC0415

    project = open_project(Path.cwd())
    graphs = (project.spec(graph),) if graph else project.graphs
    if replace and not graph:
        raise UsageError("--replace replaces prompts of one graph; name it: seatrial fleet pin GRAPH --replace PROMPT")
    rows = []
    for spec in graphs:
        named = {one.name for version in spec.versions if (one := prompt_of(project.root, spec, version))}
        absent = sorted(set(replace) - named)
        if absent:
            raise UsageError(
                f"graph {spec.assistant_id!r} has no prompt {absent[0]!r}; it has: {', '.join(sorted(named)) or 'none'}"
            )
        changed = pin(project.root, spec, frozenset(replace))
        pins = read_pins(folder_of(project.root, spec))
        rows.append({"graph": spec.assistant_id, "changed": list(changed), "pins": dict(pins)})
        if not as_json:
            what = f"pinned {', '.join(changed)}" if changed else "nothing new"
            click.echo(f"{spec.assistant_id}: {count(len(pins), 'prompt')}, {what}")
    if as_json:
        click.echo(canonical_json({"schema": "seatrial/pins/1", "graphs": rows}))
    return 0


@command.command("langgraph-json")
@click.option("--check", is_flag=True, help="Write nothing; exit 2 when a file is missing or stale.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write langgraph.json here; it must lie in the project's folder. Default: langgraph.json.",
)
def langgraph_json(check: bool, output: Path | None) -> int:
    """Write langgraph.json and graphs/langgraph_entry.py from the registry, for LangGraph's server.

    \b
    Examples:
      seatrial fleet langgraph-json
      seatrial fleet langgraph-json --check
    """
    from seatrial.errors import UsageError  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.project.served import FILE, served_files  # noqa: PLC0415
    from seatrial.wording import count  # noqa: PLC0415

    project = open_project(Path.cwd())
    name = FILE
    if output is not None:
        if output.resolve().parent != project.root:
            raise UsageError(
                f"{output} does not lie in {project.root}; its paths are relative to the folder it lies in"
            )
        name = output.name
    files = served_files(project.root, project.graphs, name)
    stale = [
        file
        for file, text in files.items()
        if not (project.root / file).is_file() or (project.root / file).read_text(encoding="utf-8") != text
    ]
    if check:
        for file in stale:
            click.echo(f"{file} is missing or stale: seatrial fleet langgraph-json writes it")
        return 2 if stale else 0
    for file in stale:
        (project.root / file).write_text(files[file], encoding="utf-8")
    graphs = count(len(project.graphs), "graph")
    click.echo(f"{name}: {graphs}, {'wrote ' + ', '.join(stale) if stale else 'nothing changed'}")
    return 0
