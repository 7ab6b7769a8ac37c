"""Baseline: what an accepted version scored, as a text that can be committed: a projection of its evidence.

One header line, then one line per example x repetition x key, sorted. Its name is the hash of its content, so that a
baseline edited by hand is no baseline.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json, short_hash
from seatrial.errors import DataError
from seatrial.evidence.check import check
from seatrial.evidence.numpy_table import coded
from seatrial.evidence.schema import SEGMENT_PREFIX
from seatrial.evidence.write import Repeated
from seatrial.verdict import MEASUREMENT_FAILURES, SYSTEM_FAILURES
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.evidence.table import Evidence

SCHEMA = "seatrial/baseline/1"
KEPT = (
    "example_id",
    "key",
    "repetition",
    "outcome",
    "score",
    "cluster",
    "example_hash",
    "output_hash",
    "input_tokens",
    "output_tokens",
    "calls",
    "cache_read_tokens",
    "cache_write_tokens",
    "model",
)
"""Evidence columns a baseline keeps, beside the segments: what a gate compares, and no word anybody wrote."""
_SEGMENTS = ("segments_version", "segments_hash")
ORDER = ("example_id", "key", "repetition")


@dataclass(frozen=True, slots=True)
class Header:
    """What a baseline was made of.

    Attributes:
        graph: assistant id.
        version: version name that was accepted.
        dataset: name of the examples.
        dataset_hash: content hash of the examples.
        evaluator_versions: evaluator key -> its version.
        evaluator_hashes: evaluator key -> hash of its code, helpers and arguments; empty in a baseline that was accepted
            before evaluators had one.
        repetitions: runs per example.
        system_failures: share of planned cells where the graph failed; its record, which a later run is held against.
        date: ISO day on which it was measured.
        code: content hash of what was run; empty where it is not known.
        segments_version: of the segments file; empty in a baseline that was accepted before evidence had it.
        segments_hash: what put its examples into segments, likewise.
        critical: segments that were critical in its run, `NAME=value`; None where that is not known.
    """

    graph: str
    version: str
    dataset: str
    dataset_hash: str
    evaluator_versions: Mapping[str, str]
    repetitions: int
    system_failures: float
    date: str
    code: str = ""
    evaluator_hashes: Mapping[str, str] = field(default_factory=dict)
    segments_version: str = ""
    segments_hash: str = ""
    critical: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline that was read: its header, its rows as evidence, and the name its content gives it."""

    header: Header
    evidence: Evidence
    name: str


def baseline_text(
    evidence: Evidence, version: str, *, measured: date, code: str = "", critical: tuple[str, ...] | None = None
) -> str:
    """The baseline of one version of a checked table, the same bytes for the same rows in whatever order.

    Raises:
        DataError: a cell was not measured (a baseline with holes lowers the bar), the graph failed on every one, or the
            evidence does not say its graph, dataset and evaluators.
    """
    mine = evidence.codes("version").index == evidence.codes("version").values.index(version)
    names = [name for name in evidence.names if name in KEPT or name.startswith(SEGMENT_PREFIX)]
    rows = evidence.where(mine).rows(names)
    missing = [row for row in rows if row["outcome"] in MEASUREMENT_FAILURES]
    if missing:
        raise DataError(
            f"{evidence.source}: {len(missing)} of {count(len(rows), 'cell')} were not measured (first: example {missing[0]['example_id']!r}, key {missing[0]['key']!r}, {missing[0]['outcome']}); "
            "a baseline is whole: resume the run with --retry-errors"
        )
    rows.sort(key=lambda row: tuple(row[name] for name in ORDER))
    failed = _failed(rows)
    if failed == len(rows):
        raise DataError(
            f"{evidence.source}: {version} failed on every one of {count(len(rows), 'cell')}; a baseline that never answered lets everything through"
        )
    header = Header(
        graph=_only(evidence, mine, "graph"),
        version=version,
        dataset=_only(evidence, mine, "dataset"),
        dataset_hash=_only(evidence, mine, "dataset_hash"),
        evaluator_versions=_of_keys(evidence, mine, "evaluator_version"),
        repetitions=len({row["repetition"] for row in rows}),
        system_failures=failed / len(rows),
        date=measured.isoformat(),
        code=code,
        evaluator_hashes=_of_keys(evidence, mine, "evaluator_hash") if evidence.has("evaluator_hash") else {},
        critical=critical,
        **{name: _only(evidence, mine, name) for name in _SEGMENTS if _stated(evidence, mine, name)},
    )
    lines = [{"schema": SCHEMA, **asdict(header)}]
    lines += [{name: value for name, value in row.items() if value is not None} for row in rows]
    return "".join(f"{canonical_json(line)}\n" for line in lines)


def baseline_name(text: str) -> str:
    """The name a baseline's content gives it: 16 hex digits."""
    return short_hash(text.encode())


