"""Run: what one execution of a graph on one example left behind.

Attribute names are LangSmith's, so an evaluator written for its `(run, example)` form takes ours unchanged.
A named tuple, not a frozen dataclass: there is one per row, and the latter takes five times as long to make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.model.counts import Counts
    from seatrial.verdict import ErrorKind, Outcome
NOTHING: Mapping[str, Any] = {}
"""Shared by every run that has nothing extra; its type says that nobody writes to it."""


class Run(NamedTuple):
    """One execution: its inputs, its final state or its error, its path and what it cost.

    >>> run = Run("r1", {"text": "Hi"}, {"label": "normal"}, latency_ms=12.0)
    >>> run.outcome
    'scored'

    Attributes:
        id: unique within one evaluation run.
        inputs: what the graph was given.
        outputs: its final state, or None when it has none.
        error: one sentence when it did not finish, else None.
        outcome: `scored` here means "finished, may be scored"; else `target_error`, `interrupted` or `skipped`.
        error_kind: why, when `outcome` is not `scored`.
        latency_ms: wall time of the call, milliseconds.
        input_tokens: tokens read by every model call under this run; None when there was none, and when one of them
            did not report its usage.
        output_tokens: tokens written, likewise.
        model: the model that answered, as it named itself; None without a model call.
        path: names of the nodes in the order they ran.
        stdout: what the graph printed while it ran.
        thread_id: the fresh thread this run had to itself.
        extra: whatever else there is to say; `warnings` in it are sentences, `uncounted_calls` the model calls whose tokens
            are unknown, `known_tokens` those of the others.
        counts: its model calls and the parts of their tokens (`model.counts.Counts`); None where `input_tokens` is.
    """

    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] | None = None
    error: str | None = None
    outcome: Outcome | str = "scored"
    error_kind: ErrorKind | str | None = None
    latency_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    model: str | None = None
    path: tuple[str, ...] = ()
    stdout: str = ""
    thread_id: str | None = None
    extra: Mapping[str, Any] = NOTHING
    counts: Counts | None = None
