"""Session: the gates of one pytest run: each graph evaluated once, whichever worker comes first, and decided from that."""

from __future__ import annotations

import getpass
import os
import shutil
import tempfile
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from seatrial.adapters.langsmith.no_network import untraced
from seatrial.canonical import content_hash
from seatrial.errors import ConfigError, SeatrialError, UsageError
from seatrial.gate.policy import load_policy
from seatrial.pool import user_code
from seatrial.project import Project, mount, open_project
from seatrial.pytest_plugin import judges_wanted, policy_file
from seatrial.pytest_plugin.file_lock import turn
from seatrial.pytest_plugin.importing import importing
from seatrial.segment import assign, for_graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.dataset import Dataset
    from seatrial.gate.report import Report
    from seatrial.project import TrialRow
    from seatrial.trial.against_baseline import Made

OVERALL = "overall"
"""The segment that is no segment, as `gate.row` has it: that module loads numpy, and collecting does without."""

_SESSION = pytest.StashKey["Session"]()


def session_of(config: pytest.Config) -> Session:
    """The session that belongs to a pytest run; made when a gate is first collected."""
    if _SESSION not in config.stash:
        config.stash[_SESSION] = Session(config)
    return config.stash[_SESSION]


@dataclass(frozen=True)
class Still(Project):
    """A project whose examples lie still while pytest runs: they are read and checked once, not once per question."""

    _read: dict[tuple[str, str], Dataset] = field(default_factory=dict, init=False, repr=False, compare=False)

    def dataset(self, graph: str, kind: str = "golden") -> Dataset:
        """The graph's examples, as they were when they were first asked for."""
        if (graph, kind) not in self._read:
            self._read[graph, kind] = super().dataset(graph, kind)
        return self._read[graph, kind]


