"""`seatrial rollout`: move a candidate's share of the traffic, cell by cell, as far as the evidence goes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.output import FORMATS, check_targets, show_decision
from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.experiment.plan import RolloutPlan
    from seatrial.project import Project
    from seatrial.rollout.controller import Look
    from seatrial.store.engine import Store
    from seatrial.verdict import Decision

JSON = click.option("--json", "as_json", is_flag=True, help="Print seatrial/rollout/1 on stdout.")
OUTPUT = click.option(
    "-o",
    "--output",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help=f"Also write FILE: {', '.join(FORMATS)}.",
)
AT = click.option(
    "--at", type=float, metavar="SECONDS", help="Decide as of this time, in seconds since 1970; default: now."
)
AUTHOR = click.option("--author", required=True, help="Who answers for it.")
REASON = click.option("--reason", required=True, help="Why, in a sentence.")
CELL = click.option("--cell", "cells", multiple=True, help="Only this cell (repeatable).")


@click.group("rollout")
def command() -> None:
    """Roll a candidate out, cell by cell, and back where it is worse; every decision is kept and can be replayed.

    \b
    Examples:
      seatrial rollout start support_v4 --author ada --reason "new retrieval prompt"
      seatrial rollout step support_v4
      seatrial rollout status support_v4
    """


@command.command("start")
@click.argument("plan")
@AUTHOR
@REASON
@click.option("--accept-underpowered", is_flag=True, help="Start although a stage cannot stop what must be stopped.")
@click.option("--dry-run", is_flag=True, help="Check plan and power, write nothing.")
@AT
@JSON
@OUTPUT
def start(
    plan: str,
    author: str,
    reason: str,
    at: float | None,
    files: tuple[Path, ...],
    *,
    accept_underpowered: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Start a rollout: read experiments/PLAN.toml, certify its power, write the first row of its ledger.

    A stage that cannot stop a drop of must_stop with probability .8 within its dwell is refused (exit 2). Starting the same
    plan a second time changes nothing; a changed plan is a new rollout.

    \b
    Example:
      seatrial rollout start support_v4 --author ada --reason "new retrieval prompt"
    """
    from seatrial.rollout import controller, ledger  # noqa: PLC0415 - the store is for those who roll out
    from seatrial.rollout.decision import look_decision  # noqa: PLC0415
    from seatrial.rollout.rules import rules_of  # noqa: PLC0415

    check_targets(files)
    project = _project()
    read, metrics = _read_plan(project, plan)
    notes = () if accept_underpowered else _powered(read)
    rules = rules_of(read, metrics)
    now = time.time() if at is None else at
    decided = ledger.started(
        rules, now, code=_code(), author=author, reason=reason, candidate_hash="", control_hash="", notes=notes
    )
    warnings = ["nothing was written: --dry-run"] if dry_run else []
    if not dry_run and not controller.start(_store(), decided, rules):
        warnings = [f"{rules.rollout} has been started already; nothing was changed"]
    decision = look_decision(rules, decided.state, (), None, None, warnings=warnings)
    _show(_headed(decision, f"{rules.rollout} starts in {_cells(len(rules.cells))}"), as_json, files)
    return 0


@command.command("step")
@click.argument("name")
@AT
@JSON
@OUTPUT
def step(name: str, at: float | None, files: tuple[Path, ...], *, as_json: bool) -> int:
    """Judge what has become known and move every cell as far as the evidence goes.

    Run it from cron as often as you like: without new evidence nothing changes. Exit 0: moved, holding, or nothing to do;
    1: a cell was rolled back now; 2: a cell could not be judged (invalid or unreadable), and holds.

    \b
    Example:
      seatrial rollout step support_v4
    """
    check_targets(files)
    decision = _decision(*_look(name, time.time() if at is None else at))
    _show(decision, as_json, files)
    return decision.exit_code


@command.command("run")
@click.argument("name")
@click.option("--every", type=click.FloatRange(min=1), default=300.0, show_default=True, help="Seconds between steps.")
@JSON
def run_(name: str, every: float, *, as_json: bool) -> int:
    """Step again and again until every cell is done; ends with the worst exit code met.

    \b
    Example:
      seatrial rollout run support_v4 --every 60
    """
    from seatrial.verdict import Verdict  # noqa: PLC0415

    met: list[Verdict] = []
    while True:
        decision = _decision(*_look(name, time.time()))
        met.append(decision.verdict)
        _show(decision, as_json, ())
        if decision.details["finished"]:
            return Verdict.worst(met).exit_code
        time.sleep(every)


@command.command("status")
@click.argument("name")
@JSON
@OUTPUT
def status(name: str, files: tuple[Path, ...], *, as_json: bool) -> int:
    """Show where every cell stands and why, as the last row of the ledger says.

    \b
    Example:
      seatrial rollout status support_v4
    """
    from seatrial.rollout import controller  # noqa: PLC0415
    from seatrial.rollout.status import status_decision  # noqa: PLC0415

    check_targets(files)
    store = _store()
    _show(status_decision(controller.all_rows(store, controller.full_name(store, name))), as_json, files)
    return 0


