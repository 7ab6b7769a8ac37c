"""`seatrial ab`: how many units an A/B test needs, and what it says once they are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.evidence import parse_maps
from seatrial.cli.group import Group
from seatrial.cli.output import check_targets, show_decision
from seatrial.cli.planned import answer, target
from seatrial.cli.times import time_zone

if TYPE_CHECKING:
    from seatrial.experiment.layer import Layer


@click.group("ab", cls=Group)
def command() -> None:
    """Plan an A/B test, and judge it by its plan.

    \b
    Examples:
      seatrial ab plan experiments/prompt_v4.toml
      seatrial ab analyse exposures.parquet --plan experiments/prompt_v4.toml
    """


@command.command("plan")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/plan/1 on stdout.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Also write FILE.json.")
def plan_command(plan: Path, as_json: bool, output: Path | None) -> int:
    """Say how many units and days the test of PLAN.toml needs; 2 where its planned units are too few.

    Plans of one folder that take the same slice of a layer are refused.

    \b
    Examples:
      seatrial ab plan experiments/prompt_v4.toml
      seatrial ab plan experiments/prompt_v4.toml --json
    """
    from seatrial.experiment.ab_plan import load_ab_plan  # noqa: PLC0415 - numpy is for those who plan
    from seatrial.experiment.ab_size import longest, sizes_of  # noqa: PLC0415
    from seatrial.experiment.layer import check_layers  # noqa: PLC0415
    from seatrial.report.ab import plan_data, plan_lines  # noqa: PLC0415

    target(output, formats=(".json",))
    rules = load_ab_plan(plan)
    check_layers(_slices(plan))
    sizes = sizes_of(rules)
    needed = longest(rules, sizes)
    answer(plan_lines(rules, sizes, needed), plan_data(rules, sizes, needed), as_json, output, None)
    return 0 if needed is not None and needed <= rules.units else 2


def _slices(plan: Path) -> dict[str, Layer]:
    """Slices of layers of the A/B plans that stand in the plan's folder, its own included."""
    from seatrial import toml  # noqa: PLC0415
    from seatrial.experiment.ab_plan import SCHEMA, load_ab_plan  # noqa: PLC0415

    found = [
        load_ab_plan(file)
        for file in sorted(plan.parent.glob("*.toml"))
        if toml.read(file, "plan").get("schema") == SCHEMA
    ]
    return {one.name: one.layer for one in found if one.layer is not None}


@command.command("analyse")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--plan", "plan", required=True, type=click.Path(path_type=Path), help="The test's plan, PLAN.toml.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="COLUMN=FOREIGN[,FOREIGN]",
    help="A column (unit, arm, exposed_at, a metric) and the table's columns it is made of.",
)
@click.option(
    "--timezone", "zone", metavar="NAME", help="Time zone of times that name none, e.g. UTC or Europe/Berlin."
)
@click.option("--all", "every", is_flag=True, help="Show every row, not only those that decide.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/ab/1 on stdout.")
@click.option(
    "-o",
    "--output",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also write FILE: .html, .json, .md, .xml (JUnit) or .txt.",
)
def analyse_command(
    data: Path,
    plan: Path,
    maps: tuple[str, ...],
    zone: str | None,
    files: tuple[Path, ...],
    *,
    every: bool,
    as_json: bool,
) -> int:
    """Judge the test of DATA by its plan: ship 0, stop 1, keep running or invalid 2.

    DATA holds a row per unit (or several): unit, arm, the plan's metrics, its strata and covariates, and exposed_at where
    it is known. The split of units, units in both arms, an early look at a fixed horizon and missing values are asked
    first: an invalid test shows no effect.

    \b
    Examples:
      seatrial ab analyse exposures.parquet --plan experiments/prompt_v4.toml
      seatrial ab analyse cats.parquet --plan experiments/gate.toml --map unit=userid --map arm=version -o ab.html
    """
    from seatrial.experiment.ab_decide import analyse  # noqa: PLC0415 - numpy is for those who judge
    from seatrial.experiment.ab_plan import load_ab_plan  # noqa: PLC0415
    from seatrial.experiment.ab_units import columns_of, units_of  # noqa: PLC0415
    from seatrial.report.ab import ab_view  # noqa: PLC0415
    from seatrial.table import read_table  # noqa: PLC0415

    check_targets(files)
    rules = load_ab_plan(plan)
    mapping = parse_maps(maps)
    strata = [name for name in rules.strata if f"segment.{name}" not in mapping]
    table = read_table(data, columns_of(rules), mapping=mapping, segments=strata, zone=time_zone(zone))
    decision = analyse(rules, units_of(table, rules))
    show_decision(decision, ab_view(decision, rules), as_json=as_json, files=files, every=every)
    return decision.exit_code
