"""`seatrial rollout pause / resume / rollback / override`: what a person does, signed and ledgered."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.mlflow import option as mlflow_option
from seatrial.cli.mlflow import wanted
from seatrial.cli.output import check_targets
from seatrial.cli.rollout_common import (
    AT,
    AUTHOR,
    CELL,
    JSON,
    OUTPUT,
    REASON,
    code_version,
    project_here,
    show,
    store_here,
)
from seatrial.cli.rollout_follow import delivered, ended, hooks_here, messages_to
from seatrial.cli.share import Share
from seatrial.errors import UsageError
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _signed(command: Callable[..., int]) -> Callable[..., int]:
    """The argument and the options of everything that a person does."""
    for option in reversed((click.argument("name"), CELL, AUTHOR, REASON, mlflow_option, AT, JSON, OUTPUT)):
        command = option(command)
    return command


@click.command("pause")
@_signed
def pause(**signed: Any) -> int:
    """Keep cells where they are; evidence still rolls them back.

    \b
    Example:
      seatrial rollout pause support_router_v2 --author ada --reason "holidays"
    """
    return _act("pause", **signed)


@click.command("resume")
@_signed
def resume(**signed: Any) -> int:
    """Let cells climb again, after a pause, a hold or a rollback.

    After a rollback and after an invalid comparison it is a new try: new evidence, half the alpha. After a stage's time is
    over, the stage begins its time again and keeps its evidence.

    \b
    Example:
      seatrial rollout resume support_router_v2 --cell plan=enterprise --author ada --reason "prompt fixed"
    """
    if not signed["cells"]:
        raise UsageError("resume names its cells: --cell CELL, repeatable")
    return _act("resume", **signed)


@click.command("rollback")
@_signed
def rollback(**signed: Any) -> int:
    """Take cells (without --cell: all) to 0 % now.

    \b
    Example:
      seatrial rollout rollback support_router_v2 --cell plan=enterprise --author ada --reason "complaints"
    """
    return _act("rollback", **signed)


@click.command("override")
@click.option("--share", type=Share(), required=True, help="A share of the plan's ramp, or 1.")
@_signed
def override(**signed: Any) -> int:
    """Put cells on a share at once, whatever the evidence: a safety fix may go straight to 100 %.

    \b
    Example:
      seatrial rollout override support_router_v2 --share 1 --author ada --reason "closes a leak"
    """
    return _act("override", **signed)


def _act(
    act: str,
    *,
    name: str,
    cells: tuple[str, ...],
    author: str,
    reason: str,
    mlflow: bool | None,
    at: float | None,
    files: tuple[Path, ...],
    as_json: bool,
    share: float | None = None,
) -> int:
    from seatrial.report.rollout_terms import DONE_BY_A_PERSON  # noqa: PLC0415
    from seatrial.rollout import controller  # noqa: PLC0415
    from seatrial.rollout.decision import look_decision  # noqa: PLC0415
    from seatrial.rollout.person import Act, Action  # noqa: PLC0415

    check_targets(files)
    store, hooks = store_here(), hooks_here()
    logs = wanted(mlflow, project_here().settings.mlflow, "rollout")
    action = Action(Act(act), cells, author, reason, share)
    now = time.time() if at is None else at
    rollout = controller.full_name(store, name)
    look = controller.person(store, rollout, action, now, code=code_version(), following=messages_to(hooks))
    warnings = delivered(store, rollout, hooks, now)
    if not look.written:
        warnings = (*warnings, "nothing was changed: every cell was there already")
    decision = look_decision(look.rules, look.decided.state, look.decided.steps, None, None, warnings=warnings)
    # What a person asked for was done: no verdict on the candidate.
    done = replace(decision, verdict=Verdict.PASS, reason_class=None, reason=f"{act} by {author}: {reason}")
    show(done, as_json, files, terms=DONE_BY_A_PERSON)
    return ended(done, look, hooks, mlflow, logs=logs)
