"""The terminal: exact lines, at most 100 columns, plain signs where a terminal has no others, hostile text inert."""

from dataclasses import replace

import pytest

from seatrial.report.console import console, to_ascii
from seatrial.report.view import ASCII, GLYPHS, view
from seatrial.verdict import State, Verdict


def text(report, **options):
    return [line.text for line in console(view(report), **options)]


HEAD = "                                   n  pass rate % Δ points  worse │ better detects"


def test_a_blocked_report_line_by_line(states):
    assert text(states["blocked"]) == [
        "✕ BLOCKED  mail v1 → v2   exit 1",
        "  1 of 5 segments got worse; one critical: de −29.0 points.",
        "  The average moved 0.0 points and hides both sides: de 90.0 % → 61.0 %, while it rose 90.0 % → 99.0 %.",
        HEAD,
        "  ○ overall                      100    90.0→90.0      0.0       ─○─       ≥ 12",
        "  ✕ de*                          100    90.0→61.0    −29.0 ─■──   │        ≥ 12",
        "  ? gdpr*                         10    90.0→90.0      0.0   ─────○─────   ≥ 60",
        "  + 1 watch · 1 no drop found · 1 better  (--all shows them)",
        "  signs  ✕ blocks · ? can't tell · ○ no drop found · watch: looks worse, not proven · * critical · detects: smallest drop, in points, that blocks in 80 % of cases",
        "  first cause  25 of 31 broken answers (81 %) say: decoder_failed",
        "  100 examples, 200 of 200 scores · ≤ 5 % false block over 6 tests",
        "  next  fix it and run the gate again",
    ]


def test_a_pass_line_by_line(states):
    assert text(states["pass"]) == [
        "✓ PASS  mail v1 → v2   exit 0",
        "  No drop found; would have seen 12 points or more on every segment.",
        HEAD,
        "  ○ overall                      100    90.0→90.0      0.0 ───────○─────── ≥ 12",
        "  + 1 no drop found  (--all shows them)",
        "  signs  ○ no drop found · detects: smallest drop, in points, that blocks in 80 % of cases",
        "  100 examples, 200 of 200 scores · ≤ 5 % false block over 2 tests",
    ]


def test_the_axis_of_the_head_stands_over_the_axis_of_the_rows(states):
    lines = text(states["blocked"])
    at = lines[3].index("│")
    assert at == lines[5].index("│")
    # no change is drawn on the axis itself
    assert at == lines[4].index("○", 10)


def test_an_unchanged_report_says_so_first(states):
    assert text(states["unchanged"])[:2] == [
        "✓ PASS  mail v1 → v2   exit 0",
        "  Unchanged: outputs identical on all 100 examples.",
    ]


def test_cannot_tell_names_what_is_missing_and_what_settles_it(states):
    lines = text(states["cannot tell"])
    assert lines[:2] == [
        "? CANNOT TELL  mail v1 → v2   exit 2",
        "  gdpr has 10 examples, needs 40 to show a drop of 20 points.",
    ]
    assert lines[-1] == "  next  collect 30 more examples of gdpr"


def test_observe_mode_shows_the_verdict_and_that_nobody_acts_on_it(states):
    lines = text(states["observed"])
    assert lines[0] == "✕ WOULD BLOCK  mail v1 → v2   exit 0"
    assert [line for line in lines if "mode observe: shown, not acted on" in line]


def test_all_shows_every_row_with_its_own_shape(states):
    for report in states.values():
        lines = text(report, every=True)
        for finding in report.findings:
            name = finding.segment.removeprefix("t=")
            (line,) = [ln for ln in lines if ln.startswith(f"  {GLYPHS[finding.state]} {name}")]
            assert line


def test_the_mark_of_a_row_is_its_state_and_not_its_position(states):
    rows = {line.split()[1]: line for line in text(states["blocked"], every=True) if "→" in line and " ≥ " in line}
    assert "■" in rows["de*"]
    assert "▲" in rows["it"]
    assert not set("■▲") & set(rows["es"] + rows["fr"] + rows["gdpr*"] + rows["overall"])