@command.command("pause")
@click.argument("name")
@CELL
@AUTHOR
@REASON
@AT
@JSON
@OUTPUT
def pause(
    name: str,
    cells: tuple[str, ...],
    author: str,
    reason: str,
    at: float | None,
    files: tuple[Path, ...],
    *,
    as_json: bool,
) -> int:
    """Keep cells where they are; evidence still rolls them back.

    \b
    Example:
      seatrial rollout pause support_v4 --author ada --reason "holidays"
    """
    return _act("pause", name, cells, author, reason, None, at, as_json, files)


@command.command("resume")
@click.argument("name")
@CELL
@AUTHOR
@REASON
@AT
@JSON
@OUTPUT
def resume(
    name: str,
    cells: tuple[str, ...],
    author: str,
    reason: str,
    at: float | None,
    files: tuple[Path, ...],
    *,
    as_json: bool,
) -> int:
    """Let cells climb again, after a pause, a hold or a rollback: a new try with new evidence and half the alpha.

    \b
    Example:
      seatrial rollout resume support_v4 --cell region=DE --author ada --reason "prompt fixed"
    """
    if not cells:
        raise UsageError("resume names its cells: --cell CELL, repeatable")
    return _act("resume", name, cells, author, reason, None, at, as_json, files)


@command.command("rollback")
@click.argument("name")
@CELL
@AUTHOR
@REASON
@AT
@JSON
@OUTPUT
def rollback(
    name: str,
    cells: tuple[str, ...],
    author: str,
    reason: str,
    at: float | None,
    files: tuple[Path, ...],
    *,
    as_json: bool,
) -> int:
    """Take cells (without --cell: all) to 0 % now.

    \b
    Example:
      seatrial rollout rollback support_v4 --cell region=DE --author ada --reason "complaints"
    """
    return _act("rollback", name, cells, author, reason, None, at, as_json, files)


@command.command("override")
@click.argument("name")
@CELL
@click.option("--share", type=click.FloatRange(0, 1), required=True, help="A share of the plan's ramp, or 1.")
@AUTHOR
@REASON
@AT
@JSON
@OUTPUT
def override(
    name: str,
    cells: tuple[str, ...],
    share: float,
    author: str,
    reason: str,
    at: float | None,
    files: tuple[Path, ...],
    *,
    as_json: bool,
) -> int:
    """Put cells on a share at once, whatever the evidence: a safety fix may go straight to 100 %.

    \b
    Example:
      seatrial rollout override support_v4 --share 1 --author ada --reason "closes a leak"
    """
    return _act("override", name, cells, author, reason, share, at, as_json, files)


@command.command("replay")
@click.argument("name")
def replay(name: str) -> int:
    """Decide every row of the ledger anew from what it rested on; exit 0 when every byte is the same, else 1.

    \b
    Example:
      seatrial rollout replay support_v4
    """
    from seatrial.rollout.ledger import replayed  # noqa: PLC0415

    return _audit(name, replayed, "decides otherwise when it is replayed", "rows replay to the same bytes")


@command.command("verify")
@click.argument("name")
def verify(name: str) -> int:
    """Check the chain of hashes of the ledger; exit 0 when it is unbroken, else 1.

    \b
    Example:
      seatrial rollout verify support_v4
    """
    from seatrial.rollout.ledger import broken_at  # noqa: PLC0415

    return _audit(name, broken_at, "is not what its hash, or the row after it, says", "rows, the chain is unbroken")


def _audit(name: str, check: Callable[[Any], int | None], bad: str, good: str) -> int:
    from seatrial.rollout import controller  # noqa: PLC0415

    store = _store()
    rows = controller.all_rows(store, controller.full_name(store, name))
    wrong = check(rows)
    click.echo(f"{name}: row {wrong} {bad}" if wrong is not None else f"{name}: {len(rows)} {good}")
    return 0 if wrong is None else 1


def _act(
    act: str,
    name: str,
    cells: tuple[str, ...],
    author: str,
    reason: str,
    share: float | None,
    at: float | None,
    as_json: bool,
    files: tuple[Path, ...],
) -> int:
    from seatrial.rollout import controller  # noqa: PLC0415
    from seatrial.rollout.decision import look_decision  # noqa: PLC0415
    from seatrial.rollout.person import Act, Action  # noqa: PLC0415

    check_targets(files)
    store = _store()
    action = Action(Act(act), cells, author, reason, share)
    now = time.time() if at is None else at
    look = controller.person(store, controller.full_name(store, name), action, now, code=_code())
    warnings = () if look.written else ("nothing was changed: every cell was there already",)
    decision = look_decision(look.rules, look.decided.state, look.decided.steps, None, None, warnings=warnings)
    _show(_headed(decision, f"{act} by {author}: {reason}"), as_json, files)
    return 0


