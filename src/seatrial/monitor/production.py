"""Recorded production runs: one JSON object a line, with the attribute names of a Run.

    {"id": "r1", "thread_id": "t1", "version": "v2", "inputs": {...}, "outputs": {...}}
    {"id": "r2", "thread_id": "t2", "version": "v2", "inputs": {...}, "error": "TimeoutError: ..."}

A run with `error` is a system failure. One with neither outputs nor error has not ended, and is missing. Other fields are left
alone: an export of a tracing service has dozens.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.canonical import content_hash
from seatrial.errors import DataError, NotFound
from seatrial.graph.run import Run
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded run.

    Attributes:
        run: what a graph was given and what it answered.
        version: the version that answered; empty where the record does not say.
        cluster: runs of one cluster are not independent: the thread, as a rule.
        tags: `dimension:value` labels that segments read.
        metadata: anything else that segments read.
    """

    run: Run
    version: str
    cluster: str
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Production:
    """A file of recorded runs.

    Attributes:
        runs: each id once.
        repeated: lines that said the same again.
        hash: of the file.
    """

    runs: Sequence[Recorded]
    repeated: int
    hash: str


def read_production(path: Path) -> Production:
    """Read a JSONL file of production runs.

    Raises:
        NotFound: there is no such file.
        DataError: a line is no run, or an id names two different runs; the message names the line.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise NotFound(
            f"{path} cannot be read: {error.strerror}; give a file of recorded runs, one JSON object a line"
        ) from None
    seen: dict[str, str] = {}
    runs: list[Recorded] = []
    repeated = 0
    for number, line in _lines(path, raw):
        row = _object(line, f"{path}, line {number}")
        recorded = _recorded(row, f"{path}, line {number}", number)
        digest = content_hash(row)
        known = seen.setdefault(recorded.run.id, digest)
        if known is digest:
            runs.append(recorded)
        elif known == digest:
            repeated += 1
        else:
            raise DataError(
                f"{path}, line {number}: run {recorded.run.id!r} is there already and says something else; an id names one run"
            )
    return Production(runs, repeated, hashlib.sha256(raw).hexdigest()[:16])


def _lines(path: Path, raw: bytes) -> Iterator[tuple[int, str]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 (byte {error.start}); write the runs as UTF-8") from None
    # Not splitlines(): a text may hold a line separator of Unicode's.
    yield from ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_refuse_constant)
    except ValueError as error:
        raise DataError(f"{place} is no JSON: {error}") from None
    if not isinstance(row, dict):
        raise DataError(f'{place} is no JSON object; a run is {{"id": ..., "inputs": {{...}}, "outputs": {{...}}}}')
    return row


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _recorded(row: Mapping[str, Any], place: str, number: int) -> Recorded:
    for name, wanted in (("inputs", (dict,)), ("outputs", (dict, type(None))), ("metadata", (dict, type(None)))):
        if not isinstance(row.get(name), wanted):
            raise DataError(f"{place}: {name} is {_kind(row, name)}; it is an object")
    thread = _text(row, "thread_id", place)
    run_id = _text(row, "id", place) or thread or f"line-{number}"
    error, outputs = row.get("error"), row.get("outputs")
    outcome = Outcome.TARGET_ERROR if error else Outcome.SKIPPED if outputs is None else Outcome.SCORED
    tags = row.get("tags") or ()
    if not isinstance(tags, (list, tuple)):
        raise DataError(f"{place}: tags is {_kind(row, 'tags')}; it is a list of texts")
    run = Run(
        id=run_id,
        inputs=row["inputs"],
        outputs=outputs if outcome is Outcome.SCORED else None,
        error=str(error) if error else None,
        outcome=outcome,
        latency_ms=_number(row, "latency_ms", place),
        input_tokens=_count(row, "input_tokens", place),
        output_tokens=_count(row, "output_tokens", place),
        model=_text(row, "model", place) or None,
        thread_id=thread or None,
    )
    return Recorded(
        run,
        version=_text(row, "version", place),
        cluster=_text(row, "cluster", place) or thread or run_id,
        tags=tuple(map(str, tags)),
        metadata=row.get("metadata") or {},
    )


def _text(row: Mapping[str, Any], name: str, place: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, (dict, list, bool)):
        raise DataError(f"{place}: {name} is {_kind(row, name)}; it is a text")
    return str(value)


def _number(row: Mapping[str, Any], name: str, place: str) -> float | None:
    value = row.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0):
        raise DataError(f"{place}: {name} is {value!r}; it is a number of 0 or more")
    return value


def _count(row: Mapping[str, Any], name: str, place: str) -> int | None:
    value = _number(row, name, place)
    return None if value is None else int(value)


def _kind(row: Mapping[str, Any], name: str) -> str:
    return "absent" if name not in row else f"a {type(row[name]).__name__}"
