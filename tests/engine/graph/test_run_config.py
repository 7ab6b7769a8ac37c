"""Context, configurable and store: graphs in the layouts of LangGraph's public templates run as on LangGraph's server.

The graphs are doubles written for these tests, after the layouts of the templates: a react agent (`Context` dataclass with
defaults), a memory agent (a store), an older one (`Configuration.from_runnable_config`), a retrieval agent (a user id it
insists on).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_store
from langgraph.graph import END, START, StateGraph, add_messages
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore
from langgraph.types import interrupt
from pydantic import BaseModel

from seatrial.dataset import Example
from seatrial.errors import ConfigError, DataError
from seatrial.graph.invoke import graph_target, invoke
from seatrial.graph.run_config import check_run_configs, context_fields
from seatrial.graph.runtime import Compiled, needs_loop
from seatrial.graph.runtime import Runtime as Fleet
from seatrial.graph.spec import GraphSpec, Version


class Messages(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


class Text(TypedDict, total=False):
    text: str
    answer: Any


def compiled(graph: Any, store_factory: Any = None, version: Version | None = None, **row: Any) -> Compiled:
    spec = GraphSpec("g", module="m", versions=(version or Version("0"),), **row)
    made = graph.compile() if hasattr(graph, "compile") else graph
    return Compiled(spec, spec.version(), made, needs_loop(made), store_factory)


def example(inputs: dict[str, Any] | None = None, **metadata: Any) -> Example:
    return Example("e", inputs or {"text": "x"}, metadata=metadata)


def answer(graph: Compiled, given: Example | None = None) -> Any:
    run = invoke(graph, given or example(), run_id="r")
    assert run.error is None, run.error
    assert run.outputs is not None
    return run.outputs["answer"]


def one_node(node: Any, **schemas: Any) -> StateGraph[Any, Any, Any, Any]:
    return StateGraph(Text, **schemas).add_node("node", node).add_edge(START, "node").add_edge("node", END)


@dataclass(kw_only=True)
class Context:
    """In the react agent's layout: every field has a default, some of them from the environment."""

    system_prompt: str = "You help. Time: {system_time}"
    model: str = field(default="builtin/plain", metadata={"description": "provider/model"})
    max_search_results: int = 10

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) == one.default:
                setattr(self, one.name, os.environ.get(f"PLANTED_{one.name.upper()}", one.default))


def react_agent() -> Any:
    def search(query: str) -> str:
        """Search the web."""
        return f"results for {query}"

    async def call_model(state: Messages, runtime: Runtime[Context]) -> dict[str, list[AIMessage]]:
        reported = SystemMessage(runtime.context.system_prompt.format(system_time="now"))
        if isinstance(state["messages"][-1], ToolMessage):
            return {"messages": [AIMessage(f"{reported.text} {runtime.context.model}")]}
        call = {"name": "search", "args": {"query": "tides"}, "id": "1", "type": "tool_call"}
        return {"messages": [AIMessage("", tool_calls=[call])]}

    def route(state: Messages) -> str:
        last = state["messages"][-1]
        return "tools" if isinstance(last, AIMessage) and last.tool_calls else END

    graph = StateGraph(Messages, context_schema=Context)
    graph.add_node("call_model", call_model)
    graph.add_node("tools", ToolNode([search]))
    graph.add_edge(START, "call_model")
    graph.add_conditional_edges("call_model", route, ["tools", END])
    graph.add_edge("tools", "call_model")
    return graph.compile(name="ReAct Agent")


ASK = {"messages": [HumanMessage("When is high water?")]}


@pytest.mark.parametrize(
    ("row", "version", "metadata", "reported"),
    [
        ({}, Version("0"), {}, "You help. Time: now builtin/plain"),
        ({"context": {"model": "a/b"}}, Version("0"), {}, "You help. Time: now a/b"),
        ({"context": {"model": "a/b"}}, Version("0", context={"model": "c/d"}), {}, "You help. Time: now c/d"),
        (
            {"context": {"model": "a/b"}},
            Version("0", context={"system_prompt": "Short."}),
            {"config": {"context": {"model": "e/f"}}},
            "Short. e/f",
        ),
    ],
)
def test_a_context_with_defaults_is_there_and_example_beats_version_beats_graph(
    row, version, metadata, reported
) -> None:
    run = invoke(compiled(react_agent(), version=version, **row), example(ASK, **metadata), run_id="r")
    assert run.error is None
    assert run.outputs is not None
    assert run.outputs["messages"][-1].text == reported
    assert run.path == ("call_model", "tools", "call_model")


def memory_agent() -> Any:
    @dataclass(kw_only=True)
    class Owner:
        user_id: str = "default"

    async def call_model(state: Text, runtime: Runtime[Owner]) -> Text:
        store = runtime.store
        assert store is not None
        space = ("memories", runtime.context.user_id)
        known = [item.value["content"] for item in await store.asearch(space, limit=10)]
        await store.aput(space, state["text"], {"content": state["text"]})
        return {"answer": known}

    return one_node(call_model, context_schema=Owner).compile()


