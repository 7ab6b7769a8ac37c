"""`seatrial rollout`: move a candidate's share of the traffic, cell by cell, as far as the evidence goes."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from seatrial.cli import rollout_audit, rollout_person, rollout_plan, rollout_simulate, rollout_traffic
from seatrial.cli.group import Group
from seatrial.cli.mlflow import option as mlflow_option
from seatrial.cli.mlflow import wanted
from seatrial.cli.output import check_targets
from seatrial.cli.rollout_common import (
    AT,
    AUTHOR,
    EVENTS,
    JSON,
    OUTPUT,
    REASON,
    cells_text,
    code_version,
    headed,
    judge_standings,
    plan_file,
    plan_hash,
    project_here,
    read_plan,
    show,
    source_here,
    store_here,
)
from seatrial.cli.rollout_follow import delivered, ended, hooks_here, messages_to
from seatrial.errors import DataError, UsageError
from seatrial.wording import count, verb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from seatrial.adapters.webhook import Hook
    from seatrial.experiment.plan import RolloutPlan
    from seatrial.project import Project
    from seatrial.report.rollout_page import RolloutPage
    from seatrial.rollout.controller import Look
    from seatrial.rollout.ledger import Row
    from seatrial.rollout.rules import Rules
    from seatrial.verdict import Decision


@click.group("rollout", cls=Group)
def command() -> None:
    """Roll a candidate out, cell by cell, and back where it is worse; every decision is kept and can be replayed.

    \b
    Examples:
      seatrial rollout start support_router_v2 --author ada --reason "new retrieval prompt"
      seatrial rollout step support_router_v2
      seatrial rollout status support_router_v2
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

    A stage that cannot stop a drop of must_stop with probability .8 within its dwell is refused (exit 3). Starting the same
    plan a second time changes nothing; a changed plan is a new rollout, which takes the place of the one before. While
    another plan's rollout of the same graph is open, it is refused (exit 3).

    \b
    Example:
      seatrial rollout start support_router_v2 --author ada --reason "new retrieval prompt"
    """
    from seatrial.rollout import controller, ledger  # noqa: PLC0415 - the store is for those who roll out
    from seatrial.rollout.decision import look_decision  # noqa: PLC0415
    from seatrial.rollout.displaced import displaced_by  # noqa: PLC0415
    from seatrial.rollout.rules import rules_of  # noqa: PLC0415

    check_targets(files)
    project = project_here()
    read, metrics = read_plan(project, plan)
    notes = _powered(read, accepted=accept_underpowered)
    rules = replace(rules_of(read, metrics), plan_file=plan_file(project, plan))
    hashes, warnings = _contents(project, rules)
    now = time.time() if at is None else at
    decided = ledger.started(
        rules,
        now,
        code=code_version(),
        author=author,
        reason=reason,
        control_hash=hashes[0],
        candidate_hash=hashes[1],
        notes=notes,
    )
    if dry_run:
        warnings.append("nothing was written: --dry-run")
    else:
        warnings += displaced_by(store_here(), rules)
        if not controller.start(store_here(), decided, rules):
            warnings.append(f"{rules.rollout} has been started already; nothing was changed")
    warnings.extend(note for note in notes if note.startswith("accepted: "))
    decision = look_decision(rules, decided.state, (), None, None, warnings=warnings)
    show(headed(decision, f"{rules.rollout} starts in {cells_text(len(rules.cells))}"), as_json, files)
    return 0


@command.command("step")
@click.argument("name")
@EVENTS
@mlflow_option
@AT
@JSON
@OUTPUT
def step(
    name: str, events: str | None, mlflow: bool | None, at: float | None, files: tuple[Path, ...], *, as_json: bool
) -> int:
    """Judge what has become known and move every cell as far as the evidence goes.

    Run it from cron as often as you like: without new evidence nothing changes. Exit 0: moved, holding, or nothing to do;
    1: a cell was rolled back now; 2: a cell could not be judged (invalid or unreadable), and holds.

    \b
    Example:
      seatrial rollout step support_router_v2
    """
    check_targets(files)
    decision, code = _stepped(name, time.time() if at is None else at, events, mlflow)
    show(decision, as_json, files)
    return code


@command.command("run")
@click.argument("name")
@click.option("--every", type=click.FloatRange(min=1), default=300.0, show_default=True, help="Seconds between steps.")
@EVENTS
@mlflow_option
@JSON
def run_(name: str, every: float, events: str | None, mlflow: bool | None, *, as_json: bool) -> int:
    """Step again and again until every cell is done; ends with the worst exit code met: 1, else 2, else 0.

    A step that finds the store or the events away is said on stderr and tried again.

    \b
    Example:
      seatrial rollout run support_router_v2 --every 60
    """
    codes: list[int] = []
    while True:
        try:
            decision, code = _stepped(name, time.time(), events, mlflow)
        except DataError as error:  # a store that is away for a moment ends no watch
            click.echo(f"seatrial: {error}; tried again in {every:g} s", err=True)
            codes.append(2)
        else:
            show(decision, as_json, ())
            codes.append(code)
            if decision.details["finished"]:
                return min(codes, key=(1, 2, 0).index)
        time.sleep(every)


@command.command("status")
@click.argument("name")
@JSON
@OUTPUT
def status(name: str, files: tuple[Path, ...], *, as_json: bool) -> int:
    """Show the state of every cell and its reason, by the last row of the ledger.

    \b
    Example:
      seatrial rollout status support_router_v2
    """
    check_targets(files)
    _show_status(name, as_json, files)
    return 0


for one in (
    rollout_person.pause,
    rollout_person.resume,
    rollout_person.rollback,
    rollout_person.override,
    rollout_traffic.replay_traffic,
    rollout_simulate.simulate,
    rollout_plan.plan_,
    rollout_audit.replay,
    rollout_audit.verify,
):
    command.add_command(one)


@command.command("report")
@click.argument("name")
@OUTPUT
def report(name: str, files: tuple[Path, ...]) -> int:
    """Write the page of a rollout: its cells, the ladder over time, and how far the evidence has come.

    \b
    Example:
      seatrial rollout report support_router_v2 -o rollout.html
    """
    if not files:
        raise UsageError("say where to: seatrial rollout report NAME -o rollout.html")
    check_targets(files)
    _show_status(name, False, files)
    return 0


def _show_status(name: str, as_json: bool, files: Sequence[Path]) -> None:
    """Show where a rollout stands: by its ledger, by its shadow's answers and by what the routers report."""
    from seatrial.rollout import controller  # noqa: PLC0415
    from seatrial.rollout.ledger import rules_in, state_of  # noqa: PLC0415
    from seatrial.rollout.status import status_decision  # noqa: PLC0415
    from seatrial.rollout.store_source import StoreSource  # noqa: PLC0415

    store = store_here()
    rollout = controller.full_name(store, name)
    source, rows = StoreSource(store), controller.checked_rows(store, rollout)
    shadow = {
        cell.cell: source.shadow_answers(rollout, cell.cell, cell.attempt)
        for cell in state_of(rows[-1]).cells
        if cell.rung == 0 and rules_in(rows).shadow.units
    }
    decision = status_decision(rows, source.traffic(rollout), shadow)
    show(decision, as_json, files, _page(rows, files))


