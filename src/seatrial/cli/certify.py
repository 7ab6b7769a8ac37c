"""`seatrial certify`: the error rates of a policy on your segment sizes, before you trust it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.output import say
from seatrial.cli.progress import progress
from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.certify.certificate import Certificate
    from seatrial.certify.design import Design
    from seatrial.gate.policy import Policy

Case = tuple["Design", "Policy"]


@click.command("certify")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option(
    "--graph",
    "graphs",
    multiple=True,
    help="Only this graph of the project (repeatable); default: every graph with a trial row.",
)
@click.option(
    "--evidence", type=click.Path(path_type=Path), help="Take the segment sizes from a file of evidence instead."
)
@click.option("--map", "maps", multiple=True, metavar="COLUMN=FOREIGN", help="As in seatrial gate (with --evidence).")
@click.option("--segment", "segments", multiple=True, metavar="COLUMN", help="As in seatrial gate (with --evidence).")
@click.option("--critical", multiple=True, metavar="NAME[=VALUE]", help="As in seatrial gate (with --evidence).")
@click.option(
    "--churn",
    type=click.FloatRange(0, 1),
    help="Share of examples that flip when nothing changed; default: the policy's.",
)
@click.option(
    "--missing",
    type=click.FloatRange(0, 0.9),
    default=0.0,
    show_default=True,
    help="Share of cells that nobody measures.",
)
@click.option("--rate", type=click.FloatRange(0, 1), default=0.8, show_default=True, help="The baseline's pass rate.")
@click.option(
    "--gates",
    type=click.IntRange(min=200),
    default=4000,
    show_default=True,
    help="Simulated gates in which nothing changed.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulation.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/certify/1 on stdout.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Also write FILE.json, or the power curves of the first graph as FILE.svg.",
)
def command(
    policy: Path,
    graphs: tuple[str, ...],
    evidence: Path | None,
    maps: tuple[str, ...],
    segments: tuple[str, ...],
    critical: tuple[str, ...],
    churn: float | None,
    missing: float,
    rate: float,
    gates: int,
    seed: int,
    as_json: bool,
    output: Path | None,
) -> int:
    """Measure a policy's error rates on your segment sizes before you trust it.

    Simulates this policy on these sizes: how often it blocks a candidate that changed nothing, how often it sees a drop in
    each segment, how often a broken critical segment sails, and what would mend a weak row; beside the rules people write
    first, on the same simulated candidates. Exits 2 when the promise is not kept or a critical segment cannot be judged.

    \b
    Examples:
      seatrial certify gates/merge.toml
      seatrial certify gates/merge.toml --graph text_to_sql --missing 0.02 -o power.svg
      seatrial certify gates/merge.toml --evidence results.csv --segment tier --critical tier=enterprise
    """
    from functools import partial  # noqa: PLC0415

    import numpy as np  # noqa: PLC0415 - simulation is for those who certify

    from seatrial.certify.certificate import certify  # noqa: PLC0415
    from seatrial.certify.simulate import Truth  # noqa: PLC0415
    from seatrial.report.certificate import certificate_lines  # noqa: PLC0415

    if output is not None and (output.suffix not in (".json", ".svg") or not output.parent.is_dir()):
        raise UsageError(f"-o {output}: choose FILE.json or FILE.svg in a folder that exists")
    cases = (
        _from_evidence(policy, evidence, graphs, maps, segments, critical)
        if evidence
        else _from_project(policy, graphs)
    )
    done: list[Certificate] = []
    with progress(quiet=as_json) as tell:
        for design, rules in cases:
            truth = Truth(rules.churn if churn is None else churn, rate=rate, missing=missing)
            rng = np.random.default_rng(seed)
            done.append(certify(design, rules, truth, gates=gates, rng=rng, progress=partial(tell, design.name)))
    _write(done, [rules for _, rules in cases], as_json=as_json, output=output)
    if not as_json:
        for certificate, (_, rules) in zip(done, cases, strict=True):
            say(certificate_lines(certificate, rules))
            click.echo("")
    kept = all(c.null.rate(c.null.blocked) <= c.alpha and not c.uncovered for c in done)
    return 0 if kept else 2


def _from_project(policy: Path, graphs: tuple[str, ...]) -> list[Case]:
    from seatrial.certify.design import design  # noqa: PLC0415
    from seatrial.errors import one_of  # noqa: PLC0415
    from seatrial.gate.policy import load_policy  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.segment import assign, critical_segments, for_graph  # noqa: PLC0415

    project = open_project(Path.cwd())
    known = list(dict.fromkeys(row.graph for row in project.settings.trial))
    if not known:
        raise UsageError("the project has no trial row to certify a policy for; name sizes with --evidence FILE")
    cases = []
    for graph in graphs or known:
        one_of(graph, known, "a trial row of graph")
        rules = load_policy(policy, graph)
        dimensions = for_graph(project.dimensions, graph)
        kind = next(row.dataset for row in project.settings.trial if row.graph == graph)
        examples = [assign(dimensions, example.row()) for example in project.dataset(graph, kind).examples]
        keys = [] if rules.keys else [bound.key for bound in project.evaluators(graph)]
        cases.append((design(graph, examples, rules, critical=critical_segments(dimensions), keys=keys), rules))
    return cases


def _from_evidence(
    policy: Path,
    evidence: Path | None,
    graphs: tuple[str, ...],
    maps: tuple[str, ...],
    segments: tuple[str, ...],
    critical: tuple[str, ...],
) -> list[Case]:
    from seatrial.certify.design import design_of  # noqa: PLC0415
    from seatrial.cli.gate import parse_maps  # noqa: PLC0415
    from seatrial.evidence import read_evidence  # noqa: PLC0415
    from seatrial.gate.comparable import known_critical  # noqa: PLC0415
    from seatrial.gate.policy import load_policy  # noqa: PLC0415

    if evidence is None or len(graphs) > 1:
        raise UsageError("--evidence is one graph's: name at most one --graph")
    rules = load_policy(policy, graphs[0] if graphs else None)
    table = read_evidence(evidence, mapping=parse_maps(maps), segments=segments)
    return [(design_of(table, rules, known_critical(table, critical)), rules)]


def _write(done: Sequence[Certificate], policies: Sequence[Policy], *, as_json: bool, output: Path | None) -> None:
    from seatrial.report.certificate import certificate_data  # noqa: PLC0415
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.report.power import power_svg  # noqa: PLC0415

    if as_json:
        click.echo(gate_json(certificate_data(done, policies)), nl=False)
    if output is not None:
        output.write_text(
            power_svg(done[0], policies[0].must_detect)
            if output.suffix == ".svg"
            else gate_json(certificate_data(done, policies)),
            encoding="utf-8",
        )
