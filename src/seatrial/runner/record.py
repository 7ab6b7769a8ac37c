"""Record: what is kept of one run in memory, and the line of rows.jsonl it is on disk."""

from __future__ import annotations

import json
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.verdict import SYSTEM_FAILURES, ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.graph.run import Run

OUTPUTS_CAP = 100_000
"""Characters of a final state's canonical JSON that rows.jsonl keeps whole; of a longer one, so much as text."""


Said = tuple[str, float | None, str]
"""Key, score and reason of one Score. A plain tuple: the collector forgets those, and a run keeps a great many."""


class Unscored(NamedTuple):
    """An evaluator's failure on one run: the outcome of every key it has."""

    outcome: str
    error_kind: str | None
    reason: str


class Record(NamedTuple):
    """One run: its outcome, what it cost, and what each evaluator said, in the evaluators' order.

    `results` is empty when there was nothing to evaluate: then `outcome` is every key's outcome.
    """

    outcome: str
    error_kind: str | None
    error: str | None
    latency_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    model: str | None
    thread_id: str | None
    output_hash: str | None
    results: tuple[tuple[Said, ...] | Unscored, ...]
    warnings: tuple[str, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether nothing about this run is left to measure."""
        if self.outcome != "scored":
            return self.outcome in SYSTEM_FAILURES
        return all(
            not isinstance(result, Unscored) and all(score is not None for _, score, _ in result)
            for result in self.results
        )


def evaluator_failure(reason: str, kind: ErrorKind = ErrorKind.EXCEPTION) -> Unscored:
    """An evaluator that crashed, hung or returned nonsense."""
    return Unscored(Outcome.EVALUATOR_ERROR.value, kind.value, reason)


def line(record: Record, run: Run | None, head: str, keys: Sequence[str], outputs: str | None) -> bytes:
    """The record as one line of JSON, newline included.

    Args:
        record: what is kept.
        run: adds what is only read in reports (path, printed text); None when it never came back.
        head: from `head`: which run of which example.
        keys: the evaluators' keys, in order.
        outputs: canonical JSON of the final state.

    Raises:
        TypeError, UnicodeEncodeError: an evaluator's key or reason is no text; `cleaned` mends it.
    """
    # Written by hand: json.dumps on the nested whole costs three times as much, and this is the hot path.
    outcome, error_kind, error, latency_ms, read, written, model, thread_id, output_hash, results, warnings = record
    path, stdout = (run.path, run.stdout) if run is not None else ((), "")
    more = ""
    if error or model or thread_id or path or stdout or warnings or read is not None or written is not None:
        rest = {
            "error_kind": error_kind,
            "error": error,
            "input_tokens": read,
            "output_tokens": written,
            "model": model,
            "thread_id": thread_id,
            "path": path,
            "stdout": stdout,
            "warnings": warnings,
        }
        more = json.dumps({name: value for name, value in rest.items() if value not in (None, "", ())})[1:-1] + ","
    if outputs is None:
        state = ""
    elif len(outputs) <= OUTPUTS_CAP:
        state = f'"output_hash":"{output_hash}","outputs":{outputs},'
    else:
        state = f'"output_hash":"{output_hash}","outputs_begin":{quoted(outputs[:OUTPUTS_CAP])},'
    said = (
        ",".join([f"{quoted(key)}:{_result(result)}" for key, result in zip(keys, results, strict=True)])
        if results
        else ""
    )
    latency = "null" if latency_ms is None else repr(latency_ms)
    return f'{head},"outcome":"{outcome}","latency_ms":{latency},{state}{more}"results":{{{said}}}}}\n'.encode()


def head(example_id: str, repetition: int, inputs_hash: str) -> str:
    """How the line of one run begins."""
    return f'{{"example_id":{quoted(example_id)},"repetition":{repetition},"inputs_hash":"{inputs_hash}"'


def _result(result: tuple[Said, ...] | Unscored) -> str:
    if isinstance(result, Unscored):
        return json.dumps(result._asdict())
    if len(result) == 1:
        key, score, reason = result[0]
        return f"[[{quoted(key)},{'null' if score is None else repr(score)},{quoted(reason)}]]"
    return "[" + ",".join([_result((said,))[1:-1] for said in result]) + "]"


def cleaned(record: Record) -> Record:
    """The record with every key, reason and error made text that UTF-8 can hold."""
    results = tuple(
        Unscored(result.outcome, result.error_kind, _text(result.reason))
        if isinstance(result, Unscored)
        else tuple((_text(key), score, _text(reason)) for key, score, reason in result)
        for result in record.results
    )
    return record._replace(error=None if record.error is None else _text(record.error), results=results)


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return text.encode("utf-8", "backslashreplace").decode()


def parse(text: bytes, keys: Sequence[str]) -> tuple[str, int, Record]:
    """Example id, repetition and record of one line.

    Raises:
        ValueError, KeyError, TypeError: it is no such line.
    """
    row: dict[str, Any] = json.loads(text)
    found = row["results"]
    results = tuple(_read_result(found[key]) for key in keys) if found else ()
    record = Record(
        row["outcome"],
        row.get("error_kind"),
        row.get("error"),
        row["latency_ms"],
        row.get("input_tokens"),
        row.get("output_tokens"),
        row.get("model"),
        row.get("thread_id"),
        row.get("output_hash"),
        results,
        tuple(row.get("warnings", ())),
    )
    return row["example_id"], row["repetition"], record


def _read_result(found: Any) -> tuple[Said, ...] | Unscored:
    if isinstance(found, dict):
        return Unscored(**found)
    return tuple((key, score, reason) for key, score, reason in found)