def _page(rows: Sequence[Row], files: Sequence[Path]) -> RolloutPage | None:
    """What a page shows, where one is written."""
    from seatrial.report.rollout_page import rollout_page  # noqa: PLC0415 - for those who write a page

    return rollout_page(rows) if any(file.suffix == ".html" for file in files) else None


def _stepped(name: str, now: float, events: str | None, mlflow: bool | None) -> tuple[Decision, int]:
    """One step with its exit code, logged where it is wanted."""
    logs, hooks = wanted(mlflow, project_here().settings.mlflow, "rollout"), hooks_here()
    look, failures = _look(name, now, events, hooks)
    decision = _decision(look, failures)
    return decision, ended(decision, look, hooks, mlflow, logs=logs)


def _look(name: str, now: float, events: str | None, hooks: Sequence[Hook]) -> tuple[Look, tuple[str, ...]]:
    """One look, and a sentence for each message that no receiver took."""
    from seatrial.adapters import webhook  # noqa: PLC0415
    from seatrial.rollout import controller  # noqa: PLC0415
    from seatrial.rollout.ledger import state_of  # noqa: PLC0415

    store = store_here()
    rollout = controller.full_name(store, name)
    rules, last = controller.ends(store, rollout)
    with source_here(store, events) as source:
        look = controller.look(
            store,
            rollout,
            source,
            now,
            code=code_version(),
            plan_hash=plan_hash(rules),
            requested=webhook.ask(hooks, rules, state_of(last)),
            standings=lambda evidence: judge_standings(rules, evidence, now),
            following=messages_to(hooks),
        )
    return look, delivered(store, rollout, hooks, now)


def _decision(look: Look, failures: Sequence[str]) -> Decision:
    from seatrial.rollout.decision import look_decision  # noqa: PLC0415

    warnings = [*failures, *(["another controller took this step; nothing was written"] if look.superseded else [])]
    evidence = look.evidence
    if evidence and evidence.late:
        warnings.append(f"{evidence.late:,} exposures or outcomes came after their minute was closed and do not count")
    if evidence and evidence.unknown:
        warnings.append(
            f"{count(evidence.unknown, 'outcome')} {verb(evidence.unknown, 'have')} a label that says nothing and do not count"
        )
    return look_decision(
        look.rules, look.decided.state, look.decided.steps, look.decided.findings, evidence, warnings=warnings
    )


def _contents(project: Project, rules: Rules) -> tuple[tuple[str, str], list[str]]:
    """Content hashes of control and candidate, and what a person should know before the start.

    UsageError where the registry has the graph and not the version.
    """
    from seatrial.trial.code_hash import code_hash  # noqa: PLC0415

    warnings: list[str] = []
    if rules.graph not in {spec.assistant_id for spec in project.graphs}:
        warnings.append(f"graph {rules.graph} is not in the registry: contents are known from exposures only")
        return ("", ""), warnings
    for version in (rules.control, rules.candidate):
        project.spec(rules.graph).version(version)
    control, candidate = (code_hash(project, rules.graph, one) for one in (rules.control, rules.candidate))
    return (control, candidate), warnings


def _powered(plan: RolloutPlan, *, accepted: bool) -> Sequence[str]:
    """What the certificate says, for the ledger; UsageError where a stage cannot stop what must be stopped and that is not accepted."""
    import numpy as np  # noqa: PLC0415

    from seatrial.rollout.certificate import certify_rollout  # noqa: PLC0415 - scipy is for those who start

    found = certify_rollout(plan, runs=400, rng=np.random.default_rng(0))
    notes = [f"false rollback {found.false_rollback.rate:.4f} in {found.false_rollback.runs} simulated runs"]
    if found.blind:
        stages = ", ".join(str(stage + 1) for stage in found.blind)
        blind = f"stage {stages} cannot stop a drop of {plan.must_stop:g} with probability .8 within its dwell"
        if not accepted:
            raise UsageError(
                f"{plan.source}: {blind}; "
                f"seatrial plan {plan.source} says what it needs, --accept-underpowered starts it as it is"
            )
        notes.append(f"accepted: {blind}")
    return notes
