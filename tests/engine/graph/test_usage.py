"""Usage: every model call of a run is counted once, wherever in the run it is made."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, cast

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig, RunnableParallel
from langgraph.config import get_config
from langgraph.graph import END, START, StateGraph

from seatrial.dataset import Example
from seatrial.graph.invoke import invoke
from seatrial.graph.runtime import Compiled, needs_loop
from seatrial.graph.spec import GraphSpec
from seatrial.graph.target import callable_target
from seatrial.graph.usage import takes_config
from seatrial.model.chat import chat_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from seatrial.graph.run import Run


class State(TypedDict, total=False):
    text: str
    answer: Any


MODEL = chat_model("builtin", lambda system, user: "two words")
ASKED = [HumanMessage("one two three")]


def graph(*nodes: Any) -> Any:
    builder = StateGraph(State)
    builder.add_sequence([(f"n{number}", node) for number, node in enumerate(nodes)])
    builder.add_edge(START, "n0")
    builder.add_edge(f"n{len(nodes) - 1}", END)
    return builder.compile()


def run(made: Any) -> Run:
    spec = GraphSpec("g", module="m")
    return invoke(Compiled(spec, spec.version(), made, needs_loop(made)), Example("e", {"text": "x"}), run_id="r")


def once(state: State) -> State:
    return {"answer": MODEL.invoke(ASKED).text}


async def later(state: State) -> State:
    return {"answer": (await MODEL.ainvoke(ASKED)).text}


def streamed(state: State) -> State:
    return {"answer": "".join(piece.text for piece in MODEL.stream(ASKED))}


def side_by_side(state: State) -> State:
    return {"answer": len(RunnableParallel(a=MODEL, b=MODEL).invoke(ASKED))}


def batch(state: State) -> State:
    return {"answer": len(MODEL.batch([ASKED, ASKED]))}


def bare_thread(state: State, config: RunnableConfig) -> State:
    with ThreadPoolExecutor(1) as threads:
        return {"answer": threads.submit(MODEL.invoke, ASKED, config).result().text}


async def thread_of_asyncio(state: State) -> State:
    return {"answer": (await asyncio.to_thread(MODEL.invoke, ASKED)).text}


def with_callbacks_of_its_own(state: State) -> State:
    return {"answer": MODEL.invoke(ASKED, {"callbacks": [BaseCallbackHandler()]}).text}


def through_a_plain_function(state: State) -> State:
    asked = callable_target(lambda inputs: {"answer": MODEL.invoke(ASKED).text})(Example("inner", {}), "inner", None)
    return cast("State", asked.outputs)


def with_its_config(state: State, config: RunnableConfig) -> State:
    return {"answer": MODEL.invoke(ASKED, config).text}


@pytest.mark.parametrize(
    ("node", "calls"),
    [
        (once, 1),
        (later, 1),
        (streamed, 1),
        (side_by_side, 2),
        (batch, 2),
        (bare_thread, 1),
        (thread_of_asyncio, 1),
        (with_callbacks_of_its_own, 1),
        (through_a_plain_function, 1),
        (with_its_config, 1),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_a_call_is_counted_once_wherever_it_is_made(node: Callable[..., Any], calls: int, inside: bool) -> None:
    made = run(graph(graph(node)) if inside else graph(node))
    # A call reads three words and writes two.
    assert (made.error, made.input_tokens, made.output_tokens) == (None, 3 * calls, 2 * calls)
    assert made.model == "builtin"


class Foreign:
    """No graph of LangGraph's, though it is called like one: nothing but a model asks for handlers here."""

    nodes: ClassVar[dict[str, Any]] = {}
    checkpointer = None
    output_channels = "answer"

    def stream(self, given: Any, config: Any, **_: Any) -> Iterator[tuple[str, Any]]:
        yield "values", once(given)


def test_what_is_no_graph_of_langgraphs_has_its_first_model_counted_too() -> None:
    made = run(Foreign())
    assert (made.outputs, made.input_tokens, made.output_tokens) == ({"answer": "two words"}, 3, 2)


def test_a_graph_that_calls_a_model_before_it_begins_has_it_counted() -> None:
    made = graph(once)

    class Early(type(made)):  # type: ignore[misc]
        def stream(self, given: Any, *args: Any, **how: Any) -> Iterator[Any]:
            once(given)
            return super().stream(given, *args, **how)  # type: ignore[no-any-return]

    made.__class__ = Early
    assert run(made).input_tokens == 6


def test_a_run_that_fails_has_spent_what_it_spent() -> None:
    def boom(state: State) -> State:
        raise ValueError("boom")

    failed = run(graph(once, boom))
    assert (failed.error, failed.input_tokens, failed.output_tokens) == ("ValueError: boom", 3, 2)


def test_a_model_called_between_two_runs_belongs_to_neither() -> None:
    made = graph(once)
    first = run(made)
    MODEL.invoke(ASKED)
    second = run(made)
    assert (first.input_tokens, second.input_tokens) == (3, 3)


def test_runs_side_by_side_on_one_loop_are_told_apart() -> None:
    from seatrial.graph.invoke import graph_target  # noqa: PLC0415 - this test alone awaits a target

    spec = GraphSpec("g", module="m")
    one, two = (
        graph_target(Compiled(spec, spec.version(), graph(*nodes), True)) for nodes in ((later,), (later, later))
    )

    async def both() -> list[Run]:
        given = Example("e", {"text": "x"})
        return list(await asyncio.gather(*(target.awaited(given, "r", None) for target in (one, two))))  # type: ignore[attr-defined]

    assert [made.input_tokens for made in asyncio.run(both())] == [3, 6]


def test_nodes_carry_no_handler_unless_one_is_given_its_config() -> None:
    seen: list[int] = []

    def look(state: State) -> State:
        seen.append(len(get_config()["callbacks"].handlers))  # type: ignore[union-attr]  # a manager, inside a node
        return {}

    plain, handing = graph(look), graph(look, graph(with_its_config))
    run(plain)
    run(handing)
    assert (takes_config(plain), takes_config(handing)) == (False, True)
    assert seen == [0, 1]
