"""A judge's win rates on every surface: the same rates, counts, consistency, licence and reason."""

import re

import pytest

from seatrial.evidence.against_half import Rules
from seatrial.judge.decide import find, winrate_decision
from seatrial.judge.scores import scores_of
from seatrial.judge.verdicts import VERDICT_COLUMNS
from seatrial.report.console import console
from seatrial.report.html import html
from seatrial.report.html.win_axis import WinAxis
from seatrial.report.markdown import comment, summary
from seatrial.report.view import view
from seatrial.report.winrate import winrate_view
from seatrial.table import read_table
from seatrial.verdict import State, Verdict
from seatrial.vote import Level, LicenceExpired, Standing
from seatrial.win_rate import Loses, NoVote, WinRate, Wins

FULL = Standing(Level.FULL, (), (0.86, 0.81, 0.9), 0.7)
EXPIRED = Standing(Level.NONE, (LicenceExpired(12),), (0.62, 0.55, 0.69), 0.7)
SEEN = WinRate(0.7, 0.61, 0.79, 104, 65, 10, 25)
WORSE = WinRate(0.3, 0.2, 0.4, 50, 10, 10, 30)


@pytest.fixture
def shown(report, finding):
    """`shown(standing, judge)` is the view of a gate with a judge that wins overall and loses a critical segment."""

    def make(standing=FULL, judge="helpful"):
        vote, key = standing.level is Level.FULL, f"winrate:{judge}"
        why = (Wins(0.5), Loses(0.001, 0.025)) if vote else (NoVote(), NoVote())
        rows = [
            finding(
                segment,
                state if vote else State.REPORTED,
                key=key,
                n=seen.planned,
                candidate=seen.rate,
                baseline=None,
                difference=seen.rate - 0.5,
                ci=(seen.low - 0.5, seen.high - 0.5),
                ci_row=None,
                alpha_row=None,
                missing=seen.planned - seen.won - seen.tied - seen.lost,
                critical=segment != "overall",
                reasons=(reason, seen),
                reason=f"sentence of {segment}",
            )
            for segment, state, seen, reason in (
                ("t=x", State.BLOCKS, WORSE, why[1]),
                ("overall", State.BETTER, SEEN, why[0]),
            )
        ]
        return view(report(Verdict.FAIL, finding(), *rows, standings={judge: standing}))

    return make


def surfaces(v):
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html(v)))
    return {
        "console": " ".join(one.text for one in console(v, every=True)),
        "comment": comment(v, "desk").replace("\\", ""),
        "page": text,
        "summary": summary(v, "desk").replace("\\", ""),
    }


def test_every_surface_shows_rates_counts_consistency_and_licence(shown):
    for name, text in surfaces(shown()).items():
        assert "70.0" in text, name
        assert "ull licence" in text, name
        assert "86.0 % (81.0 % to 90.0 %)" in text, name
        assert "floor 70.0 %" in text, name
        assert "65 won, 10 tied, 25 lost" in text or "65 / 10 / 25" in text, name
        assert "4 missing" in text or "| 4 |" in text, name


def test_a_judge_without_a_vote_is_shown_with_the_reason_in_place_of_a_verdict(shown):
    v = shown(EXPIRED)
    (judge,) = v.judges
    assert (judge.licence, judge.why) == ("no vote, shown only", "the licence expired 12 days ago")
    assert {row.word for row in judge.rows} == {"Reported"}
    page = html(v)
    assert "the licence expired 12 days ago" in page
    assert "f-muted" in page.split('id="judge-1"')[1]


def test_win_rates_are_drawn_around_one_half_and_not_on_the_axis_of_score_differences(shown):
    page = html(shown())
    scores, judged = page.split('id="judge-1"')
    assert "winrate" not in scores.split('<table class="segments"')[1].split("</table>")[0]
    assert shown().judges[0].rows[0].label == "overall"
    axis = WinAxis()
    assert (axis.x(0), axis.half, axis.x(1)) == (8, 130, 252)
    # 70 % at 8 + .7 * 244 = 178.8; the bar: 25 lost, 10 tied, 65 won of 100 over 244 units.
    assert 'd="M178.8 4l6.5 12h-13z"' in judged
    (overall, _) = shown().judges[0].rows
    assert [part["width"] for part in axis.parts(overall)] == [61.0, 24.4, 158.6]


def test_a_name_from_outside_stays_text(shown):
    # what a code block or a page holds is no mention
    hostile = "x</script><b>|`@me`\u202e"
    for name, text in surfaces(shown(judge=hostile)).items():
        assert "\u202e" not in text, name
        assert name != "comment" or "@me" not in text
    assert "</script><b>" not in html(shown(judge=hostile))
    assert shown(judge=hostile).judges[0].licence == "full licence"


def test_the_decision_of_a_verdict_table_is_shown_by_the_same_table(tmp_path):
    rows = ["example_id,order,preference,judge,segment.t,length_candidate,length_baseline"]
    rows += [
        f"e{i},{order},{i % 4 > 0:d},helpful,{'xy'[i % 2]},{9 + i % 3},9" for i in range(80) for order in ("AB", "BA")
    ]
    (tmp_path / "v.csv").write_text("\n".join(rows) + "\n")
    scores = scores_of(read_table(tmp_path / "v.csv", VERDICT_COLUMNS))
    v = winrate_view(winrate_decision(find(scores, ["t=x"], Rules()), scores, Rules(), "b against a", adjusted=0.66))
    page = html(v)
    assert page.count('<table class="segments"') == 1
    assert "Win rate by judge <bdi>helpful</bdi>" in page
    assert "at equal length (66.0 %), never decides" in page
    assert "75.0 % (" in page
    text = " ".join(one.text for one in console(v))
    assert "60 won, 0 tied, 20 lost" in text
    assert "same answer in both orders 100.0 %" in text
