"""`seatrial rollout plan`: what a plan file says, and what it would change against the rollout that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from seatrial.cli.rollout_common import project_here, read_plan, store_here

if TYPE_CHECKING:
    from seatrial.rollout.plan_diff import Change


@click.command("plan")
@click.argument("plan")
@click.option("--diff", is_flag=True, help="Only what differs from the latest rollout of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/rollout-plan-diff/1 on stdout.")
def plan_(plan: str, *, diff: bool, as_json: bool) -> int:
    """Read a plan file and say by which rules it would run; nothing is written.

    A changed plan is another rollout: it draws its units anew, and its evidence begins at nothing.

    \b
    Examples:
      seatrial rollout plan support_router_v2
      seatrial rollout plan support_router_v2 --diff
    """
    from seatrial.canonical import canonical_json  # noqa: PLC0415
    from seatrial.rollout import controller  # noqa: PLC0415 - the store is for those who compare
    from seatrial.rollout.plan_diff import plan_diff  # noqa: PLC0415
    from seatrial.rollout.rules import rules_of  # noqa: PLC0415

    planned = rules_of(*read_plan(project_here(), plan))
    running = ""
    changes: tuple[Change, ...] = ()
    if diff:
        store = store_here()
        running = controller.full_name(store, planned.rollout.partition("@")[0])
        changes = plan_diff(controller.ends(store, running)[0], planned)
    if as_json:
        rows = [{"place": one.place, "before": one.before, "after": one.after} for one in changes]
        found = {
            "schema": "seatrial/rollout-plan-diff/1",
            "rollout": planned.rollout,
            "running": running or None,
            "changes": rows,
        }
        click.echo(canonical_json(found))
    elif diff:
        click.echo(f"{running} → {planned.rollout}" if changes else f"{running}: the plan file says what it runs by")
        for one in changes:
            click.echo(f"  {one.sentence}")
    else:
        ramp = ", ".join(f"{stage.share:.4g} (margin {stage.margin:g})" for stage in planned.stages)
        click.echo(f"{planned.rollout}: {planned.graph} {planned.control} → {planned.candidate}")
        shadow = f"shadow of {planned.shadow.units} threads a cell, then " if planned.shadow.units else ""
        click.echo(f"  ramp: {shadow}{ramp}, 1")
        for cell in planned.cells:
            click.echo(f"  {cell.name}: {cell.share:.4g} of all traffic{', critical' if cell.critical else ''}")
    return 0