def _look(name: str, now: float) -> tuple[Look, tuple[str, ...]]:
    """One look, and a sentence for each message that no receiver took."""
    from seatrial.adapters import webhook  # noqa: PLC0415
    from seatrial.rollout import controller  # noqa: PLC0415
    from seatrial.rollout.ledger import state_of  # noqa: PLC0415
    from seatrial.rollout.sentence import step_sentence  # noqa: PLC0415
    from seatrial.rollout.store_source import StoreSource  # noqa: PLC0415

    store = _store()
    rollout = controller.full_name(store, name)
    hooks = webhook.load_hooks(_project().root / "experiments" / "webhooks.toml")
    rules, last = controller.ends(store, rollout)
    look = controller.look(
        store,
        rollout,
        StoreSource(store),
        now,
        code=_code(),
        plan_hash=_plan_hash(rollout.partition("@")[0]),
        asked=webhook.ask(hooks, rules, state_of(last)),
        following=lambda rules, decided: webhook.messages(
            hooks, rules, decided, [step_sentence(rules, one) for one in decided.told]
        ),
    )
    return look, webhook.deliver(store, rollout, hooks, now)


def _decision(look: Look, failures: Sequence[str]) -> Decision:
    from seatrial.rollout.decision import look_decision  # noqa: PLC0415

    warnings = [*failures, *(["another controller took this step; nothing was written"] if look.lost else [])]
    evidence = look.evidence
    if evidence and evidence.late:
        warnings.append(f"{evidence.late:,} exposures or outcomes came after their minute was closed and do not count")
    if evidence and evidence.unknown:
        warnings.append(f"{evidence.unknown:,} outcomes have a label that says nothing and do not count")
    return look_decision(
        look.rules, look.decided.state, look.decided.steps, look.decided.findings, evidence, warnings=warnings
    )


def _read_plan(project: Project, plan: str) -> tuple[RolloutPlan, Any]:
    from seatrial.experiment import load_rollout_plan, load_runnable_plan  # noqa: PLC0415
    from seatrial.outcome import load_metrics  # noqa: PLC0415
    from seatrial.segment import for_graph  # noqa: PLC0415

    path = _plan_path(project, plan)
    metrics = load_metrics(project.root / "gates" / "metrics.toml")
    graph = load_rollout_plan(path).graph
    return load_runnable_plan(path, for_graph(project.dimensions, graph), metrics), metrics


def _plan_path(project: Project, plan: str) -> Path:
    return Path(plan) if plan.endswith(".toml") else project.root / "experiments" / f"{plan}.toml"


def _plan_hash(plan: str) -> str | None:
    """Hash of the plan file as it is now; None where it has gone, since the ledger holds the rules."""
    project = _project()
    return _read_plan(project, plan)[0].hash if _plan_path(project, plan).is_file() else None


def _powered(plan: RolloutPlan) -> Sequence[str]:
    """What the certificate says; UsageError where a stage cannot stop what must be stopped."""
    import numpy as np  # noqa: PLC0415

    from seatrial.certify.rollout import certify_rollout  # noqa: PLC0415 - scipy is for those who start

    found = certify_rollout(plan, runs=400, rng=np.random.default_rng(0))
    if found.blind:
        stages = ", ".join(str(stage + 1) for stage in found.blind)
        raise UsageError(
            f"{plan.source}: stage {stages} cannot stop a drop of {plan.must_stop:g} with probability .8 within its dwell; "
            f"seatrial plan {plan.source} says what it needs, --accept-underpowered starts it as it is"
        )
    return (f"false rollback {found.false_rollback.rate:.4f} in {found.false_rollback.runs} simulated runs",)


def _project() -> Project:
    from seatrial.project import open_project  # noqa: PLC0415

    return open_project(Path.cwd())


def _store() -> Store:
    from seatrial.store.current import current_store  # noqa: PLC0415

    store = current_store()
    if store is None:
        raise UsageError("no store is in use here; set store in [tool.seatrial] or SEATRIAL_STORE")
    return store


def _code() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    return version("seatrial")


def _cells(n: int) -> str:
    return "1 cell" if n == 1 else f"{n} cells"


def _headed(decision: Decision, reason: str) -> Decision:
    from dataclasses import replace  # noqa: PLC0415

    return replace(decision, reason=reason)


def _show(decision: Decision, as_json: bool, files: Sequence[Path]) -> None:
    from seatrial.report.decision_view import decision_view  # noqa: PLC0415
    from seatrial.report.rollout_terms import ROLLOUT  # noqa: PLC0415

    show_decision(decision, decision_view(decision, ROLLOUT), as_json=as_json, files=files, every=True)
