"""A pass with rows that look worse says so in its first line, on every surface, with the command that decides them."""

import json
from dataclasses import replace

import pytest

from seatrial.adapters.mlflow.comparison import verdict_tags
from seatrial.gate.confirm import Confirmed
from seatrial.gate.merge import check
from seatrial.gate.policy import Policy, parse_policy
from seatrial.report.console import console
from seatrial.report.data import gate_data, gate_json
from seatrial.report.html import html
from seatrial.report.junit import junit
from seatrial.report.markdown import comment, summary
from seatrial.report.read import report_of
from seatrial.report.view import view
from seatrial.verdict import ReasonClass, State, Verdict

from ..gate.conftest import pair_rows, table

WORSE = "label=billing −8.3 points (5 of 60 regressed), overall −2.6 points (26 of 420 regressed)"
SHORT = WORSE.replace("label=", "")


def judged(watch="pass", critical=()):
    """Seven labels of 60; five answers of one regressed: mid-p 1/64 > .05 x .8 / 7, and overall 26 of 41 flips: .043 > .01.

    Joint: the other labels' six flips each go against one of them with chance 1/64, six times; about .13 with overall's.
    """
    others = {f"l{i}": (54, 3, 3, 0) if i < 3 else (54, 4, 2, 0) for i in range(6)}
    counts = {"billing": (55, 5, 0, 0), **others}
    evidence = table(pair_rows(counts, dimension="label"))
    return check(evidence, Policy(watch=watch), baseline="a", candidate="b", critical=critical)


def test_a_pass_names_the_rows_that_look_worse_instead_of_no_drop_found():
    report = judged()
    assert (report.verdict, report.exit_code) == (Verdict.PASS, 0)
    assert report.reason.startswith(
        f"2 rows look worse: {WORSE}; not proven at this level. Shown not worse overall by "
    )
    assert "No drop found" not in report.reason


@pytest.mark.parametrize("surface", [comment, summary, "console", "junit", "html", "json", "mlflow"])
def test_every_surface_says_that_rows_look_worse(surface):
    report = judged()
    v = view(report)
    made = {
        "console": lambda: "\n".join(line.text for line in console(v)),
        "junit": lambda: junit(v),
        "html": lambda: html(v),
        "json": lambda: gate_json(gate_data(report)),
        "mlflow": lambda: json.dumps(verdict_tags(report), ensure_ascii=False),
    }
    text = made[surface]() if isinstance(surface, str) else surface(v, "mail")
    assert "2 rows look worse" in text
    assert "billing −8.3 points (5 of 60 regressed)" in text.replace("\\", "")
    if surface not in ("json", "mlflow"):
        assert "PASS, but 2 rows look worse" in text
    if surface not in ("json", "junit"):
        assert "more examples of billing" in text


def test_a_pass_without_such_rows_stays_one_sentence(states):
    v = view(states["pass"])
    assert (v.word, v.todo) == ("PASS", "")


def test_the_command_that_decides_them_repeats_the_two_runs():
    report = replace(judged(), source="runs 7f3 and 8a1, fresh ones")
    assert view(report).todo == "seatrial gate 7f3 8a1 --confirm repeats billing, overall"
    fresh = replace(report, confirm=Confirmed("fresh", "tested", 0.3, repetitions=3))
    assert view(fresh).todo == "seatrial gate 7f3 8a1 --confirm --confirm-repeat 6 repeats billing, overall"
    rules = replace(report, confirm=Confirmed("deterministic", "not repeated", 0.3))
    assert view(rules).todo == "add examples of billing, overall: the graph gives the same answers again"


def test_watch_hold_cannot_tell_on_the_overall_row_and_on_critical_ones():
    report = judged("hold")
    assert (report.verdict, report.exit_code, report.reason_class) == (
        Verdict.INCONCLUSIVE,
        2,
        ReasonClass.UNDERPOWERED,
    )
    states = {f.segment: f.state for f in report.findings}
    assert (states["overall"], states["label=billing"]) == (State.CANNOT_TELL, State.WATCH)
    assert (
        view(report).headline
        == "overall: looks worse: −2.6 points (26 of 420 regressed), p 0.044 alone and 0.12 in the family."
    )
    assert (
        view(report).todo
        == "give more repetitions (a column repetition) or more examples of overall, billing, and run the gate again"
    )


def test_watch_is_a_word_of_the_policy_and_pass_leaves_its_hash_alone():
    rules = {"schema": "seatrial/policy/1", "key": {"score": {}}}
    reported = {word: parse_policy({**rules, "watch": word}, "p.toml") for word in ("pass", "hold")}
    assert reported["hold"].watch == "hold"
    assert reported["pass"].hash == parse_policy(rules, "p.toml").hash != reported["hold"].hash
    with pytest.raises(Exception, match="watch: 'wait' is unknown; choose one of: pass, hold"):
        parse_policy({**rules, "watch": "wait"}, "p.toml")


def test_a_report_read_back_from_json_looks_as_bad():
    report = judged()
    second_stage = report_of(json.loads(gate_json(gate_data(report))), "gate.json")
    assert view(second_stage).headline == view(report).headline == f"{SHORT}: not proven at this level."
    assert second_stage.overall.reasons[0].kind == "not_proven"


def test_a_blocked_headline_names_the_critical_row_and_then_the_worst_of_all(finding, report):
    fell = [
        finding("t=vip", State.BLOCKS, critical=True, difference=-0.2),
        finding("t=other", State.BLOCKS, difference=-0.5),
        finding("must_pass=x", State.BLOCKS, difference=-1.0, critical=True, ci=None, alpha_row=None),
    ]
    v = view(report(Verdict.FAIL, finding(), *fell))
    assert v.headline == (
        "2 of 2 segments got worse; one critical: vip −20.0 points, worst of all: other −50.0 points; outside the family: must_pass=x."
    )
