"""Sources of drift: files of two windows, of production signals, and of records."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError, UsageError
from seatrial.feedback.drift.batch import Shift, compare
from seatrial.feedback.drift.cause import Cause, likely_cause
from seatrial.feedback.drift.decide import Records
from seatrial.feedback.drift.feature import features_of
from seatrial.feedback.drift.record import half_lives, record_drift, slow_sources
from seatrial.feedback.drift.rules import Band
from seatrial.feedback.drift.signals import PRESETS, Charted, chart_signal
from seatrial.table import Codes, Column, Kind, Table, read_table
from seatrial.table.read import raw_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from seatrial.feedback.drift.record import SlowSource
    from seatrial.feedback.drift.rules import DriftRules

SIGNALS = (
    Column("observed_at", Kind.TIME, "when it was", required=True),
    Column("signal", Kind.TEXT, "which signal: resolution, hallucination, p95, safety, escalation", required=True),
    Column("value", Kind.NUMBER, "1 or 0; for p95 the measurement", required=True),
    Column("model", Kind.TEXT, "model id that the provider named"),
    Column("prompt", Kind.TEXT, "version or hash of the prompt"),
    Column("version", Kind.TEXT, "version of the code, or of prompt and code"),
)
RECORDS = (
    Column("record_id", Kind.TEXT, "which record", required=True),
    Column("source", Kind.TEXT, "where it came from"),
    Column("updated_at", Kind.TIME, "when it was updated", required=True),
)


def file_hash(path: Path) -> str:
    """First 16 hex digits of the file's sha256.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def shifts_of(
    reference: Path, current: Path, rules: DriftRules, *, dimensions: Sequence[str], only: Sequence[str]
) -> list[Shift]:
    """Compare two files feature by feature.

    Raises:
        DataError: a file cannot be read or is empty, or the reference is not the pinned one.
        UsageError: a named column is in neither file.
    """
    if rules.reference_hash and file_hash(reference) != rules.reference_hash:
        raise DataError(
            f"{reference} has hash {file_hash(reference)}, and the rules pin reference_hash {rules.reference_hash}; compare with the pinned reference, or pin the new one"
        )
    windows = []
    for path in (reference, current):
        raw, rows, _ = raw_columns(path)
        if rows == 0:
            raise DataError(f"{path} holds no rows: there is nothing to compare")
        windows.append(features_of(raw, str(path)))
    for flag, names in (("--segment", dimensions), ("--feature", only)):
        for name in names:
            for path, window in zip((reference, current), windows, strict=True):
                if name not in window and (flag == "--segment" or path == reference):
                    raise UsageError(f"{flag}: {path} has no column {name!r}; it has: {', '.join(window)}")
    return compare(windows[0], windows[1], rules, dimensions=dimensions, only=only)


def signals_of(
    path: Path,
    frozen_at: float,
    rules: DriftRules,
    *,
    segments: Sequence[str],
    zone: tzinfo | None,
    mapping: Mapping[str, Sequence[str]],
) -> list[tuple[Charted, Cause | None]]:
    """Chart every known signal of a file, overall and by segment.

    Raises:
        DataError: the file cannot be read, or names a signal that is no preset.
    """
    table = read_table(path, SIGNALS, mapping=mapping, segments=segments, zone=zone)
    presets = {one.name: one for one in PRESETS}
    for name, (window, in_a_row) in rules.signals.items():
        presets[name] = replace(presets[name], window=window, duration=in_a_row)
    signal = table.codes("signal").used()
    for name in signal.values:
        if name not in presets:
            raise DataError(f"{path}: signal {name!r} is unknown; choose one of: {', '.join(presets)}")
    out: list[tuple[Charted, Cause | None]] = []
    for code, name in enumerate(signal.values):
        mine = table.where((signal.index == code) & ~table.missing("value") & ~table.missing("observed_at"))
        at, value = mine.numbers("observed_at"), mine.numbers("value")
        parts = [("overall", np.ones(len(mine), np.bool_))]
        for dimension in mine.dimensions:
            codes = mine.codes(f"segment.{dimension}")
            parts += [(f"{dimension}={word}", codes.index == i) for i, word in enumerate(codes.values)]
        for segment, rows in parts:
            one = chart_signal(presets[name], segment, at[rows], value[rows], frozen_at)
            out.append(
                (one, _cause(mine.where(rows), presets[name].over_p95, frozen_at) if one.alarm is not None else None)
            )
    return out


def _cause(table: Table, over_p95: bool, frozen_at: float) -> Cause:
    at, value = table.numbers("observed_at"), table.numbers("value")
    before = at < frozen_at
    if over_p95:
        value = (value > float(np.quantile(value[before], 0.95))).astype(np.float64)
    return likely_cause(
        value,
        before,
        model=table.codes("model") if table.has("model") else None,
        prompt=table.codes("prompt") if table.has("prompt") else None,
        version=table.codes("version") if table.has("version") else None,
        segments=[table.codes(f"segment.{name}") for name in table.dimensions],
    )


def records_of(
    path: Path, now: float, rules: DriftRules, *, zone: tzinfo | None, mapping: Mapping[str, Sequence[str]]
) -> tuple[list[Records], list[SlowSource]]:
    """Record drift by source: every other column of the file is a field; of several updates of a record the last counts.

    Raises:
        DataError: the file cannot be read.
    """
    table = read_table(path, RECORDS, mapping=mapping, zone=zone)
    fields = features_of(raw_columns(path)[0], str(path))
    taken = {"record_id", "source", "updated_at"} | {one for columns in mapping.values() for one in columns}
    present = [
        np.isfinite(one.numbers)
        if one.numbers is not None
        else np.asarray(one.texts is not None and one.texts.index >= 0)
        for name, one in fields.items()
        if name not in taken
    ]
    source = table.codes("source") if table.has("source") else Codes(("all",), np.zeros(len(table), np.int32))
    updated, key = table.numbers("updated_at"), table.codes("record_id")
    slow = slow_sources(source, key, updated, rules.half_lives, rules.half_life)
    order = np.lexsort((updated, key.index, source.index))
    last = np.ones(order.size, np.bool_)
    last[:-1] = (key.index[order][1:] != key.index[order][:-1]) | (source.index[order][1:] != source.index[order][:-1])
    rows = order[last]
    lives = half_lives(source, rules.half_lives, rules.half_life)
    fields_there = np.stack(present, axis=1) if present else np.ones((len(table), 1), np.bool_)
    drift = record_drift(fields_there[rows], now - updated[rows], lives[rows])
    out = []
    for code, name in enumerate(source.values):
        mine = drift[source.index[rows] == code]
        if mine.size:
            bands = {
                Band.STABLE: int((mine < rules.investigate).sum()),
                Band.INVESTIGATE: int(((mine >= rules.investigate) & (mine < rules.retrain)).sum()),
                Band.RETRAIN: int((mine >= rules.retrain).sum()),
            }
            out.append(Records(name, int(mine.size), float(mine.mean()), bands))
    return out, slow
