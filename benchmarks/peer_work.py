"""One peer, one process, one line of JSON: the workload of `evaluation.py` as that peer would have its user write it.

python peer_work.py NAME N     runs in the peers' environment; imports nothing of ours.

Target and checks are the same everywhere: the target returns the text and the number it was given, `exact` asks whether the
text came back, `even` whether the number is even. Every peer must find N passes of the one and N / 2 of the other.
"""
# Each peer is imported by its own work, in an environment that we do not type-check in.
# ruff: noqa: PLC0415
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from __future__ import annotations

import contextlib
import importlib
import json
import os
import statistics
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Inputs = dict[str, Any]
Passes = tuple[int, int]


def trivial(inputs: Inputs) -> dict[str, Any]:
    return {"answer": inputs["text"], "n": inputs["n"]}


def exact(inputs: Inputs, outputs: dict[str, Any]) -> bool:
    return bool(outputs["answer"] == inputs["text"])


def even(inputs: Inputs, outputs: dict[str, Any]) -> bool:
    return bool(outputs["n"] % 2 == 0)


def given(n: int) -> list[Inputs]:
    return [{"text": f"hello {i}", "n": i} for i in range(n)]


def bare(rows: list[Inputs]) -> Passes:
    """The floor: target, both checks, a row in a list."""
    kept = []
    for inputs in rows:
        outputs = trivial(inputs)
        kept.append((outputs, exact(inputs, outputs), even(inputs, outputs)))
    return sum(row[1] for row in kept), sum(row[2] for row in kept)


def openevals(rows: list[Inputs]) -> Callable[[], Passes]:
    from openevals.exact import exact_match

    def go() -> Passes:
        first = second = 0
        for inputs in rows:
            outputs = trivial(inputs)
            first += bool(exact_match(outputs=outputs["answer"], reference_outputs=inputs["text"])["score"])
            second += even(inputs, outputs)
        return first, second

    return go


def pydantic_evals(rows: list[Inputs], at_once: int | None = 1) -> Callable[[], Passes]:
    from pydantic_evals import Case, Dataset
    from pydantic_evals.evaluators import Evaluator, EvaluatorContext

    @dataclass
    class Exact(Evaluator[Any, Any, Any]):
        def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> bool:
            return exact(ctx.inputs, ctx.output)

    @dataclass
    class Even(Evaluator[Any, Any, Any]):
        def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> bool:
            return even(ctx.inputs, ctx.output)

    async def task(inputs: Inputs) -> dict[str, Any]:
        return trivial(inputs)

    cases: list[Any] = [Case(name=f"ex-{i}", inputs=inputs) for i, inputs in enumerate(rows)]
    dataset: Any = Dataset(name="bench", cases=cases, evaluators=[Exact(), Even()])

    def go() -> Passes:
        report = dataset.evaluate_sync(task, max_concurrency=at_once, progress=False)
        found = [case.assertions for case in report.cases]
        return sum(a["Exact"].value for a in found), sum(a["Even"].value for a in found)

    return go


def langsmith(rows: list[Inputs], at_once: int | None = 0) -> Callable[[], Passes]:
    from langsmith import Client, evaluate
    from langsmith.schemas import Example

    client = Client(auto_batch_tracing=False)
    dataset = uuid.uuid4()
    examples: Any = [Example(id=uuid.uuid4(), inputs=inputs, outputs={}, dataset_id=dataset) for inputs in rows]

    def check_exact(inputs: Inputs, outputs: dict[str, Any]) -> bool:
        return exact(inputs, outputs)

    def check_even(inputs: Inputs, outputs: dict[str, Any]) -> bool:
        return even(inputs, outputs)

    checks: list[Any] = [check_exact, check_even]

    def go() -> Passes:
        results = evaluate(
            trivial,
            data=examples,
            evaluators=checks,
            upload_results=False,
            max_concurrency=at_once,
            client=client,
        )
        found = [{r.key: r.score for r in row["evaluation_results"]["results"]} for row in results]
        return sum(bool(f["check_exact"]) for f in found), sum(bool(f["check_even"]) for f in found)

    return go


