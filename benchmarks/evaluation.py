"""Evaluation against its floor: what keeping full evidence costs over a bare loop, in one process and one run.

PYTHONPATH=src python benchmarks/evaluation.py
"""

from __future__ import annotations

import asyncio
import gc
import shutil
import statistics
import tempfile
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from seatrial.dataset import Example
from seatrial.graph.run import Run
from seatrial.graph.spec import GraphSpec, Version
from seatrial.graph.target import Target, callable_target
from seatrial.runner import RunPlan, run
from seatrial.scoring import Score, bind, evaluator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROUNDS = 9
PURE_N, GRAPH_N, WAITING_N = 100_000, 1_000, 400
WORK_S = 0.001
WAITS_S = ((0.005, 4), (0.02, 8))
"""How long a node waits, and how many runs at once."""


class State(TypedDict, total=False):
    text: str
    label: str
    answer: str


def trivial(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"answer": inputs["text"], "n": inputs["n"]}


@evaluator(version="1")
def exact(run: Run, example: Example) -> bool:
    return bool(run.outputs is not None and run.outputs["answer"] == example.inputs["text"])


@evaluator(version="1")
def even(run: Run, example: Example) -> Score:
    found = run.outputs is not None and example.inputs["n"] % 2 == 0
    return Score("even", 1.0 if found else 0.0, "the number is even" if found else "the number is odd")


EVALUATORS = (bind(exact), bind(even))


def examples(n: int) -> tuple[Example, ...]:
    return tuple(
        Example(f"ex-{i:06d}", {"text": f"hello {i}", "n": i}, tags=("tier:free" if i % 3 else "tier:pro",))
        for i in range(n)
    )


def tier(example: Example) -> dict[str, str]:
    return {"tier": example.tags[0][5:]}


def evaluate(given: tuple[Example, ...], target: Target, concurrency: int = 1, timeout_s: float | None = None) -> float:
    """Seconds for a whole run, evidence on disk."""
    folder = Path(tempfile.mkdtemp())
    try:
        plan = RunPlan("bench", "g", "v1", "bench", "0" * 16, given)
        started = time.perf_counter()
        result = run(plan, target, EVALUATORS, tier, folder / "run", concurrency=concurrency, timeout_s=timeout_s)
        seconds = time.perf_counter() - started
        if result.rows["scored"] != len(given) * len(EVALUATORS):
            raise RuntimeError(f"the benchmark measured failures: {result}")
        return seconds
    finally:
        shutil.rmtree(folder)


def bare_loop(given: tuple[Example, ...]) -> float:
    """Target and both checks and a row in a list: nothing kept, nothing guarded."""
    rows = []
    started = time.perf_counter()
    for example in given:
        outputs = trivial(example.inputs)
        rows.append((example.id, outputs["answer"] == example.inputs["text"], example.inputs["n"] % 2 == 0))
    return time.perf_counter() - started


def build(*, asynchronous: bool, wait_s: float = 0.0, work_s: float = 0.0) -> Any:
    from langgraph.graph import END, START, StateGraph  # noqa: PLC0415 - the pure half runs without it

    def one(state: State) -> State:
        began = time.thread_time()
        while time.thread_time() - began < work_s:
            pass
        return {"label": state["text"].upper()}

    def two(state: State) -> State:
        return {"answer": state["text"]}

    def three(state: State) -> State:
        return {"label": state["label"].lower()}

    async def one_later(state: State) -> State:
        if wait_s:
            await asyncio.sleep(wait_s)
        return one(state)

    async def two_later(state: State) -> State:
        return two(state)

    async def three_later(state: State) -> State:
        return three(state)

    nodes: dict[str, Any] = (
        {"one": one_later, "two": two_later, "three": three_later}
        if asynchronous
        else {"one": one, "two": two, "three": three}
    )
    graph = StateGraph(State)
    for name, node in nodes.items():
        graph.add_node(name, node)
    for before, after in ((START, "one"), ("one", "two"), ("two", "three"), ("three", END)):
        graph.add_edge(before, after)
    return graph.compile()


def bare_invoke(graph: Any, given: tuple[Example, ...], concurrency: int) -> float:
    def one(example: Example) -> tuple[str, bool, bool]:
        outputs = graph.invoke(example.inputs)
        return example.id, outputs["answer"] == example.inputs["text"], example.inputs["n"] % 2 == 0

    started = time.perf_counter()
    if concurrency == 1:
        for example in given:
            one(example)
    else:
        with ThreadPoolExecutor(concurrency) as threads:
            list(threads.map(one, given))
    return time.perf_counter() - started


def bare_ainvoke(graph: Any, given: tuple[Example, ...], concurrency: int) -> float:
    rows: list[tuple[str, bool, bool]] = []

    async def everything() -> None:
        waiting = iter(given)

        async def pull() -> None:
            for example in waiting:
                outputs = await graph.ainvoke(example.inputs)
                rows.append((example.id, outputs["answer"] == example.inputs["text"], example.inputs["n"] % 2 == 0))

        await asyncio.gather(*(pull() for _ in range(concurrency)))

    started = time.perf_counter()
    asyncio.run(everything())
    return time.perf_counter() - started


class Seconds(NamedTuple):
    """Median seconds of one way: on the wall, and of CPU, which a busy machine disturbs less."""

    wall: float
    cpu: float


