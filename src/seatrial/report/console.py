"""Console: the verdict in at most a screen, verdict line first and, when it is long, last again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from seatrial.report.view import ASCII, GLYPHS, decisive
from seatrial.verdict import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seatrial.report.judges import JudgeRow, JudgeView
    from seatrial.report.view import RowView, View

FOREST = 15
LABEL = 26
MOST = 12
"""Rows that are shown of a table, where not every row was requested."""
# A name from outside may neither start a line of its own, nor drive the terminal, nor turn the reading direction.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
QUIET = (State.WATCH, State.NO_DROP, State.BETTER, State.REPORTED)


class Line(NamedTuple):
    """One line and the tone it is said in: `bad`, `good`, `unsure`, `plain` or `dim`."""

    text: str
    tone: str


def console(v: View, *, every: bool = False, ascii_only: bool = False) -> list[Line]:
    """The lines of a terminal report; `every` shows all rows instead of the ones that decide."""
    lines = list(_lines(v, every=every))
    if len(lines) > 30:
        lines.append(_verdict_line(v))
    lines = [Line(_tame(line.text), line.tone) for line in lines]
    return [Line(to_ascii(line.text), line.tone) if ascii_only else line for line in lines]


def _tame(text: str) -> str:
    """No control characters, and nothing a CI runner would take for a command of its own."""
    text = _CONTROL.sub("�", text).replace("##[", "# #[")
    return text.replace("::", ": :", 1) if text.lstrip().startswith("::") else text


def to_ascii(text: str) -> str:
    """The same words with signs that every terminal can write."""
    for sign, plain in ASCII.items():
        text = text.replace(sign, plain)
    return text.encode("ascii", "backslashreplace").decode()


def _lines(v: View, *, every: bool) -> Iterator[Line]:
    yield _verdict_line(v)
    yield Line(f"  {v.headline}", "plain")
    if v.average:
        yield Line(f"  {v.average}", "plain")
    yield from _scores(v, every=every)
    for judge in v.judges:
        yield from _judge(judge, every=every)
    if v.cause:
        yield Line(f"  first cause  {v.cause}", "plain")
    for name, text in v.looks:
        yield Line(f"  {name}  {text}", "plain")
    for warning in v.warnings:
        yield Line(f"  note  {warning}", "unsure")
    words = v.terms
    if every:
        signs = " · ".join(
            f"{GLYPHS[state]} {words.states[state].lower()}" for state in GLYPHS if state is not State.REPORTED
        )
        shown_drop = f" · {words.detects}: smallest drop that blocks in 80 % of cases" if words.detects else ""
        yield Line(f"  * critical · {signs}{shown_drop}", "dim")
    if v.source.startswith("runs "):
        yield Line(f"  {v.source}", "dim")
    wording = [part for part in (v.scored, v.error_rate, f"mode {v.mode}" if v.mode != "block" else "") if part]
    if wording:
        yield Line(f"  {' · '.join(wording)}", "dim")
    if v.todo:
        yield Line(f"  next  {v.todo}", "plain")


def _scores(v: View, *, every: bool) -> Iterator[Line]:
    """The table of scores: the rows that decide, or every row."""
    rows, words = v.scores, v.terms
    scale = scale_of(rows)
    if rows:
        numbers = f"{words.n:>5}  {words.rates:>11} {words.difference:>6}"
        head = f"    {_fit(v.primary_key):<{LABEL}} {numbers} {words.axis:>{FOREST}}  {words.detects}"
        yield Line(head.rstrip(), "dim")
    first = decisive(v)
    shown = [row for i, row in enumerate(rows) if every or i == 0 or row in first]
    for row in shown if every else shown[:MOST]:
        yield Line(_row(row, scale), _TONES.get(row.state, "plain"))
    if len(shown) > MOST and not every:
        yield Line(f"  … and {len(shown) - MOST} more (--all shows every row)", "dim")
    rest = [row for row in rows if row not in shown]
    if rest:
        parts = [
            f"{n} {words.states[state].lower()}"
            for state in (State.CANNOT_TELL, *QUIET)
            if (n := sum(row.state is state for row in rest))
        ]
        yield Line(f"  + {' · '.join(parts)}  (--all shows them)", "dim")


def _judge(judge: JudgeView, *, every: bool) -> Iterator[Line]:
    """A judge's licence and consistency, then its win rates: overall and those that count, or every row.

    Why it may do no more is one of the view's warnings.
    """
    yield Line(f"  judge {judge.name}: {judge.licence}; {judge.position}", "plain")
    yield Line(f"    {'':<{LABEL}} {'n':>5}  {'win rate':>11} {'loses │ wins':>{FOREST}}", "dim")
    shown = [row for i, row in enumerate(judge.rows) if every or i == 0 or row.state is not State.REPORTED]
    shown = shown if every else shown[:MOST]
    for row in shown:
        name, rate = _fit(row.label + ("*" if row.critical else "")), row.share.text.partition(" %")[0] or "?"
        start = f"  {GLYPHS[row.state]} {name:<{LABEL}} {row.n:>5}  {rate:>11}"
        yield Line(f"{start} {win_rate_forest(row)} {row.word}: {row.counts}", _TONES.get(row.state, "plain"))
    if len(judge.rows) > len(shown):
        yield Line(f"  + {len(judge.rows) - len(shown)} more of this judge  (--all shows them)", "dim")


def _verdict_line(v: View) -> Line:
    tone = {"✕": "bad", "?": "unsure"}.get(v.glyph, "good")
    return Line(f"{v.glyph} {v.word}  {v.title}   exit {v.exit_code}", tone)


_TONES = {State.BLOCKS: "bad", State.CANNOT_TELL: "unsure", State.BETTER: "good"}


def _row(row: RowView, scale: float) -> str:
    name = _fit(row.label + ("*" if row.critical else ""))
    numbers = f"{row.n:>5}  {row.rates:>11} {row.delta:>6}"
    return f"  {row.glyph} {name:<{LABEL}} {numbers} {forest(row, scale):<{FOREST}} {_detects(row)}".rstrip()


def _fit(name: str) -> str:
    # Long names differ at their ends more often than in the middle.
    return name if len(name) <= LABEL else f"{name[: LABEL // 2]}…{name[-(LABEL - LABEL // 2 - 1) :]}"


def _detects(row: RowView) -> str:
    return row.detects.removesuffix(" points") if row.detects else ""


def scale_of(rows: Iterable[RowView]) -> float:
    """Half the width of the axis that holds every interval, as a share."""
    return max([0.05, *(abs(end) for row in rows for end in (row.low, row.mark, row.high) if end is not None)])


def forest(row: RowView, scale: float) -> str:
    """The interval on a shared axis, `│` at no change: `───■───  │`."""
    return _drawn(row.low, row.mark, row.high, row.state, scale)


def win_rate_forest(row: JudgeRow) -> str:
    """A win rate on an axis from 0 to 100 %, `│` at one half."""
    low, mark, high = (None if end is None else end - 0.5 for end in (row.share.low, row.share.mark, row.share.high))
    return _drawn(low, mark, high, row.state, 0.5)


def _drawn(low: float | None, mark: float | None, high: float | None, state: State, scale: float) -> str:
    def column(x: float) -> int:
        return round((max(-scale, min(scale, x)) + scale) / (2 * scale) * (FOREST - 1))

    cells = [" "] * FOREST
    if low is not None and high is not None and mark is not None:
        for i in range(column(low), column(high) + 1):
            cells[i] = "─"
        cells[column(0.0)] = "│"
        cells[column(mark)] = "■" if state is State.BLOCKS else "▲" if state is State.BETTER else "○"
    return "".join(cells)
