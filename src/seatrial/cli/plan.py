"""`seatrial plan`: how many examples, units or days a question needs, before anybody looks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.group import Group
from seatrial.cli.plan_canary import canary
from seatrial.cli.planned import JSON, OUTPUT, PER_DAY, SHARE, SOME, answer, target
from seatrial.cli.share import Share
from seatrial.errors import UsageError, did_you_mean, one_of

if TYPE_CHECKING:
    from seatrial.certify.plan_paired import GraphPlan

DROPS = (0.05, 0.10, 0.15, 0.20, 0.30)
BY_SCHEMA = {"seatrial/policy/1": "paired", "seatrial/rollout-plan/1": "canary"}


class _Plans(Group):
    """`plan FILE.toml` is the plan that the file's schema names."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0].endswith(".toml"):
            args = [_by_schema(Path(args[0])), *args]
        elif args and not args[0].startswith("-") and args[0] not in self.commands:
            raise click.UsageError(
                f"no plan is called {args[0]!r}; choose one of: {', '.join(self.commands)}, or name a FILE.toml{did_you_mean(args[0], self.commands)}",
                ctx,
            )
        return super().resolve_command(ctx, args)


def _by_schema(file: Path) -> str:
    from seatrial.toml import read  # noqa: PLC0415

    schema = read(file, "plan").get("schema")
    if schema == "seatrial/ab-plan/1":
        raise UsageError(f"{file} plans an A/B test; its sizes are: seatrial ab plan {file}")
    return BY_SCHEMA[one_of(schema, BY_SCHEMA, f"{file}: schema")]


@click.group("plan", cls=_Plans)
def command() -> None:
    """Plan before looking: examples, units, repetitions, days; or certify a rollout's plan.

    A file instead of a name plans what it is: a policy's segments, or a rollout.

    \b
    Examples:
      seatrial plan paired --drop 0.1
      seatrial plan gates/merge.toml --drop 0.1
      seatrial plan unpaired --base 0.95 --rate 0.98
      seatrial plan canary --base 0.95 --drop 0.05 --units-per-day 20000
      seatrial plan experiments/support_router_v2.toml
    """


@command.command("paired")
@click.argument("policy", required=False, type=click.Path(path_type=Path))
@click.option(
    "--graph",
    "graphs",
    multiple=True,
    help="With a policy: only this graph of the project (repeatable); default: every graph that the policy gates.",
)
@click.option(
    "--drop",
    "drops",
    type=SOME,
    multiple=True,
    help="Share of examples lost (repeatable; with a policy one, default its must_detect).",
)
@click.option(
    "--margin", "margins", type=SHARE, multiple=True, help="Tolerated drop to exclude (repeatable); default 0.05."
)
@click.option("--n", type=click.IntRange(min=1), help="Examples there are: also say what they show.")
@click.option(
    "--churn",
    type=Share(max_open=True),
    help="Share of examples that flip when nothing changed; default 0.05, or the policy's.",
)
@click.option(
    "--repeat", type=click.IntRange(1, 100), default=1, show_default=True, help="Runs per example and version."
)
@click.option("--alpha", type=SHARE, help="One-sided level; default 0.05. With a policy every row has its own.")
@click.option("--power", type=SHARE, default=0.8, show_default=True, help="Chance to see the drop.")
@click.option("--exact", is_flag=True, help="The exact test in place of mid-p.")
@JSON
@OUTPUT
def paired(
    policy: Path | None,
    graphs: tuple[str, ...],
    drops: tuple[float, ...],
    margins: tuple[float, ...],
    n: int | None,
    churn: float | None,
    repeat: int,
    alpha: float | None,
    power: float,
    exact: bool,
    as_json: bool,
    output: Path | None,
) -> int:
    """Plan a comparison of two versions on the same examples, as the merge gate makes it.

    Counted exactly for the gate's own test. With a policy: every segment of the graphs that it gates, at its own alpha: how many
    examples it has, how many it needs, and how many runs of each suffice instead.

    \b
    Examples:
      seatrial plan paired --drop 0.1 --drop 0.2 --churn 0.05
      seatrial plan paired --n 60 --repeat 3
      seatrial plan paired gates/merge.toml --drop 0.1
    """
    from seatrial.certify.plan_paired import Paired, plan_paired  # noqa: PLC0415 - scipy is for those who plan
    from seatrial.report.plan import graph_lines, graphs_data, paired_data, paired_lines  # noqa: PLC0415
    from seatrial.report.plan_picture import paired_svg  # noqa: PLC0415

    if policy is None:
        target(output)
        if graphs:
            raise UsageError("--graph names a graph of a project; name its policy too: seatrial plan paired POLICY")
        assumed = Paired(alpha or 0.05, power, 0.05 if churn is None else churn, repeat, "exact" if exact else "mid-p")
        found = plan_paired(assumed, sorted(drops or DROPS), sorted(margins or (0.05,)), n)
        answer(paired_lines(found), paired_data(found), as_json, output, lambda: paired_svg(found))
        return 0
    target(output, formats=(".json",))
    given = [("--n", n), ("--alpha", alpha), ("--margin", margins), ("--exact", exact), ("--repeat", repeat != 1)]
    for name, value in given:
        if value:
            raise UsageError(f"{name} is for a plan without a policy; {policy} and the project say it here")
    if len(drops) > 1:
        raise UsageError("with a policy, name one --drop; without it the policy's must_detect is planned for")
    plans = _graph_plans(policy, graphs, drops[0] if drops else None, churn, power)
    answer((line for p in plans for line in graph_lines(p)), graphs_data(plans), as_json, output, None)
    return 0


