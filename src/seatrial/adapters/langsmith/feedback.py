"""Feedback: one row of LangSmith's results, read as one run and what each evaluator said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.adapters.langsmith.row import MARK, from_their_example
from seatrial.adapters.langsmith.run_view import as_sentence, latency_ms, reported_error, stopped_at
from seatrial.canonical import canonical_json, short_hash
from seatrial.dataset.row import RowError
from seatrial.errors import DataError
from seatrial.graph.state import plain
from seatrial.runner.record import Record, Result, evaluator_failure
from seatrial.scoring import Bound, NotAScore, Score
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seatrial.dataset import Example

KINDS = {"GraphRecursionError": ErrorKind.RECURSION_LIMIT, "TimeoutError": ErrorKind.TIMEOUT}
"""Errors that have a word of their own; every other is `exception`."""


class Row(NamedTuple):
    """One row of LangSmith's.

    Attributes:
        example: whose it is.
        record: what became of the run, without results.
        said: what became of each evaluator, by its name; a result nobody signed has its key for a name.
        versions: of the evaluators that say theirs.
    """

    example: Example
    record: Record
    reported: Mapping[str, Result]
    versions: Mapping[str, str]


def read_row(row: Any) -> Row:
    """One row: a mapping of `run`, `example` and `evaluation_results`.

    Raises:
        DataError: it is none, or its example is no JSON.
    """
    try:
        run, theirs, feedback = row["run"], row["example"], row["evaluation_results"]["results"]
    except (KeyError, TypeError) as error:
        raise DataError(f"this is no row of LangSmith's results: {str(row)[:200]}") from error
    try:
        example = from_their_example(theirs)
    except RowError as error:
        raise DataError(f"example {theirs.id} of LangSmith's {error}") from error
    signed: dict[str, list[Any]] = {}
    versions: dict[str, str] = {}
    for one in feedback:
        stamp = (getattr(one, "evaluator_info", None) or {}).get(MARK) or {}
        name = str(stamp.get("evaluator") or one.key)
        signed.setdefault(name, []).append(one)
        if stamp.get("version"):
            versions[name] = str(stamp["version"])
    wording = {name: _result(name, mine) for name, mine in signed.items()}
    return Row(example, _record(run), wording, versions)


def _record(run: Any) -> Record:
    outcome, kind, error, output_hash = Outcome.SCORED, None, reported_error(run), None
    if error is not None:
        outcome, kind = Outcome.TARGET_ERROR, KINDS.get(error.partition(":")[0], ErrorKind.EXCEPTION)
    elif (error := stopped_at(run)) is not None:
        outcome = Outcome.INTERRUPTED
    elif run.outputs is None:
        outcome, kind, error = Outcome.TARGET_ERROR, ErrorKind.INVALID_OUTPUT, "the run has no outputs"
    else:
        try:
            output_hash = short_hash(canonical_json(plain(run.outputs)).encode())
        except (TypeError, ValueError, RecursionError):
            output_hash = None  # no JSON: "unchanged" is never claimed of it
    return Record(
        outcome.value,
        None if kind is None else kind.value,
        error,
        latency_ms(run),
        getattr(run, "prompt_tokens", None),
        getattr(run, "completion_tokens", None),
        None,
        None,
        output_hash,
        (),
    )


def _result(name: str, feedback: Iterable[Any]) -> Result:
    """All that one evaluator said on one run; one failure among it is its failure."""
    scores = []
    for one in feedback:
        if (getattr(one, "extra", None) or {}).get("error"):
            return evaluator_failure(as_sentence(one.comment or "LangSmith says no more than that it failed"))
        reason = one.comment or ""
        if one.score is None and not reason:
            reason = "no score" if one.value is None else f"it said {str(one.value)[:200]!r}, which is no score"
        scores.append(Score(one.key, one.score, reason))
    try:
        return tuple([(key, score, why) for key, score, why in no_annotator(name).scores(scores)])
    except NotAScore as error:
        return evaluator_failure(str(error), ErrorKind.INVALID_OUTPUT)


def no_annotator(name: str, version: str = "") -> Bound:
    """An evaluator known only by what it said; it is never asked again."""
    return Bound(name, version, lambda run, example: None)
