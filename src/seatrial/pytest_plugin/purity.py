"""Purity items: one per graph and evaluator, which fails where the evaluator is not a pure function."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from seatrial.errors import SeatrialError
from seatrial.pytest_plugin.session import never_skipped, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.scoring import Bound


class PurityFile(pytest.File):
    """The suites: `evaluators/__init__.py`."""

    def collect(self) -> Iterator[pytest.Collector]:
        """The graphs of the registry."""
        try:
            with never_skipped():
                graphs = tuple(session_of(self.config).project.graphs)
            for spec in graphs:
                yield PurityGraph.from_parent(self, name=spec.assistant_id)
        except SeatrialError as error:
            raise self.CollectError(str(error)) from error


class PurityGraph(pytest.Collector):
    """A graph: `evaluators/__init__.py::triage`."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its evaluators."""
        try:
            with never_skipped():
                suite = session_of(self.config).project.evaluators(self.name)
        except SeatrialError as error:
            raise self.CollectError(str(error)) from error
        for bound in suite:
            yield PurityItem.from_parent(self, name=bound.key, graph=self.name, bound=bound)


class Impure(Exception):
    """The evaluator touches what it should not, or could not be audited; its message is the sentences."""


class PurityItem(pytest.Item):
    """One evaluator: `evaluators/__init__.py::triage::desk`."""

    def __init__(self, *, graph: str, bound: Bound, **rest: Any) -> None:
        super().__init__(**rest)
        self.graph, self.bound = graph, bound

    def runtest(self) -> None:
        """Audit it."""
        from seatrial.purity.suite import audit_suite, sentences  # noqa: PLC0415 - collecting does not wait for it

        project = session_of(self.config).project
        examples = project.dataset(self.graph).examples
        (found,) = audit_suite((self.bound,), examples, random.Random(0))  # noqa: S311 - an order of calls, no secret
        self.user_properties += [("pure", found.pure), ("calls", found.calls)]
        if not found.pure:
            raise Impure(
                f"{self.graph} · {found.key} is no pure function of its run and its example:\n"
                + "\n".join(f"  {wording}" for wording in sentences(found, project.root))
            )

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where a reader finds the binding."""
        return self.path, None, self.nodeid.partition("::")[2]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentences; a traceback is for our bugs only."""
        if isinstance(excinfo.value, (Impure, SeatrialError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)