def _graph_plans(
    policy: Path, graphs: tuple[str, ...], drop: float | None, churn: float | None, power: float
) -> list[GraphPlan]:
    from dataclasses import replace  # noqa: PLC0415

    from seatrial.certify.design import design  # noqa: PLC0415
    from seatrial.certify.plan_paired import plan_graph  # noqa: PLC0415
    from seatrial.gate.policy import load_policy  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.segment import assign, critical_segments, for_graph, guards_of  # noqa: PLC0415
    from seatrial.trial.policies import rows_gated_by  # noqa: PLC0415

    project = open_project(Path.cwd())
    plans = []
    for row in rows_gated_by(project, policy, graphs):
        graph = row.graph
        dimensions = for_graph(project.dimensions, graph)
        rules = replace(load_policy(policy, graph), guards=guards_of(dimensions))
        if churn is not None:
            rules = replace(rules, churn=churn)
        examples = [assign(dimensions, example.row()) for example in project.dataset(graph, row.dataset).examples]
        keys = [] if rules.keys else [bound.key for bound in project.evaluators(graph)]
        shape = design(graph, examples, rules, critical=critical_segments(dimensions), keys=keys)
        plans.append(plan_graph(shape, rules, rules.must_detect if drop is None else drop, power))
    return plans


@command.command("unpaired")
@click.option("--base", type=SHARE, required=True, help="Rate of the arm there is.")
@click.option("--rate", type=Share(), help="Rate of the other arm that must be seen.")
@click.option("--margin", type=SHARE, help="In place of --rate: a drop that must be excluded (non-inferiority).")
@click.option("--alpha", type=SHARE, default=0.05, show_default=True, help="The test's level.")
@click.option("--power", type=SHARE, default=0.8, show_default=True, help="Chance to see it.")
@click.option("--sides", type=click.IntRange(1, 2), default=2, show_default=True, help="1 or 2; a margin is one-sided.")
@click.option(
    "--formula",
    type=click.Choice(["unpooled", "pooled", "cohen-h"]),
    default="unpooled",
    show_default=True,
    help="For the units per arm.",
)
@click.option("--share", type=SHARE, default=0.5, show_default=True, help="The new arm's share of those who take part.")
@click.option("--traffic", type=SOME, default=1.0, show_default=True, help="Share of all traffic that takes part.")
@PER_DAY
@click.option(
    "--looks", type=click.IntRange(1, 100), default=1, show_default=True, help="Planned looks, the last included."
)
@JSON
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Also write FILE.json.")
def unpaired(
    base: float,
    rate: float | None,
    margin: float | None,
    alpha: float,
    power: float,
    sides: int,
    formula: str,
    share: float,
    traffic: float,
    units_per_day: float | None,
    looks: int,
    as_json: bool,
    output: Path | None,
) -> int:
    """Plan two arms of different units: an A/B test at a fixed horizon, or non-inferiority.

    Approximations by the normal law. For a look after every unit use `seatrial plan canary`.

    \b
    Examples:
      seatrial plan unpaired --base 0.95 --rate 0.98
      seatrial plan unpaired --base 0.95 --margin 0.02 --share 0.1 --units-per-day 2000
      seatrial plan unpaired --base 0.10 --rate 0.12 --looks 5
    """
    from typing import cast  # noqa: PLC0415

    from seatrial.certify.plan_unpaired import Formula, Unpaired, plan_unpaired  # noqa: PLC0415
    from seatrial.report.plan import unpaired_data, unpaired_lines  # noqa: PLC0415
    from seatrial.stats.interval import CannotTell  # noqa: PLC0415

    target(output, formats=(".json",))
    if (rate is None) == (margin is None):
        raise UsageError("say what must be seen, once: --rate RATE of the other arm, or --margin DROP to exclude")
    requested = Unpaired(
        base, rate, margin, alpha, power, sides, cast("Formula", formula), share, traffic, units_per_day, looks
    )
    found = plan_unpaired(requested)
    if isinstance(found, CannotTell):
        raise UsageError(f"cannot plan: {found.reason}")
    answer(unpaired_lines(found), unpaired_data(found), as_json, output, None)
    return 0


command.add_command(canary)
