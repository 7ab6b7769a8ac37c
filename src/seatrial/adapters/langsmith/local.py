"""Local: `langsmith.evaluate` on this machine alone, without one byte sent, and with every failure kept.

`upload_results=False` is not enough: with a LangGraph graph as the target LangSmith still posts the child runs, inputs and
all, and with a plain function it still asks the service who it is.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from seatrial.adapters.langsmith.convert_from import as_run_evaluator, ask, name_of, results
from seatrial.adapters.langsmith.convert_to import for_langsmith
from seatrial.adapters.langsmith.no_network import offline
from seatrial.adapters.langsmith.row import MARK, to_their_example
from seatrial.adapters.langsmith.service import must_be_installed
from seatrial.dataset import Dataset, Example
from seatrial.errors import ConfigError, DataError, UsageError
from seatrial.graph.runtime import needs_loop
from seatrial.graph.target import one_line
from seatrial.pool import wait_for
from seatrial.scoring import Bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from langsmith.evaluation import RunEvaluator
    from langsmith.evaluation._runner import ExperimentResults


@contextmanager
def _its_warnings_aside() -> Iterator[None]:
    """LangSmith warns of its own beta, and on Python 3.12 and 3.13 while it is loaded."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'upload_results' parameter is in beta", category=UserWarning)
        warnings.filterwarnings("ignore", message="ast.Str is deprecated", category=DeprecationWarning)
        yield


def evaluate_locally(
    target: Callable[..., Any],
    examples: Dataset | Iterable[Any],
    evaluators: Sequence[Any],
    *,
    repetitions: int = 1,
    concurrency: int = 0,
    name: str = "local",
) -> ExperimentResults:
    """`langsmith.evaluate` with nothing uploaded, nothing traced and nobody asked.

    Args:
        target: function from inputs to outputs, plain or async (on the process's one event loop), or a compiled
            LangGraph graph. One with a checkpointer fails here on every row, since nobody gives it a thread; `seatrial eval`
            runs it.
        examples: a dataset of ours, or examples, ours or LangSmith's.
        evaluators: LangSmith's, and ours where they are bound or marked with `@evaluator`; wrap an unmarked one of ours in
            `for_langsmith`. One that crashes leaves feedback marked as an error, whatever it is.
        repetitions: runs per example.
        concurrency: runs at once; 0 is one after the other.
        name: of the experiment.

    Returns:
        LangSmith's own results; `evidence_of` makes evidence of them.

    Raises:
        MissingExtra: langsmith is not installed.
        ConfigError: something is no evaluator, or two have one name.
        DataError: there is no example.
    """
    must_be_installed("langsmith.evaluate")
    if repetitions < 1 or concurrency < 0:
        raise UsageError(f"repetitions {repetitions} must be 1 or more, concurrency {concurrency} 0 or more")
    given = examples.examples if isinstance(examples, Dataset) else tuple(examples)
    theirs = [to_their_example(one, "") if isinstance(one, Example) else one for one in given]
    if not theirs:
        raise DataError("there is no example to evaluate")
    with _its_warnings_aside():
        panel = [_member(one) for one in evaluators]
    names = [named for named, _ in panel]
    if not names or len(set(names)) != len(names):
        raise ConfigError(f"evaluators need a name each; these are: {', '.join(names) or 'none'}")
    with offline() as client, _its_warnings_aside():
        from langsmith import evaluate  # noqa: PLC0415 - an optional package

        experiment = evaluate(
            _as_function(target),
            data=theirs,
            evaluators=[member for _, member in panel],
            experiment_prefix=name,
            max_concurrency=concurrency,
            num_repetitions=repetitions,
            upload_results=False,
            client=client,
        )
        experiment.wait()  # what stopped it is raised here, not when somebody looks at the rows
    return experiment


def _as_function(target: Any) -> Callable[..., Any]:
    """The target as a plain function: a graph's own is told its inputs, an async one is waited for."""
    function: Callable[..., Any] = target
    if hasattr(target, "invoke"):
        call = _waited_for(target.ainvoke) if needs_loop(target) else target.invoke

        def function(inputs: dict[str, Any]) -> Any:
            return call(inputs)  # given the graph itself, LangSmith writes `{"input": ...}` as what the run was given

    elif inspect.iscoroutinefunction(target):
        function = _waited_for(target)
        function.__signature__ = inspect.signature(target)  # type: ignore[attr-defined]  # LangSmith gives what it asks for

    @functools.wraps(function)
    def contained(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except SystemExit as error:
            # To LangSmith it is the end of everything; it is the end of one run.
            raise RuntimeError(f"it called sys.exit({error.code!r})") from error

    return contained


def _waited_for(target: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return wait_for(target(*args, **kwargs))

    return call


def _member(evaluator: Any) -> tuple[str, RunEvaluator]:
    """An evaluator's name, and the evaluator as LangSmith takes it."""
    if isinstance(evaluator, Bound) or hasattr(evaluator, "__seatrial__"):
        evaluator = for_langsmith(evaluator)
    name = name_of(evaluator)
    return name, _guarded(as_run_evaluator(evaluator), name)


def _guarded(inner: RunEvaluator, name: str) -> RunEvaluator:
    """The same evaluator, whose results say who said them and whose crash leaves a trace.

    LangSmith guesses an evaluator's keys from its source; where it cannot, a crash would leave nothing at all.
    """
    from langsmith.evaluation import EvaluationResult, RunEvaluator  # noqa: PLC0415 - an optional package

    class Guarded(RunEvaluator):
        def evaluate_run(self, run: Any, example: Any = None, evaluator_run_id: Any = None) -> Any:
            try:
                found = results(ask(inner, run, example, evaluator_run_id), name)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a crash is an outcome, never a score
                found = [EvaluationResult(key=name, comment=one_line(error), extra={"error": True})]
            for one in found:
                one.evaluator_info.setdefault(MARK, {"evaluator": name})
            return {"results": found}

    return Guarded()
