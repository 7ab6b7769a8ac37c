"""`seatrial certify`: the error rates of a policy on your segment sizes, before you trust it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from seatrial.cli.evidence import evidence_option, read_files, reading_options
from seatrial.cli.output import say
from seatrial.cli.progress import progress
from seatrial.cli.share import Share
from seatrial.errors import UsageError
from seatrial.report.console import Line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from seatrial.certify.certificate import Certificate
    from seatrial.certify.design import Design
    from seatrial.certify.estimate import Fact, Seen
    from seatrial.certify.scenario import Truth
    from seatrial.certify.win_rates import WinRateCertificate
    from seatrial.cli.evidence import Requested
    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy
    from seatrial.project import Project


class Case(NamedTuple):
    """One graph or file to certify a policy for, what evidence says of it, and the runs per example its trial row plans."""

    design: Design
    policy: Policy
    found: Seen | None
    repeat: int | None


@click.command("certify")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option(
    "--graph",
    "graphs",
    multiple=True,
    help="Only this graph of the project (repeatable); default: every graph whose trial row names the policy.",
)
@evidence_option
@reading_options
@click.option("--critical", multiple=True, metavar="NAME[=VALUE]", help="As in seatrial gate (with --evidence).")
@click.option(
    "--from-run",
    "runs",
    multiple=True,
    metavar="RUN",
    help="Estimate from this run of the project, by id or as GRAPH@VERSION (repeatable, one a graph).",
)
@click.option(
    "--churn",
    type=Share(),
    help="Share of examples that flip when nothing changed; default: estimated from repetitions, else the policy's.",
)
@click.option(
    "--missing",
    type=Share(0, 0.9),
    help="Share of scores that are missing; default: estimated, else 0.",
)
@click.option("--rate", type=Share(), help="The baseline's pass rate; default: estimated, else 0.8.")
@click.option(
    "--repetitions",
    type=click.IntRange(1, 20),
    help="Runs per example and version; default: the trial row's, or as the evidence has.",
)
@click.option("--cluster-size", type=click.IntRange(min=1), help="Examples per cluster, where no evidence says it.")
@click.option(
    "--icc",
    type=Share(),
    help="Correlation of the answers within a cluster; default: estimated, else 0.",
)
@click.option(
    "--hit-rate",
    type=Share(),
    help="Chance that a zero-tolerance key calls a faultless run a hit; default: estimated from repetitions, else 0.",
)
@click.option(
    "--gates",
    type=click.IntRange(min=200),
    default=4000,
    show_default=True,
    help="Simulated gates in which nothing changed.",
)
@click.option(
    "--confirm",
    "confirming",
    is_flag=True,
    help="Simulate also what the gate does with --confirm: both error rates, and the calls of its fresh repetitions.",
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
    evidence: tuple[Path, ...],
    critical: tuple[str, ...],
    runs: tuple[str, ...],
    churn: float | None,
    missing: float | None,
    rate: float | None,
    repetitions: int | None,
    cluster_size: int | None,
    icc: float | None,
    hit_rate: float | None,
    gates: int,
    seed: int,
    as_json: bool,
    output: Path | None,
    *,
    confirming: bool,
    requested: Requested,
) -> int:
    """Measure a policy's error rates on your segment sizes before you trust it.

    Simulates this policy on these sizes: how often it blocks a candidate that changed nothing, how often it sees a drop in
    each segment, how often a broken critical segment passes, and what would fix a weak gate at which cost; beside the rules
    people write first, on the same simulated candidates. Pass rate, churn, missing answers, repetitions and clusters are
    estimated from --evidence or --from-run, and every number is printed with where it is from. The rate is kept under
    .seatrial/certified/, and gates of the same rules and sizes show it beside their verdict, unless an option said what the
    world is like. Exits 2 when the promise is not kept, a critical segment cannot be judged or most gates cannot tell.

    \b
    Examples:
      seatrial certify gates/merge.toml
      seatrial certify gates/merge.toml --graph triage --confirm
      seatrial certify gates/merge.toml --graph triage --missing 0.02 -o power.svg
      seatrial certify gates/merge.toml --evidence results.csv --segment tier --critical tier=enterprise
      seatrial certify gates/merge.toml --graph triage --from-run triage@v2 --hit-rate 0.001
    """
    from seatrial.experiment import is_rollout_plan  # noqa: PLC0415

    if is_rollout_plan(policy):
        from seatrial.cli.plan_canary import certify_plan  # noqa: PLC0415
        from seatrial.cli.planned import file_alone  # noqa: PLC0415

        file_alone("policy", "seed", "as_json", "output")
        return certify_plan(policy, runs=1000, seed=seed, as_json=as_json, output=output)
    import numpy as np  # noqa: PLC0415 - simulation is for those who certify

    from seatrial.certify.estimate import Given, world  # noqa: PLC0415
    from seatrial.certify.win_rates import certify_win_rate  # noqa: PLC0415
    from seatrial.cli.certified import keep  # noqa: PLC0415

    if output is not None and (output.suffix not in (".json", ".svg") or not output.parent.is_dir()):
        raise UsageError(f"-o {output}: choose FILE.json or FILE.svg in a folder that exists")
    if evidence and runs:
        raise UsageError("--from-run is a run of the project; with --evidence the file itself is estimated from")
    given = Given(churn, rate, missing, repetitions, icc, hit_rate)
    cases = (
        _from_evidence(policy, evidence, graphs, requested, critical, cluster_size)
        if evidence
        else _from_project(policy, graphs, runs, cluster_size)
    )
    if icc and all(case.design.alone for case in cases):
        raise UsageError("--icc: no cluster holds two examples; say how many do with --cluster-size")
    worlds = [world(case.design, case.policy, given, case.found, repeat=case.repeat) for case in cases]
    done = _simulated(cases, worlds, gates, seed, confirming=confirming, quiet=as_json)
    judged = [
        [certify_win_rate(case.design, rule, rng=np.random.default_rng(seed)) for rule in case.policy.judges]
        for case in cases
    ]
    rules = [case.policy for case in cases]
    _write(done, rules, judged, as_json=as_json, output=output)
    what_if = given != Given()
    if not what_if:
        keep(done)
    if not as_json:
        _show(done, rules, judged, what_if=what_if)
    return 0 if all(c.kept and c.judges for c in done) else 2


def _simulated(
    cases: Sequence[Case],
    worlds: Sequence[tuple[Truth, tuple[Fact, ...]]],
    gates: int,
    seed: int,
    *,
    confirming: bool,
    quiet: bool,
) -> list[Certificate]:
    """A certificate per case, each from the same seed: no graph's figures hang on which others are asked for."""
    from functools import partial  # noqa: PLC0415

    import numpy as np  # noqa: PLC0415 - as in `command`

    from seatrial.certify.certificate import certify  # noqa: PLC0415

    done = []
    with progress(quiet=quiet) as tell:
        for case, (truth, facts) in zip(cases, worlds, strict=True):
            done.append(
                certify(
                    case.design,
                    case.policy,
                    truth,
                    gates=gates,
                    rng=np.random.default_rng(seed),
                    facts=facts,
                    confirming=confirming,
                    progress=partial(tell, case.design.name),
                )
            )
    return done


