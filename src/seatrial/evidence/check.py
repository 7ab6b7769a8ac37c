"""What evidence must be before anything is decided on it: complete in itself and free of contradiction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.errors import DataError
from seatrial.evidence.schema import MEASUREMENTS, PER_RUN, SEGMENT_PREFIX
from seatrial.segment import changed_dimensions, named
from seatrial.verdict import SYSTEM_FAILURES, ErrorKind, Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.evidence.table import Evidence

MOST_REPETITIONS = 1_000_000
SKIP_ONLY = (ErrorKind.KILL_SWITCH, ErrorKind.BUDGET, ErrorKind.OUTAGE, ErrorKind.UNRECORDED)


def check(evidence: Evidence) -> None:
    """Raise a DataError naming the first row that breaks the format; return when there is none."""
    for rule in (
        _names,
        _words,
        _scores,
        _measurements,
        _one_row_each,
        _one_word_per_run,
        _one_fate_per_run,
        _one_place_per_example,
    ):
        rule(evidence)


def _names(evidence: Evidence) -> None:
    for name in ("example_id", "version", "key"):
        missing = evidence.missing(name)
        if missing.any():
            row = int(np.flatnonzero(missing)[0]) + 1
            raise DataError(
                f"{evidence.source} row {row}: {name} is missing; every row belongs to one example, version and key"
            )
        if "" in evidence.codes(name).values:
            codes = evidence.codes(name)
            row = int(np.flatnonzero(codes.index == codes.values.index(""))[0]) + 1
            raise DataError(
                f"{evidence.source} row {row}: {name} is empty; every row belongs to one example, version and key"
            )
    tries = evidence.numbers("repetition")
    least, most = int(tries.min()), int(tries.max())
    if least < 0:
        raise DataError(f"{evidence.source}: a repetition is negative; repetitions count from 0")
    if most >= MOST_REPETITIONS:
        raise DataError(f"{evidence.source}: repetition {most} is no count of tries; repetitions count from 0")


def _words(evidence: Evidence) -> None:
    outcome = evidence.codes("outcome")
    _closed(evidence, "outcome", outcome, tuple(Outcome))
    if evidence.has("error_kind"):
        kind = evidence.codes("error_kind")
        _closed(evidence, "error_kind", kind, tuple(ErrorKind))
        skip = np.isin(kind.index, [i for i, v in enumerate(kind.values) if v in SKIP_ONLY])
        skipped = np.isin(outcome.index, [i for i, v in enumerate(outcome.values) if v == Outcome.SKIPPED])
        wrong = np.flatnonzero(skip & ~skipped)
        if wrong.size:
            row = int(wrong[0])
            raise DataError(
                f"{evidence.source} row {row + 1}: error_kind {kind.values[kind.index[row]]!r} goes with outcome 'skipped' only, "
                f"not {outcome.values[outcome.index[row]]!r}"
            )


def _closed(evidence: Evidence, name: str, codes: Any, words: tuple[Any, ...]) -> None:
    for position, value in enumerate(codes.values):
        if value not in words:
            row = int(np.flatnonzero(codes.index == position)[0]) + 1
            raise DataError(
                f"{evidence.source} row {row}: {name} {value!r} is unknown; choose one of: {', '.join(words)}"
            )


def _scores(evidence: Evidence) -> None:
    outcome = evidence.codes("outcome")
    scored = np.isin(outcome.index, [i for i, v in enumerate(outcome.values) if v == Outcome.SCORED])
    there = ~evidence.missing("score")
    values = evidence.numbers("score")
    bad = np.flatnonzero(there & ~((values >= 0) & (values <= 1)))
    if bad.size:
        row = int(bad[0])
        what = (
            "is not a number"
            if not np.isfinite(values[row])
            else "lies outside 0..1; scale it (a pass is 1, a fail is 0)"
        )
        raise DataError(f"{evidence.source} row {row + 1}: score {float(values[row])!r} {what}")
    for wrong, sentence in (
        (scored & ~there, "outcome is 'scored' but there is no score; say what became of the row instead"),
        (~scored & there, "a row that was not scored carries a score; a failure has an outcome, never a number"),
    ):
        if wrong.any():
            raise DataError(f"{evidence.source} row {int(np.flatnonzero(wrong)[0]) + 1}: {sentence}")


def _measurements(evidence: Evidence) -> None:
    for name in MEASUREMENTS:
        if evidence.has(name):
            values = evidence.numbers(name)
            there = ~evidence.missing(name)
            bad = np.flatnonzero(there & ~(np.isfinite(values) & (values >= 0)))
            if bad.size:
                raise DataError(
                    f"{evidence.source} row {int(bad[0]) + 1}: {name} is {values[bad[0]]:g}; it is a finite number, 0 or more"
                )


def _one_row_each(evidence: Evidence) -> None:
    cells = run_codes(evidence) * len(evidence.codes("key").values) + evidence.codes("key").index
    row = _first_repeat(cells)
    if row is not None:
        wording = {name: evidence.text(name, row) for name in ("example_id", "version", "key")}
        at = ", ".join(
            f"{name} {value!r}"
            for name, value in {**wording, "repetition": int(evidence.numbers("repetition")[row])}.items()
        )
        raise DataError(
            f"{evidence.source} row {row + 1}: a second row for {at}; one example x repetition x version x key is one row. "
            "Tries of the same example are told apart by the column repetition (--map repetition=COLUMN)"
        )


def run_codes(evidence: Evidence) -> NDArray[np.int64]:
    """One integer per row naming its example x repetition x version."""
    version, example = evidence.codes("version"), evidence.codes("example_id")
    repetition = evidence.numbers("repetition").astype(np.int64)
    return (version.index.astype(np.int64) * (int(repetition.max()) + 1) + repetition) * len(
        example.values
    ) + example.index


def _first_repeat(cells: NDArray[np.int64]) -> int | None:
    if cells.size == 0:
        return None
    span = int(cells.max()) + 1
    if span <= 8 * cells.size + 1_000_000:
        if int(np.bincount(cells, minlength=1).max()) <= 1:
            return None
    elif np.unique(cells).size == cells.size:
        return None
    order = np.argsort(cells, kind="stable")
    repeated = order[1:][cells[order][1:] == cells[order][:-1]]
    return int(repeated.min())


def _one_word_per_run(evidence: Evidence) -> None:
    if len(evidence.codes("key").values) == 1:
        return
    _, runs = np.unique(run_codes(evidence), return_inverse=True)
    for name in PER_RUN:
        if evidence.has(name):
            is_text = evidence.is_text(name)
            values = evidence.codes(name).index.astype(np.float64) if is_text else evidence.numbers(name)
            there = values >= 0 if is_text else ~np.isnan(values)
            row = _first_conflict(runs[there], values[there])
            if row is not None:
                at = int(np.flatnonzero(there)[row])
                raise DataError(
                    f"{evidence.source} row {at + 1}: {name} of example {evidence.text('example_id', at)!r} differs between keys "
                    "of the same run; a measurement belongs to the run and is the same on each of its rows"
                )


def _one_fate_per_run(evidence: Evidence) -> None:
    """A run that was scored on one key finished: it has not crashed on another."""
    if len(evidence.codes("key").values) == 1:
        return
    outcome = evidence.codes("outcome")
    failed = np.isin(outcome.index, [i for i, word in enumerate(outcome.values) if word in SYSTEM_FAILURES])
    if not failed.any():
        return
    runs = run_codes(evidence)
    scored = np.isin(outcome.index, [i for i, word in enumerate(outcome.values) if word == Outcome.SCORED])
    wrong = np.flatnonzero(failed & np.isin(runs, runs[scored]))
    if wrong.size:
        row = int(wrong[0])
        raise DataError(
            f"{evidence.source} row {row + 1}: outcome {outcome.values[outcome.index[row]]!r} on key {evidence.text('key', row)!r} "
            f"of example {evidence.text('example_id', row)!r}, whose run was scored on another key; a crash belongs to the whole run, "
            "a key that could not be measured is evaluator_error"
        )


def _one_place_per_example(evidence: Evidence) -> None:
    example = evidence.codes("example_id")
    # An example whose content changed between two datasets may have moved: each content has its place.
    groups = example.index
    if evidence.has("example_hash"):
        content = evidence.codes("example_hash")
        if _first_conflict(groups, content.index) is not None:
            wide = groups.astype(np.int64) * (len(content.values) + 1) + content.index + 1
            _, groups = np.unique(wide, return_inverse=True)
    places = [SEGMENT_PREFIX + name for name in evidence.dimensions] + (["cluster"] if evidence.has("cluster") else [])
    for name in places:
        codes = evidence.codes(name)
        row = _first_conflict(groups, codes.index)
        if row is not None:
            _refuse_definitions(evidence)
            seen = sorted({codes.values[i] for i in codes.index[example.index == example.index[row]] if i >= 0})
            raise DataError(
                f"{evidence.source}: example {example.values[example.index[row]]!r} stands in more than one {name}: {', '.join(seen)}. "
                "A segment comes from the input or the expected answer, never from what a version did"
            )


def _refuse_definitions(evidence: Evidence) -> None:
    """Raise a DataError where the rows were put into segments by two definitions: it names the dimensions they do not share."""
    found = sorted(evidence.codes("segments_hash").values) if evidence.has("segments_hash") else []
    changed = changed_dimensions(found[0], found[-1]) if found else ()
    if changed:
        raise DataError(
            f"{evidence.source}: its rows were put into segments by two definitions, which differ in the {named(changed)}; "
            "run both versions again with one segments file"
        )


def _first_conflict(groups: NDArray[Any], values: NDArray[Any]) -> int | None:
    """Index of a row whose value is not that of its group's first row, or None."""
    if groups.size == 0:
        return None
    first = np.full(int(groups.max()) + 1, -1, dtype=np.int64)
    backwards = np.arange(groups.size)[::-1]
    first[groups[backwards]] = backwards
    wrong = np.flatnonzero(values != values[first[groups]])
    return int(wrong[0]) if wrong.size else None
