"""invoke: every way a run can end is told apart."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypedDict

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from seatrial.dataset import Example
from seatrial.errors import DataError
from seatrial.graph.invoke import graph_target, invoke
from seatrial.graph.runtime import Compiled, needs_loop
from seatrial.graph.spec import GraphSpec
from seatrial.graph.stdout import CAP, captured_stdout
from seatrial.graph.target import callable_target
from seatrial.model.chat import chat_model

if TYPE_CHECKING:
    from seatrial.graph.run import Run


@dataclass
class Answered:
    text: str


class State(TypedDict, total=False):
    text: str
    answer: Any


def compiled(*nodes: Any, checkpointer: Any = None, schema: Any = State) -> Compiled:
    graph = StateGraph(schema)
    names = [START, *(f"n{i}" for i in range(len(nodes))), END]
    for name, node in zip(names[1:-1], nodes, strict=True):
        graph.add_node(name, node)
    for before, after in pairwise(names):
        graph.add_edge(before, after)
    made = graph.compile(checkpointer=checkpointer)
    spec = GraphSpec("g", module="m")
    return Compiled(spec, spec.version(), made, needs_loop(made))


def ask(state: State) -> State:
    return {"answer": interrupt(f"approval of {state['text']}")}


def example(resume: Any = None) -> Example:
    return Example("e", {"text": "x"}, metadata={} if resume is None else {"resume": resume})


def call(graph: Compiled, given: Example | None = None, **options: Any) -> Run:
    return invoke(graph, given or example(), run_id="r", **options)


def end(run: Run) -> tuple[str, str | None]:
    return str(run.outcome), None if run.error_kind is None else str(run.error_kind)


def test_a_graph_that_finishes_leaves_its_state_and_its_path() -> None:
    run = call(compiled(lambda s: {"answer": 1}, lambda s: {"answer": s["answer"] + 1}))
    assert end(run) == ("scored", None)
    assert run.outputs == {"text": "x", "answer": 2}
    assert run.path == ("n0", "n1")
    assert (run.error, run.input_tokens, run.output_tokens, run.model) == (None, None, None, None)


def test_latency_is_measured_with_the_given_clock() -> None:
    ticks = iter([10.0, 10.25])
    assert call(compiled(lambda s: {}), clock=lambda: next(ticks)).latency_ms == 250.0


def test_an_exception_is_one_line() -> None:
    def boom(state: State) -> State:
        raise ValueError("first\nsecond")

    run = call(compiled(lambda s: {}, boom))
    assert end(run) == ("target_error", "exception")
    assert (run.error, run.outputs, run.path) == ("ValueError: first second", None, ("n0",))


def test_sys_exit_in_a_graph_is_an_exception_like_any_other() -> None:
    def leave(state: State) -> State:
        raise SystemExit(3)

    assert call(compiled(leave)).error == "SystemExit: 3"


def test_a_loop_without_end_hits_the_recursion_limit() -> None:
    graph = StateGraph(State)
    graph.add_node("again", lambda s: {"answer": 1})
    graph.add_edge(START, "again")
    graph.add_edge("again", "again")
    spec = GraphSpec("g", module="m")
    run = call(Compiled(spec, spec.version(), graph.compile(), asynchronous=False), recursion_limit=4)
    assert end(run) == ("target_error", "recursion_limit")
    assert run.error == "no end within 4 steps"


def test_a_graphs_own_recursion_limit_counts_unless_the_project_sets_one() -> None:
    graph = StateGraph(State)
    graph.add_node("loop", lambda s: {"answer": 1})
    graph.add_edge(START, "loop")
    graph.add_edge("loop", "loop")
    own = graph.compile().with_config({"recursion_limit": 30})

    def stops_at(spec: GraphSpec, **metadata: Any) -> str | None:
        return call(Compiled(spec, spec.version(), own, False), Example("e", {"text": "x"}, metadata=metadata)).error

    assert stops_at(GraphSpec("g", module="m")) == "no end within 30 steps"
    assert stops_at(GraphSpec("g", module="m", recursion_limit=7)) == "no end within 7 steps"
    limited = {"config": {"recursion_limit": 3}}
    assert stops_at(GraphSpec("g", module="m", recursion_limit=7), **limited) == "no end within 3 steps"
    with pytest.raises(DataError, match="recursion_limit is a whole number of at least 1"):
        stops_at(GraphSpec("g", module="m"), config={"recursion_limit": 0})


@pytest.mark.parametrize("returned", ["a text", ["a", "list"], HumanMessage("a model", id="1"), Answered("yes")])
def test_what_an_entrypoint_returns_is_kept_under_one_key(returned: Any) -> None:
    @entrypoint()
    def flow(inputs: dict[str, Any]) -> Any:
        return returned

    spec = GraphSpec("g", module="m")
    run = call(Compiled(spec, spec.version(), flow, needs_loop(flow)))
    assert end(run) == ("scored", None)
    assert run.outputs == {"output": returned}


def test_a_sync_graph_that_comes_back_too_late_is_a_timeout() -> None:
    ticks = iter([0.0, 2.0])
    run = call(compiled(lambda s: {}), timeout_s=1.0, clock=lambda: next(ticks))
    assert end(run) == ("target_error", "timeout")
    assert run.outputs is None


def test_an_async_graph_is_cancelled_at_its_timeout() -> None:
    cancelled: list[bool] = []

    async def sleeper(state: State) -> State:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return {}

    assert end(call(compiled(sleeper), timeout_s=0.05)) == ("target_error", "timeout")
    assert cancelled == [True]


def test_a_timeout_error_of_the_graphs_own_is_an_exception() -> None:
    async def impatient(state: State) -> State:
        raise TimeoutError("upstream")

    run = call(compiled(impatient), timeout_s=5.0)
    assert (end(run), run.error) == (("target_error", "exception"), "TimeoutError: upstream")


def test_an_async_only_graph_runs_even_where_a_loop_is_running() -> None:
    async def later(state: State) -> State:
        await asyncio.sleep(0)
        print("heard")
        return {"answer": "later"}

    graph = compiled(later)

    async def notebook() -> Run:
        return call(graph)

    with captured_stdout():
        outside, inside = call(graph), asyncio.run(notebook())
    assert [(run.outputs, run.stdout) for run in (outside, inside)] == [
        ({"text": "x", "answer": "later"}, "heard\n")
    ] * 2


@pytest.mark.parametrize("checkpointer", [None, InMemorySaver()])
def test_an_interrupt_nobody_scripted_is_an_outcome_of_its_own(checkpointer: Any) -> None:
    run = call(compiled(ask, checkpointer=checkpointer))
    assert end(run) == ("interrupted", None)
    assert run.outputs is None
    assert run.error is not None
    assert "'approval of x'" in run.error


def test_a_breakpoint_is_an_interrupt_too() -> None:
    graph = StateGraph(State)
    graph.add_node("n", lambda s: {})
    graph.add_edge(START, "n")
    spec = GraphSpec("g", module="m")
    made = graph.compile(checkpointer=InMemorySaver(), interrupt_before=["n"])
    assert end(call(Compiled(spec, spec.version(), made, asynchronous=False))) == ("interrupted", None)


@pytest.mark.parametrize("checkpointer", [None, InMemorySaver()])
def test_a_scripted_interrupt_is_answered_and_the_graph_ends(checkpointer: Any) -> None:
    run = call(compiled(ask, checkpointer=checkpointer), example([{"match": "approval", "value": "yes"}]))
    assert (end(run), run.outputs, dict(run.extra)) == (("scored", None), {"text": "x", "answer": "yes"}, {})


def test_several_interrupts_are_answered_in_turn() -> None:
    def ask_twice(state: State) -> State:
        return {"answer": [interrupt("size?"), interrupt("colour?")]}

    script = [{"match": "colour", "value": "red"}, {"match": "size", "value": 4}]
    assert call(compiled(ask_twice), example(script)).outputs == {"text": "x", "answer": [4, "red"]}


def test_a_script_that_answers_only_the_first_interrupt_is_interrupted_at_the_second() -> None:
    run = call(compiled(ask, ask), example([{"match": "approval", "value": "yes"}]))
    assert end(run) == ("interrupted", None)


def test_an_unused_answer_is_a_warning() -> None:
    run = call(compiled(lambda s: {}), example([{"match": "approval", "value": "yes"}]))
    assert end(run) == ("scored", None)
    assert run.extra["warnings"] == ("the scripted answer to 'approval' was never asked for",)


@pytest.mark.parametrize("script", ["yes", [{"match": "a"}], [{"match": 1, "value": 2}], {"match": "a", "value": "b"}])
def test_a_malformed_script_is_the_datasets_mistake(script: Any) -> None:
    with pytest.raises(DataError, match=r"example 'e': metadata\.resume"):
        call(compiled(ask), example(script))


def test_every_run_has_a_fresh_thread_and_leaves_no_checkpoint() -> None:
    saver = InMemorySaver()
    graph = compiled(lambda s: {}, checkpointer=saver)
    first, second = call(graph), call(graph)
    assert first.thread_id is not None
    assert first.thread_id != second.thread_id
    assert list(saver.list(None)) == []


def test_tokens_and_model_come_from_the_models_that_answered() -> None:
    model = chat_model("builtin", lambda system, user: "two words")

    def talk(state: State) -> State:
        return {"answer": model.invoke([HumanMessage("one two three")]).text}

    run = call(compiled(talk, talk))
    # Two calls, each reads 3 words and writes 2.
    assert (run.input_tokens, run.output_tokens, run.model) == (6, 4, "builtin")


def test_what_a_graph_prints_lands_in_its_run_and_is_capped(capsys: pytest.CaptureFixture[str]) -> None:
    def loud(state: State) -> State:
        print("x" * (CAP + 5))
        return {}

    with captured_stdout():
        run = call(compiled(loud))
    assert run.stdout == "x" * CAP
    assert capsys.readouterr().out == ""


def test_a_plain_function_is_a_target_with_the_same_outcomes() -> None:
    def boom(_: Any) -> Any:
        raise KeyError("k")

    def target(function: Any, timeout_s: float | None = None) -> Run:
        return callable_target(function)(example(), "r", timeout_s)

    assert target(lambda inputs: {"answer": inputs["text"]}).outputs == {"answer": "x"}
    assert (end(target(boom)), target(boom).error) == (("target_error", "exception"), "KeyError: 'k'")
    assert (end(target(lambda _: [1])), target(lambda _: [1]).error) == (
        ("target_error", "invalid_output"),
        "the final state is a list, not a mapping",
    )
    assert end(target(lambda _: time.sleep(0.02) or {}, 0.001)) == ("target_error", "timeout")


class Nested(TypedDict, total=False):
    items: list[Any]
    more: list[Any]


def spoil(state: Nested) -> Nested:
    state["items"].append("spoilt")
    state["items"][0]["deep"].clear()
    return {"more": list(state["items"])}


async def spoil_later(state: Nested) -> Nested:
    return spoil(state)


def spoil_the_answer(state: Nested) -> Nested:
    interrupt("how?")["by"].append("spoilt")
    return {}


@pytest.mark.parametrize("way", ["sync", "async", "awaited", "function"])
def test_what_a_run_does_to_its_inputs_is_done_to_a_copy_of_its_own(way: str) -> None:
    given = Example("e", {"items": [{"deep": [1, 2]}], "n": 1})
    if way == "function":
        run = callable_target(spoil)(given, "r", None)  # type: ignore[arg-type]
    else:
        target = graph_target(compiled(spoil if way == "sync" else spoil_later, schema=Nested))
        run = asyncio.run(target.awaited(given, "r", None)) if way == "awaited" else target(given, "r", None)
    assert run.outputs is not None
    assert run.outputs["more"] == [{"deep": []}, "spoilt"]  # it did what it does
    assert given.inputs == run.inputs == {"items": [{"deep": [1, 2]}], "n": 1}


def test_a_scripted_answer_is_a_copy_too() -> None:
    given = Example("e", {"items": []}, metadata={"resume": [{"match": "how", "value": {"by": ["ann"]}}]})
    graph = compiled(spoil_the_answer, schema=Nested)
    assert [end(call(graph, given)) for _ in range(2)] == [("scored", None)] * 2
    assert given.metadata["resume"][0]["value"] == {"by": ["ann"]}


def test_a_graph_target_is_invoke() -> None:
    assert graph_target(compiled(lambda s: {"answer": 1}))(example(), "r", None).outputs == {"text": "x", "answer": 1}


@pytest.mark.parametrize("asynchronous", [False, True])
def test_outputs_are_what_invoke_returns_and_private_channels_stay_inside(asynchronous: bool) -> None:
    class Private(State):
        draft: str

    class Answer(TypedDict):
        answer: Any

    def think(state: Private) -> dict[str, str]:
        return {"draft": f"secret thoughts on {state['text']}", "answer": "yes"}

    async def think_slowly(state: Private) -> dict[str, str]:
        return think(state)

    builder = StateGraph(Private, output_schema=Answer)
    builder.add_node("think", think_slowly if asynchronous else think)
    builder.add_edge(START, "think")
    builder.add_edge("think", END)
    graph, spec = builder.compile(), GraphSpec("g", module="m")
    run = call(Compiled(spec, spec.version(), graph, needs_loop(graph)))
    expected = asyncio.run(graph.ainvoke({"text": "x"}))
    assert expected == {"answer": "yes"}
    assert run.outputs == expected
