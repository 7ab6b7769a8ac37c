"""Results: an evaluation of LangSmith's as evidence, under the law of the denominator.

LangSmith scores a crashed run as if it had answered, leaves a crashed evaluator out of the mean and takes a graph that
stopped to ask for one that finished. Here each of them is its outcome, on every key, and every example has as many rows as
any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.adapters.langsmith.feedback import no_annotator, read_row
from seatrial.dataset import fingerprint
from seatrial.errors import DataError, UsageError
from seatrial.evidence.schema import SEGMENT_PREFIX
from seatrial.runner.record import Record, Result, Unscored, evaluator_failure
from seatrial.runner.table import cells, learn_keys
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from seatrial.adapters.langsmith.feedback import Row
    from seatrial.dataset import Example
    from seatrial.evidence import Evidence
    from seatrial.scoring import Bound

SOURCE = "LangSmith's results"
UNKNOWN = "unknown"
"""Segment value of an example that a dimension says nothing about."""

ABSENT = Record(Outcome.SKIPPED.value, None, f"{SOURCE} have no row for it", *(None,) * 6, results=())
"""A run that was planned and of which nothing is known."""


def evidence_of(
    results: Iterable[Any],
    *,
    version: str,
    keys: Sequence[str] = (),
    examples: Iterable[Example] = (),
    segments: Callable[[Example], Mapping[str, str]] | None = None,
    graph: str | None = None,
    dataset: str | None = None,
) -> Evidence:
    """Evidence, format 1, of what `langsmith.evaluate` or `evaluate_locally` returned.

    A row per example x repetition x key, always. A run that failed is `target_error` on every key, one that stopped at an
    interrupt `interrupted`; feedback that is marked as an error, or missing on a run, is `evaluator_error`; feedback without
    a score is `unparsed`; an example, or a repetition of it, without a row is `skipped`.

    Args:
        results: LangSmith's rows, each with `run`, `example` and `evaluation_results`.
        version: of the graph that was evaluated.
        keys: keys that must be there: with `langsmith.evaluate` itself an evaluator that crashed on every run may have left
            nothing that would name it.
        examples: all that were planned, where rows may be missing.
        segments: dimension -> value of one example.
        graph: provenance.
        dataset: provenance; its hash is made from the examples.

    Raises:
        DataError: there are no rows or no keys, or an example is no JSON.
        UsageError: these are the results of `aevaluate`, which are awaited.
    """
    if not hasattr(results, "__iter__"):
        raise UsageError("these results are awaited; give it their rows: [row async for row in results]")
    rows = [read_row(row) for row in results]
    if not rows:
        raise DataError(f"{SOURCE} hold no rows: there is nothing to judge")
    bounds = _evaluators(rows, keys)
    planned = {example.id: example for example in (*examples, *(row.example for row in rows))}
    runs: dict[str, list[Record]] = {name: [] for name in planned}
    for row in rows:
        runs[row.example.id].append(_heard(row, bounds))
    tries = max(len(found) for found in runs.values())
    records = [record for found in runs.values() for record in (*found, *(ABSENT,) * (tries - len(found)))]
    columns = _columns(bounds, records, list(runs), tries)
    for name, values in _dimensions(planned, segments).items():
        columns[SEGMENT_PREFIX + name] = [values[example_id] for example_id in columns["example_id"]]
    always = {"version": version, "graph": graph, "dataset": dataset, "dataset_hash": fingerprint(planned.values())}
    return _evidence(columns, always)


def _evaluators(rows: Sequence[Row], keys: Sequence[str]) -> list[Bound]:
    """Who said something anywhere, and whoever should have."""
    versions = {name: version for row in rows for name, version in row.versions.items()}
    names = dict.fromkeys(name for row in rows for name in row.reported)
    results = [result for row in rows for result in row.reported.values() if not isinstance(result, Unscored)]
    known = {key for result in results for key, _, _ in result}
    names |= dict.fromkeys(key for key in keys if key not in known)
    if not names:
        raise DataError(f"{SOURCE} hold no feedback; name the keys that should be there (keys=)")
    return [no_annotator(name, versions.get(name, "")) for name in names]


def _heard(row: Row, bounds: Sequence[Bound]) -> Record:
    """The run with what every evaluator said of it; one that said nothing has failed."""
    if row.record.outcome != Outcome.SCORED:
        return row.record
    return row.record._replace(results=tuple([row.reported.get(bound.key) or _silent(bound) for bound in bounds]))


def _silent(bound: Bound) -> Result:
    return evaluator_failure(f"there is no feedback {bound.key!r} on this run", ErrorKind.INVALID_OUTPUT)


def _columns(
    bounds: Sequence[Bound], records: Sequence[Record], names: Sequence[str], tries: int
) -> dict[str, Sequence[Any]]:
    """The columns that differ from row to row; `tries` records an example, in the order of `names`."""
    learnt = learn_keys(bounds, records)
    reported_by = [(key, bound.version or None) for bound, mine in zip(bounds, learnt.of, strict=True) for key in mine]
    runs = [(name, repetition) for name in names for repetition in range(tries)]
    outcomes, kinds, scores, reasons = zip(*cells(learnt, records), strict=True)

    def of_run(values: Iterable[Any]) -> list[Any]:
        return [value for value in values for _ in reported_by]

    ids = of_run(name for name, _ in runs)
    return {
        "example_id": ids,
        "key": [key for key, _ in reported_by] * len(runs),
        "repetition": of_run(repetition for _, repetition in runs),
        "outcome": outcomes,
        "error_kind": kinds,
        "score": scores,
        "reason": reasons,
        "output_hash": of_run(record.output_hash for record in records),
        "cluster": ids,
        "latency_ms": of_run(record.latency_ms for record in records),
        "input_tokens": of_run(record.input_tokens for record in records),
        "output_tokens": of_run(record.output_tokens for record in records),
        "evaluator_version": [version for _, version in reported_by] * len(runs),
    }


def _dimensions(
    planned: Mapping[str, Example], segments: Callable[[Example], Mapping[str, str]] | None
) -> dict[str, dict[str, str]]:
    """Dimension -> example id -> value."""
    found = {name: segments(example) for name, example in planned.items()} if segments else {}
    dimensions = sorted({dimension for values in found.values() for dimension in values})
    return {one: {name: values.get(one, UNKNOWN) for name, values in found.items()} for one in dimensions}


def _evidence(columns: Mapping[str, Sequence[Any]], always: Mapping[str, str | None]) -> Evidence:
    from seatrial.evidence.check import check  # noqa: PLC0415 - numpy, where a table is made
    from seatrial.evidence.frame import listed  # noqa: PLC0415

    rows = len(columns["example_id"])
    evidence = listed({**columns, **{name: [value] * rows for name, value in always.items()}}, SOURCE)
    check(evidence)
    return evidence
