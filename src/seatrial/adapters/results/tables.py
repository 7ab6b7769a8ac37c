"""Tables that LangSmith, MLflow and ragas write as CSV: one row an example, a column a score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.adapters.results.imported import Imported, failed, number, numbered, row, unmeasured
from seatrial.evidence.scores import NO_RULES, readable
from seatrial.table.raw import Listed
from seatrial.table.typed import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

RAGAS = frozenset(
    [
        "user_input",
        "response",
        "reference",
        "retrieved_contexts",
        "reference_contexts",
        "multi_responses",
        "rubrics",
        "reference_tool_calls",
        "retrieved_context_ids",
        "reference_context_ids",
        "persona_name",
        "query_style",
        "query_length",
        "synthesizer_name",
    ]
)
"""The columns of a ragas dataset; every other one of its results is a metric."""


def is_langsmith(columns: Iterable[str]) -> bool:
    """Whether these are the columns of `ExperimentResults.to_pandas()`."""
    names = set(columns)
    return "example_id" in names and any(name.startswith("feedback.") for name in names)


def is_mlflow(columns: Iterable[str]) -> bool:
    """Whether these are the columns of the `result_df` of `mlflow.genai.evaluate`."""
    names = set(columns)
    return {"trace_id", "state", "request"} <= names and any(name.endswith("/value") for name in names)


def is_ragas(columns: Iterable[str]) -> bool:
    """Whether these are the columns of `EvaluationResult.to_pandas()`."""
    names = set(columns)
    return "user_input" in names and len(names & RAGAS) > 1 and bool(names - RAGAS)


def langsmith(columns: Mapping[str, Sequence[str]]) -> Imported:
    """One row an example and feedback key; a run with an error is a failure of the system."""
    keys = {name.removeprefix("feedback."): name for name in columns if name.startswith("feedback.")}
    errors = columns.get("error", ())

    def known(i: int) -> dict[str, Any]:
        seconds = _cell(columns, "execution_time", i)
        return {} if seconds is None else {"latency_ms": 1000 * seconds}

    return _table("LangSmith", columns, columns["example_id"], keys, known, lambda i: errors[i] if errors else "")


def mlflow(columns: Mapping[str, Sequence[str]]) -> Imported:
    """One row a request and scorer; a trace whose state is ERROR is a failure of the system.

    `expected_response` and its like are what an answer is compared with, and no score.
    """
    keys = {
        name.removesuffix("/value"): name
        for name in columns
        if name.endswith("/value") and not name.startswith(("expected", "guidelines"))
    }
    state = columns["state"]

    def known(i: int) -> dict[str, Any]:
        millis = _cell(columns, "execution_duration", i)
        return {} if millis is None else {"latency_ms": millis}

    return _table("MLflow", columns, columns["request"], keys, known, lambda i: state[i] if state[i] == "ERROR" else "")


def ragas(columns: Mapping[str, Sequence[str]]) -> Imported:
    """One row a question and metric; a metric that failed is unmeasured."""
    keys = {name: name for name in columns if name not in RAGAS}
    return _table("ragas", columns, columns["user_input"], keys, lambda _: {}, lambda _: "")


def _cell(columns: Mapping[str, Sequence[str]], name: str, i: int) -> float | None:
    return number(number_of(columns[name][i])) if name in columns else None


def _table(
    tool: str,
    columns: Mapping[str, Sequence[str]],
    examples: Sequence[str],
    keys: Mapping[str, str],
    known: Callable[[int], dict[str, Any]],
    error: Callable[[int], str],
) -> Imported:
    scores = {
        key: columns[name]
        for key, name in keys.items()
        if readable(Listed([v or None for v in columns[name]]), NO_RULES)
    }
    left_out = tuple(f"column {keys[key]}" for key in keys if key not in scores)
    rows = []
    for i, example in enumerate(examples):
        for key, values in scores.items():
            value = number(number_of(values[i]))
            if reason := error(i):
                rows.append(row(example, key, None, **known(i), **failed(reason)))
            elif value is None:
                rows.append(row(example, key, None, **known(i), **unmeasured("no score")))
            else:
                rows.append(row(example, key, value, **known(i)))
    return Imported(tool, tuple(numbered(rows)), left_out)
