"""Verdicts: the columns of the verdict table, format 1: one row per example, judge, order and repetition.

A preference is always the candidate's: 1 where the candidate won, 0 where the baseline won, 0.5 for a tie.
"""

from __future__ import annotations

from seatrial.table import Column, Kind

SCHEMA = "seatrial/verdicts/1"
AB, BA = "AB", "BA"
"""AB: the candidate was shown first; BA: the baseline was."""
ORDERS = (AB, BA)

VERDICT_COLUMNS = (
    Column("example_id", Kind.TEXT, "which example", required=True),
    Column("version", Kind.TEXT, "the candidate's version"),
    Column("baseline", Kind.TEXT, "the baseline's version"),
    Column("judge", Kind.TEXT, "which judge: `name@version#hash`"),
    Column("order", Kind.TEXT, "`AB`: the candidate was shown first; `BA`: the baseline was"),
    Column("repetition", Kind.COMPLETE, "which repetition; default 0"),
    Column("preference", Kind.NUMBER, "0..1 for the candidate: 1 won, 0.5 tie, 0 lost; empty unless scored"),
    Column("winner", Kind.TEXT, "`candidate`, `baseline` or `tie`, in place of a preference"),
    Column("reason", Kind.TEXT, "the judge's reason, or why there is no verdict"),
    Column("requested_model", Kind.TEXT, "model that was asked; empty where nobody was"),
    Column("reported_model", Kind.TEXT, "model that says it answered"),
    Column("family", Kind.TEXT, "families of the judge's model, joined by `+`"),
    Column("input_tokens", Kind.COMPLETE, "tokens read, every call of the row; empty when one went uncounted"),
    Column("output_tokens", Kind.COMPLETE, "tokens written, likewise"),
    Column(
        "outcome",
        Kind.TEXT,
        "`scored`, `unparsed`, `skipped`, `evaluator_error`; default `scored` where a preference is",
    ),
    Column("error_kind", Kind.TEXT, "why it was not scored: `truncated`, `budget`, `outage`, `other_model` ..."),
    Column("length_candidate", Kind.NUMBER, "characters of the candidate's answer"),
    Column("length_baseline", Kind.NUMBER, "characters of the baseline's answer"),
)
"""Besides these a table may have any column `segment.NAME`."""
