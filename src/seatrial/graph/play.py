"""Play: one run of a graph as it streams by, its interrupts answered from the script."""

from __future__ import annotations

import asyncio
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

    __slots__ = ("_asked", "_questions", "_script", "path", "state", "unanswered")

    def __init__(self, script: Script) -> None:
        self._script = script
        self._questions: list[Any] = []
        self._asked = False
        self.path: list[str] = []
        self.state: Any = None
        self.unanswered: str | None = None

    def through(self, graph: Any, given: Any, config: dict[str, Any]) -> None:
        """Stream to the end."""
        while given is not None:
            for mode, payload in graph.stream(given, config, stream_mode=MODES, output_keys=graph.output_channels):
                self._take(mode, payload)
            given = self._reply()

    async def through_async(self, graph: Any, given: Any, config: dict[str, Any], timeout_s: float | None) -> bool:
        """The same, awaited; False when the time was up (a TimeoutError of the graph's own is raised as such)."""
        try:
            async with asyncio.timeout(timeout_s) as limit:
                while given is not None:
                    async for mode, payload in graph.astream(
                        given, config, stream_mode=MODES, output_keys=graph.output_channels
                    ):
                        self._take(mode, payload)
                    given = self._reply()
        except TimeoutError:
            if limit.expired():
                return False
            raise
        return True

    def _take(self, mode: str, payload: Any) -> None:
        if mode == "values":
            self.state = payload
            return
        for name in payload:
            if name == "__interrupt__":
                self._asked = True
                self._questions.extend(payload[name])
            elif name != "__metadata__":
                self.path.append(name)

    def _reply(self) -> Command[Any] | None:
        if not self._asked:
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
        self._asked, self._questions = False, []
        return Command(resume=answers)
