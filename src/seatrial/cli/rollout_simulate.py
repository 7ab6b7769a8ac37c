"""`seatrial rollout simulate`: whole rollouts of a plan on made-up traffic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.planned import target
from seatrial.cli.rollout_common import project_here, read_plan
from seatrial.errors import UsageError, one_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.rollout.rules import Rules
    from seatrial.rollout.simulate import Effect, Simulated

YEAR = 366.0


def _between(low: float, high: float, example: str) -> Callable[[click.Context, click.Parameter, float], float]:
    """A number from `low` to `high`; nan is none, and neither is what no rollout could meet."""

    def check(_context: click.Context, _option: click.Parameter, value: float) -> float:
        if not low <= value <= high:
            raise click.BadParameter(f"{value:g} is not from {low:g} to {high:g}; {example}")
        return value

    return check


@click.command("simulate")
@click.argument("plan")
@click.option(
    "--drop",
    type=float,
    default=0.0,
    show_default=True,
    callback=_between(-1, 1, "a rate of .95 that becomes .90 is a drop of 0.05; below 0 the candidate is better"),
    help="What the candidate truly loses, in rate.",
)
@click.option(
    "--throttle",
    type=float,
    default=0.0,
    show_default=True,
    callback=_between(0, 1, "0.5 turns half of the requests away"),
    help="Part of the traffic that is turned away while the candidate answers some of it, in both versions.",
)
@click.option("--cell", default="", help="Only in this cell.")
@click.option("--metric", default="", help="The drop is in this metric; default: the primary one.")
@click.option(
    "--from-share",
    type=float,
    default=0.0,
    callback=_between(0, 1, "0.25 is a quarter of a cell's traffic"),
    help="Only from this share of the traffic on.",
)
@click.option(
    "--after",
    type=float,
    default=0.0,
    callback=_between(0, 24 * YEAR, "it is in hours"),
    help="Only from so many hours after the start on.",
)
@click.option(
    "--drift",
    type=float,
    default=0.0,
    callback=_between(-1, 1, "-0.01 takes a point of every rate a day"),
    help="What every rate gains a day, in both versions.",
)
@click.option("--runs", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Simulated rollouts.")
@click.option(
    "--every",
    type=float,
    default=900.0,
    show_default=True,
    callback=_between(1, 86400, "it is in seconds"),
    help="Seconds between looks.",
)
@click.option(
    "--days",
    type=float,
    default=14.0,
    show_default=True,
    callback=_between(0.1, YEAR, "a rollout that takes longer is not simulated"),
    help="Longest duration.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/rollout-simulation/1 on stdout.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Also write FILE.json, or a picture as FILE.svg or FILE.html: a few rollouts over time, and when cells were rolled back.",
)
def simulate(
    plan: str,
    drop: float,
    throttle: float,
    cell: str,
    metric: str,
    from_share: float,
    after: float,
    drift: float,
    runs: int,
    every: float,
    days: float,
    seed: int,
    output: Path | None,
    *,
    as_json: bool,
) -> int:
    """Play whole rollouts of a plan on made-up traffic, decided by the rules that decide real ones.

    Without --drop the candidate is as good as the control: what is rolled back then is a false rollback.

    \b
    Examples:
      seatrial rollout simulate support_router_v2
      seatrial rollout simulate support_router_v2 --drop 0.2 --cell plan=enterprise --from-share 0.25 -o simulated.html
      seatrial rollout simulate support_router_v2 --throttle 0.5 --from-share 0.25
    """
    import numpy as np  # noqa: PLC0415

    from seatrial.cli.progress import progress  # noqa: PLC0415
    from seatrial.rollout import simulate as simulation  # noqa: PLC0415
    from seatrial.rollout.rules import rules_of  # noqa: PLC0415

    target(output, (".json", ".svg", ".html"))
    read, metrics = read_plan(project_here(), plan)
    if read.units_per_day is None:
        raise UsageError(
            f"{read.source}: units_per_day is missing; a simulation needs to know how much traffic there is"
        )
    rules = rules_of(read, metrics)
    effect = _effect(rules, simulation.Effect(drop, cell, metric, from_share, after * 3600, throttle))
    with progress(quiet=as_json) as tell:
        found = simulation.simulate(
            rules,
            simulation.truth_of(rules, effect, drift),
            runs,
            np.random.default_rng(seed),
            units_per_day=read.units_per_day,
            every=every,
            days=days,
            traffic=simulation.traffic_of(effect),
            progress=lambda done, planned: tell("simulated rollouts", done, planned),
        )
    _show(found, rules, as_json, output)
    return 0


def _effect(rules: Rules, effect: Effect) -> tuple[Effect, ...]:
    """The effect, where it has one; UsageError where its cell or metric is not the plan's."""
    if effect.cell:
        one_of(effect.cell, [one.name for one in rules.cells], "cell")
    if effect.metric:
        one_of(effect.metric, [one.name for one in rules.metrics], "metric")
    return (effect,) if effect.drop or effect.throttle else ()


def _show(found: Simulated, rules: Rules, as_json: bool, output: Path | None) -> None:
    from seatrial.canonical import canonical_json  # noqa: PLC0415
    from seatrial.report.simulation_picture import simulation_html, simulation_svg  # noqa: PLC0415
    from seatrial.rollout.simulate import simulated_data, simulated_lines  # noqa: PLC0415

    data = canonical_json(simulated_data(found))
    for text in [data] if as_json else simulated_lines(found):
        click.echo(text)
    if output is not None:
        title = f"{rules.graph} {rules.control} → {rules.candidate}: {found.rolled_back.runs:,} simulated rollouts"
        made = {".svg": simulation_svg, ".html": simulation_html}.get(output.suffix)
        output.write_text(made(found, rules, title) if made else f"{data}\n", encoding="utf-8")
