"""`seatrial plan canary`: when a bad canary is stopped, when a good one may move on; and a rollout's plan file certified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.planned import JSON, OUTPUT, PER_DAY, SHARE, SOME, answer, file_alone, target
from seatrial.cli.progress import progress
from seatrial.errors import UsageError

if TYPE_CHECKING:
    from seatrial.experiment.plan import RolloutPlan

MARGINS = (0.10, 0.05, 0.03, 0.02)


@click.command("canary")
@click.argument("plan", required=False, type=click.Path(path_type=Path))
@click.option("--base", type=SHARE, help="The control's rate of good outcomes.")
@click.option("--drop", type=SHARE, help="What the canary truly lost, e.g. 0.05 for five points.")
@click.option("--share", type=SHARE, default=0.1, show_default=True, help="The canary's share of the traffic.")
@click.option("--cell-share", type=SOME, default=1.0, show_default=True, help="The cell's share of all traffic.")
@click.option(
    "--critical-cells",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Critical cells that share alpha with it.",
)
@click.option(
    "--stages", type=click.IntRange(1, 50), default=1, show_default=True, help="Stages that share the stakes."
)
@click.option("--alpha", type=SHARE, default=0.05, show_default=True, help="Of the whole rollout, over all tries.")
@click.option(
    "--margin", "margins", type=SHARE, multiple=True, help="Drop still tolerated when a stage is passed (repeatable)."
)
@click.option("--dwell", type=click.IntRange(1, 1_000_000), help="Canary units of the stage.")
@PER_DAY
@click.option(
    "--try",
    "attempt",
    type=click.IntRange(1, 20),
    default=1,
    show_default=True,
    help="Which try; the first spends half of alpha, each further one half of what is left.",
)
@click.option(
    "--runs",
    type=click.IntRange(200, 100_000),
    default=1000,
    show_default=True,
    help="Simulated canaries of each kind.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulation.")
@JSON
@OUTPUT
def canary(
    plan: Path | None,
    base: float | None,
    drop: float | None,
    share: float,
    cell_share: float,
    critical_cells: int,
    stages: int,
    alpha: float,
    margins: tuple[float, ...],
    dwell: int | None,
    units_per_day: float | None,
    attempt: int,
    runs: int,
    seed: int,
    as_json: bool,
    output: Path | None,
) -> int:
    """Plan a canary that is looked at after every unit; or certify a rollout's plan file.

    Without a file: canary units until a worse canary is stopped, and until an unchanged one has shown it is not worse. With
    PLAN.toml: false rollbacks, what each stage can stop, the time it takes; exits 2 when the plan does not keep its promise
    or a stage is blind.

    \b
    Examples:
      seatrial plan canary --base 0.95 --drop 0.05
      seatrial plan canary --base 0.95 --drop 0.05 --share 0.05 --units-per-day 20000 --critical-cells 2 --stages 4
      seatrial plan canary experiments/support_router_v2.toml -o power.svg
    """
    import numpy as np  # noqa: PLC0415 - simulation is for those who plan

    from seatrial.report.plan_canary import canary_data, canary_lines  # noqa: PLC0415
    from seatrial.report.plan_picture import canary_svg  # noqa: PLC0415
    from seatrial.rollout.plan_canary import Canary, plan_canary  # noqa: PLC0415

    if plan is not None:
        file_alone("plan", "runs", "seed", "attempt", "as_json", "output")
        return certify_plan(plan, runs=runs, seed=seed, attempt=attempt - 1, as_json=as_json, output=output)
    target(output)
    if base is None or drop is None:
        raise UsageError("say the control's --base and the canary's --drop, or name a rollout's PLAN.toml")
    if drop >= base:
        raise UsageError(f"--drop {drop:g}: a rate of {base:g} cannot lose as much")
    requested = Canary(base, drop, share, cell_share, alpha, critical_cells, stages, attempt - 1, dwell, units_per_day)
    with progress(quiet=as_json) as tell:
        found = plan_canary(
            requested,
            sorted(margins or MARGINS, reverse=True),
            runs=runs,
            rng=np.random.default_rng(seed),
            progress=lambda done, planned: tell("canary", done, planned),
        )
    answer(canary_lines(found), canary_data(found), as_json, output, lambda: canary_svg(found))
    return 0


def certify_plan(
    file: Path, *, runs: int, seed: int, attempt: int = 0, as_json: bool = False, output: Path | None = None
) -> int:
    """Certify a rollout's plan file on all surfaces; 0 when it keeps its promise, else 2."""
    import numpy as np  # noqa: PLC0415

    from seatrial.experiment import load_rollout_plan  # noqa: PLC0415
    from seatrial.report.plan_canary import rollout_data, rollout_lines  # noqa: PLC0415
    from seatrial.report.plan_picture import rollout_svg  # noqa: PLC0415
    from seatrial.rollout.certificate import certify_rollout  # noqa: PLC0415

    target(output)
    rules = load_rollout_plan(file)
    drawn = output is not None and output.suffix == ".svg"
    with progress(quiet=as_json) as tell:
        found = certify_rollout(
            rules,
            runs=runs,
            rng=np.random.default_rng(seed),
            attempt=attempt,
            drops=(0.02, 0.05, 0.10, 0.15, 0.20) if drawn else (),
            horizon=_horizon(file, rules),
            progress=lambda done, planned: tell(file.name, done, planned),
        )
    answer(rollout_lines(found), rollout_data(found), as_json, output, lambda: rollout_svg(found))
    return 0 if found.kept else 2


def _horizon(file: Path, plan: RolloutPlan) -> float | None:
    """The longest horizon of the plan's metrics, by the project that the plan or the working directory is in."""
    from seatrial.outcome import load_metrics  # noqa: PLC0415
    from seatrial.rollout.rules import observed  # noqa: PLC0415

    for root in (file.resolve().parent.parent, Path.cwd()):
        path = root / "gates" / "metrics.toml"
        if path.is_file():
            metrics = load_metrics(path)
            names = [metric.name for metric in plan.metrics]
            if all(name in metrics for name in names):
                return max(observed(metrics[name]).horizon for name in names)
    return None
