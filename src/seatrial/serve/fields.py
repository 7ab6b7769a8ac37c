"""Every field of a run request: it acts, or the request is refused and the field is named. None is ignored in silence.

The names are those that `langgraph_sdk` sends. A value that means what happens anyway is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.serve.errors import RequestFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STREAM_MODES = ("values", "updates", "custom", "debug", "tasks", "checkpoints", "messages-tuple")
"""Modes that are streamed; `messages` and `events` of LangGraph's server are made by that server."""

REFUSED: Mapping[str, tuple[str, tuple[Any, ...]]] = {
    "webhook": ("no webhook is called; read the answer of this request", ()),
    "multitask_strategy": ("a thread has one run at a time and a second one is refused", ("reject",)),
    "after_seconds": ("a run begins at once; schedule the request instead", (0,)),
    "feedback_keys": ("no feedback link is made; write outcomes to POST /feedback", ([],)),
    "stream_resumable": ("a stream that was cut cannot be joined again; run the thread again", (False,)),
    "checkpoint_during": ("it is deprecated; say durability", ()),
    "strict_resume": ("a resume of a thread that does not wait is always refused", (True,)),
    "langsmith_tracer": ("the server does not trace to LangSmith", ()),
}
"""Field -> why it does not act, and the values that mean what happens anyway."""

ACTS: Mapping[str, str] = {
    "assistant_id": "graph, or graph@version; that version then answers, without an exposure",
    "input": "what the graph is invoked on, checked against its contract",
    "command": "resume, update and goto of a waiting thread",
    "config": "tags, recursion_limit, configurable",
    "context": "LangGraph's context, over the registry's",
    "metadata": "kept with the run; its unit, if it has one, is what a rollout assigns",
    "checkpoint": "the thread's state to go on from",
    "checkpoint_id": "the same by its id",
    "stream_mode": ", ".join(STREAM_MODES),
    "stream_subgraphs": "events of subgraphs, too",
    "interrupt_before": "nodes of a resumable graph to stop before",
    "interrupt_after": "nodes of a resumable graph to stop after",
    "if_not_exists": "create the thread, or reject the request (the default)",
    "on_disconnect": "cancel the run when the client disconnects (the default), or continue",
    "on_completion": "delete a stateless run's thread (the default), or keep it",
    "durability": "when a resumable graph's state is saved: sync, async or exit",
}
"""Field -> what it does."""

