"""Judge items: under EVAL=1 each trial row's two versions are put to every judge that is for its graph.

`gates/merge.toml::judges::GRAPH::JUDGE::tier=enterprise` shows a critical segment, `...::decides` is the comparison's one
verdict. It decides only under a full licence; without one it is skipped with the reason, and the verdict beside it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from seatrial.errors import SeatrialError, UsageError
from seatrial.privacy.exits import shown
from seatrial.pytest_plugin import LLM, REPORTED_KEY
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.judge.spend import Purse
    from seatrial.project import Project, TrialRow
    from seatrial.verdict import Decision
    from seatrial.vote import Standing

NAME, DECIDES = "judges", "decides"
REPORT = "report only"


_PURSE = pytest.StashKey["Purse"]()


def purse_of(config: pytest.Config) -> Purse:
    """The one cap of all judges of a session, as --seatrial-max-usd says."""
    from seatrial.judge.spend import Purse  # noqa: PLC0415 - only under EVAL=1

    return config.stash.setdefault(_PURSE, Purse(config.getoption("--seatrial-max-usd")))


class Loses(Exception):
    """The candidate is shown to lose, by a judge that may decide."""


class Judges(pytest.Collector):
    """The judged comparisons of a policy file."""

    def __init__(self, *, project: Project, rows: tuple[TrialRow, ...], **rest: Any) -> None:
        super().__init__(**rest)
        self.project, self.rows = project, rows

    def collect(self) -> Iterator[pytest.Collector]:
        """One collector per trial row and judge that names the row's graph, or judge or panel that its policy names."""
        from seatrial.judge.spec import judge_names, read_judge  # noqa: PLC0415 - only under EVAL=1
        from seatrial.trial.policies import row_policy  # noqa: PLC0415

        root = self.project.root
        for row in self.rows:
            mine = [name for name in judge_names(root) if row.graph in read_judge(root, name).graphs]
            for name in dict.fromkeys([*mine, *(rule.name for rule in row_policy(self.project, row).judges)]):
                yield JudgedRow.from_parent(
                    self, name=f"{row.graph}::{name}", project=self.project, row=row, judge=name
                )


class JudgedRow(pytest.Collector):
    """One trial row and one judge; judged when the first of its items runs."""

    def __init__(self, *, project: Project, row: TrialRow, judge: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.project, self.row, self.judge = project, row, judge
        self._decision: Decision | None = None
        self._standing: Standing | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Its critical segments, and what decides."""
        from seatrial.segment import critical_segments, for_graph  # noqa: PLC0415

        for segment in sorted(critical_segments(for_graph(self.project.dimensions, self.row.graph))):
            yield JudgeItem.from_parent(self, name=segment)
        yield JudgeItem.from_parent(self, name=DECIDES)

    def decision(self) -> Decision:
        """The win rate; versions without a run of their own are run first."""
        if self._decision is None:
            from seatrial.gate.policy import JudgeRule  # noqa: PLC0415
            from seatrial.gate.winrate import rules_of  # noqa: PLC0415
            from seatrial.trial.judged import standing_on  # noqa: PLC0415
            from seatrial.trial.judging import winrate_of  # noqa: PLC0415
            from seatrial.trial.panel import judge_all, of_judge_or_panel  # noqa: PLC0415
            from seatrial.trial.policies import row_policy  # noqa: PLC0415

            names = [self._run(version) for version in (self.row.baseline, self.row.candidate)]
            made, members = of_judge_or_panel(self.project, names[0], names[1], self.judge)
            judge_all(self.project, made, members, purse=purse_of(self.config))
            named = [one for one in row_policy(self.project, self.row).judges if one.name == self.judge]
            rules = rules_of(named[0] if named else JudgeRule(self.judge))
            self._decision = winrate_of(made, rules)
            runs = (made.baseline_run, made.candidate_run)
            self._standing = standing_on(
                self.project, self.row.graph, runs, self.judge, rules.min_consistency, time.time()
            )
        return self._decision

    @property
    def bar(self) -> str:
        """Why the verdict may not decide, as a sentence; empty under a full licence."""
        from seatrial.vote import Level, bar_sentence  # noqa: PLC0415

        current = self._standing
        if current is not None and current.level is Level.FULL:
            return ""
        why = "; ".join(map(bar_sentence, current.bars)) if current is not None else "nothing was judged"
        return f"{REPORT}: {why}"

    def _run(self, version: str) -> str:
        from seatrial.trial.evaluate import evaluate  # noqa: PLC0415
        from seatrial.trial.runs import latest_run  # noqa: PLC0415

        try:
            return latest_run(self.project, f"{self.row.graph}@{version}")
        except UsageError:
            made = evaluate(self.project, self.row.graph, version, kind=self.row.dataset, repeat=self.row.repeat)
            return made.run_dir.name


class JudgeItem(pytest.Item):
    """One row of a judged comparison, or its verdict."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(**rest)
        self.add_marker(LLM)

    def runtest(self) -> None:
        """Show the row, or decide."""
        judged = self.parent
        assert isinstance(judged, JudgedRow)  # noqa: S101 - its only collector
        decision = judged.decision()
        if self.name == DECIDES:
            wording = f"{decision.verdict.value}: {shown(decision.reason)}"
        else:
            row = next((one for one in decision.findings if one.segment == self.name), None)
            wording = "nothing was judged on it" if row is None else shown(row.reason)
        self.user_properties += [("verdict", decision.verdict.value), ("reason", wording)]
        if self.name != DECIDES:
            pytest.skip(wording)  # shown; the comparison's one verdict decides
        bar = judged.bar
        self.user_properties.append((REPORTED_KEY, f"{judged.name}: {wording}{f' ({bar})' if bar else ''}"))
        if bar or decision.verdict is Verdict.INCONCLUSIVE:
            pytest.skip(f"{bar}; {wording}" if bar else wording)
        if decision.verdict is Verdict.FAIL:
            raise Loses(wording)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence; a traceback is for our bugs only."""
        return (
            str(excinfo.value)
            if isinstance(excinfo.value, (SeatrialError, Loses))
            else super().repr_failure(excinfo, style)
        )

    def reportinfo(self) -> tuple[Any, int, str]:
        """The policy file."""
        return self.path, 0, self.nodeid.partition("::")[2]