class Session:
    """What the items of one pytest run share.

    Attributes:
        updating: baselines are renewed, nothing is gated.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.rootpath
        self._against = str(config.getoption("seatrial_baseline"))
        worker = getattr(config, "workerinput", None)  # pytest-xdist's, and the same run id in every worker
        self._alone = worker is None
        # A run id may be chosen by hand and come again tomorrow; the process that started the workers is this run's own.
        self._folder = _folder(uuid4().hex) if worker is None else shared_folder(worker["testrunuid"], os.getppid())
        self._stated: dict[TrialRow, Report | SeatrialError] = {}
        self._made: Made | None = {} if self._alone else None
        self.updating = bool(config.getoption("seatrial_update_baseline"))
        config.add_cleanup(self._leave)

    @property
    def project(self) -> Project:
        """The rootdir's project, mounted: again, where a test has mounted another one since."""
        mount(self._opened.root)
        return self._opened

    @cached_property
    def _opened(self) -> Project:
        found = open_project(self._root)
        return Still(found.root, found.settings)

    def rows(self, policy: Path) -> tuple[TrialRow, ...]:
        """The first trial row of every graph that is put to this policy."""
        with never_skipped():
            trials = self.project.settings.trial
        mine = [row for row in trials if row.policy and policy_file(self._root, row.policy) == policy]
        for row in mine:
            other = next((one for one in mine if one.graph == row.graph and one.dataset != row.dataset), None)
            if other is not None:
                raise ConfigError(
                    f"pyproject.toml puts {row.graph} to {row.policy} on {row.dataset} and on {other.dataset}; a policy gates a graph on one dataset: give the second row a policy of its own"
                )
        return tuple({row.graph: row for row in reversed(mine)}[name] for name in dict.fromkeys(r.graph for r in mine))

    def planned(self, row: TrialRow) -> dict[str, tuple[str, ...]]:
        """Segment -> keys of the rows a report of this graph will have, from dataset and policy: no graph is run for it."""
        with never_skipped():
            return self._planned(row)

    def _planned(self, row: TrialRow) -> dict[str, tuple[str, ...]]:
        rules = load_policy(self._root / str(row.policy), row.graph)
        keys = tuple(rule.name for rule in rules.keys if not rule.zero_tolerance) or tuple(
            bound.key for bound in self.project.evaluators(row.graph)
        )
        zero = tuple(rule.name for rule in rules.keys if rule.zero_tolerance)
        dimensions = for_graph(self.project.dimensions, row.graph)
        examples = self.project.dataset(row.graph, row.dataset).examples
        names = {f"{name}={value}" for one in examples for name, value in assign(dimensions, one.row()).items()}
        return {OVERALL: (*keys, *zero), **dict.fromkeys(sorted(names), keys)}

    def report(self, row: TrialRow, environ: Mapping[str, str]) -> Report:
        """The graph's report, decided once.

        Raises:
            SeatrialError: it cannot be decided; the same every time it is asked for.
        """
        if row not in self._stated:
            try:
                with never_skipped():
                    self._stated[row] = self._decide(row, environ)
            except SeatrialError as error:
                self._stated[row] = error
        wording = self._stated[row]
        if isinstance(wording, SeatrialError):
            raise wording
        return wording

    def renew(self, row: TrialRow) -> str:
        """Accept what the graph answers now; the sentence that says so."""
        from seatrial.trial.against_baseline import renew  # noqa: PLC0415 - numpy and Arrow, which collecting does without

        with never_skipped(), untraced(os.environ):
            return renew(
                self.project,
                row,
                today=datetime.now(UTC).date(),
                author=getpass.getuser(),
                reason="pytest --seatrial-update-baseline",
            )

    def _decide(self, row: TrialRow, environ: Mapping[str, str]) -> Report:
        with importing():
            from seatrial.gate.reruns import with_attempt  # noqa: PLC0415 - as above
            from seatrial.trial.against_baseline import gate_against_baseline  # noqa: PLC0415

        _own(self._folder)
        # Two rows of one graph may be put to two policies, on two sets of examples.
        folder = self._folder / content_hash([row.graph, row.dataset, row.repeat])
        folder.mkdir(exist_ok=True)
        # The fast gate leaves nothing behind and sends nothing; with EVAL=1 a user's own tracing stands.
        models = judges_wanted(environ)
        with turn(folder / "turn"), nullcontext() if models else untraced(os.environ):
            report = gate_against_baseline(
                self.project,
                row,
                against=self._against,
                into=folder,
                today=datetime.now(UTC).date(),
                models=models,
                made=self._made,
            )
        return with_attempt(report, environ, deterministic=self.project.spec(row.graph).deterministic)

    def _leave(self) -> None:
        # Workers end at different times and none knows of the others: what they shared is the controller's to take.
        if self._alone:
            leave(self._folder)


@contextmanager
def never_skipped() -> Iterator[None]:
    """pytest.skip() and its like in a project's own code, an `importorskip` say, leave no gate out: they are its failure."""
    try:
        with user_code():
            yield
    except SystemExit as error:
        raise ConfigError(
            f"the project's own code ended itself with {type(error).__name__}: {error}; a gate is not skipped, it is fixed"
        ) from error
    except (pytest.skip.Exception, pytest.fail.Exception) as error:
        raise ConfigError(
            f"the project's own code ended itself with {type(error).__name__} of pytest ({error.msg}); a gate is not skipped, it is fixed"
        ) from error


def shared_folder(run_id: str, controller: int) -> Path:
    """Where the workers of one pytest-xdist run share their evaluations; `controller` is the process that started them."""
    return _folder(content_hash([run_id, controller]))


def leave(folder: Path) -> None:
    """Take a session's folder away, if it was ever made."""
    shutil.rmtree(folder, ignore_errors=True)


def _folder(name: str) -> Path:
    # Outside the checkout, which may be read-only.
    return Path(tempfile.gettempdir()) / f"seatrial-{name}"


def _own(folder: Path) -> None:
    """Make the folder, or find the one another worker made: answers lie there, which nobody else reads or writes.

    Raises:
        UsageError: somebody else put something at its place.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    who = getattr(os, "getuid", None)  # POSIX only
    if folder.is_symlink() or (who is not None and folder.stat().st_uid != who()):
        raise UsageError(
            f"{folder} belongs to somebody else; nothing is evaluated into it. Set TMPDIR to a folder of yours"
        )
