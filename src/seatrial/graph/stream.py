"""Play: what one run of a graph streamed, its interrupts answered from the script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langgraph.types import Command

if TYPE_CHECKING:
    from seatrial.graph.interrupts import Script

MODES = ["updates", "values"]
"""What LangGraph's own `invoke` streams, too: the path costs nothing on top."""


class Play:
    """The last state, the nodes passed, the questions asked.

    Attributes:
        path: names of the nodes in the order they ended.
        state: the last state that was streamed.
        unanswered: why it stopped in the middle, as one sentence.
    """

    __slots__ = ("_questions", "_requested", "_script", "path", "state", "unanswered")

    def __init__(self, script: Script) -> None:
        self._script = script
        self._questions: list[Any] = []
        self._requested = False
        self.path: list[str] = []
        self.state: Any = None
        self.unanswered: str | None = None

    def take(self, mode: str, payload: Any) -> None:
        """The next that was streamed."""
        if mode == "values":
            self.state = payload
            return
        for name in payload:
            if name == "__interrupt__":
                self._requested = True
                self._questions.extend(payload[name])
            elif name != "__metadata__":
                self.path.append(name)

    def reply(self) -> Command[Any] | None:
        """What the graph is given next, now that its stream is at an end; None when there is nothing to say."""
        if not self._requested:
            return None
        if not self._questions:
            self.unanswered = (
                "it stopped at a breakpoint (interrupt_before or interrupt_after), which no script answers"
            )
            return None
        answers, missing = self._script.answer(self._questions)
        if missing is not None:
            self.unanswered = f"it asked {missing[:200]!r}, which metadata.resume of the example does not answer"
            return None
        self._requested, self._questions = False, []
        return Command(resume=answers)
