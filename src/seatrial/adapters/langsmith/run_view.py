"""Seen: LangSmith's run and example as an evaluator of ours may look at them.

Ours comes first (`example.tags`, `run.latency_ms`), theirs is still there (`run.child_runs`). What LangSmith does not know
is not there at all: an evaluator that asks for it fails, which is an outcome, instead of scoring a default.
"""

from __future__ import annotations

import ast
from typing import Any

from seatrial.adapters.langsmith.row import from_their_example
from seatrial.dataset.row import RowError
from seatrial.graph.target import LONGEST

INTERRUPT = "__interrupt__"
"""Name under which LangGraph says in the outputs that it stopped to ask."""


class SeenExample:
    """Our example first, LangSmith's where ours has no such attribute."""

    def __init__(self, theirs: Any) -> None:
        try:
            self._ours: Any = from_their_example(theirs)
        except RowError:
            self._ours = None
        self._theirs = theirs

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._ours is not None and hasattr(self._ours, name):
            return getattr(self._ours, name)
        return getattr(self._theirs, name)


class SeenRun:
    """What our Run says and LangSmith knows: `latency_ms`, tokens where it counted them, `path` of a LangGraph graph."""

    def __init__(self, theirs: Any) -> None:
        self._theirs = theirs
        self.id = str(theirs.id)
        self.latency_ms = latency_ms(theirs)
        self.input_tokens = getattr(theirs, "prompt_tokens", None)
        self.output_tokens = getattr(theirs, "completion_tokens", None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name == "path":
            return path(self._theirs)
        return getattr(self._theirs, name)


def latency_ms(run: Any) -> float | None:
    """Wall time of a run of LangSmith's; None while it has no end."""
    start, end = getattr(run, "start_time", None), getattr(run, "end_time", None)
    return None if start is None or end is None else max(0.0, (end - start).total_seconds() * 1000.0)


def path(run: Any) -> tuple[str, ...]:
    """Names of a LangGraph graph's nodes in the order they ended, from the child runs.

    Raises:
        AttributeError: no child run is a node of a graph: the path is not known, and not empty.
    """
    waiting, nodes = list(getattr(run, "child_runs", None) or ()), []
    while waiting:
        child = waiting.pop()
        node = ((child.extra or {}).get("metadata") or {}).get("langgraph_node")
        if node is not None and node == child.name:
            nodes.append(child)  # what runs inside a node is the node's own business
        else:
            waiting.extend(child.child_runs or ())
    if not nodes:
        raise AttributeError("LangSmith's run has no child runs that are nodes of a graph, so its path is not known")
    return tuple(child.name for child in sorted(nodes, key=lambda child: child.end_time or child.start_time))


def stopped_at(run: Any) -> str | None:
    """The sentence of a graph that stopped to ask; None of one that did not."""
    outputs = getattr(run, "outputs", None) or {}
    if INTERRUPT not in outputs:
        return None
    return f"it asked {str(outputs[INTERRUPT])[:200]!r}, which LangSmith does not answer"


def reported_error(run: Any) -> str | None:
    """A run's error as one line, without the traceback LangSmith writes behind it."""
    if run is None:
        return "LangSmith kept no run of it"
    if not run.error:
        return None
    return as_sentence(str(run.error).partition("Traceback (most recent call last)")[0]) or "it failed"


def as_sentence(error: str) -> str:
    """`ValueError('no')` as `ValueError: no`, the form every other reason has; any other text on one line."""
    text = " ".join(error.split())
    name, _, rest = text.partition("(")
    if name.isidentifier() and rest.endswith(")"):
        try:
            wording = ast.literal_eval(rest[:-1])
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            wording = None
        if isinstance(wording, str):
            text = f"{name}: {' '.join(wording.split())}"
    return text[:LONGEST]
