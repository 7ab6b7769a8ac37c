"""Since a ref: a graph as another commit has it against the graph as it is now, without a kept baseline.

The other commit is checked out into a worktree of its own, with today's datasets, evaluators, gates and judges over its own, so
that both versions answer the same examples and are scored by the same code.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError, UsageError
from seatrial.trial.evaluate import evaluate
from seatrial.trial.gating import gate
from seatrial.trial.policies import policy_of
from seatrial.trial.runs import RUNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from seatrial.gate.report import Report
    from seatrial.project import Project
    from seatrial.trial.confirm import Confirming

TODAYS = ("datasets", "evaluators", "gates", "judges")
"""Folders that ask the questions and judge the answers; everything else is the commit's own."""


def gate_since(
    project: Project,
    ref: str,
    graph: str | None,
    *,
    confirming: Confirming,
    changed: Mapping[str, Any] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Report:
    """Gate the graph as it is now against the graph as `ref` has it.

    Args:
        project: the mounted project; it lies in a git repository.
        ref: a branch, a tag or a commit.
        graph: assistant id; None = the only graph with a trial row.
        confirming: whether suspicious rows are decided on fresh repetitions.
        changed: words of the policy that the caller says otherwise, e.g. its `goal`.
        progress: told (what, done, planned).

    Raises:
        UsageError: there is no such commit or graph, or this is no git repository.
        DataError: the graph cannot be run as the commit has it; says what it said.
    """
    name = _graph(project, graph)
    top = Path(_git(project.root, "rev-parse", "--show-toplevel"))
    commit = _git(project.root, "rev-parse", "--verify", "--quiet", f"{_plain(ref)}^{{commit}}")
    row = next((row for row in project.settings.trial if row.graph == name), None)
    kind, repeat = (row.dataset, row.repeat) if row else ("golden", 1)
    with _worktree(top, commit) as tree:
        there = tree / project.root.resolve().relative_to(top.resolve())
        if not (there / "pyproject.toml").is_file():
            raise UsageError(f"--since-ref {ref}: the project was not there yet; commit it to {ref} first")
        baseline = _evaluated(project, there, name, kind, repeat, f"{ref.replace('/', '-')}-{commit[:12]}")
    rules = replace(policy_of(project, name), **(changed or {}))
    head = _git(project.root, "rev-parse", "--short=12", "HEAD")
    dirty = "-changed" if _git(project.root, "status", "--porcelain", "--", ".") else ""
    done = evaluate(project, name, kind=kind, repeat=repeat, label=f"HEAD-{head}{dirty}", progress=progress)
    return gate(project, name, baseline, done.run_dir.name, rules, confirming=confirming)


def _graph(project: Project, graph: str | None) -> str:
    if graph is not None:
        return project.spec(graph.partition("@")[0]).assistant_id
    known = list(dict.fromkeys(row.graph for row in project.settings.trial))
    if len(known) != 1:
        raise UsageError(
            f"--since-ref: say which graph, seatrial gate GRAPH --since-ref REF; trial rows have: {', '.join(known) or 'none'}"
        )
    return known[0]


def _plain(ref: str) -> str:
    if ref.startswith("-"):
        raise UsageError(f"--since-ref {ref!r} is no branch, tag or commit")
    return ref


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git of who calls
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"--since-ref needs git: {error.strerror}") from error
    if done.returncode:
        what = done.stderr.strip().splitlines()
        raise UsageError(
            f"--since-ref: git {arguments[0]} {arguments[-1]} failed: {what[-1] if what else 'there is no such commit'}; in CI, check out with fetch-depth: 0"
        )
    return done.stdout.strip()


@contextmanager
def _worktree(top: Path, commit: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="seatrial-") as folder:
        tree = Path(folder) / "tree"
        _git(top, "worktree", "add", "--detach", "--quiet", str(tree), commit)
        try:
            yield tree
        finally:
            _git(top, "worktree", "remove", "--force", str(tree))


def _evaluated(project: Project, there: Path, graph: str, kind: str, repeat: int, label: str) -> str:
    """Run the graph in the worktree, in a process of its own, and bring its run here; the run's id."""
    for name in TODAYS:
        if (project.root / name).is_dir():
            shutil.rmtree(there / name, ignore_errors=True)
            shutil.copytree(project.root / name, there / name)
    command = [sys.executable, "-m", "seatrial", "eval", graph, "--dataset", kind, "--repeat", str(repeat)]
    done = subprocess.run(  # noqa: S603
        [*command, "--version-label", label, "--no-mlflow", "--json"],
        cwd=there,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        run_id = str(json.loads(done.stdout)["run_id"])
    except (ValueError, KeyError):
        what = done.stderr.strip().splitlines()
        raise DataError(
            f"{graph} could not be run as {label} has it: {what[-1] if what else 'it said nothing'}"
        ) from None
    (project.root / RUNS).mkdir(parents=True, exist_ok=True)
    shutil.copytree(there / RUNS / run_id, project.root / RUNS / run_id)
    return run_id