def memory(owner: str, content: str) -> dict[str, Any]:
    return {"namespace": ["memories", owner], "key": content, "value": {"content": content}}


def test_a_store_is_there_filled_as_given_and_new_for_each_run() -> None:
    graph = compiled(memory_agent(), store=(memory("default", "likes tea"),))
    assert [answer(graph), answer(graph)] == [
        ["likes tea"]
    ] * 2  # what the first run put there, the second does not read
    more = example(config={"store": [memory("ada", "sails")], "context": {"user_id": "ada"}})
    assert answer(graph, more) == ["sails"]


def test_a_store_reaches_nodes_that_ask_for_it_by_name_and_by_context() -> None:
    def by_name(state: Text, *, store: BaseStore) -> Text:
        return {"answer": store.search(("memories", "a"))[0].key}

    def by_context(state: Text) -> Text:
        return {"answer": get_store().search(("memories", "a"))[0].key}

    for node in (by_name, by_context):
        assert answer(compiled(one_node(node), store=(memory("a", "b"),))) == "b"


def test_a_store_of_the_projects_own_making_is_made_for_each_run() -> None:
    made: list[InMemoryStore] = []

    def make() -> InMemoryStore:
        made.append(InMemoryStore())
        return made[-1]

    def node(state: Text, runtime: Runtime[None]) -> Text:
        return {"answer": runtime.store is made[-1] and len(runtime.store.search(("memories",)))}

    row = {"store": "graphs.notes:make"}
    graph = compiled(one_node(node), make, version=Version("0", store=(memory("a", "b"),)), **row)
    assert [answer(graph), answer(graph), len(made)] == [1, 1, 2]


def test_a_graph_keeps_a_store_and_a_checkpointer_of_its_own() -> None:
    store, saver = InMemoryStore(), InMemorySaver()

    def node(state: Text, runtime: Runtime[None]) -> Text:
        assert runtime.store is not None
        runtime.store.put(("n",), "k", {"v": 1})
        return {"answer": runtime.store is store}

    graph = compiled(one_node(node).compile(store=store, checkpointer=saver))
    assert answer(graph) is True
    assert graph.graph.checkpointer is saver
    assert store.get(("n",), "k") is not None


def test_items_for_a_store_that_every_run_would_share_are_refused() -> None:
    graph = compiled(memory_agent().builder.compile(store=InMemoryStore()), store=(memory("a", "b"),))
    with pytest.raises(ConfigError, match="compiled with a store of its own, which every run would share"):
        check_run_configs(graph, [example()])


@dataclass(kw_only=True)
class Configuration:
    """In the layout of templates older than `context`: read from `config["configurable"]`."""

    model: str = "builtin/plain"
    user_id: str = ""

    @classmethod
    def from_runnable_config(cls, config: RunnableConfig | None = None) -> Configuration:
        given = (config or {}).get("configurable", {})
        return cls(**{one.name: given[one.name] for one in fields(cls) if one.init and one.name in given})


def older() -> StateGraph[Any, Any, Any, Any]:
    def node(state: Text, config: RunnableConfig) -> Text:
        return {"answer": Configuration.from_runnable_config(config).model}

    return one_node(node)


def test_a_configurable_reaches_an_older_graph_per_graph_version_and_example() -> None:
    assert answer(compiled(older())) == "builtin/plain"
    assert answer(compiled(older(), configurable={"model": "a"})) == "a"
    graph = compiled(older(), configurable={"model": "a"}, version=Version("0", configurable={"model": "b"}))
    assert answer(graph) == "b"
    assert answer(graph, example(config={"configurable": {"model": "c"}})) == "c"


def retrieval_agent(schema: Any) -> StateGraph[Any, Any, Any, Any]:
    def retrieve(state: Text, config: RunnableConfig) -> Text:
        owner = Configuration.from_runnable_config(config).user_id
        if not owner:
            raise ValueError("Please provide a valid user_id in the configuration.")
        return {"answer": [owner, state["text"]]}

    return one_node(retrieve, context_schema=schema)


def test_what_is_given_as_context_reaches_nodes_that_read_configurable_as_on_the_server() -> None:
    graph = retrieval_agent(Configuration)
    assert invoke(compiled(graph), example(), run_id="r").error == (
        "ValueError: Please provide a valid user_id in the configuration."
    )
    assert answer(compiled(graph, context={"user_id": "ada"})) == ["ada", "x"]
    assert answer(compiled(graph), example(config={"configurable": {"user_id": "bo"}})) == ["bo", "x"]


