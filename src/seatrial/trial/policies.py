"""Policies: which rules a graph of the project is put to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.errors import ConfigError, UsageError, one_of
from seatrial.gate.policy import Policy, load_policy
from seatrial.segment import for_graph, guards_of
from seatrial.trial.contracts import for_family

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from seatrial.project import Project, TrialRow


def policy_of(project: Project, graph: str) -> Policy:
    """The policy of the graph's trial row, else the built-in defaults."""
    row = next((row for row in project.settings.trial if row.graph == graph), None)
    return row_policy(project, row) if row else for_project(project, graph, Policy())


def row_policy(project: Project, row: TrialRow) -> Policy:
    """The policy a trial row names, else the built-in defaults."""
    if row.policy is None:
        return for_project(project, row.graph, Policy())
    file = project.root / row.policy
    if not file.is_file():
        raise ConfigError(f"the trial row of {row.graph!r} names the policy {row.policy}, and {file} does not exist")
    return for_project(project, row.graph, load_policy(file, row.graph))


def for_project(project: Project, graph: str, policy: Policy) -> Policy:
    """The policy with what the project says of the graph: runs of a contract test, and the sizes its segments must have."""
    guards = guards_of(for_graph(project.dimensions, graph))
    return replace(for_family(project, graph, policy), guards=guards)


def rows_gated_by(project: Project, policy: Path, graphs: Collection[str] = ()) -> tuple[TrialRow, ...]:
    """One trial row a graph: of the graphs that a policy gates, or of `graphs`, which may try it before they name it.

    Raises:
        UsageError: the project has no trial row, none names the policy, or a graph has none.
    """
    rows = project.settings.trial
    if not rows:
        raise UsageError(
            "the project has no trial row, so no graph is gated; without a project: seatrial certify POLICY --evidence FILE, seatrial plan paired --n N"
        )
    known, file = dict.fromkeys(row.graph for row in rows), policy.resolve()
    mine = {row.graph: row for row in reversed(rows) if row.policy and (project.root / row.policy).resolve() == file}
    if not graphs and not mine:
        have = ", ".join(sorted({row.policy or "the built-in defaults" for row in rows}))
        raise UsageError(
            f"no trial row names the policy {policy}; the rows name: {have}. To try it on a graph: --graph with one of: {', '.join(known)}"
        )
    first = {row.graph: row for row in reversed(rows)}
    chosen = graphs or [graph for graph in known if graph in mine]
    return tuple({**first, **mine}[one_of(graph, known, "a trial row of graph")] for graph in dict.fromkeys(chosen))


def contracts_of(project: Project, graph: str, kind: str) -> tuple[frozenset[str], int]:
    """The contract tests that any trial row of a graph asks of one kind of examples, and how often each is run."""
    policies = [row_policy(project, row) for row in project.settings.trial if (row.graph, row.dataset) == (graph, kind)]
    named = frozenset(example for policy in policies for example in policy.must_pass)
    return named, max((policy.must_pass_runs for policy in policies), default=0)