@pytest.mark.parametrize("name", ["blocked", "observed", "pass", "unchanged", "cannot tell"])
def test_no_table_line_is_wider_than_100_columns(report, finding, states, name):
    wide = finding("t=" + "x" * 80, State.BLOCKS, n=1_000_000, difference=-1.0, ci=(-1.0, -1.0), critical=True)
    found = text(report(states[name].verdict, *states[name].findings, wide), every=True)
    table = [line for line in found if line[2:3] in GLYPHS.values()]
    assert len(table) == len(states[name].findings) + 1
    assert max(map(len, table)) <= 100


def test_a_name_takes_what_the_terminal_has(report, finding):
    name = "parallel_multiple_function_with_a_long_name"
    found = report(Verdict.FAIL, finding(), finding(f"t={name}", State.BLOCKS))
    assert not any(name in line for line in text(found) if line.startswith("  ✕"))
    assert any(name in line for line in text(found, width=120) if line.startswith("  ✕"))
    assert text(found, width=40) == text(found)  # a narrow one wraps, and no name is lost altogether


def test_a_mean_of_fractions_is_no_pass_rate(states):
    def head(fractions):
        counts = {**states["blocked"].counts, "fractions": fractions}
        return text(replace(states["blocked"], counts=counts))[3]

    assert "mean score % Δ points" in head(["score"])
    assert "pass rate % Δ points" in head(["another"])


def test_a_critical_segment_is_shown_whatever_its_state(report, finding):
    rows = [
        finding("t=vip", State.WATCH, critical=True),
        finding("t=other", State.WATCH),
        finding("t=worse", State.BLOCKS),
    ]
    lines = "\n".join(text(report(Verdict.FAIL, finding(), *rows)))
    assert "vip*" in lines
    assert "other" not in lines


def test_the_page_is_offered_where_a_command_can_write_it(states):
    of_files, of_runs = states["blocked"], replace(states["blocked"], source="runs a and b")
    assert text(of_files, page=True)[-1] == "  page  -o gate.html lists every example that broke"
    assert text(of_runs, page=True)[-1] == "  page  -o gate.html shows the answers of both versions side by side"
    for name in ("blocked", "pass", "cannot tell"):
        assert not any("gate.html" in line for line in text(states[name], page=name != "blocked"))


def test_a_long_report_says_its_verdict_first_and_last(report, finding):
    many = [finding(f"t=s{i:02}", State.BLOCKS) for i in range(40)]
    lines = text(report(Verdict.FAIL, finding(), *many), every=True)
    assert lines[0] == lines[-1]
    short = text(report(Verdict.FAIL, finding(), *many))
    assert len(short) <= 30
    assert [line for line in short if "more (--all shows every row)" in line]


def test_the_ascii_fallback_uses_the_signs_everybody_has(states):
    for report in states.values():
        for line in text(report, every=True, ascii_only=True):
            assert line.isascii()
    assert text(states["blocked"], ascii_only=True)[0] == "x BLOCKED  mail v1 -> v2   exit 1"
    assert text(states["cannot tell"], ascii_only=True)[0].startswith("? CANNOT TELL")


def test_names_no_ascii_terminal_can_write_are_escaped_and_not_a_crash(report, finding):
    lines = text(report(Verdict.FAIL, finding(), finding("t=São—東京", State.BLOCKS)), ascii_only=True)
    assert all(line.isascii() for line in lines)
    assert to_ascii("".join(ASCII)).isascii()


def test_hostile_text_starts_no_line_and_moves_no_cursor(report, finding, hostile):
    base = report(
        Verdict.FAIL,
        finding(),
        finding("t=plain", State.BLOCKS),
        causes=(("plain", 1),),
        regressed=1,
        warnings=("plain",),
    )
    evil = report(
        Verdict.FAIL,
        finding(),
        finding(f"t={hostile}", State.BLOCKS),
        causes=((hostile, 1),),
        regressed=1,
        warnings=(hostile,),
        graph=hostile,
        candidate=hostile,
    )
    lines = text(evil, every=True)
    assert len(lines) == len(text(base, every=True))
    for line in lines:
        assert len(line.splitlines()) == 1
        assert not [
            c
            for c in line
            if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069
        ]
