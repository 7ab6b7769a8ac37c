"""Markdown: the pull-request comment and the step summary; one line when there is nothing to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.report.console import forest, scale_of, win_rate_forest
from seatrial.report.view import GLYPHS, decisive
from seatrial.verdict import State

if TYPE_CHECKING:
    from seatrial.report.judges import JudgeView
    from seatrial.report.view import RowView, View

ROWS = 8
ROWS_OF_JUDGE = 30
LIMIT = 20_000
MARKER = "<!-- seatrial:gate:{} -->"


def comment(v: View, graph: str) -> str:
    """A sticky comment: it stands alone, is at most 20 kB, and its first line is the check's title."""
    alert = "NOTE" if v.mode != "block" else {"✕": "CAUTION", "?": "WARNING", "!": "WARNING"}.get(v.glyph, "TIP")
    lines = [
        MARKER.format(escape(graph) or "gate"),
        f"> [!{alert}]",
        f"> **{v.glyph} {v.word}** {_code(v.title)}: {escape(v.headline)}",
    ]
    given = " ".join(part for part in (v.cause and f"{v.cause}.", v.average) if part)
    if given:
        lines.append(f"> {escape(given)}")
    lines += [f"> {name}: {escape(text)}" for name, text in v.looks]
    lines += [f"> judge {escape(one.name)}: {escape(one.sentence)}" for one in v.judges]
    if v.glyph == "✓" and not v.worse:
        return _cut("\n".join([*lines, *(f"> {escape(w)}" for w in v.warnings)]) + "\n")
    first = decisive(v) or list(v.scores[:1])
    lines += ["", *(_table(first[:ROWS], v) if first else ())]
    if len(first) > ROWS:
        lines.append(f"\nand {len(first) - ROWS} more")
    rest = [row for row in v.scores if row not in first]
    if rest:
        parts = [
            f"{n} {v.terms.states[state].lower()}" for state in State if (n := sum(row.state is state for row in rest))
        ]
        lines += [
            "",
            f"<details><summary>{' · '.join(parts)}</summary>",
            "",
            *_table(rest[:60], v),
            "",
            "</details>",
        ]
    for judge in v.judges:
        lines += ["", f"<details><summary>win rates by judge {escape(judge.name)}</summary>", "", *_win_rates(judge)]
        lines += ["", "</details>"]
    lines += [""] + [f"- note: {escape(w)}" for w in v.warnings]
    wording = [*map(escape, filter(None, (v.scored, v.error_rate))), *([f"next: {escape(v.todo)}"] if v.todo else [])]
    if wording:
        lines.append(f"<sub>{' · '.join(wording)}</sub>")
    return _cut("\n".join(lines) + "\n")


def summary(v: View, graph: str) -> str:
    """The comment and every row as a text forest: what a step summary has room for."""
    scale = scale_of(v.scores)
    # One line a row, whatever its name holds: a code block has no other fence.
    names = [" ".join(row.label.split()) + ("*" if row.critical else "") for row in v.scores]
    width = max(map(len, (*names, v.primary_key)))
    rows = [f"  {v.primary_key}"] * bool(v.primary_key) + [
        f"{row.glyph} {name:<{width}} {row.n:>6} {row.rates:>12} {row.delta:>6} {forest(row, scale)}"
        for name, row in zip(names, v.scores, strict=True)
    ]
    for judge in v.judges:
        rows += ["", f"  judge {judge.name}: {judge.licence}; {judge.position}", *_judged(judge)]
    return comment(v, graph) + "\n```text\n" + "\n".join(row.rstrip().replace("```", "'''") for row in rows) + "\n```\n"


def escape(text: str) -> str:
    """Text from outside stays text: no markup, no mention, no broken table."""
    text = " ".join(text.split())
    for sign, safe in (
        ("\\", "\\\\"),
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("|", "\\|"),
        ("`", "'"),
        ("@", "@\u200b"),
        ("[", "\\["),
        ("*", "\\*"),
        ("_", "\\_"),
    ):
        text = text.replace(sign, safe)
    return text


def _table(rows: list[RowView], v: View) -> list[str]:
    words = v.terms
    primary = f" · {escape(v.primary_key)}" if v.primary_key else ""
    heads = [f"segment{primary}", words.n, words.rates.removesuffix(" rate"), words.difference, "95 % interval"]
    heads += [head for head in (words.flips, words.detects) if head]
    lines = [f"| | {' | '.join(heads)} |", "|---|---|--:|---|--:|---|" + "---|" * (len(heads) - 5)]
    for row in rows:
        name = f"{escape(row.label)}{' (critical)' if row.critical else ''}"
        cells = [f"{row.glyph} {row.word}", name, f"{row.n:,}", row.rates, row.delta, _interval(row)]
        cells += [cell for head, cell in ((words.flips, row.flips), (words.detects, row.detects)) if head]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _interval(row: RowView) -> str:
    return f"{row.ci}; {escape(row.borderline)}" if row.borderline else row.ci


def _win_rates(judge: JudgeView) -> list[str]:
    lines = ["| | segment | n | win rate | won / tied / lost | missing |", "|---|---|--:|---|--:|--:|"]
    for row in judge.rows[:ROWS_OF_JUDGE]:
        name = f"{escape(row.label)}{' (critical)' if row.critical else ''}"
        counts = f"{row.wins:,} / {row.ties:,} / {row.losses:,}"
        cells = [
            f"{GLYPHS[row.state]} {row.word}",
            name,
            f"{row.n:,}",
            row.share.text or "?",
            counts,
            f"{row.missing:,}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _judged(judge: JudgeView) -> list[str]:
    """Every win rate as a line, on an axis from 0 to 100 %."""
    names = [" ".join(row.label.split()) + ("*" if row.critical else "") for row in judge.rows]
    width, rate = max(map(len, names)), max(len(row.share.text) for row in judge.rows)
    return [
        f"{GLYPHS[row.state]} {name:<{width}} {row.n:>6} {row.share.text or '?':<{rate}} {win_rate_forest(row)} {row.counts}"
        for name, row in zip(names, judge.rows, strict=True)
    ]


def _code(text: str) -> str:
    return f"`{' '.join(text.split()).replace('`', chr(39))}`"


def _cut(text: str) -> str:
    if len(text.encode()) <= LIMIT:
        return text
    kept = text.encode()[: LIMIT - 200].decode(errors="ignore").rsplit("\n", 1)[0]
    return f"{kept}\n{'</details>' if kept.count('<details>') > kept.count('</details>') else ''}\n\ncut here; the full table is in the step summary\n"
