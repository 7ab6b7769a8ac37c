"""RunConfig: what a run is given beside its inputs: LangGraph's context, configurable and a store.

    GraphSpec(..., context={"model": "openai:gpt-x"}, store=({"namespace": ["notes"], "key": "1", "value": {"text": "..."}},))
    Version("v2", context={"model": "openai:gpt-y"})
    "metadata": {"config": {"context": {"user_id": "u1"}, "store": [{"namespace": ["notes", "u1"], "key": "1", "value": {}}]}}

A version's entries replace the graph's of the same name, an example's replace both. As on LangGraph's server a context is
always sent, an empty one where none is given; what is given only as context also reaches nodes that read
`config["configurable"]`, and the reverse; and every graph has a store. Ours is empty and new for each run, so that no run
reads what another one wrote; a graph compiled with a store of its own keeps it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_type_hints, is_typeddict

from seatrial.canonical import canonical_json
from seatrial.errors import ConfigError, DataError, SeatrialError

if TYPE_CHECKING:
    from seatrial.graph.example_protocol import Given
    from seatrial.graph.runtime import Compiled
    from seatrial.graph.spec import GraphSpec, Version

PARTS = ("context", "configurable", "store", "recursion_limit")
ITEM = frozenset({"namespace", "key", "value"})
RESERVED = "thread_id"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What one run is given beside its inputs.

    Attributes:
        context: sent as `context`.
        configurable: sent as `config["configurable"]`, beside the run's own thread id.
        store: items the run's store holds when it begins: mappings with `namespace`, `key` and `value`.
        factory: `module:function` that makes the run's store; empty for LangGraph's in-memory store.
        recursion_limit: steps the run may take; None = the graph's own limit, or LangGraph's.
    """

    context: Mapping[str, Any]
    configurable: Mapping[str, Any]
    store: tuple[Mapping[str, Any], ...] = ()
    factory: str = ""
    recursion_limit: int | None = None


def run_config(spec: GraphSpec, version: Version, example: Given | None = None) -> RunConfig:
    """The graph's, with the version's over it and the example's (`metadata.config`) over both; items of stores add up.

    Raises:
        DataError: `metadata.config` of the example has another shape.
    """
    given = of_example(example) if example is not None else {}
    stores = [one for one in (spec.store, version.store) if one is not None]
    return RunConfig(
        {**spec.context, **version.context, **given.get("context", {})},
        {**spec.configurable, **version.configurable, **given.get("configurable", {})},
        (*(item for one in stores if not isinstance(one, str) for item in one), *given.get("store", ())),
        next((one for one in reversed(stores) if isinstance(one, str)), ""),
        given.get("recursion_limit", spec.recursion_limit),
    )


def of_example(example: Given) -> Mapping[str, Any]:
    """`metadata.config` of an example, checked; empty where there is none.

    Raises:
        DataError: it is not `{"context": {...}, "configurable": {...}, "store": [...], "recursion_limit": 50}`, each of them optional.
    """
    given = example.metadata.get("config")
    if given is None:
        return {}
    place = f"example {example.id!r}: metadata.config"
    if not isinstance(given, Mapping):
        raise DataError(f"{place} is {given!r}; it is an object with any of: {', '.join(PARTS)}")
    unknown = [name for name in given if name not in PARTS]
    if unknown:
        raise DataError(f"{place} has {unknown[0]!r}; choose among: {', '.join(PARTS)}")
    try:
        for name in ("context", "configurable"):
            check_mapping(given.get(name, {}), f"{place}.{name}")
        check_items(given.get("store", ()), f"{place}.store")
        check_limit(given.get("recursion_limit"), f"{place}.recursion_limit")
    except ConfigError as error:
        raise DataError(str(error)) from None
    return given


def freeze(row: GraphSpec | Version, place: str) -> None:
    """Check context, configurable and store of a registry's row, and keep copies nobody can change from outside.

    Raises:
        ConfigError: one of them has another shape.
    """
    for name in ("context", "configurable"):
        check_mapping(getattr(row, name), f"{place}: {name}")
        object.__setattr__(row, name, MappingProxyType(dict(getattr(row, name))))
    store = row.store
    if isinstance(store, str):
        module, colon, name = store.partition(":")
        if not colon or not module or not name.isidentifier():
            raise ConfigError(f"{place}: store {store!r} names a function as 'graphs.notes.store:make_store'")
    elif store is not None:
        check_items(store, f"{place}: store")
        object.__setattr__(row, "store", tuple(store))


