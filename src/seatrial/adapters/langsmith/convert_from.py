"""Theirs in ours: an evaluator written for LangSmith as an evaluator of ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from seatrial.adapters.langsmith.row import example_uuid, to_their_example
from seatrial.adapters.langsmith.service import must_be_installed
from seatrial.errors import ConfigError, ExitCode, SeatrialError
from seatrial.pool import wait_for
from seatrial.scoring import Bound, Score

if TYPE_CHECKING:
    from collections.abc import Callable

    from langsmith.evaluation import EvaluationResult, RunEvaluator
    from langsmith.schemas import Run as TheirRun

EPOCH = datetime.fromtimestamp(0, tz=UTC)
"""When every run begins: an evaluator is told how long a run took, not when it was."""


class EvaluatorFailed(SeatrialError):
    """An evaluator of LangSmith's said itself that it failed."""

    exit_code = ExitCode.COULD_NOT_TELL


def from_langsmith(
    evaluator: Callable[..., Any] | RunEvaluator,
    *,
    key: str | None = None,
    version: str = "1",
    retries: int | None = None,
) -> Bound:
    """A LangSmith evaluator, to be named in a suite or given to `runner.run`.

    The comment becomes the reason. A result without a score (a category, a text) is an abstention, outcome `unparsed`; what
    it raises is outcome `evaluator_error`, and so is what LangSmith itself refuses. Async ones are waited for. LangSmith's
    tracing is off while it works. A function that returns `reason` was written for seatrial and needs no wrapping.

    Args:
        evaluator: a function of `(run, example)` or of names (`inputs`, `outputs`, `reference_outputs`, `attachments`), or a
            `RunEvaluator`. It returns a bool, a number, a dict, a list of dicts, `EvaluationResult` or `EvaluationResults`.
        key: of results that name none, and of its failures; its own name unless said otherwise.
        version: bump it when the same input may score differently.
        retries: further tries after a failure of any kind; None: two, after a failure of a service only.

    Raises:
        MissingExtra: langsmith is not installed.
        ConfigError: it is no evaluator to LangSmith.
    """
    must_be_installed("a LangSmith evaluator")
    theirs = as_run_evaluator(evaluator)
    own = name_of(evaluator)
    name = key or own

    def call(run: Any, example: Any) -> tuple[Score, ...]:
        from langsmith import tracing_context  # noqa: PLC0415 - an optional package

        with tracing_context(enabled=False):
            wording = ask(theirs, _their_run(run), to_their_example(example, ""))
        return tuple(_score(result, own, name) for result in results(wording, name))

    return Bound(name, version, call, evaluator, retries)


def as_run_evaluator(evaluator: Callable[..., Any] | RunEvaluator) -> RunEvaluator:
    """What `langsmith.evaluate` makes of an evaluator.

    Raises:
        ConfigError: LangSmith takes no such thing.
    """
    from langsmith.evaluation import RunEvaluator, run_evaluator  # noqa: PLC0415 - an optional package

    if isinstance(evaluator, RunEvaluator):
        return evaluator
    try:
        made: RunEvaluator = run_evaluator(evaluator)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{name_of(evaluator)!r} is no LangSmith evaluator: {' '.join(str(error).split())[:300]}"
        ) from error
    return made


def name_of(evaluator: Any) -> str:
    """What an evaluator is called: its function's name, the one key it says it has, or its class."""
    keys: Any = getattr(evaluator, "feedback_keys", None) or ()
    named = getattr(evaluator, "__name__", None) or (keys[0] if len(keys) == 1 else None)
    return str(named or type(evaluator).__name__)


def ask(theirs: RunEvaluator, run: Any, example: Any, evaluator_run_id: Any = None) -> Any:
    """What an evaluator of LangSmith's says, waited for where it is async."""
    from langsmith.evaluation import RunEvaluator  # noqa: PLC0415 - as above

    more = {} if evaluator_run_id is None else {"evaluator_run_id": evaluator_run_id}
    kind: Any = type(theirs)
    if kind.evaluate_run is RunEvaluator.evaluate_run or getattr(theirs, "is_async", False):
        waited: Any = wait_for(theirs.aevaluate_run(run, example, **more))
        return waited
    return theirs.evaluate_run(run, example, **more)


def results(reported: Any, name: str) -> list[EvaluationResult]:
    """The results in what an evaluator of LangSmith's said; those that name no key have the key `name`."""
    from langsmith.evaluation import EvaluationResult  # noqa: PLC0415 - as above

    found: list[Any] = reported["results"] if isinstance(reported, dict) and "results" in reported else [reported]
    unnamed: dict[str, Any] = {"key": name}
    return [one if isinstance(one, EvaluationResult) else EvaluationResult(**(unnamed | dict(one))) for one in found]


def _score(result: EvaluationResult, own: str, name: str) -> Score:
    if (result.extra or {}).get("error"):
        raise EvaluatorFailed(result.comment or "it gave no reason")
    reason = result.comment or ""
    if result.score is None and not reason and result.value is not None:
        reason = f"it said {str(result.value)[:200]!r}, which is no score"
    return Score(name if result.key == own else result.key, result.score, reason)


def _their_run(run: Any) -> TheirRun:
    from langsmith.schemas import Run as TheirRun  # noqa: PLC0415 - as above

    number = example_uuid("run", str(run.id))
    took = getattr(run, "latency_ms", None)
    return TheirRun(
        id=number,
        name="Target",
        start_time=EPOCH,
        end_time=None if took is None else EPOCH + timedelta(milliseconds=took),
        run_type="chain",
        inputs=dict(getattr(run, "inputs", None) or {}),
        outputs=None if run.outputs is None else dict(run.outputs),
        error=getattr(run, "error", None),
        trace_id=number,
        dotted_order=f"{EPOCH:%Y%m%dT%H%M%S%f}Z{number}",
        prompt_tokens=getattr(run, "input_tokens", None),
        completion_tokens=getattr(run, "output_tokens", None),
        child_runs=[],
        extra={},
    )