class Beside(NamedTuple):
    """Two ways beside each other: median seconds of each, and the median of what one took of the other round by round.

    Both of a round run one right after the other, so what else the machine did then weighs on both.
    """

    ours: Seconds
    floor: Seconds
    share: Seconds


def alternate(ours: Callable[[], float], floor: Callable[[], float]) -> Beside:
    """Each way's seconds, the order alternating so that neither always runs on a warm or a tired machine."""
    taken: dict[str, list[Seconds]] = {"ours": [], "floor": []}
    ways = [("ours", ours), ("floor", floor)]
    for turn in range(ROUNDS):
        for name, way in ways if turn % 2 else reversed(ways):
            gc.collect()
            before = time.process_time()
            wall = way()
            taken[name].append(Seconds(wall, time.process_time() - before))
    rounds = zip(taken["ours"], taken["floor"], strict=True)
    shares = [Seconds(bare.wall / mine.wall, bare.cpu / mine.cpu) for mine, bare in rounds]
    return Beside(_median(taken["ours"]), _median(taken["floor"]), _median(shares))


def _median(taken: list[Seconds]) -> Seconds:
    return Seconds(statistics.median(s.wall for s in taken), statistics.median(s.cpu for s in taken))


def row(what: str, found: Beside, n: int) -> dict[str, Any]:
    return {
        "what": what,
        "ours": n / found.ours.wall,
        "floor": n / found.floor.wall,
        "ratio": found.share.wall,
        "cpu_ratio": found.share.cpu,
        "ours_per_cpu_s": n / found.ours.cpu,
        "unit": "examples/s",
        "n": n,
    }


def memory(n: int) -> int:
    """Peak bytes that Python allocates over a run of `n`."""
    given = examples(n)
    gc.collect()
    tracemalloc.start()
    try:
        evaluate(given, callable_target(trivial))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def measure() -> list[dict[str, Any]]:
    """One row per comparison; `ratio` is ours over the floor, higher is better except for bytes."""
    from seatrial.graph.invoke import graph_target  # noqa: PLC0415 - the pure half runs without LangGraph
    from seatrial.graph.runtime import Compiled  # noqa: PLC0415

    many, few = examples(PURE_N), examples(GRAPH_N)
    evaluate(few, callable_target(trivial))  # imports Arrow
    rows = [
        row(
            "pure code, 2 evaluators, full evidence",
            alternate(lambda: evaluate(many, callable_target(trivial)), lambda: bare_loop(many)),
            PURE_N,
        )
    ]
    small, large = memory(10_000), memory(40_000)
    rows.append(
        {
            "what": "memory a further example (2 evidence rows)",
            "ours": (large - small) / 30_000,
            "floor": 1024.0,
            "ratio": (large - small) / 30_000 / 1024.0,
            "cpu_ratio": None,
            "unit": "bytes",
            "n": 40_000,
        }
    )
    spec = GraphSpec("g", "m", versions=(Version("v1"),))
    for asynchronous, bare in ((False, bare_invoke), (True, bare_ainvoke)):
        graph = build(asynchronous=asynchronous)
        target = graph_target(Compiled(spec, spec.versions[0], graph, asynchronous))
        for concurrency, timeout_s in ((1, None), (1, 60.0), (4, 60.0)):
            seconds = alternate(
                lambda target=target, c=concurrency, t=timeout_s: evaluate(few, target, c, t),  # type: ignore[misc]  # bound now
                lambda bare=bare, graph=graph, c=concurrency: bare(graph, few, c),  # type: ignore[misc]  # bound now
            )
            name = f"LangGraph, 3 {'async' if asynchronous else 'sync'} nodes, {concurrency} at once"
            rows.append(row(name + (", timeout" if timeout_s else ""), seconds, GRAPH_N))
    graph = build(asynchronous=False, work_s=WORK_S)
    target = graph_target(Compiled(spec, spec.versions[0], graph, False))
    some = few[:WAITING_N]
    seconds = alternate(lambda: evaluate(some, target), lambda: bare_invoke(graph, some, 1))
    rows.append(row(f"LangGraph, 3 sync nodes, {1000 * WORK_S:g} ms of work, 1 at once", seconds, WAITING_N))
    # Nodes that do nothing are the worst case for several event loops: all they do is contend. A model call waits.
    for wait_s, at_once in WAITS_S:
        graph = build(asynchronous=True, wait_s=wait_s)
        target = graph_target(Compiled(spec, spec.versions[0], graph, True))
        seconds = alternate(
            lambda target=target, c=at_once: evaluate(some, target, c, 60.0),  # type: ignore[misc]  # bound now
            lambda graph=graph, c=at_once: bare_ainvoke(graph, some, c),  # type: ignore[misc]  # bound now
        )
        what = f"LangGraph, 3 async nodes that wait {1000 * wait_s:g} ms, {at_once} at once, timeout"
        rows.append(row(what, seconds, WAITING_N))
    return rows


if __name__ == "__main__":
    for found in measure():
        cpu = (
            ""
            if found["cpu_ratio"] is None
            else f"{found['cpu_ratio']:.3f} of CPU, {found['ours_per_cpu_s']:,.0f} per CPU second"
        )
        print(
            f"{found['what']:62} {found['ours']:>10,.0f} {found['floor']:>10,.0f} {found['ratio']:7.3f} {cpu:42} {found['unit']}"
        )