def read_baseline(text: str, path: Path) -> Baseline:
    """Read a baseline and check that it is what its name says.

    Args:
        text: the file's content.
        path: where it stood; its stem is the content's name.

    Raises:
        DataError: it was edited, cut short, or is no baseline, or its header says of its rows what is not so.
    """
    name = baseline_name(text)
    if name != path.stem:
        raise DataError(
            f"{path} is not what was accepted: its content is {name}. It was edited or cut short; restore it from version control, or renew it"
        )
    try:
        # Not splitlines: an example's id may hold a character that it takes for the end of a line.
        first, *rest = (json.loads(line) for line in text.removesuffix("\n").split("\n"))
        if first.pop("schema") != SCHEMA:
            raise DataError(f"{path} is no {SCHEMA}; it was written by another version of seatrial: renew it")
        header = Header(**{field.name: first[field.name] for field in fields(Header) if field.name in first})
        header = replace(header, critical=None if header.critical is None else tuple(header.critical))
        _refuse_types(header)
        date.fromisoformat(header.date)
        _refuse_lies(header, rest, path)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise DataError(f"{path} is no baseline ({type(error).__name__}: {error})") from error
    columns: dict[str, Sequence[Any] | Repeated] = {
        column: [row.get(column) for row in rest] for column in dict.fromkeys(column for row in rest for column in row)
    }
    columns |= {
        column: Repeated([value], len(rest))
        for column, value in (
            ("version", header.version),
            ("graph", header.graph),
            ("dataset", header.dataset),
            ("dataset_hash", header.dataset_hash),
        )
    }
    columns |= {name: Repeated([getattr(header, name)], len(rest)) for name in _SEGMENTS if getattr(header, name)}
    columns["evaluator_version"] = [header.evaluator_versions.get(row["key"]) for row in rest]
    if header.evaluator_hashes:
        columns["evaluator_hash"] = [header.evaluator_hashes.get(row["key"]) for row in rest]
    evidence = _as_written(columns, path)
    check(evidence)
    return Baseline(header, evidence, name)


def _as_written(columns: Mapping[str, Sequence[Any] | Repeated], path: Path) -> Evidence:
    found = coded(columns, str(path))
    if found is not None:
        return found
    # Nobody's hand but ours wrote it: what is there all the same is read, or refused, as any evidence is.
    from seatrial.evidence.frame import listed  # noqa: PLC0415 - a baseline that was edited

    complete = {name: values.in_full() if isinstance(values, Repeated) else values for name, values in columns.items()}
    return listed(complete, str(path))


def _refuse_types(header: Header) -> None:
    words = {field.name: getattr(header, field.name) for field in fields(Header) if field.type == "str"}
    words |= {f"the version of {key}": version for key, version in dict(header.evaluator_versions).items()}
    words |= {f"the hash of {key}": found for key, found in dict(header.evaluator_hashes).items()}
    words |= {f"critical segment {at}": one for at, one in enumerate(header.critical or ())}
    wrong = next((name for name, value in words.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise TypeError(f"{wrong} is {words[wrong]!r}, no text")


def _refuse_lies(header: Header, rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Raise a DataError where the header is not what its rows say: an edited file can be given its new name."""
    wording = (header.repetitions, header.system_failures, sorted(header.evaluator_versions))
    found = (
        len({row.get("repetition") for row in rows}),
        _failed(rows) / max(1, len(rows)),
        sorted({row["key"] for row in rows}),
    )
    if wording != found or (header.evaluator_hashes and sorted(header.evaluator_hashes) != found[2]):
        raise DataError(
            f"{path} says {wording} of its repetitions, system failures and keys, and its rows say {found}; restore it from version control, or renew it"
        )


def _failed(rows: Sequence[Mapping[str, Any]]) -> int:
    return sum(row["outcome"] in SYSTEM_FAILURES for row in rows)


def _only(evidence: Evidence, mine: Any, name: str) -> str:
    values = _stated(evidence, mine, name)
    if len(values) != 1:
        raise DataError(
            f"{evidence.source}: {name} is {', '.join(values) or 'not known'}; a baseline is of one graph on one dataset"
        )
    return values[0]


def _stated(evidence: Evidence, mine: Any, name: str) -> list[str]:
    if not evidence.has(name):
        return []
    codes = evidence.codes(name)
    return list(codes.reported(mine))


def _of_keys(evidence: Evidence, mine: Any, column: str) -> dict[str, str]:
    keys = evidence.codes("key")
    found = {}
    for key in keys.reported(mine):
        wording = _stated(evidence, mine & (keys.index == keys.values.index(key)), column)
        if len(wording) != 1:
            raise DataError(
                f"{evidence.source}: the evaluator of key {key!r} has {len(wording)} values of {column} in one run; run it again"
            )
        found[key] = wording[0]
    return found