def _show(
    done: Sequence[Certificate],
    rules: Sequence[Policy],
    judged: Sequence[Sequence[WinRateCertificate]],
    *,
    what_if: bool,
) -> None:
    """The certificates as a terminal shows them."""
    from seatrial.report.certificate import certificate_lines, fleet_line  # noqa: PLC0415
    from seatrial.report.win_rate_certificate import win_rate_lines  # noqa: PLC0415

    for i, (certificate, rule) in enumerate(zip(done, rules, strict=True)):
        say([*([Line("", "plain")] if i else []), *certificate_lines(certificate, rule)])
        say([line for found in judged[i] for line in win_rate_lines(found)])
    if len(done) > 1:
        say([fleet_line(done)])
    if what_if:
        say([Line("  what if: rates of a world that options made up stand beside no gate's verdict", "dim")])


def _from_project(policy: Path, graphs: tuple[str, ...], runs: tuple[str, ...], cluster_size: int | None) -> list[Case]:
    from seatrial.certify.design import design  # noqa: PLC0415
    from seatrial.errors import one_of  # noqa: PLC0415
    from seatrial.gate.policy import load_policy  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.segment import assign, critical_segments, for_graph, guards_of  # noqa: PLC0415
    from seatrial.trial.policies import rows_gated_by  # noqa: PLC0415

    if not policy.exists():
        load_policy(policy)  # says so, before rows are looked for that name it
    project = open_project(Path.cwd())
    rows = rows_gated_by(project, policy, graphs)
    evidence = _evidence_of(project, runs)
    for graph in evidence:
        one_of(graph, [row.graph for row in rows], "--from-run names a run of graph")
    cases = []
    for row in rows:
        graph = row.graph
        dimensions = for_graph(project.dimensions, graph)
        rules = replace(load_policy(policy, graph), guards=guards_of(dimensions))
        examples = [assign(dimensions, example.row()) for example in project.dataset(graph, row.dataset).examples]
        keys = [] if rules.keys else [bound.key for bound in project.evaluators(graph)]
        critical = critical_segments(dimensions)
        clusters = _clusters(examples, cluster_size)
        shape = design(graph, examples, rules, critical=critical, keys=keys, clusters=clusters)
        found = seen_in(evidence[graph], rules, critical) if graph in evidence else None
        cases.append(Case(shape, rules, found, row.repeat))
    return cases


