"""The page of a rollout: who is needed, whether it is valid, every cell's ladder and evidence, and 200 cells on one screen."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import pairwise

import pytest

from seatrial.report.html import html
from seatrial.report.html.rollout_chart import MOST, ladder, odds
from seatrial.report.rollout_page import rollout_page
from seatrial.report.rollout_view import rollout_view
from seatrial.rollout import ledger
from seatrial.rollout.evidence import Evidence, Exposed
from seatrial.rollout.history import Try
from seatrial.rollout.ladder import Move
from seatrial.rollout.person import Act
from seatrial.rollout.status import status_decision

from .conftest import PLAN, make_rules
from .test_status import BEGIN, HOUR, Ledger, many


def page_of(rows):
    return html(rollout_view(status_decision(rows), rollout_page(rows)))


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<body") :]))


@pytest.fixture
def fallen(rules):
    """DE climbed in row 2 and fell in row 4; the rest holds."""
    found = Ledger(rules)
    found.look(1, (60, 0), (540, 0))
    assert found.look(2, (60, 0), (540, 0)).steps[0].move is Move.UP
    found.look(3, (4, 12), (47, 1))
    assert found.look(4, (20, 60), (235, 5)).steps[0].move is Move.BACK
    return found


def test_what_needs_a_person_comes_first_and_says_why(fallen):
    shown = rollout_page(fallen.rows)
    assert shown.needs == "1 of 2 cells needs a person: DE rolled back."
    assert [cell.name for cell in shown.cells] == ["DE", "rest"]
    assert "rolled back from 25.0 % at 2027-01-15 12:00 UTC (ledger row 4): worse in resolved" in shown.cells[0].reason
    text = text_of(page_of(fallen.rows))
    assert text.index("1 of 2 cells needs a person") < text.index("Sample ratio") < text.index("State and reason")
    assert "ledger row 4, 2027-01-15 12:00 UTC" in text


def test_cells_are_ordered_by_need_then_criticality(rules):
    found = Ledger(make_rules(cell={name: PLAN["cell"][name] for name in ("DE", "rest")}))
    found.act(1, Act.ROLLBACK, "rest")
    assert [cell.name for cell in rollout_page(found.rows).cells] == ["rest", "DE"]
    assert rollout_page(Ledger(rules).rows).needs == "No cell needs a person: 2 climbing."


def test_the_ladder_has_a_line_per_stage_and_marks_with_ledger_rows(fallen):
    shown = rollout_page(fallen.rows)
    drawn = ladder(shown.cells[0].history, shown.shares, shown.begin, shown.hours)
    assert [rung["label"] for rung in drawn["rungs"]] == ["0 %", "10 %", "25 %", "100 %"]
    heights = [rung["y"] for rung in drawn["rungs"]]
    assert {a - b for a, b in pairwise(heights)} == {18}  # equally far apart
    assert [(one["shape"], one["row"], one["y"]) for one in drawn["marks"]] == [
        ("up", 2, heights[2]),
        ("back", 4, heights[1]),
    ]


def test_a_new_try_begins_a_new_line_under_its_own_dashed_threshold(fallen):
    (metric, tries), *_ = rollout_page(fallen.rows).cells[0].history.tries.items()
    drawn = odds(tries, 4.0)
    assert metric == "resolved"
    assert len(drawn["lines"]) == len(drawn["limits"]) == 2
    assert [one["label"] for one in drawn["breaks"]] == ["try 2"]
    first, second = drawn["limits"]
    # The evidence that took it back is drawn at or above its dashed line; the next try starts at even odds.
    assert float(drawn["lines"][0].split(",")[-1]) <= first["y"]
    assert second["y"] < first["y"]
    assert drawn["dots"][1][1] == drawn["ticks"][0]["y"]
    assert drawn["ticks"][0]["label"] == "1 : 1"
    page = page_of(fallen.rows)
    assert 'stroke-dasharray="6 4"' in page
    assert "rolls back at 100 : 1" in page  # alpha .05 x .4 of the critical row, and half of that in the second try


def test_tries_close_together_are_not_written_over_each_other():
    tries = [Try(i, 4.0, ((float(i), 0.0), (i + 1.0, 5.0))) for i in range(40)]
    drawn = odds(tries, 40.0)
    assert len(drawn["breaks"]) == 39
    labelled = [one["x"] for one in drawn["breaks"] if one["label"]]
    assert labelled
    assert min(b - a for a, b in pairwise(labelled)) >= 34


def test_a_stage_whose_time_is_over_is_called_that(rules):
    found = Ledger(rules)
    found.look(30, (10, 0), (90, 0))
    shown = rollout_page(found.rows)
    assert shown.needs == "2 of 2 cells need a person: DE time is over, rest time is over."
    assert "! NEEDS A PERSON" in text_of(page_of(found.rows))


def test_a_long_history_keeps_its_highest_point():
    points = tuple((float(i), 4.0 if i == 777 else 0.1) for i in range(5_000))
    drawn = odds((Try(0, 3.0, points),), 5_000.0)
    places = [tuple(map(float, one.split(","))) for one in drawn["lines"][0].split()]
    assert len(places) <= MOST
    assert min(y for _, y in places) < drawn["limits"][0]["y"]


def test_a_wrong_split_stands_above_a_greyed_table(rules):
    found = Ledger(rules)
    now = BEGIN + 2 * HOUR
    exposed = (Exposed("DE", 0, 1, 950, 10), Exposed("rest", 0, 1, 900, 100))
    evidence = Evidence(now, found.state.closed, exposed)
    found.rows.append(ledger.stepped(rules, found.rows[-1], evidence, now, code="1").row)
    shown = rollout_page(found.rows)
    # 10 of 960 where 10 % are planned.
    assert shown.health[0][0] is False
    assert shown.health[0][1].startswith("Sample ratio · DE: 1.0 % of 960 units got the candidate, planned 10.0 %")
    assert [(cell.name, cell.valid) for cell in shown.cells] == [("DE", False), ("rest", True)]
    page = page_of(found.rows)
    assert page.index("? Not valid:") < page.index('class=" not-valid"') < page.index(">rest<")
    assert rollout_page(Ledger(rules).rows).health[0][0] is None  # nothing was counted: that is no pass


def test_a_cell_opens_to_its_dwell_clock_metrics_and_events(fallen):
    text = text_of(page_of(fallen.rows))
    assert "since 2027-01-15 12:00 UTC, for 0 min of at most 24 h; the bake time lasts another 60 min" in text
    assert "row 2, 2027-01-15 10:00 UTC: 10.0 % → 25.0 %: not worse beyond the stage" in text
    assert "row 4, 2027-01-15 12:00 UTC: 25.0 % → 10.0 %: worse in resolved" in text
    assert "Not worse: climbs at" in text


def test_a_difference_has_an_interval_once_there_are_enough_units(rules):
    found = Ledger(rules)
    found.look(0.2, (45, 5), (400, 50))
    assert rollout_page(found.rows).cells[0].metrics[0].difference == "+1.1 (too few outcomes for an interval)"
    few = Ledger(rules)
    few.look(0.2, (115, 5), (1000, 50))  # enough units, and five failures are near 0
    assert "too few outcomes" in rollout_page(few.rows).cells[0].metrics[0].difference
    found.look(0.4, (135, 15), (1200, 150))
    shown = rollout_page(found.rows).cells[0].metrics[0].difference
    # 180 / 200 - 1600 / 1800 = 1.1 points; a fixed 95 % interval would be sqrt(.09 / 200 + .0988 / 1800) x 1.96 = 4.4 wide.
    low, high = (float(one.replace("−", "-")) for one in re.findall(r"[+−][0-9.]+", shown)[1:])
    assert shown.startswith("+1.1 (")
    assert low < 1.1 - 4.4
    assert high > 1.1 + 4.4
    assert low + high == pytest.approx(2.2, abs=0.2)


def test_a_cell_whose_answers_are_only_copied_is_in_shadow():
    shadow = {"units": 40, "sample": 1.0, "keys": ["polite"], "margin": 0.2}
    shown = rollout_page(Ledger(make_rules(shadow=shadow)).rows)
    assert {(cell.word, cell.share) for cell in shown.cells} == {("In shadow", "0.0 %")}


def test_200_cells_show_those_that_matter_and_group_the_others():
    found = Ledger(many())
    found.look(1, (5, 0), (45, 0), "c3")
    found.act(2, Act.ROLLBACK, "c57")
    shown = rollout_page(found.rows)
    assert [cell.name for cell in shown.cells] == ["c57"]
    assert [(title, len(cells)) for title, cells in shown.quiet] == [("199 cells at 10.0 %: climbing", 199)]
    page = page_of(found.rows)
    assert page.count('<svg class="ladder"') == 1
    assert len(page) < 150_000
    found.act(3, Act.ROLLBACK)
    shown = rollout_page(found.rows)
    assert (len(shown.cells), sum(len(cells) for _, cells in shown.quiet)) == (20, 180)
    assert "and 197 more" in shown.needs


def test_the_page_stands_alone_and_names_stay_text(rules):
    hostile = "<script>alert(1)</script>"
    found = Ledger(make_rules(cell={hostile: PLAN["cell"]["DE"], "rest": PLAN["cell"]["rest"]}))
    found.act(1, Act.PAUSE, hostile)
    page = page_of(found.rows)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "http" not in page.replace("http-equiv", "")
    assert " style=" not in page
    style = page[page.index("<style>") + len("<style>") : page.index("</style>")]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in page
    assert page_of(found.rows) == page
    used = set(re.findall(r'class="([fst]-\w+)"', page))
    assert all(f".{one} " in style for one in used)  # what is not restyled would stay dark on a dark ground
