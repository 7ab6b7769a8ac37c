"""Record: what is kept of one run in memory, and the line of rows.jsonl it is on disk."""

from __future__ import annotations

import json
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from seatrial.model.counts import Counts
from seatrial.verdict import SYSTEM_FAILURES, ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence


COUNTED = ("calls", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
"""Columns of evidence that a run's Counts fill, in its order."""

OUTPUTS_CAP = 100_000
"""Characters of a final state's canonical JSON that rows.jsonl keeps whole; of a longer one, so much as text."""


ScoreCell = tuple[str, float | None, str]
"""Key, score and reason of one Score. A plain tuple: the collector forgets those, and a run keeps a great many."""


class Unscored(NamedTuple):
    """An evaluator's failure on one run: the outcome of every key it has."""

    outcome: str
    error_kind: str | None
    reason: str


Result: TypeAlias = tuple[ScoreCell, ...] | Unscored
"""What became of one evaluator on one run."""


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
    results: tuple[Result, ...]
    warnings: tuple[str, ...] = ()
    counts: Counts | None = None

    @property
    def measured(self) -> bool:
        """Whether nothing about this run is left to measure."""
        if self.outcome != "scored":
            return self.outcome in SYSTEM_FAILURES
        return all(
            not isinstance(result, Unscored) and all(score is not None for _, score, _ in result)
            for result in self.results
        )


LATENCY, HASH = Record._fields.index("latency_ms"), Record._fields.index("output_hash")


def evaluator_failure(reason: str, kind: ErrorKind = ErrorKind.EXCEPTION) -> Unscored:
    """An evaluator that crashed, hung or returned nonsense."""
    return Unscored(Outcome.EVALUATOR_ERROR.value, kind.value, as_text(reason))


def line(record: Record, head: str, outputs: str | None, reported: str, more: str = "") -> bytes:
    """The record as one line of JSON, newline included.

    Args:
        record: what is kept.
        head: from `head`: which run of which example.
        outputs: canonical JSON of the final state.
        said: from `worded`, of every evaluator.
        more: from `more`.
    """
    # Written by hand: json.dumps on the nested whole costs three times as much, and this is the hot path.
    latency = "null" if record[LATENCY] is None else repr(record[LATENCY])
    if outputs is None:
        state = ""
    elif len(outputs) <= OUTPUTS_CAP:
        state = f'"output_hash":"{record[HASH]}","outputs":{outputs},'
    else:
        state = f'"output_hash":"{record[HASH]}","outputs_begin":{quoted(outputs[:OUTPUTS_CAP])},'
    return f'{head},"outcome":"{record[0]}","latency_ms":{latency},{state}{more}"results":{{{reported}}}}}\n'.encode()


def more(record: Record, path: Sequence[str] = (), stdout: str = "") -> str:
    """What only some records have, and what only reports read, as it stands in the line."""
    rest = {
        "error_kind": record.error_kind,
        "error": record.error,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        **(dict(zip(COUNTED, record.counts, strict=True)) if record.counts else {}),
        "model": record.model,
        "thread_id": record.thread_id,
        "stdout": stdout,
        "warnings": record.warnings,
    }
    given = {name: value for name, value in rest.items() if value not in (None, "", ())}
    way = passed(tuple(path)) if path else ""
    return f"{way}{json.dumps(given)[1:-1]}," if given else way


@lru_cache(maxsize=1_000)
def passed(path: tuple[str, ...]) -> str:
    """The nodes of a run as they stand in the line."""
    return f'"path":{json.dumps(path)},'


def head(example_id: str, repetition: int) -> str:
    """How the line of one run begins."""
    return f'{{"example_id":{quoted(example_id)},"repetition":{repetition}'


def worded(key: str, result: Result) -> str:
    """What the evaluator named `key` said, as it stands in the line."""
    if isinstance(result, Unscored):
        return f"{quoted(key)}:{json.dumps(result._asdict())}"
    scores = [
        f"[{quoted(name)},{'null' if score is None else repr(score)},{quoted(why)}]" for name, score, why in result
    ]
    return f"{quoted(key)}:[{','.join(scores)}]"


def as_text(value: object) -> str:
    """`value` as text that UTF-8 can hold."""
    text = "" if value is None else str(value)
    return text.encode("utf-8", "backslashreplace").decode()


def parse(text: bytes, keys: Sequence[str]) -> tuple[str, int, Record]:
    """Example id, repetition and record of one line.

    Raises:
        ValueError, KeyError, TypeError: it is no such line.
    """
    row: dict[str, Any] = json.loads(text)
    _must_be(row)
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
        Counts(row["calls"], *map(row.get, COUNTED[1:])) if row.get("calls") is not None else None,
    )
    return row["example_id"], row["repetition"], record


_TEXT, _NUMBER = (str, type(None)), (int, float, type(None))
_FIELDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("error_kind", _TEXT),
    ("error", _TEXT),
    ("model", _TEXT),
    ("thread_id", _TEXT),
    ("output_hash", _TEXT),
    ("latency_ms", _NUMBER),
    ("input_tokens", (int, type(None))),
    ("output_tokens", (int, type(None))),
    *((name, (int, type(None))) for name in COUNTED),
)
"""What a line may hold besides what it must: a hand that edited it, or another writer, may have put anything there."""


def _must_be(row: dict[str, Any]) -> None:
    """Raise a TypeError or ValueError where a field holds what we never write."""
    if not isinstance(row["example_id"], str) or type(row["repetition"]) is not int or row["repetition"] < 0:
        raise TypeError(f"example_id {row['example_id']!r}, repetition {row['repetition']!r}")
    Outcome(row["outcome"])
    for name, kinds in _FIELDS:
        if not isinstance(row.get(name), kinds) or isinstance(row.get(name), bool):
            raise TypeError(f"{name} is {row[name]!r}")
    if not all(isinstance(wording, str) for wording in row.get("warnings", ())):
        raise TypeError("warnings are no texts")


def _read_result(found: Any) -> Result:
    if isinstance(found, dict):
        failed = Unscored(**found)
        Outcome(failed.outcome)
        if not isinstance(failed.error_kind, _TEXT) or not isinstance(failed.reason, str):
            raise TypeError(f"a failure is {found!r}")
        return failed
    for key, score, reason in found:
        number = score is None or (isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 1)
        if not isinstance(key, str) or not number or not isinstance(reason, str):
            raise TypeError(f"a score is {[key, score, reason]!r}")
    return tuple((key, None if score is None else float(score), reason) for key, score, reason in found)