def _evidence_of(project: Project, runs: tuple[str, ...]) -> dict[str, Evidence]:
    """Graph -> the evidence of the run named for it."""
    from seatrial.trial.runs import evidence_of, latest_run, summary  # noqa: PLC0415

    found: dict[str, Evidence] = {}
    for name in runs:
        run = latest_run(project, name)
        graph = str(summary(project, run)["graph"])
        if graph in found:
            raise UsageError(f"--from-run {name}: {graph} has a run already; name one run a graph")
        table = evidence_of(project, run)
        found[graph] = table.called(f"run {run}")
    return found


def seen_in(evidence: Evidence, policy: Policy, critical: Collection[str]) -> Seen:
    """What a table of evidence says of the world a policy gates in."""
    from seatrial.certify.estimate import seen  # noqa: PLC0415

    return seen(evidence, policy, critical)


def _clusters(examples: Sequence[Mapping[str, str]], size: int | None) -> list[int] | None:
    """Clusters of `size` neighbours of the same segments; None where every example stands alone."""
    if size is None or size == 1:
        return None
    within: dict[tuple[tuple[str, str], ...], int] = {}
    names: dict[tuple[tuple[tuple[str, str], ...], int], int] = {}
    found = []
    for example in examples:
        cell = tuple(sorted(example.items()))
        at = within.get(cell, 0)
        within[cell] = at + 1
        found.append(names.setdefault((cell, at // size), len(names)))
    return found


def _from_evidence(
    policy: Path,
    evidence: tuple[Path, ...],
    graphs: tuple[str, ...],
    requested: Requested,
    critical: tuple[str, ...],
    cluster_size: int | None,
) -> list[Case]:
    from seatrial.gate.policy import load_policy  # noqa: PLC0415
    from seatrial.gate.validity import known_critical, known_values  # noqa: PLC0415

    if len(graphs) > 1:
        raise UsageError("--evidence is one graph's: name at most one --graph")
    if cluster_size is not None:
        raise UsageError("--cluster-size: the evidence says its clusters itself (--map cluster=COLUMN)")
    rules = load_policy(policy, graphs[0] if graphs else None)
    table = read_files(evidence, requested)
    known_values(table, critical)
    found = seen_in(table, rules, known_critical(table, critical))
    return [Case(found.design, rules, found, None)]


def _write(
    done: Sequence[Certificate],
    policies: Sequence[Policy],
    judged: Sequence[Sequence[WinRateCertificate]],
    *,
    as_json: bool,
    output: Path | None,
) -> None:
    from seatrial.report.certificate import certificate_data  # noqa: PLC0415
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.report.power import power_svg  # noqa: PLC0415
    from seatrial.report.win_rate_certificate import win_rate_data  # noqa: PLC0415

    data = certificate_data(done, policies)
    for graph, found in zip(data["graphs"], judged, strict=True):
        if found:
            graph["win_rates"] = [win_rate_data(one) for one in found]
    if as_json:
        click.echo(gate_json(data), nl=False)
    if output is not None:
        output.write_text(
            power_svg(done[0], policies[0].must_detect) if output.suffix == ".svg" else gate_json(data),
            encoding="utf-8",
        )
