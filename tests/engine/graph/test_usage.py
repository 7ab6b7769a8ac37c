"""Usage: every model call of a run is counted once, wherever in the run it is made."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, cast

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig, RunnableParallel
from langgraph.config import get_config
from langgraph.graph import END, START, StateGraph

from seatrial.checks import tokens
from seatrial.dataset import Example
from seatrial.graph.invoke import invoke
from seatrial.graph.runtime import Compiled, needs_loop
from seatrial.graph.spec import GraphSpec
from seatrial.graph.target import callable_target
from seatrial.graph.usage import takes_config
from seatrial.model.chat import chat_model
from seatrial.scoring import Score, bind

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
    requested = callable_target(lambda inputs: {"answer": MODEL.invoke(ASKED).text})(
        Example("inner", {}), "inner", None
    )
    return cast("State", requested.outputs)


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


class Reports(BaseChatModel):
    """A chat model that reports `usage`, streams in two pieces, and fails when told to."""

    usage: Any = None
    fails: bool = False

    @property
    def _llm_type(self) -> str:
        return "reports"

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        if self.fails:
            raise ConnectionError("no answer")
        return ChatResult(generations=[ChatGeneration(message=AIMessage("two words", usage_metadata=self.usage))])

    def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any) -> Iterator[Any]:
        for text in ("two ", "words"):
            yield ChatGenerationChunk(message=AIMessageChunk(text))


def count(read: int, written: int) -> dict[str, int]:
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}


def reports_none(state: State) -> State:
    return {"answer": Reports().invoke(ASKED).text}


def reports_zero(state: State) -> State:
    return {"answer": Reports(usage=count(0, 0)).invoke(ASKED).text}


async def reports_none_later(state: State) -> State:
    return {"answer": (await Reports().ainvoke(ASKED)).text}


def stream_without_usage(state: State) -> State:
    return {"answer": "".join(piece.text for piece in Reports().stream(ASKED))}


KEPT: list[Any] = []


def abandoned_stream(state: State) -> State:
    KEPT.append(stream := Reports().stream(ASKED))
    return {"answer": next(iter(stream)).text}


def closed_stream(state: State) -> State:
    stream = cast("Any", Reports().stream(ASKED))
    text = next(stream).text
    stream.close()
    return {"answer": text}


def failed_call(state: State) -> State:
    with pytest.raises(ConnectionError):
        Reports(fails=True).invoke(ASKED)
    return {"answer": "caught"}


def bare_thread_without_its_config(state: State) -> State:
    with ThreadPoolExecutor(1) as threads:
        return {"answer": threads.submit(MODEL.invoke, ASKED).result().text}


def chain_in_a_bare_thread(state: State) -> State:
    with ThreadPoolExecutor(1) as threads:
        return {"answer": len(threads.submit(RunnableParallel(a=MODEL).invoke, ASKED).result())}


UNCOUNTED = [
    reports_none,
    reports_zero,
    reports_none_later,
    stream_without_usage,
    abandoned_stream,
    closed_stream,
    failed_call,
    bare_thread_without_its_config,
    chain_in_a_bare_thread,
]


@pytest.mark.parametrize("node", UNCOUNTED)
@pytest.mark.parametrize("before", [once, with_its_config])
def test_a_run_with_an_uncounted_call_has_unknown_tokens(node: Callable[..., Any], before: Callable[..., Any]) -> None:
    made = run(graph(before, node))
    assert (made.error, made.input_tokens, made.output_tokens) == (None, None, None)
    assert (made.extra["uncounted_calls"], made.extra["known_tokens"]) == (1, 5)
    assert made.extra["warnings"] == ("a model call reported no tokens, so the tokens of the run are unknown",)
    (score,) = bind(tokens(500))(made, Example("e", {}))
    assert (score.score, score.reason) == (None, "a model call of the run did not report tokens; the others used 5")
    assert bind(tokens(4))(made, Example("e", {}))[0] == Score("token_budget", 0.0, "used at least 5 tokens, budget 4")


def test_the_tokens_of_120_and_of_an_unknown_call_are_not_120() -> None:
    def both(state: State) -> State:
        Reports(usage=count(100, 20)).invoke(ASKED)
        return {"answer": Reports().invoke(ASKED).text}

    made = run(graph(both))
    assert bind(tokens(500))(made, Example("e", {}))[0].score is None


def test_a_model_called_by_an_evaluator_between_runs_makes_no_run_unknown() -> None:
    waiting, going = threading.Event(), threading.Event()

    def holds(state: State) -> State:
        waiting.set()
        going.wait(10)
        return once(state)

    with ThreadPoolExecutor(2) as threads:
        # One worker has run a graph and now evaluates; the other's run is under way.
        threads.submit(run, graph(once)).result()
        under_way = threads.submit(run, graph(holds))
        waiting.wait(10)
        other = threads.submit(lambda: (run(graph(once)), MODEL.invoke(ASKED)))
        other.result()
        going.set()
        assert under_way.result().input_tokens == 3


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
