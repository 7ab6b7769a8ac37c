"""GraphSpec and Version: one frozen row of the registry per graph, its versions side by side.

    GRAPHS = fleet(
        GraphSpec("text_to_sql", module="graphs.text_to_sql", versions=(Version("v1", {"prompt": "p1"}),), current="v1"),
    )

Importing a registry imports no graph: `module` is a name, relative to the project root, loaded on the first call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError
from seatrial.graph.run_config import check_limit, freeze

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


RULES, UNKNOWN = "rules", "unknown"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a graph: what it is built with, and what its runs are given beside their inputs.

    >>> Version("v2", {"prompt": "short"}).config["prompt"]
    'short'

    Attributes:
        name: what `GRAPH@NAME` means.
        config: keyword arguments `build` gets for it.
        context: over the graph's, entry by entry.
        configurable: likewise.
        store: items added to the graph's, or a factory instead of the graph's; None adds nothing.
        family: model family that answers inside this version; None = the graph's.
    """

    name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    configurable: Mapping[str, Any] = field(default_factory=dict)
    store: Sequence[Mapping[str, Any]] | str | None = None
    family: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", MappingProxyType(dict(self.config)))
        freeze(self, f"version {self.name!r}")


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """One graph of the fleet.

    >>> desk = GraphSpec("desk", module="graphs.desk", versions=(Version("v1"), Version("v2")))
    >>> desk.current
    'v2'

    Attributes:
        assistant_id: the name it is called by, everywhere.
        module: dotted module, relative to the project root; imported on first call only.
        builder: function in `module` that takes a version's config and returns a StateGraph, or a compiled graph; one with a
            parameter `checkpointer` is given the checkpointer of a resumable graph, else None; one with `configurable` what
            the graph and the version give under that name.
        compiled_attr: name of an already compiled graph in `module`, instead of a builder (a foreign project).
        resumable: it has a checkpointer; every run gets a new thread.
        pool: name of the server pool that serves it.
        feature: what of the product it serves; its own id unless said otherwise.
        owner: who answers for it.
        family: model family that answers inside it (`rules` for deterministic code); judges of the same family are refused.
        side_effects: `none`, or one sentence about what a call changes in the world; None = not declared.
        context: sent as LangGraph's `context` with every run (see graph/run_config.py).
        configurable: sent as `config["configurable"]`.
        store: items `{"namespace", "key", "value"}` the store of every run holds when it begins, or `module:function` that
            makes the store; None = an empty in-memory store.
        recursion_limit: steps a run may take; None = the graph's own limit, or LangGraph's.
        versions: side by side, oldest first.
        current: name of the version that `GRAPH` without `@VERSION` means.
    """

    assistant_id: str
    module: str
    builder: str = "build"
    compiled_attr: str | None = None
    resumable: bool = False
    pool: str = "default"
    feature: str = ""
    owner: str = UNKNOWN
    family: str = UNKNOWN
    side_effects: str | None = None
    versions: tuple[Version, ...] = (Version("0"),)
    current: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    configurable: Mapping[str, Any] = field(default_factory=dict)
    store: Sequence[Mapping[str, Any]] | str | None = None
    recursion_limit: int | None = None

    def __post_init__(self) -> None:
        check_limit(self.recursion_limit, f"graph {self.assistant_id!r}: recursion_limit")
        freeze(self, f"graph {self.assistant_id!r}")
        if self.feature == "":
            object.__setattr__(self, "feature", self.assistant_id)
        for column in ("assistant_id", "module", "pool", "feature", "owner", "family"):
            value: object = getattr(self, column)
            if not isinstance(value, str) or not value.strip():
                raise ConfigError(f"graph {self.assistant_id!r}: {column} is a text that is not empty, got {value!r}")
        names = [version.name for version in self.versions]
        if len(set(names)) != len(names) or not names:
            raise ConfigError(
                f"graph {self.assistant_id!r}: version names must be unique and at least one, got {names}"
            )
        if not self.current:
            object.__setattr__(self, "current", names[-1])
        if self.current not in names:
            raise ConfigError(
                f"graph {self.assistant_id!r}: current={self.current!r} is not one of its versions: {', '.join(names)}"
            )

    def version(self, name: str | None = None) -> Version:
        """The version called `name`, or the current one."""
        wanted = name or self.current
        for version in self.versions:
            if version.name == wanted:
                return version
        have = ", ".join(version.name for version in self.versions)
        raise ConfigError(f"graph {self.assistant_id!r} has no version {wanted!r}; it has: {have}")

    def family_of(self, version: Version) -> str:
        """Model family that answers inside a version."""
        return self.family if version.family is None else version.family

    @property
    def deterministic(self) -> bool:
        """Whether every version is made of rules: it always answers the same, and one run says all there is to say."""
        return all(self.family_of(version) == RULES for version in self.versions)


def fleet(*specs: GraphSpec) -> tuple[GraphSpec, ...]:
    """The registry's tuple; a duplicate id fails here, at import of the registry.

    >>> [one.assistant_id for one in fleet(GraphSpec("desk", module="graphs.desk"))]
    ['desk']
    """
    return checked(specs)


def checked(specs: tuple[GraphSpec, ...]) -> tuple[GraphSpec, ...]:
    """The same tuple, however it was made, if it holds graphs and each id once.

    Raises:
        ConfigError: it does not.
    """
    seen: set[str] = set()
    for spec in specs:
        if not isinstance(spec, GraphSpec):
            raise ConfigError(f"the registry holds {spec!r}; every entry is a GraphSpec")
        if spec.assistant_id in seen:
            raise ConfigError(f"graph id {spec.assistant_id!r} stands twice in the registry; ids are unique in a fleet")
        seen.add(spec.assistant_id)
    return specs
