"""The comment and the step summary: short, complete in itself, and text from outside stays text."""

import re

import pytest

from seatrial.report.markdown import LIMIT, comment, escape, summary
from seatrial.report.view import GLYPHS, WORDS, view
from seatrial.verdict import State, Verdict

ALERTS = {"blocked": "CAUTION", "observed": "NOTE", "pass": "TIP", "unchanged": "TIP", "cannot tell": "WARNING"}


@pytest.mark.parametrize("name", ALERTS)
def test_each_state_has_its_alert_and_its_first_line(states, name):
    v = view(states[name])
    lines = comment(v, "mail").splitlines()
    assert lines[0] == "<!-- seatrial:gate:mail -->"
    assert lines[1] == f"> [!{ALERTS[name]}]"
    assert lines[2] == f"> **{v.glyph} {v.word}** `mail v1 → v2`: {v.headline}"


def test_a_pass_is_one_line(states):
    for name in ("pass", "unchanged"):
        assert len(comment(view(states[name]), "mail").splitlines()) == 3


def test_a_block_shows_what_decides_and_folds_the_rest(states):
    text = comment(view(states["blocked"]), "mail")
    above, _, below = text.partition("<details>")
    assert [line.split("|")[1:3] for line in above.splitlines() if line.startswith(("| ✕", "| ?"))] == [
        [" ✕ Blocks ", " de (critical) "],
        [" ? Can't tell ", " gdpr (critical) "],
    ]
    assert "1 watch · 2 no drop found · 1 better" in below
    assert len(text.splitlines()) < 40


def test_every_row_of_the_table_has_its_tests_shape_and_word(states):
    for report in states.values():
        text = summary(view(report), "mail")
        block = text.split("```text\n")[1]
        for finding in report.findings:
            name = finding.segment.removeprefix("t=")
            assert f"{GLYPHS[finding.state]} {name}" in block
            row = re.search(rf"^\| (\S+) ([^|]*) \| {name}( \(critical\))? \|", text, re.MULTILINE)
            if row:
                assert (row[1], row[2]) == (GLYPHS[finding.state], WORDS[finding.state])


def test_three_hundred_segments_fit_in_twenty_kilobytes_and_close_what_they_open(report, finding):
    many = [finding(f"t=segment-{i:03}-" + "ü" * 60, State.BLOCKS if i % 2 else State.WATCH) for i in range(300)]
    text = comment(view(report(Verdict.FAIL, finding(), *many)), "mail")
    assert len(text.encode()) <= LIMIT == 20_000
    assert text.count("<details>") == text.count("</details>")
    # 150 block, 8 are shown
    assert "and 142 more" in text


def test_a_pass_with_ten_thousand_warnings_fits_too(report, finding):
    text = comment(view(report(Verdict.PASS, finding(), warnings=("something to know",) * 10_000)), "mail")
    assert len(text.encode()) <= LIMIT


def rendered(cell):
    """What a reader sees of escaped text: backslash escapes and entities undone, as CommonMark does."""
    text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", cell)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("\u200b", "")


def test_hostile_text_is_still_the_same_text_and_no_markup(hostile):
    safe = escape(hostile)
    assert rendered(safe) == " ".join(hostile.split()).replace("`", "'")
    bare = re.sub(r"\\.", "", safe)
    assert not re.search(r"[<>|`\[*_]", bare)
    assert not re.search(r"@\w", safe)
    assert "\n" not in safe


def test_hostile_names_break_no_table_and_open_no_tag(report, finding, hostile):
    evil = report(
        Verdict.FAIL,
        finding(),
        finding(f"t={hostile}", State.BLOCKS),
        causes=((hostile, 1),),
        regressed=1,
        warnings=(hostile,),
        candidate=hostile,
    )
    text = comment(view(evil), hostile)
    rows = [line for line in text.splitlines() if line.startswith("| ✕")]
    assert len(rows) == 1
    # an even number of backslashes before a bar leaves it a bar: 8 cells are 9 of them
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", rows[0])) == 9
    # a code span shows its text as it is
    outside = re.sub(r"`[^`\n]*`", "", text.split("\n", 1)[1])
    assert not re.findall(r"<(?!/?details>|/?summary>|/?sub>)", outside)
    assert text.splitlines()[0].count("-->") == 1


def test_hostile_names_stay_inside_the_summarys_code_block(report, finding, hostile):
    text = summary(view(report(Verdict.FAIL, finding(), finding(f"t={hostile}", State.BLOCKS))), "mail")
    assert len(re.findall(r"^\s*```", text, re.MULTILINE)) == 2
    block = text.split("```text\n")[1].split("\n```")[0]
    assert len(block.split("\n")) == 2
