"""Gate items: one per graph, segment and key, which show their row, and one per graph, which decides.

The verdict is the graph's: its family is decided once per session, so that many items are not many uncorrected tests.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from seatrial.errors import SeatrialError
from seatrial.privacy.exits import shown
from seatrial.pytest_plugin import REPORTED_KEY, judges_wanted
from seatrial.pytest_plugin.session import OVERALL, Session, session_of
from seatrial.verdict import State, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.gate.report import Report
    from seatrial.project import TrialRow

DECIDES = "gate"


class GateFile(pytest.File):
    """A policy: `gates/merge.toml`."""

    def collect(self) -> Iterator[pytest.Collector]:
        """Its graphs, and then what decides them."""
        try:
            session = session_of(self.config)
            rows = session.rows(self.path)
            for row in rows:
                yield GateGraph.from_parent(self, name=row.graph, row=row)
        except SeatrialError as error:
            raise self.CollectError(str(error)) from error
        yield Deciding.from_parent(self, name=DECIDES, rows=rows)
        if judges_wanted(os.environ) and not session.updating:
            from seatrial.pytest_plugin.judges import NAME, Judges  # noqa: PLC0415 - only where judges are asked for

            yield Judges.from_parent(self, name=NAME, project=session.project, rows=rows)


class GateGraph(pytest.Collector):
    """A graph: `gates/merge.toml::text_to_sql`."""

    def __init__(self, *, row: TrialRow, **rest: Any) -> None:
        super().__init__(**rest)
        self.row = row

    def collect(self) -> Iterator[pytest.Collector | pytest.Item]:
        """Its segments; where they cannot be known, one item that fails with the reason."""
        try:
            planned = session_of(self.config).planned(self.row)
        except SeatrialError as error:
            # An error of collecting would end the session, and every other graph's gate with it.
            yield UnplannedItem.from_parent(self, name="plan", row=self.row, error=error)
            return
        for segment, keys in planned.items():
            yield GateSegment.from_parent(self, name=segment, row=self.row, keys=keys)


class GateSegment(pytest.Collector):
    """A segment: `gates/merge.toml::text_to_sql::tier=enterprise`."""

    def __init__(self, *, row: TrialRow, keys: tuple[str, ...], **rest: Any) -> None:
        super().__init__(**rest)
        self.row, self.keys = row, keys

    def collect(self) -> Iterator[pytest.Item]:
        """Its keys."""
        for key in self.keys:
            yield RowItem.from_parent(self, name=key, row=self.row, segment=self.name)


class Deciding(pytest.Collector):
    """`gates/merge.toml::gate`: one item per graph, last in the file."""

    def __init__(self, *, rows: tuple[TrialRow, ...], **rest: Any) -> None:
        super().__init__(**rest)
        self.rows = rows

    def collect(self) -> Iterator[pytest.Item]:
        """One verdict per graph."""
        for row in self.rows:
            yield VerdictItem.from_parent(self, name=row.graph, row=row)


class LooksWorse(pytest.PytestWarning):
    """A gate passed although rows look worse; `-W ignore::seatrial.pytest_plugin.gate.LooksWorse` silences it."""


class Stopped(Exception):
    """The gate's answer is no, or none; its message is the sentence."""


class _Item(pytest.Item):
    row: TrialRow

    def __init__(self, *, row: TrialRow, **rest: Any) -> None:
        super().__init__(**rest)
        self.row = row

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where a reader finds the rule: a line of the policy, counted from 0."""
        return self.path, self.rule_at(), self.nodeid.partition("::")[2]

    def rule_at(self) -> int:
        """The line its rule begins on, counted from 0."""
        return 0

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence; a traceback is for our bugs only."""
        if isinstance(excinfo.value, (Stopped, SeatrialError)):
            return str(excinfo.value)
        if isinstance(excinfo.value, OSError) and excinfo.value.filename:
            return f"{excinfo.value.filename} cannot be read or written: {excinfo.value.strerror}"
        return super().repr_failure(excinfo, style)

    @property
    def resolved_by(self) -> str:
        """The command that decides rows which look worse and are not proven worse."""
        graph = self.row.graph
        return f"seatrial gate {graph}@{self.row.baseline} {graph}@{self.row.candidate} --confirm repeats them"

    @property
    def gate(self) -> Session:
        """This pytest session's gates."""
        return session_of(self.config)


