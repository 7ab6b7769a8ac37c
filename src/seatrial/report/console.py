"""Console: the verdict in at most a screen, verdict line first and, when it is long, last again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from seatrial.report.terms import STATES
from seatrial.report.view import ASCII, GLYPHS, decisive
from seatrial.verdict import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from seatrial.report.judges import JudgeRow, JudgeView
    from seatrial.report.view import RowView, View

FOREST = 15
MOST = 12
"""Rows that are shown of a table, where not every row was requested."""
WIDTH = 80
"""Columns where no terminal says how many it has."""
SHORTEST, NUMBERS = 26, 54
"""Columns that a name may always take, and those of all that is right of it."""
# A name from outside may neither start a line of its own, nor drive the terminal, nor turn the reading direction.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
QUIET = (State.WATCH, State.NO_DROP, State.BETTER, State.REPORTED)


class Line(NamedTuple):
    """One line and the tone it is said in: `bad`, `good`, `unsure`, `plain` or `dim`."""

    text: str
    tone: str


def console(
    v: View, *, every: bool = False, ascii_only: bool = False, width: int = WIDTH, page: bool = False
) -> list[Line]:
    """The lines of a terminal report.

    Args:
        v: the view.
        every: all rows instead of the ones that decide.
        ascii_only: with signs that every terminal can write.
        width: columns of the terminal; names are cut where they need more.
        page: it is shown by a command that writes a page with `-o`, and wrote none.
    """
    lines = list(_lines(v, every=every, width=width, page=page))
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


def _lines(v: View, *, every: bool, width: int, page: bool) -> Iterator[Line]:
    yield _verdict_line(v)
    yield Line(f"  {v.headline}", "plain")
    if v.average:
        yield Line(f"  {v.average}", "plain")
    if v.scores:
        yield from _scores(v, every=every, width=width)
    for judge in v.judges:
        yield from _judge(judge, every=every, width=width)
    if v.cause:
        yield Line(f"  first cause  {v.cause}", "plain")
    for name, text in v.looks:
        yield Line(f"  {name}  {text}", "plain")
    for warning in v.warnings:
        yield Line(f"  note  {warning}", "unsure")
    if v.source.startswith("runs "):
        yield Line(f"  {v.source}", "dim")
    wording = [part for part in (v.scored, v.error_rate, f"mode {v.mode}" if v.mode != "block" else "") if part]
    if wording:
        yield Line(f"  {' · '.join(wording)}", "dim")
    if v.todo:
        yield Line(f"  next  {v.todo}", "plain")
    if page and v.state == "blocked":
        texts = v.source.startswith("runs ")
        shows = (
            "shows the answers of both versions side by side"
            if texts
            else f"lists every example that {'scored lower' if v.terms.graded else 'broke'}"
        )
        yield Line(f"  page  -o gate.html {shows}", "dim")


def _legend(v: View, listed: Sequence[RowView]) -> str:
    """What the signs of the rows that are shown mean, and a word that is only counted and does not say it itself."""
    there = {row.state for row in listed}
    signs = [f"{GLYPHS[state]} {v.terms.states[state].lower()}" for state in GLYPHS if state in there]
    if any(row.state is State.WATCH for row in v.scores) and v.terms.states is STATES:
        signs += ["watch: looks worse, not proven"]
    signs += ["* critical"] * any(row.critical for row in listed)
    signs += [f"{v.terms.detects}: smallest drop, in points, that blocks in 80 % of cases"] * bool(v.terms.detects)
    return " · ".join(signs)


def _scores(v: View, *, every: bool, width: int) -> Iterator[Line]:
    """The rows that decide, or all, what the others come to, and what the signs mean."""
    scale, words, first = scale_of(v.scores), v.terms, decisive(v)
    shown = [row for i, row in enumerate(v.scores) if every or i == 0 or row.critical or row in first]
    listed = shown if every or len(shown) <= MOST else shown[:MOST]
    label = _width_of_names([v.primary_key, *map(_name, listed)], width)
    numbers = f"{words.n:>5} {words.rates:>12} {words.difference:>8}"
    head = f"    {_fit(v.primary_key, label):<{label}} {numbers} {words.axis:>{FOREST}} {words.detects}"
    yield Line(head.rstrip(), "dim")
    for row in listed:
        yield Line(_row(row, scale, label), _TONES.get(row.state, "plain"))
    if len(shown) > len(listed):
        yield Line(f"  … and {len(shown) - len(listed)} more ({words.every} shows every row)", "dim")
    rest = [row for row in v.scores if row not in shown]
    if rest:
        parts = [
            f"{n} {words.states[state].lower()}"
            for state in (State.CANNOT_TELL, *QUIET)
            if (n := sum(row.state is state for row in rest))
        ]
        yield Line(f"  + {' · '.join(parts)}  ({words.every} shows them)", "dim")
    yield Line(f"  signs  {_legend(v, listed)}", "dim")


def _name(row: RowView | JudgeRow) -> str:
    return row.label + ("*" if row.critical else "")


def _width_of_names(names: Iterable[str], width: int) -> int:
    """Columns that names take of a terminal: what they need, where it has so many."""
    return min(max(SHORTEST, *map(len, names)), max(SHORTEST, width - NUMBERS))


def _judge(judge: JudgeView, *, every: bool, width: int) -> Iterator[Line]:
    """A judge's licence and consistency, then its win rates: overall and those that count, or every row.

    Why it may do no more is one of the view's warnings.
    """
    yield Line(f"  judge {judge.name}: {judge.licence}; {judge.position}", "plain")
    shown = [row for i, row in enumerate(judge.rows) if every or i == 0 or row.state is not State.REPORTED]
    shown = shown if every else shown[:MOST]
    label = _width_of_names(map(_name, shown), width)
    yield Line(f"    {'':<{label}} {'n':>5}  {'win rate %':>11} {'loses │ wins':>{FOREST}}", "dim")
    for row in shown:
        name, rate = _fit(_name(row), label), row.share.text.partition(" %")[0] or "?"
        start = f"  {GLYPHS[row.state]} {name:<{label}} {row.n:>5}  {rate:>11}"
        yield Line(f"{start} {win_rate_forest(row)} {row.word}: {row.counts}", _TONES.get(row.state, "plain"))
    if len(judge.rows) > len(shown):
        yield Line(f"  + {len(judge.rows) - len(shown)} more of this judge  (--all shows them)", "dim")


def _verdict_line(v: View) -> Line:
    tone = {"✕": "bad", "?": "unsure", "!": "unsure"}.get(v.glyph, "good")
    return Line(f"{v.glyph} {v.word}  {v.title}   exit {v.exit_code}", tone)


_TONES = {State.BLOCKS: "bad", State.CANNOT_TELL: "unsure", State.BETTER: "good"}


def _row(row: RowView, scale: float, label: int) -> str:
    name = _fit(_name(row), label)
    numbers = f"{row.n:>5} {row.rates:>12} {row.delta:>8}"
    return f"  {row.glyph} {name:<{label}} {numbers} {forest(row, scale):<{FOREST}} {_detects(row)}".rstrip() + (
        f"  {row.borderline}" if row.borderline else ""
    )


def _fit(name: str, most: int) -> str:
    # Long names differ at their ends more often than in the middle.
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most - most // 2 - 1) :]}"


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
