"""Table: the verdict table of judged pairs: every planned row is in it, whether or not there is a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.judge.pairs import for_candidate, questions, resolved
from seatrial.judge.verdicts import ORDERS, SCHEMA, VERDICT_COLUMNS
from seatrial.table import SEGMENT_PREFIX, Kind
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from seatrial.judge.ask import Answered
    from seatrial.judge.pairs import Pair, Resolved
    from seatrial.judge.spec import Judge

Rows = list[dict[str, Any]]


def verdict_rows(
    judge: Judge,
    pairs: Sequence[Pair],
    answers: Mapping[str, Answered],
    *,
    candidate: str,
    baseline: str,
    family: str,
    repeat: int = 1,
    unasked: str,
) -> Rows:
    """One row per pair, order and draw, in the order of the pairs.

    Args:
        judge: who judged.
        pairs: all that were planned.
        answers: question key -> what came of it.
        candidate: version of the candidate.
        baseline: version of the baseline.
        family: of the judge's model.
        repeat: draws of each question.
        unasked: kind of the rows that nobody got to.
    """
    rows: Rows = []
    for pair in pairs:
        common = {
            "example_id": pair.example_id,
            "version": candidate,
            "baseline": baseline,
            "judge": judge.identity,
            "family": family,
            "length_candidate": _length(pair.candidate.text),
            "length_baseline": _length(pair.baseline.text),
            **{f"{SEGMENT_PREFIX}{name}": value for name, value in pair.segments.items()},
        }
        known = resolved(pair)
        if known is not None:
            rows += _resolved(common, pair, known, repeat)
            continue
        for question in questions(judge, (pair,), repeat):
            wording = answers.get(question.request.key)
            named = {"order": question.order, "repetition": question.repetition}
            rows.append({**common, **named, **_judged(judge, wording, question.order, unasked)})
    return rows


def write_verdicts(rows: Rows, path: Path, metadata: Mapping[str, str]) -> None:
    """Write rows as Parquet, typed as the format says, replacing the file completely or not at all."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only who judges writes
    import pyarrow.parquet as pq  # noqa: PLC0415

    types = {Kind.TEXT: pa.string(), Kind.NUMBER: pa.float64(), Kind.COMPLETE: pa.int64()}
    segments = sorted({name for row in rows for name in row if name.startswith(SEGMENT_PREFIX)})
    named = [(one.name, types[one.kind]) for one in VERDICT_COLUMNS if one.name != "winner"]
    columns = [*named, *((name, pa.string()) for name in segments)]
    table = pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in columns})
    stamp = {"seatrial.schema": SCHEMA, **{f"seatrial.{name}": value for name, value in metadata.items()}}
    beside = path.with_name(f"{path.name}.partial")
    pq.write_table(table.replace_schema_metadata(stamp), beside, compression="zstd", write_page_checksum=True)
    beside.replace(path)


def _resolved(common: Mapping[str, Any], pair: Pair, known: Resolved, repeat: int) -> Rows:
    draws = [pair.repetition * repeat + draw for draw in range(repeat)]
    return [{**common, **known._asdict(), "order": order, "repetition": draw} for draw in draws for order in ORDERS]


def _judged(judge: Judge, reported: Answered | None, order: str, unasked: str) -> dict[str, Any]:
    if reported is None:
        return {"outcome": Outcome.SKIPPED, "error_kind": unasked, "reason": "nobody was asked: the run ended before"}
    return {
        "preference": None if reported.first is None else for_candidate(reported.first, order),
        "outcome": reported.outcome,
        "error_kind": reported.error_kind,
        "reason": reported.reason,
        "requested_model": judge.model if reported.calls else None,
        "reported_model": reported.reported,
        "input_tokens": reported.input_tokens,
        "output_tokens": reported.output_tokens,
    }


def _length(text: str | None) -> int | None:
    return None if text is None else len(text)
