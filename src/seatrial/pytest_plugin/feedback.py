"""Feedback items: `gates/feedback.toml::CLASSIFIER` for every classifier with rules, and `::gate`, which decides.

pytest gates/feedback.toml            # reads the sources that the file names; collected where it is named or walked to
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from seatrial.errors import SeatrialError
from seatrial.privacy import strip_text
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.verdict import Decision

FILE = "feedback.toml"
_DECISION = pytest.StashKey[Any]()


class FeedbackFile(pytest.File):
    """Rules of the feedback gate that name sources."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item per classifier with rules, and the one that decides on everything."""
        from seatrial.feedback.rules import load_rules  # noqa: PLC0415 - numpy is for those who gate

        try:
            rules = load_rules(self.path)
        except SeatrialError as error:
            raise self.CollectError(str(error)) from error
        if not rules.sources:
            return
        for name in rules.classifiers:
            yield FeedbackItem.from_parent(self, name=name, classifier=name)
        yield FeedbackItem.from_parent(self, name="gate", classifier="")


class Contradicted(Exception):
    """Production contradicts a classifier, or could not be asked; its message is the sentence."""


class FeedbackItem(pytest.Item):
    """One classifier, or all of them."""

    def __init__(self, *, classifier: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.classifier = classifier

    def reportinfo(self) -> tuple[Path, int, str]:
        """The rules are where a reader looks first."""
        return self.path, 0, self.nodeid.partition("::")[2]

    def rule_at(self) -> int:
        """The line its rule begins on."""
        return 0

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence; a traceback is for our bugs only."""
        if isinstance(excinfo.value, (Contradicted, SeatrialError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def runtest(self) -> None:
        """Fail where production contradicts it, or where that could not be told."""
        decision = self._decision()
        own = [f for f in decision.findings if not self.classifier or self.classifier in f.key.split()]
        flagged = [f for f in own if f.verdict is Verdict.FAIL]
        self.user_properties += [
            ("verdict", Verdict.FAIL.value if flagged else decision.verdict.value),
            ("n", sum(f.n for f in own if f.segment == "overall" and f.outcomes)),
            ("reason", strip_text(flagged[0].reason if flagged else decision.reason)),
        ]
        if decision.mode != "block" and decision.verdict is not Verdict.PASS:
            pytest.skip(
                f"{decision.verdict.value}, in mode {decision.mode}, which does not block: {strip_text(decision.reason)}"
            )
        if flagged:
            raise Contradicted("\n".join(strip_text(f"{f.key} on {f.segment}: {f.reason}") for f in flagged))
        if decision.details["problems"]:
            raise Contradicted("\n".join(["could not be told:", *map(strip_text, decision.details["problems"])]))

    def _decision(self) -> Decision:
        """Decided once per session and file."""
        decided: dict[Path, Decision] = self.config.stash.setdefault(_DECISION, {})
        if self.path not in decided:
            from seatrial.adapters.feedback.project import decide_project  # noqa: PLC0415 - reads the sources

            decided[self.path] = decide_project(self.path, time.time())[1]
        return decided[self.path]
