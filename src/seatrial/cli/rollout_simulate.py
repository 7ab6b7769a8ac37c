"""`seatrial rollout simulate`: whole rollouts of a plan on made-up traffic."""

from __future__ import annotations

import click

from seatrial.cli.rollout_common import project_here, read_plan
from seatrial.errors import UsageError


@click.command("simulate")
@click.argument("plan")
@click.option("--drop", type=float, default=0.0, show_default=True, help="What the candidate truly loses, in rate.")
@click.option("--cell", default="", help="Only in this cell.")
@click.option("--metric", default="", help="In this metric; default: the primary one.")
@click.option("--from-share", type=float, default=0.0, help="Only from this share of the traffic on.")
@click.option("--after", type=click.FloatRange(min=0), default=0.0, help="Only from so many hours after the start on.")
@click.option("--drift", type=float, default=0.0, help="What every rate gains a day, in both versions.")
@click.option("--runs", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Simulated rollouts.")
@click.option("--every", type=click.FloatRange(min=1), default=900.0, show_default=True, help="Seconds between looks.")
@click.option("--days", type=click.FloatRange(min=0.1), default=14.0, show_default=True, help="Longest duration.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/rollout-simulation/1 on stdout.")
def simulate(
    plan: str,
    drop: float,
    cell: str,
    metric: str,
    from_share: float,
    after: float,
    drift: float,
    runs: int,
    every: float,
    days: float,
    seed: int,
    *,
    as_json: bool,
) -> int:
    """Play whole rollouts of a plan on made-up traffic, decided by the rules that decide real ones.

    Without --drop the candidate is as good as the control: what is rolled back then is a false rollback.

    \b
    Examples:
      seatrial rollout simulate support_v4
      seatrial rollout simulate support_v4 --drop 0.2 --cell region=DE --from-share 0.25
    """
    import numpy as np  # noqa: PLC0415

    from seatrial.cli.progress import progress  # noqa: PLC0415
    from seatrial.errors import one_of  # noqa: PLC0415
    from seatrial.rollout.rules import rules_of  # noqa: PLC0415
    from seatrial.rollout.simulate import Effect, simulate, simulated_data, simulated_lines, truth_of  # noqa: PLC0415

    read, metrics = read_plan(project_here(), plan)
    if read.units_per_day is None:
        raise UsageError(
            f"{read.source}: units_per_day is missing; a simulation needs to know how much traffic there is"
        )
    rules = rules_of(read, metrics)
    if cell:
        one_of(cell, [one.name for one in rules.cells], "cell")
    if metric:
        one_of(metric, [one.name for one in rules.metrics], "metric")
    truth = truth_of(rules, (Effect(drop, cell, metric, from_share, after * 3600),) if drop else (), drift)
    with progress(quiet=as_json) as tell:
        found = simulate(
            rules,
            truth,
            runs,
            np.random.default_rng(seed),
            units_per_day=read.units_per_day,
            every=every,
            days=days,
            progress=lambda done, planned: tell("simulated rollouts", done, planned),
        )
    if as_json:
        from seatrial.canonical import canonical_json  # noqa: PLC0415

        click.echo(canonical_json(simulated_data(found)))
    else:
        for text in simulated_lines(found):
            click.echo(text)
    return 0
