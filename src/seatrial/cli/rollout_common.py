"""Options and look-ups that the rollout verbs share."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.output import FORMATS, show_decision
from seatrial.errors import ConfigError, UsageError
from seatrial.store.outcomes import LAST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seatrial.evidence import Evidence
    from seatrial.experiment.plan import RolloutPlan
    from seatrial.project import Project
    from seatrial.report.rollout_page import RolloutPage
    from seatrial.report.terms import Terms
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.source import Source
    from seatrial.store.engine import Store
    from seatrial.verdict import Decision
    from seatrial.vote import Standing

JSON = click.option("--json", "as_json", is_flag=True, help="Print seatrial/rollout/1 on stdout.")
OUTPUT = click.option(
    "-o",
    "--output",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help=f"Also write FILE: {', '.join(FORMATS)}.",
)


def _clock(_context: click.Context, _option: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 <= value < LAST:
        raise click.BadParameter(f"{value} is no time; write seconds since 1970, e.g. 1767225600 for 2026-01-01")
    return value


AT = click.option(
    "--at",
    type=float,
    metavar="SECONDS",
    callback=_clock,
    help="Decide as of this time, in seconds since 1970; default: now.",
)
EVENTS = click.option(
    "--events",
    metavar="PLACE",
    envvar="SEATRIAL_EVENTS",
    help="Where exposures and outcomes lie: FILE.duckdb or postgresql://...; default: the project's store.",
)
AUTHOR = click.option("--author", required=True, help="Who decides it.")
REASON = click.option("--reason", required=True, help="Why, in a sentence.")
MANY = 24
"""Rows up to which the terminal shows all."""
CELL = click.option("--cell", "cells", multiple=True, help="Only this cell (repeatable).")


def read_plan(project: Project, plan: str) -> tuple[RolloutPlan, Any]:
    """A plan that can move traffic, and the metrics of the project."""
    from seatrial.experiment import load_rollout_plan, load_runnable_plan  # noqa: PLC0415
    from seatrial.outcome import load_metrics  # noqa: PLC0415
    from seatrial.segment import for_graph  # noqa: PLC0415

    path = plan_path(project, plan)
    graph = load_rollout_plan(path).graph
    metrics = load_metrics(project.root / "gates" / "metrics.toml")
    return load_runnable_plan(path, for_graph(project.dimensions, graph), metrics), metrics


def plan_path(project: Project, plan: str) -> Path:
    """The file of a plan: a path, or a name in experiments/."""
    return Path(plan) if plan.endswith(".toml") else project.root / "experiments" / f"{plan}.toml"


def plan_file(project: Project, plan: str) -> str:
    """Where a plan is from the project's root; "" where its name is enough to find it."""
    found = plan_path(project, plan).resolve()
    known = plan_path(project, found.stem).resolve()
    return "" if found == known else Path(os.path.relpath(found, project.root.resolve())).as_posix()


def plan_hash(rules: Rules) -> str | None:
    """Hash of the plan and its metrics as they are now; None where the file has gone, since the ledger holds the rules.

    A file that cannot be read any more is a changed one: what runs goes on by the ledger's rules, and may fall by them.
    """
    from seatrial.rollout.rules import rules_of, same_plan  # noqa: PLC0415

    project = project_here()
    place = str(project.root / rules.plan_file) if rules.plan_file else rules.rollout.partition("@")[0]
    if not plan_path(project, place).is_file():
        return None
    try:
        plan, metrics = read_plan(project, place)
        return rules.plan_hash if same_plan(rules, plan, metrics) else rules_of(plan, metrics).plan_hash
    except ConfigError as error:
        return f"cannot be read: {error}"


def project_here() -> Project:
    """The project of the working directory."""
    from seatrial.project import open_project  # noqa: PLC0415

    return open_project(Path.cwd())


@contextmanager
def source_here(store: Store, events: str | None) -> Iterator[Source]:
    """Where the events of a rollout are read: the store, or a warehouse that is opened for one look."""
    from seatrial.rollout.store_source import StoreSource  # noqa: PLC0415
    from seatrial.rollout.warehouse import open_warehouse  # noqa: PLC0415

    if not events:
        yield StoreSource(store)
        return
    root = project_here().root
    with open_warehouse(events, root, StoreSource(store), root / ".seatrial" / "units-seen") as opened:
        yield opened


def judge_standings(rules: Rules, evidence: Evidence, now: float) -> Mapping[str, Standing]:
    """What the judge of the shadow stage may do, by its licence in the project."""
    from seatrial.gate.policy import JudgeRule  # noqa: PLC0415 - where a plan names a judge
    from seatrial.judge.standing import standings_of_table  # noqa: PLC0415

    name = rules.shadow.judge
    wanted = {name: JudgeRule(name).min_consistency}
    versions = (rules.control, rules.candidate)
    return standings_of_table(evidence, wanted, project_here().root, versions=versions, now=now, graph=rules.graph)


def store_here() -> Store:
    """The store in use here."""
    from seatrial.store.current import current_store  # noqa: PLC0415

    store = current_store()
    if store is None:
        raise UsageError("no store is in use here; set store in [tool.seatrial] or SEATRIAL_STORE")
    return store


def code_version() -> str:
    """Version of seatrial, for the ledger."""
    from importlib.metadata import version  # noqa: PLC0415

    return version("seatrial")


def cells_text(n: int) -> str:
    """`1 cell`, `3 cells`."""
    return "1 cell" if n == 1 else f"{n} cells"


def headed(decision: Decision, reason: str) -> Decision:
    """The decision with another headline."""
    from dataclasses import replace  # noqa: PLC0415

    return replace(decision, reason=reason)


def show(
    decision: Decision,
    as_json: bool,
    files: Sequence[Path],
    page: RolloutPage | None = None,
    terms: Terms | None = None,
) -> None:
    """Show it on every surface asked for, in the words of a rollout or in other `terms`."""
    from seatrial.report.rollout_view import rollout_view  # noqa: PLC0415

    few = len(decision.findings) <= MANY
    show_decision(decision, rollout_view(decision, page, terms), as_json=as_json, files=files, every=few)
