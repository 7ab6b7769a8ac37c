"""Session: the gates of one pytest run: each graph evaluated once, whichever worker comes first, and decided from that."""

from __future__ import annotations

import getpass
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from seatrial.errors import SeatrialError
from seatrial.gate.row import OVERALL
from seatrial.project import open_project
from seatrial.pytest_plugin import judges_wanted
from seatrial.pytest_plugin.turn import turn
from seatrial.segment import assign, for_graph
from seatrial.trial.policies import row_policy
from seatrial.trial.standing import gate_standing, renew

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.gate.report import Report
    from seatrial.project import Project, TrialRow

_SESSION = pytest.StashKey["Session"]()


def session_of(config: pytest.Config) -> Session:
    """The session that belongs to a pytest run; made when a gate is first collected."""
    if _SESSION not in config.stash:
        config.stash[_SESSION] = Session(config)
    return config.stash[_SESSION]


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
        shared = worker["testrunuid"] if worker is not None else uuid4().hex
        # Outside the checkout, which may be read-only; one folder for all workers of a run.
        self._folder = Path(tempfile.gettempdir()) / f"seatrial-{shared}"
        self._said: dict[str, Report | SeatrialError] = {}
        self.updating = bool(config.getoption("seatrial_update_baseline"))
        config.add_cleanup(self._leave)

    @cached_property
    def project(self) -> Project:
        """The rootdir's project, mounted."""
        return open_project(self._root)

    def rows(self, policy: Path) -> tuple[TrialRow, ...]:
        """The first trial row of every graph that is put to this policy."""
        mine = [row for row in self.project.settings.trial if row.policy and self._root / row.policy == policy]
        return tuple({row.graph: row for row in reversed(mine)}[name] for name in dict.fromkeys(r.graph for r in mine))

    def planned(self, row: TrialRow) -> dict[str, tuple[str, ...]]:
        """Segment -> keys of the rows a report of this graph will have, from dataset and policy: no graph is run for it."""
        rules = row_policy(self.project, row)
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
        if row.graph not in self._said:
            try:
                self._said[row.graph] = self._decide(row, environ)
            except SeatrialError as error:
                self._said[row.graph] = error
        said = self._said[row.graph]
        if isinstance(said, SeatrialError):
            raise said
        return said

    def renew(self, row: TrialRow) -> str:
        """Accept what the graph answers now; the sentence that says so."""
        return renew(
            self.project,
            row,
            today=datetime.now(UTC).date(),
            author=getpass.getuser(),
            reason="pytest --seatrial-update-baseline",
        )

    def _decide(self, row: TrialRow, environ: Mapping[str, str]) -> Report:
        folder = self._folder / row.graph
        folder.mkdir(parents=True, exist_ok=True)
        with turn(folder / "turn"):
            return gate_standing(
                self.project,
                row,
                against=self._against,
                into=folder,
                today=datetime.now(UTC).date(),
                models=judges_wanted(environ),
            )

    def _leave(self) -> None:
        # Workers end at different times and none knows of the others: the system's own cleaning takes what they shared.
        if self._alone:
            shutil.rmtree(self._folder, ignore_errors=True)
