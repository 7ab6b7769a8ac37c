"""Policies: which rules a graph of the project is put to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import ConfigError
from seatrial.gate.policy import Policy, load_policy
from seatrial.trial.contracts import for_family

if TYPE_CHECKING:
    from seatrial.project import Project, TrialRow


def policy_of(project: Project, graph: str) -> Policy:
    """The policy of the graph's trial row, else the built-in defaults."""
    row = next((row for row in project.settings.trial if row.graph == graph), None)
    return row_policy(project, row) if row else Policy()


def row_policy(project: Project, row: TrialRow) -> Policy:
    """The policy a trial row names, else the built-in defaults."""
    if row.policy is None:
        return Policy()
    file = project.root / row.policy
    if not file.is_file():
        raise ConfigError(f"the trial row of {row.graph!r} names the policy {row.policy}, and {file} does not exist")
    return for_family(project, row.graph, load_policy(file, row.graph))


def contracts_of(project: Project, graph: str, kind: str) -> tuple[frozenset[str], int]:
    """The contract tests that any trial row of a graph asks of one kind of examples, and how often each is run."""
    policies = [row_policy(project, row) for row in project.settings.trial if (row.graph, row.dataset) == (graph, kind)]
    named = frozenset(example for policy in policies for example in policy.must_pass)
    return named, max((policy.must_pass_runs for policy in policies), default=0)