def deepeval(rows: list[Inputs], *, out_of_the_box: bool = False) -> Callable[[], Passes]:
    from deepeval import evaluate
    from deepeval.evaluate.configs import AsyncConfig, CacheConfig, DisplayConfig
    from deepeval.metrics import BaseMetric
    from deepeval.test_case import LLMTestCase

    class Rule(BaseMetric):
        def __init__(self, name: str, rule: Callable[[LLMTestCase], bool]) -> None:
            self.name, self.rule, self.threshold = name, rule, 1.0

        def measure(self, test_case: LLMTestCase, *args: Any, **kwargs: Any) -> float:
            self.score = float(self.rule(test_case))
            self.success = self.score >= self.threshold
            self.reason = ""
            return self.score

        async def a_measure(self, test_case: LLMTestCase, *args: Any, **kwargs: Any) -> float:
            return self.measure(test_case)

        def is_successful(self) -> bool:
            return bool(self.success)

        @property
        def __name__(self) -> str:
            return self.name

    def go() -> Passes:
        cases = [
            LLMTestCase(
                input=inputs["text"], actual_output=trivial(inputs)["answer"], retrieval_context=[str(inputs["n"])]
            )
            for inputs in rows
        ]
        rules = [
            Rule("exact", lambda case: case.actual_output == case.input),
            Rule("even", lambda case: int(case.retrieval_context[0]) % 2 == 0),
        ]
        settings = (
            {}
            if out_of_the_box
            else {
                "async_config": AsyncConfig(run_async=False),
                "cache_config": CacheConfig(write_cache=False),
                "display_config": DisplayConfig(print_results=False, show_indicator=False),
            }
        )
        results = evaluate(cases, rules, **settings).test_results
        found = [{m.name: bool(m.success) for m in result.metrics_data} for result in results]
        return sum(f["exact"] for f in found), sum(f["even"] for f in found)

    return go


def mlflow(rows: list[Inputs]) -> Callable[[], Passes]:
    import mlflow as client
    from mlflow.genai import evaluate
    from mlflow.genai.scorers import scorer

    client.set_tracking_uri("sqlite:///mlflow.db")
    client.set_experiment("bench")

    @scorer
    def check_exact(inputs: Inputs, outputs: dict[str, Any]) -> bool:
        return exact(inputs, outputs)

    @scorer
    def check_even(inputs: Inputs, outputs: dict[str, Any]) -> bool:
        return even(inputs, outputs)

    def predict(text: str, n: int) -> dict[str, Any]:
        return trivial({"text": text, "n": n})

    def go() -> Passes:
        result = evaluate(data=[{"inputs": r} for r in rows], predict_fn=predict, scorers=[check_exact, check_even])
        means = result.metrics
        return round(means["check_exact/mean"] * len(rows)), round(means["check_even/mean"] * len(rows))

    return go


WORK: dict[str, Callable[[list[Inputs]], Callable[[], Passes]]] = {
    "openevals.exact_match in a loop": openevals,
    "pydantic_evals, 1 at once": pydantic_evals,
    "pydantic_evals, default": lambda rows: pydantic_evals(rows, None),
    "langsmith, local, 0 at once": langsmith,
    "langsmith, local, 4 at once": lambda rows: langsmith(rows, 4),
    "deepeval, sync, no cache, no print": deepeval,
    "deepeval, default": lambda rows: deepeval(rows, out_of_the_box=True),
    "mlflow.genai, 1 worker, sqlite": mlflow,
}


def cpu(work: Callable[[], Passes], n: int) -> float:
    """CPU seconds of one whole evaluation, every thread of the process counted; a wrong answer is no measurement."""
    started = time.process_time()
    found = work()
    took = time.process_time() - started
    if found != (n, (n + 1) // 2):
        raise RuntimeError(f"expected {n} exact and {(n + 1) // 2} even, found {found}")
    return took


def main(name: str, n: int) -> None:
    rows = given(n)
    floor = statistics.median(cpu(lambda: bare(rows), n) for _ in range(201))
    # What a peer prints is part of its cost; the pipe is for our one line.
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        took = cpu(WORK[name](rows), n)
    print(json.dumps({"cpu_s": took, "floor_s": floor}), flush=True)
    # Threads that still try to reach a service would keep the process for minutes.
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1] == "import":
        importlib.import_module(sys.argv[2])
    else:
        main(sys.argv[1], int(sys.argv[2]))