class RowItem(_Item):
    """One row of a report: fails where the row fails, skipped where it cannot tell, and decides nothing."""

    def __init__(self, *, segment: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.segment = segment

    def rule_at(self) -> int:
        """`[graph.GRAPH.key.KEY]`, else `[key.KEY]`; the first line where the key has no rule of its own."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        for table in (f"graph.{self.row.graph}.key.{self.name}", f"key.{self.name}"):
            head = re.compile(rf"\s*\[\s*{re.escape(table)}\s*\]")
            found = next((at for at, line in enumerate(lines) if head.match(line)), None)
            if found is not None:
                return found
        return 0

    def runtest(self) -> None:
        """Show the row."""
        if self.gate.updating:
            pytest.skip("the baseline is being renewed")
        try:
            report = self.gate.report(self.row, os.environ)
        except SeatrialError as error:
            if not self._decided_elsewhere():
                raise  # asked for alone, there is no deciding item to say that nothing was compared
            pytest.skip(f"not compared: {error}")
        found = next((f for f in report.findings if (f.segment, f.key) == (self.segment, self.name)), None)
        if found is None:
            pytest.skip(f"{self.segment} · {self.name}: nothing was measured on it")
        reason = shown(found.reason)
        self.user_properties += [
            ("verdict", found.verdict.value if found.verdict else ""),
            ("n", found.n),
            ("reason", reason),
        ]
        if found.verdict is Verdict.FAIL:
            answered = next(
                (a for a in report.overrides if (a.override.segment, a.override.key) == (found.segment, found.key)),
                None,
            )
            if answered is None and report.mode != "block":
                pytest.skip(f"in mode {report.mode}, which does not block: {reason}")
            if answered is None:
                raise Stopped(reason)
            pytest.skip(
                f"overridden until {answered.override.expires} by {answered.override.author}: {answered.override.reason}; {reason}"
            )
        if found.verdict is Verdict.INCONCLUSIVE:
            pytest.skip(reason)
        if found.state is State.WATCH:
            self.warn(LooksWorse(f"{reason}; {self.resolved_by}"))

    def _decided_elsewhere(self) -> bool:
        return any(isinstance(item, VerdictItem) and item.row == self.row for item in self.session.items)


class UnplannedItem(_Item):
    """A graph whose rows cannot be known: its dataset, its evaluators or its policy is broken."""

    def __init__(self, *, error: SeatrialError, **rest: Any) -> None:
        super().__init__(**rest)
        self.error = error

    def runtest(self) -> None:
        """Fail with the reason."""
        raise self.error


class VerdictItem(_Item):
    """The graph's family verdict: passes when it is PASS, or when the policy does not block."""

    def runtest(self) -> None:
        """Decide, or renew the baseline."""
        if self.gate.updating:
            wording = self.gate.renew(self.row)
            self.user_properties += [("baseline", wording), (REPORTED_KEY, wording)]
            return
        from seatrial.gate.verdict import looking_worse, looks_worse, worse_rows  # noqa: PLC0415 - collecting does without numpy

        report = self.gate.report(self.row, os.environ)
        self.user_properties += [
            ("verdict", report.verdict.value),
            ("n", next((found.n for found in report.findings if found.segment == OVERALL), 0)),
            ("reason", shown(report.reason)),
            ("baseline", report.baseline),
            ("candidate", report.candidate),
            ("policy_hash", report.policy["hash"]),
        ]
        if report.verdict is Verdict.PASS:
            watched = looks_worse(report.findings)
            if watched:
                wording = (
                    f"{self.row.graph}: PASS, but {looking_worse(watched)}: {worse_rows(watched)}; {self.resolved_by}"
                )
                self.user_properties.append((REPORTED_KEY, shown(wording)))
                self.warn(LooksWorse(shown(wording)))
            if report.reruns is not None:
                wording = f"{self.row.graph}: PASS, {shown(report.reruns.sentence)}"
                self.user_properties.append((REPORTED_KEY, wording))
            apart = report.counts.get("not_compared")
            if isinstance(apart, dict):
                kinds = ", ".join(f"{n} {kind}" for kind, n in apart.items() if n)
                self.user_properties.append((REPORTED_KEY, f"{self.row.graph}: PASS; examples not compared: {kinds}"))
            return
        if report.exit_code == 0:
            how = (
                f"overridden ({len(report.overrides)} of its rows)"
                if report.overridden
                else 'let through by inconclusive = "pass"'
                if report.mode == "block"
                else f"in mode {report.mode}, which does not block"
            )
            wording = f"{report.verdict.value}, {how}: {shown(report.reason)}"
            self.user_properties.append((REPORTED_KEY, f"{self.row.graph}: {wording}"))
            pytest.skip(wording)
        raise Stopped(_complete(report))


def _complete(report: Report) -> str:
    from seatrial.report.console import console  # noqa: PLC0415 - only a verdict that stops needs its pages
    from seatrial.report.view import view  # noqa: PLC0415

    return "\n".join(line.text for line in console(view(report)))
