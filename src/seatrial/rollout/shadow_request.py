"""Shadow request: a copied call of a graph, where it belongs, and what both versions made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.graph.example_protocol import copied

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """A copy of one call of a graph, made before the live version saw it.

    Attributes:
        inputs: what the graph was called with.
        thread_id: of the live call; a made-up one where it has none.
        metadata: of its config.
        tags: of its config.
        configurable: of its config, without what names threads and checkpoints.
        context: LangGraph's `context`, if it was given.
    """

    inputs: Any
    thread_id: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    configurable: Mapping[str, Any] = field(default_factory=dict)
    context: Any = None

    @property
    def row(self) -> dict[str, Any]:
        """What a cell is read from."""
        return {"inputs": self.inputs, "metadata": self.metadata, "tags": self.tags}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request belongs, and the planned share of such requests that is copied."""

    rollout: str = ""
    cell: str = ""
    attempt: int = 0
    sample: float = 1.0


@dataclass(frozen=True, slots=True)
class Compared:
    """One request that both versions answered.

    Attributes:
        request: as it came.
        place: where it belongs.
        live: the live answer; None where it raised.
        live_error: what it raised; empty where it answered.
        live_ms: how long it took.
        candidate: the candidate's; None where it raised.
        error: what it raised; empty where it answered.
        candidate_ms: how long it took.
        rate: the share of requests that were sampled at that time; pairs need no stratification by it (`shadow_gate`).
    """

    request: Request
    place: Place
    live: Any
    live_error: str
    live_ms: float
    candidate: Any
    error: str
    candidate_ms: float
    rate: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the live calls.

    Attributes:
        live: calls seen.
        sampled: copied for the candidate.
        compared: answered by both.
        dropped: sampled while the queue was full.
        overloaded: sampled, and the live version failed for want of capacity: nothing to compare with.
        uncopied: requests or answers that cannot be copied.
        failed: compared, and the candidate raised.
        unrecorded: compared, and the result could not be kept.
    """

    live: int = 0
    sampled: int = 0
    compared: int = 0
    dropped: int = 0
    overloaded: int = 0
    uncopied: int = 0
    failed: int = 0
    unrecorded: int = 0


_NAMES = ("thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map")


def view_of(inputs: Any, config: Mapping[str, Any], named: Mapping[str, Any], thread: str) -> Request:
    """The request as it is, without copies: what a place is read from."""
    configurable = config.get("configurable") or {}
    return Request(
        inputs,
        thread,
        config.get("metadata") or {},
        tuple(config.get("tags") or ()),
        # LangGraph keeps objects of its own there, under names of this form: a live run's, not the request's.
        {name: one for name, one in configurable.items() if name not in _NAMES and not name.startswith("__")},
        named.get("context"),
    )


def copy_of(inputs: Any, config: Mapping[str, Any], named: Mapping[str, Any], thread: str) -> Request:
    """The request as a copy of its own."""
    view = view_of(inputs, config, named, thread)
    return Request(
        copied(inputs),
        thread,
        copied(dict(view.metadata)),
        view.tags,
        copied(dict(view.configurable)),
        copied(view.context),
    )
