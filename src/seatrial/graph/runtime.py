"""Runtime: a registry's graphs, each imported and compiled on its first call, once per version.

Nothing is compiled at boot. A graph that cannot be imported or built breaks its own id only, on its own call.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, SeatrialError, UsageError
from seatrial.graph.run_config import run_config, sent
from seatrial.graph.spec import checked
from seatrial.pool import user_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from seatrial.graph.spec import GraphSpec, Version
    from seatrial.graph.target import CallContract


@dataclass(frozen=True, slots=True)
class Compiled:
    """A graph ready to be called.

    Attributes:
        spec: its row of the registry.
        version: the version it was built as.
        graph: LangGraph's compiled graph; it has a checkpointer only where `spec.resumable` (or a foreign one its own).
        asynchronous: some node or branch is only async, so it must be awaited.
        store_factory: makes the store of a run; None = LangGraph's in-memory store.
        contract: what its inputs and outputs are held against, with every run; None = it has none.
    """

    spec: GraphSpec
    version: Version
    graph: Any
    asynchronous: bool
    store_factory: Callable[[], Any] | None = None
    contract: CallContract | None = None


def in_memory(_: GraphSpec) -> Any:
    """A checkpointer that lives as long as this process."""
    from langgraph.checkpoint.memory import InMemorySaver  # noqa: PLC0415 - only resumable graphs need it

    return InMemorySaver()


class Runtime:
    """The fleet, compiled as it is called; safe to share between threads.

    Args:
        specs: the registry.
        load: imports a module by its name in the registry (`seatrial.project.module`).
        contract: the contract of a graph, by its id; None = no graph has one.
        check: raises a SeatrialError for a version that may not be used.
        checkpointer: makes the checkpointer of a resumable graph; None from it leaves the graph without one.

    Raises:
        ConfigError: the registry has an id more than once.
    """

    def __init__(
        self,
        specs: tuple[GraphSpec, ...],
        load: Callable[[str], ModuleType],
        *,
        contract: Callable[[str], CallContract | None] | None = None,
        check: Callable[[GraphSpec, Version], None] | None = None,
        checkpointer: Callable[[GraphSpec], Any] = in_memory,
    ) -> None:
        self._specs = {spec.assistant_id: spec for spec in checked(specs)}
        self._checkpointer, self._check = checkpointer, check
        self._load = load
        self._contract = contract
        self._ready: dict[tuple[str, str], Compiled] = {}
        # A lock a version: a slow import holds up nobody else's first call.
        self._locks = {
            (spec.assistant_id, version.name): threading.Lock() for spec in specs for version in spec.versions
        }

    @property
    def ready(self) -> tuple[tuple[str, str], ...]:
        """(id, version) of what has been compiled so far."""
        return tuple(self._ready)

    def spec(self, assistant_id: str) -> GraphSpec:
        """The registry's row of `assistant_id`.

        Raises:
            UsageError: there is none; the message lists those there are.
        """
        if assistant_id not in self._specs:
            raise UsageError(f"graph {assistant_id!r} is unknown; the registry has: {', '.join(self._specs) or 'none'}")
        return self._specs[assistant_id]

    def compiled(self, assistant_id: str, version: str | None = None) -> Compiled:
        """The graph, compiled on its first call and kept; a failure is not kept, so a fixed graph needs no restart.

        Raises:
            UsageError: the registry has no such graph.
            ConfigError: no such version, or it cannot be imported or built; names graph, module and cause.
        """
        spec = self.spec(assistant_id)
        chosen = spec.version(version)
        key = (assistant_id, chosen.name)
        found = self._ready.get(key)
        if found is not None:
            return found
        with self._locks[key]:
            if key not in self._ready:
                self._ready[key] = self._make(spec, chosen)
            return self._ready[key]

    def _make(self, spec: GraphSpec, version: Version) -> Compiled:
        what = f"graph {spec.assistant_id!r} (version {version.name!r}, module {spec.module!r})"
        if self._check is not None:
            self._check(spec, version)
        try:
            with user_code():
                module = self._load(spec.module)
        except (Exception, SystemExit) as error:
            raise ConfigError(f"{what} cannot be imported: {_cause(error)}") from error
        name = spec.compiled_attr or spec.builder
        if not hasattr(module, name):
            raise ConfigError(f"{what} cannot be built: the module has no {name!r}; name it in the registry's row")
        try:
            graph = getattr(module, name)
            if spec.compiled_attr is None:
                with user_code():
                    graph = _build(graph, spec, version, self._checkpointer(spec) if spec.resumable else None)
        except (Exception, SystemExit) as error:
            raise ConfigError(f"{what} cannot be built: {name}() failed with {_cause(error)}") from error
        if not hasattr(graph, "stream"):
            raise ConfigError(f"{what} cannot be built: {name!r} is a {type(graph).__name__}, not a compiled graph")
        factory = self._store_factory(spec, version, what)
        contract = self._contract(spec.assistant_id) if self._contract else None
        return Compiled(spec, version, graph, needs_loop(graph), factory, contract)

    def _store_factory(self, spec: GraphSpec, version: Version, what: str) -> Callable[[], Any] | None:
        text = run_config(spec, version).factory
        if not text:
            return None
        name, _, function = text.partition(":")
        try:
            with user_code():
                found: Callable[[], Any] = getattr(self._load(name), function)
        except (Exception, SystemExit) as error:
            raise ConfigError(f"{what}: its store {text!r} cannot be imported: {_cause(error)}") from error
        return found


def _build(builder: Callable[..., Any], spec: GraphSpec, version: Version, checkpointer: Any) -> Any:
    """What the builder makes, compiled; a graph that comes compiled keeps a checkpointer it already has."""
    given = dict(version.config)
    requested = signature(builder).parameters
    if "checkpointer" in requested:
        given.setdefault("checkpointer", checkpointer)
    if "configurable" in requested:
        given.setdefault("configurable", sent(run_config(spec, version), None)[1])
    made = builder(**given)
    if hasattr(made, "stream"):
        missing = checkpointer is not None and not getattr(made, "checkpointer", None)
        return made.copy({"checkpointer": checkpointer}) if missing else made
    if not hasattr(made, "compile"):
        raise TypeError(f"it returned a {type(made).__name__}; return a StateGraph or a compiled graph")
    return made.compile(checkpointer=checkpointer)


def _cause(error: BaseException) -> str:
    if isinstance(error, SeatrialError):
        return str(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")


def needs_loop(graph: Any) -> bool:
    """Whether some node or branch of a compiled graph, or of a graph inside it, has an async form only."""
    return any(getattr(step, "func", None) is None for step in steps(graph) if hasattr(step, "afunc"))


def steps(graph: Any) -> Iterator[Any]:
    """What a compiled graph, and every graph inside it, runs: the runnables of its nodes and branches."""
    for node in getattr(graph, "nodes", {}).values():
        bound = getattr(node, "bound", None)
        yield from getattr(bound, "steps", (bound,))
    for branches in getattr(getattr(graph, "builder", None), "branches", {}).values():
        yield from (branch.path for branch in branches.values())
    for _, inner in graph.get_subgraphs() if hasattr(graph, "get_subgraphs") else ():
        yield from steps(inner)