def test_what_is_given_as_configurable_reaches_the_context_as_far_as_its_schema_knows_it() -> None:
    def node(state: Text, runtime: Runtime[Configuration]) -> Text:
        return {"answer": runtime.context.user_id}

    graph = compiled(one_node(node, context_schema=Configuration), configurable={"user_id": "ada", "trace": "on"})
    assert answer(graph) == "ada"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_resumed_graph_gets_its_context_again(asynchronous: bool) -> None:
    def ask(state: Text, runtime: Runtime[Configuration]) -> Text:
        return {"answer": [interrupt("approval"), runtime.context.user_id]}

    async def ask_later(state: Text, runtime: Runtime[Configuration]) -> Text:
        return ask(state, runtime)

    def after(state: Text, runtime: Runtime[Configuration]) -> Text:
        return {"answer": [*state["answer"], runtime.context.user_id]}

    graph = one_node(ask_later if asynchronous else ask, context_schema=Configuration)
    graph.add_node("after", after)
    graph.add_edge("node", "after")
    script = [{"match": "approval", "value": "yes"}]
    assert answer(compiled(graph, context={"user_id": "ada"}), example(resume=script)) == ["yes", "ada", "ada"]


def test_what_a_run_changes_in_its_context_no_other_run_is_given() -> None:
    def node(state: Text, runtime: Runtime[dict[str, Any]]) -> Text:
        runtime.context["seen"].append(1)
        return {"answer": len(runtime.context["seen"])}

    graph = compiled(one_node(node), context={"seen": []})
    assert [answer(graph), answer(graph)] == [1, 1]


class Loose(TypedDict, total=False):
    user_id: str


def test_a_starter_with_a_typed_dict_runs_with_and_without_a_value() -> None:
    def node(state: Text, runtime: Runtime[Loose]) -> Text:
        # LangGraph makes None of an empty mapping, which is why its own starter writes it so.
        return {"answer": (runtime.context or {}).get("user_id", "nobody")}

    graph = one_node(node, context_schema=Loose)
    assert [answer(compiled(graph)), answer(compiled(graph, context={"user_id": "ada"}))] == ["nobody", "ada"]


@dataclass
class Needs:
    user_id: str
    tone: str = "plain"


class Checked(BaseModel):
    limit: int = 3


def nothing(state: Text) -> Text:
    return {"answer": 1}


@pytest.mark.parametrize(
    ("schema", "row", "metadata", "words"),
    [
        (Needs, {}, {}, r"graph 'g' \(version '0'\): its context needs user_id; give it as context={'user_id': ...}"),
        (Needs, {"context": {"user": "a"}}, {}, "has no 'user'; it has: user_id, tone"),
        (Loose, {}, {"config": {"context": {"user": "a"}}}, "example 'e': its context has no 'user'; it has: user_id"),
        (Checked, {"context": {"limit": "many"}}, {}, "its context is refused: ValidationError"),
    ],
)
def test_a_context_that_every_run_would_fail_on_is_refused_before_any_runs(schema, row, metadata, words) -> None:
    graph = compiled(one_node(nothing, context_schema=schema), **row)
    with pytest.raises(ConfigError, match=words):
        check_run_configs(graph, [example(**metadata)])


def test_an_example_may_give_what_the_registry_does_not() -> None:
    graph = compiled(one_node(nothing, context_schema=Needs))
    check_run_configs(graph, [example(config={"context": {"user_id": "ada"}})])


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("eu", "metadata.config is 'eu'; it is an object with any of: context, configurable, store"),
        ({"contxt": {}}, "metadata.config has 'contxt'; choose among: context, configurable, store"),
        ({"context": ["a"]}, "metadata.config.context is a mapping of names to values"),
        ({"configurable": {"thread_id": "1"}}, "every run gets a new thread of its own"),
        ({"store": [{"key": "k"}]}, "an item is"),
        ({"store": {"namespace": ["a"]}}, "is a list of items"),
    ],
)
def test_a_config_of_another_shape_is_refused_by_the_example_that_has_it(config, words) -> None:
    with pytest.raises(DataError, match=f"example 'e': .*{words}|{words}"):
        check_run_configs(compiled(one_node(nothing)), [example(config=config)])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"context": {"client": object()}}, "graph 'g': context is plain data"),
        ({"configurable": {"thread_id": "1"}}, "leave it out"),
        ({"store": "make_store"}, "store 'make_store' names a function as"),
        ({"store": ({"key": 1},)}, "an item is"),
    ],
)
def test_a_registry_row_is_checked_where_it_is_written(row, words) -> None:
    with pytest.raises(ConfigError, match=words):
        GraphSpec("g", module="m", **row)


def test_a_store_that_cannot_be_made_breaks_its_own_graph_with_a_sentence() -> None:
    class Module:
        build = staticmethod(lambda: one_node(nothing))

    def load(name: str) -> Any:
        if name != "m":
            raise ModuleNotFoundError(f"No module named {name!r}")
        return Module

    fleet = Fleet((GraphSpec("g", module="m", store="absent:make"), GraphSpec("h", module="m")), load)
    with pytest.raises(ConfigError, match="its store 'absent:make' cannot be imported: ModuleNotFoundError"):
        fleet.compiled("g")
    assert graph_target(fleet.compiled("h"))(example(), "r", None).error is None


def test_the_fields_of_a_context_are_read_from_every_kind_of_schema() -> None:
    assert context_fields(Needs) == {"user_id": True, "tone": False}
    assert context_fields(Checked) == {"limit": False}
    assert context_fields(Loose) == {"user_id": False}
    assert context_fields(None) is None