CONFIG = ("tags", "recursion_limit", "configurable")
COMMAND = ("resume", "update", "goto")
MOST_STEPS = 1_000
LONGEST_ID = 256


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run request, every field of which acts.

    Attributes:
        assistant_id: as it was sent.
        input: what the graph is invoked on; None where a thread is resumed or goes on.
        command: `resume`, `update`, `goto`; empty without one.
        configurable: over the registry's.
        tags: of the request, which segments may read.
        recursion_limit: steps it may take; None = the server's.
        context: over the registry's.
        metadata: of the run.
        checkpoint_id: of the thread, to go on from.
        modes: to stream.
        subgraphs: stream subgraphs, too.
        interrupt_before: nodes, or `*`.
        interrupt_after: likewise.
        create_thread: make the thread where there is none.
        cancel_on_disconnect: the run ends with its client.
        keep_thread: a stateless run leaves its thread.
        durability: None = LangGraph's.
    """

    assistant_id: str
    input: Mapping[str, Any] | None = None
    command: Mapping[str, Any] = field(default_factory=dict)
    configurable: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    recursion_limit: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    checkpoint_id: str | None = None
    modes: tuple[str, ...] = ("values",)
    subgraphs: bool = False
    interrupt_before: tuple[str, ...] | str = ()
    interrupt_after: tuple[str, ...] | str = ()
    create_thread: bool = False
    cancel_on_disconnect: bool = True
    keep_thread: bool = False
    durability: str | None = None

    @property
    def needs_state(self) -> str:
        """Name of a field that acts on a checkpointer only; empty where there is none."""
        reported = {
            "command": bool(self.command),
            "checkpoint": self.checkpoint_id is not None,
            "interrupt_before": bool(self.interrupt_before),
            "interrupt_after": bool(self.interrupt_after),
            "durability": self.durability is not None,
        }
        return next((name for name, given in reported.items() if given), "")


def run_request(body: Any) -> RunRequest:
    """Read a request's body.

    Raises:
        RequestFailed: a field is unknown, does not act or has another shape; the message names it.
    """
    if not isinstance(body, dict):
        raise RequestFailed("invalid_request", 'the body is a JSON object: {"assistant_id": ..., "input": {...}}')
    for name, value in body.items():
        if name in REFUSED:
            why, harmless = REFUSED[name]
            if value is not None and not any(value == one and type(value) is type(one) for one in harmless):
                raise RequestFailed("unsupported_field", f"{name} does not act here: {why}", name)
        elif name not in ACTS:
            raise RequestFailed("unsupported_field", f"{name} is unknown; these act: {', '.join(ACTS)}", name)
    assistant_id = body.get("assistant_id")
    if not isinstance(assistant_id, str) or not 0 < len(assistant_id) <= LONGEST_ID:
        raise _wrong("assistant_id", "the id of a graph")
    given = body.get("input")
    if given is not None and not isinstance(given, dict):
        raise _wrong("input", "an object")
    command = _object(body, "command")
    if given is not None and command:
        raise RequestFailed(
            "invalid_request", "input and command exclude each other; a command goes on with a thread", "command"
        )
    _only(command, COMMAND, "command")
    config = _object(body, "config")
    _only(config, CONFIG, "config")
    limit = config.get("recursion_limit")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_STEPS):
        raise _wrong("config.recursion_limit", f"a whole number from 1 to {MOST_STEPS:,}")
    return RunRequest(
        assistant_id=assistant_id,
        input=given,
        command=command,
        configurable=_configurable(config),
        tags=_texts(config, "tags", "config."),
        recursion_limit=limit,
        context=_object(body, "context"),
        metadata=_object(body, "metadata"),
        checkpoint_id=_checkpoint(body),
        modes=_modes(body),
        subgraphs=_flag(body, "stream_subgraphs"),
        interrupt_before=_nodes(body, "interrupt_before"),
        interrupt_after=_nodes(body, "interrupt_after"),
        create_thread=_word(body, "if_not_exists", ("reject", "create")) == "create",
        cancel_on_disconnect=_word(body, "on_disconnect", ("cancel", "continue")) == "cancel",
        keep_thread=_word(body, "on_completion", ("delete", "keep")) == "keep",
        durability=_word(body, "durability", (None, "sync", "async", "exit")),
    )


def _configurable(config: Mapping[str, Any]) -> dict[str, Any]:
    configurable = dict(_object(config, "configurable", "config."))
    for name in configurable:
        if name.startswith("__") or name == "checkpoint_map":
            raise RequestFailed(
                "unsupported_field", f"config.configurable.{name} is LangGraph's own", f"config.configurable.{name}"
            )
    for reserved in ("thread_id", "checkpoint_id", "checkpoint_ns"):
        if configurable.get(reserved) not in (None, ""):
            raise RequestFailed(
                "unsupported_field",
                f"config.configurable.{reserved} does not act here: the path names the thread, checkpoint its state",
                f"config.configurable.{reserved}",
            )
        configurable.pop(reserved, None)
    return configurable


def _wrong(name: str, wanted: str) -> RequestFailed:
    return RequestFailed("invalid_request", f"{name} is {wanted}", name)


def _only(value: Mapping[str, Any], known: Sequence[str], place: str) -> None:
    for name, given in value.items():
        if name not in known and given is not None:
            raise RequestFailed(
                "unsupported_field",
                f"{place}.{name} does not act here; these do: {', '.join(known)}",
                f"{place}.{name}",
            )


def _object(body: Mapping[str, Any], name: str, place: str = "") -> Mapping[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(f"{place}{name}", "an object")
    return value


def _texts(body: Mapping[str, Any], name: str, place: str = "") -> tuple[str, ...]:
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(f"{place}{name}", "a list of texts")
    return tuple(value)


def _nodes(body: Mapping[str, Any], name: str) -> tuple[str, ...] | str:
    return "*" if body.get(name) == "*" else _texts(body, name)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def _word(body: Mapping[str, Any], name: str, choices: Sequence[str | None]) -> str | None:
    value = body.get(name)
    if value is None:
        return choices[0]
    if value not in choices:
        raise _wrong(name, f"one of: {', '.join(choice for choice in choices if choice)}")
    return str(value)


def _modes(body: Mapping[str, Any]) -> tuple[str, ...]:
    value = body.get("stream_mode", "values")
    modes = [value] if isinstance(value, str) else value
    if not isinstance(modes, list) or not modes or not all(isinstance(one, str) for one in modes):
        raise _wrong("stream_mode", "a text or a list of texts")
    for mode in modes:
        if mode not in STREAM_MODES:
            raise RequestFailed(
                "unsupported_field",
                f"stream_mode {mode!r} does not act here; these do: {', '.join(STREAM_MODES)}",
                "stream_mode",
            )
    return tuple(dict.fromkeys(modes))


def _checkpoint(body: Mapping[str, Any]) -> str | None:
    given = _object(body, "checkpoint")
    _only(given, ("checkpoint_id", "checkpoint_ns", "thread_id"), "checkpoint")
    found = body.get("checkpoint_id") or given.get("checkpoint_id")
    if found is not None and not isinstance(found, str):
        raise _wrong("checkpoint_id", "a text")
    return found