def check_limit(value: object, place: str) -> None:
    """Raise a ConfigError unless `value` may be a recursion limit, or none."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ConfigError(f"{place} is a whole number of at least 1, got {value!r}")


def check_mapping(value: object, place: str) -> None:
    """Raise a ConfigError unless `value` may be a context or a configurable."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ConfigError(f"{place} is a mapping of names to values, got {value!r}")
    if RESERVED in value:
        raise ConfigError(f"{place} has {RESERVED!r}; every run gets a new thread of its own, so leave it out")
    try:
        canonical_json(dict(value))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{place} is plain data, as JSON has it: {error}") from None


def check_items(value: object, place: str) -> None:
    """Raise a ConfigError unless `value` is a list of items a store can hold."""
    if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
        raise ConfigError(f"{place} is a list of items {{namespace, key, value}}, got {value!r}")
    for item in value:
        if not isinstance(item, Mapping) or set(item) != ITEM or not _is_item(item):
            raise ConfigError(
                f'{place}: an item is {{"namespace": ["notes", "u1"], "key": "1", "value": {{...}}}}, got {item!r}'
            )


def _is_item(item: Mapping[str, Any]) -> bool:
    space = item["namespace"]
    named = isinstance(space, (list, tuple)) and len(space) > 0 and all(isinstance(part, str) for part in space)
    return named and isinstance(item["key"], str) and isinstance(item["value"], Mapping)


def sent(config: RunConfig, schema: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Context and configurable of one run, as copies: what is given only as one of them is also sent as the other.

    Of a configurable, only those fields are sent as context that the graph's context schema has.
    """
    context, configurable = copy.deepcopy(dict(config.context)), copy.deepcopy(dict(config.configurable))
    if context and not configurable:
        return context, dict(context)
    if configurable and not context:
        names = context_fields(schema)
        context = {name: value for name, value in configurable.items() if names is None or name in names}
    return context, configurable


def make_store(config: RunConfig, factory: Callable[[], Any] | None) -> Any:
    """A new store that holds the given items."""
    if factory is None:
        from langgraph.store.memory import InMemoryStore  # noqa: PLC0415 - LangGraph, where graphs run

        store: Any = InMemoryStore()
    else:
        store = factory()
    for item in config.store:
        store.put(tuple(item["namespace"]), item["key"], copy.deepcopy(dict(item["value"])))
    return store


def context_fields(schema: Any) -> Mapping[str, bool] | None:
    """Name -> whether it must be given, of a context schema; None where any name may be given."""
    if schema is None:
        return None
    if is_dataclass(schema):
        return {
            one.name: one.default is MISSING and one.default_factory is MISSING for one in fields(schema) if one.init
        }
    if hasattr(schema, "model_fields"):
        if schema.model_config.get("extra") == "allow":
            return None
        found = {}
        for name, one in schema.model_fields.items():
            found[one.alias or name] = one.is_required()
        return found
    if is_typeddict(schema):
        try:
            return dict.fromkeys(get_type_hints(schema), False)  # LangGraph hands a TypedDict over unchecked
        except Exception:  # noqa: BLE001 - a name that only a type checker knows
            return dict.fromkeys(schema.__annotations__, False)
    return None


def check_run_configs(compiled: Compiled, examples: Iterable[Given]) -> None:
    """Refuse, before anything runs, what the graph's context schema would refuse on every run.

    Raises:
        DataError: `metadata.config` of an example is wrong.
        ConfigError: a field is missing, unknown or of the wrong type; the sentence says where to give it.
    """
    schema = getattr(compiled.graph, "context_schema", None)
    names = context_fields(schema)
    own_store = getattr(compiled.graph, "store", None) is not None
    plain_done = False
    for example in examples:
        given = example.metadata.get("config")
        if given is None and plain_done:
            continue
        config = run_config(compiled.spec, compiled.version, example)
        where = f"graph {compiled.spec.assistant_id!r} (version {compiled.version.name!r})"
        if given is None:
            plain_done = True
        else:
            where = f"{where}, example {example.id!r}"
        if own_store and config.store:
            raise ConfigError(
                f"{where}: items are given for its store, and it is compiled with a store of its own, which every run would share; compile it without one"
            )
        unknown = [name for name in config.context if names is not None and name not in names]
        if unknown:
            raise ConfigError(
                f"{where}: its context has no {unknown[0]!r}; it has: {', '.join(names or ()) or 'no field'}"
            )
        context, _ = sent(config, schema)
        missing = [name for name, required in (names or {}).items() if required and name not in context]
        if missing:
            raise ConfigError(
                f"{where}: its context needs {', '.join(missing)}; give it as context={{{missing[0]!r}: ...}} of GraphSpec or Version, or in metadata.config of each example"
            )
        _coerce(schema, context, where)


def _coerce(schema: Any, context: dict[str, Any], where: str) -> None:
    if not is_dataclass(schema) and not hasattr(schema, "model_fields"):
        return
    try:
        schema(**context)
    except SeatrialError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{where}: its context is refused: {type(error).__name__}: {' '.join(str(error).split())}"
        ) from error
