"""Interrupts are scripted in the example: which question gets which answer, each answer once.

    "metadata": {"resume": [{"match": "approval", "value": "yes"}]}

`match` is a substring of the interrupt's value, written as text. The first unused entry that matches answers it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError
from seatrial.graph.example_protocol import own

if TYPE_CHECKING:
    from seatrial.graph.example_protocol import Given


class Script:
    """The answers one example has ready, and which of them are still unused."""

    __slots__ = ("_entries",)

    def __init__(self, example: Given) -> None:
        """Read `example.metadata["resume"]`.

        Raises:
            DataError: it is not a list of `{"match", "value"}`.
        """
        self._entries: list[Mapping[str, Any]] = []
        if "resume" not in example.metadata:
            return
        entries = example.metadata["resume"]
        if not isinstance(entries, Sequence) or isinstance(entries, str) or not all(_is_entry(e) for e in entries):
            raise DataError(
                f"example {example.id!r}: metadata.resume is a list of {{match, value}} entries, match a text; got {entries!r}"
            )
        self._entries = list(entries)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def answer(self, questions: Sequence[Any]) -> tuple[dict[str, Any], str | None]:
        """Answers by interrupt id for all `questions` (LangGraph's Interrupt), and the first that has none, as text."""
        answers: dict[str, Any] = {}
        for question in questions:
            text = str(question.value)
            entry = next((e for e in self._entries if e["match"] in text), None)
            if entry is None:
                return answers, text
            self._entries.remove(entry)
            answers[question.id] = own(entry)["value"]
        return answers, None

    def unused(self) -> tuple[str, ...]:
        """One sentence for each answer nobody asked for."""
        return tuple(f"the scripted answer to {entry['match']!r} was never asked for" for entry in self._entries)


def _is_entry(entry: object) -> bool:
    return isinstance(entry, Mapping) and set(entry) == {"match", "value"} and isinstance(entry["match"], str)
