"""Observe: every evaluator that needs no reference, over every recorded run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.graph.target import one_line
from seatrial.monitor.decide import Observed
from seatrial.monitor.score import as_kept, score
from seatrial.runner.record import Unscored
from seatrial.segment import assign
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.graph.run import Run
    from seatrial.monitor.production import Recorded
    from seatrial.runner.record import Result
    from seatrial.scoring import Bound
    from seatrial.segment import Dimension


@dataclass(frozen=True, slots=True)
class Observation:
    """What the evaluators say of all runs.

    Attributes:
        rows: one per run and key.
        without_reference: keys that were evaluated.
        need_reference: keys of the evaluators that read the reference, which were left out.
    """

    rows: Sequence[Observed]
    without_reference: tuple[str, ...]
    need_reference: tuple[str, ...]


def observe(
    runs: Sequence[Recorded],
    evaluators: Sequence[Bound],
    dimensions: Sequence[Dimension] = (),
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> Observation:
    """Evaluate recorded runs.

    Args:
        runs: from `read_production`.
        evaluators: the graph's suite.
        dimensions: those of the graph that do not read the reference.
        progress: called with (key, done, all).
    """
    kept = [_kept(one.run) for one in runs]
    segments = [_segments(one, dimensions) for one in runs]
    rows: list[Observed] = []
    judged: list[str] = []
    left_out: list[str] = []
    for number, bound in enumerate(evaluators):
        results: list[Result | None] = []
        for one, run in zip(runs, kept, strict=True):
            if run.outcome != Outcome.SCORED:
                results.append(Unscored(str(run.outcome), None, run.error or "the run has not ended"))
                continue
            result = score(bound, run, metadata=one.metadata)
            if result is None:
                left_out.append(bound.key)
                break
            results.append(result)
        else:
            keys = _keys(bound, results)
            judged += keys
            rows += [
                observed
                for one, where, result in zip(runs, segments, results, strict=True)
                for observed in _observed(one, where, result, keys)
            ]
        if progress is not None:
            progress(bound.key, number + 1, len(evaluators))
    return Observation(rows, tuple(judged), tuple(left_out))


def reads_reference(dimension: Dimension) -> bool:
    """Whether a dimension reads the reference of an example: no production run has its value."""
    read = (dimension.field, *(rule.field for rule in dimension.rules))
    return any(path is not None and path.partition(".")[0] == "outputs" for path in read)


def _kept(run: Run) -> Run:
    if run.outcome != Outcome.SCORED:
        return run
    try:
        return run._replace(outputs=as_kept(run.outputs))
    except ValueError as error:
        return run._replace(outcome=Outcome.TARGET_ERROR, error_kind=ErrorKind.INVALID_OUTPUT, error=one_line(error))


def _segments(one: Recorded, dimensions: Sequence[Dimension]) -> frozenset[str]:
    row = {
        "id": one.run.id,
        "inputs": one.run.inputs,
        "outputs": None,
        "metadata": one.metadata,
        "tags": list(one.tags),
    }
    return frozenset(f"{name}={value}" for name, value in assign(dimensions, row).items())


def _keys(bound: Bound, results: Sequence[Result | None]) -> list[str]:
    """Every key the evaluator gave on any run; its own where it gave none."""
    found = dict.fromkeys(
        one[0] for result in results if result is not None and not isinstance(result, Unscored) for one in result
    )
    return list(found) or [bound.key]


def _observed(one: Recorded, segments: frozenset[str], result: Result | None, keys: Sequence[str]) -> list[Observed]:
    def of(key: str, outcome: str, value: float | None, reason: str) -> Observed:
        return Observed(one.run.id, one.cluster, key, outcome, value, reason, segments)

    if result is None or isinstance(result, Unscored):
        outcome, reason = (result.outcome, result.reason) if result else (Outcome.SKIPPED.value, "")
        return [of(key, outcome, None, reason) for key in keys]
    given = {key: (value, reason) for key, value, reason in result}
    rows = []
    for key in keys:
        if key not in given:
            rows.append(
                of(
                    key,
                    Outcome.EVALUATOR_ERROR.value,
                    None,
                    f"the evaluator returned no {key!r} here, though it did on other runs",
                )
            )
            continue
        value, reason = given[key]
        outcome = Outcome.UNPARSED if value is None else Outcome.SCORED
        rows.append(of(key, outcome.value, value, reason or ("the evaluator abstained" if value is None else "")))
    return rows
