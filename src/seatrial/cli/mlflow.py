"""What the verbs that measure share about MLflow: whether to log, doing it, and saying where it is or why it is not."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.errors import MissingExtra, SeatrialError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.adapters.mlflow import Entry
    from seatrial.project import Project

option = click.option(
    "--mlflow/--no-mlflow",
    "mlflow",
    default=None,
    help="Log the runs to MLflow, or do not; left out, [tool.seatrial] mlflow decides.",
)


@dataclass(frozen=True, slots=True)
class Record:
    """What came of logging.

    Attributes:
        data: for `--json`; None where nothing was to be logged.
        lines: for a reader.
        failed: it was asked for on the command line and did not happen.
    """

    data: dict[str, Any] | None = None
    lines: tuple[str, ...] = ()
    failed: bool = False

    def exit_code(self, code: int) -> int:
        """A verdict stands whatever became of its record; but a record that was asked for and is not there is no 0."""
        return 2 if self.failed and code == 0 else code


def wanted(requested: bool | None, setting: str, verb: str) -> bool:
    """Whether this command logs: the flag, else the setting, else no.

    Raises:
        MissingExtra: the flag asks for it and mlflow is not installed; said before any work is done.
    """
    if requested is False or (requested is None and setting not in ("always", verb)):
        return False
    from seatrial.adapters.mlflow.session import installed  # noqa: PLC0415 - for those who may log

    if not installed() and requested:
        raise MissingExtra("mlflow", "mlflow", "--mlflow")
    return installed()


def record(project: Project, entries: Callable[[], Sequence[Entry]], *, requested: bool | None) -> Record:
    """Log the entries. Nothing that happens here is raised: the measurement is done, and must not be lost for its copy."""
    try:
        return _record(project, entries())
    except SeatrialError as error:
        wording = str(error)
    except Exception:  # noqa: BLE001 - our bug: its traceback is told, and the verdict still stands
        click.echo(traceback.format_exc(), err=True)
        wording = "this is a bug in seatrial; the verdict and the evidence stand"
    click.echo(f"seatrial: not logged to MLflow: {wording}", err=True)
    return Record({"failed": wording}, (), requested is True)


def _record(project: Project, entries: Sequence[Entry]) -> Record:
    from seatrial.adapters.mlflow import log_runs, place, session  # noqa: PLC0415 - for those who log

    where = place(os.environ, project.root)
    with session(where) as client:
        logged = log_runs(client, where, project.settings.fleet, entries, commit=commit(project.root))
    shown, names = where.shown_from(Path.cwd()), ", ".join(logged.experiments)
    line = f"MLflow: {shown} · experiment {names} · open with {where.opened_with(Path.cwd())}"
    data = {"tracking_uri": where.shown, "experiments": list(logged.experiments), "runs": dict(logged.runs)}
    return Record(data, (line,))


def commit(root: Path) -> dict[str, str]:
    """The project's commit, and whether its files were as committed; nothing where git does not say."""
    sha = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    if sha is None or changed is None:
        return {}
    return {"git_sha": sha, "git_dirty": "true" if changed else "false"}


def _git(root: Path, *words: str) -> str | None:
    import subprocess  # noqa: PLC0415 - for those who log

    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            ["git", "-C", str(root), *words],  # noqa: S607 - the git of the user's path
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
