"""Attempts at a vote or a win that was not measured: each is refused, or has no vote."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from seatrial.cli.app import run
from seatrial.errors import DataError
from seatrial.evidence.check import check as check_evidence
from seatrial.evidence.frame import unchecked_rows
from seatrial.judge.agreement import Measured
from seatrial.judge.licence import DAY, Licence, licence_data, read_licence
from seatrial.judge.null_model import null_model
from seatrial.judge.standing import standings_of_table
from seatrial.vote import AnswersUnknown, ConstantAnswers, Level, OtherVersion

JUDGE = "helpful@1#0123456789abcdef"
SHARE = Measured(0.9, 0.8, 0.95)


def licence(tmp_path, **of):
    fields = {"judge": JUDGE, "prompt_hash": "ab", "models": ("m-1",), "families": ("openai",), "labels": 120}
    fields |= {"negative": 40, "ac1": SHARE, "recall": SHARE, "consistency": SHARE, "measured_at": time.time()}
    made = Licence(**{**fields, "expires_at": time.time() + DAY, **of})
    (tmp_path / "judges").mkdir(exist_ok=True)
    file = tmp_path / "judges" / "helpful.licence.json"
    file.write_text(json.dumps(licence_data(made)))
    return file


@pytest.mark.parametrize(
    "edit",
    [
        {"labels": 500},
        {"ac1": {"estimate": 0.99, "low": 0.9, "high": 1.0}},
        {"families": ["anthropic"]},
        {"expires_at": time.time() + 80 * DAY},
        {"suspended": None, "negative": 90},
        {"content_hash": None},
    ],
)
def test_a_licence_that_was_edited_by_hand_is_refused(tmp_path, edit):
    file = licence(tmp_path)
    assert read_licence(file) is not None
    file.write_text(json.dumps(json.loads(file.read_text()) | edit))
    with pytest.raises(DataError, match="edited"):
        read_licence(file)


def verdicts(tmp_path, n=120, *, without=(), reason="it says how"):
    """The judge finds the candidate better but for every third example, in both orders."""
    rows = [
        {
            "example_id": f"q{i}",
            "version": "v2",
            "baseline": "v1",
            "judge": JUDGE,
            "order": order,
            "preference": float(i % 3 > 0),
            "reported_model": "m-1",
            "family": "openai",
            "reason": reason,
        }
        for i in range(n)
        if i not in without
        for order in ("AB", "BA")
    ]
    file = tmp_path / "verdicts.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


def labels(tmp_path, wrong=(), who="ann", reasons=(), **of):
    rows = [
        {"example_id": f"q{i}", "version": "v2", "baseline": "v1", "annotator": who, **of}
        | ({"reason": reasons[i]} if i < len(reasons) else {})
        | {"preference": float((i % 3 > 0) != (i in wrong))}
        for i in range(120)
    ]
    file = tmp_path / "labels.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ["--labels", str(file)]


def test_verdicts_that_were_removed_where_people_disagree_give_no_licence(tmp_path, capsys):
    wrong = tuple(range(0, 120, 6))
    assert run(["judge", "agreement", verdicts(tmp_path), *labels(tmp_path, wrong), "--json"]) == 2
    honest = json.loads(capsys.readouterr().out)
    assert honest["level"] == "provisional"
    assert run(["judge", "agreement", verdicts(tmp_path, without=wrong), *labels(tmp_path, wrong), "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["agreement"]["raw"]["estimate"] == 1.0  # what is left agrees completely
    assert (said["level"], said["unjudged"]) == ("none", 20)
    assert "share of labels with a verdict 83.3 %, floor 95.0 %" in said["short_of"]


def test_draws_that_were_removed_do_not_raise_the_consistency(tmp_path, capsys):
    file = Path(verdicts(tmp_path))
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    # In a second draw the judge contradicts itself on every other pair.
    again = [
        {
            **row,
            "repetition": 1,
            "preference": float(row["order"] == "AB") if int(row["example_id"][1:]) % 2 else row["preference"],
        }
        for row in rows
    ]
    kept = [row for row in again if int(row["example_id"][1:]) % 2 == 0]
    for second, estimate in ((again, 0.75), (kept, None)):
        file.write_text("".join(json.dumps(row) + "\n" for row in [*rows, *second]))
        run(["judge", "agreement", str(file), *labels(tmp_path), "--json"])
        assert json.loads(capsys.readouterr().out)["consistency"]["estimate"] == estimate


def test_a_licence_is_as_old_as_its_verdicts_and_as_suspended(judges, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    identity = judges().identity
    file = Path(verdicts(tmp_path))
    file.write_text(file.read_text().replace(JUDGE, identity))
    command = ["judge", "agreement", str(file), *labels(tmp_path), "--licence", "helpful", "--now"]
    place = tmp_path / "judges" / "helpful.licence.json"
    assert run([*command, "2026-01-01"]) == 0
    first = read_licence(place)
    place.write_text(json.dumps(licence_data(replace(first, suspended=(20, 60, 1.0)))))
    capsys.readouterr()
    assert run([*command, "2026-06-01"]) == 0
    assert "it dates from 2026-01-01 and suspended" in capsys.readouterr().out
    renewed = read_licence(place)
    assert (renewed.measured_at, renewed.expires_at, renewed.suspended) == (
        first.measured_at,
        first.expires_at,
        (20, 60, 1.0),
    )
    file.write_text(file.read_text().replace("it says how", "it says why"))  # judged anew
    assert run([*command, "2026-06-01"]) == 0
    anew = read_licence(place)
    assert (anew.measured_at > first.measured_at, anew.suspended) == (True, None)


@pytest.mark.parametrize(("gone", "measured"), [(6, True), (7, False)])
def test_pairs_that_lost_one_order_do_not_raise_the_consistency(tmp_path, capsys, gone, measured):
    file = Path(verdicts(tmp_path))
    lines = file.read_text().splitlines()
    # 114 of 120 pairs with both orders are .95; 113 are not. Nobody labelled those that lost one.
    file.write_text("\n".join(lines[: 240 - 2 * gone] + lines[240 - 2 * gone :: 2]) + "\n")
    given = labels(tmp_path)
    Path(given[1]).write_text("\n".join(Path(given[1]).read_text().splitlines()[: 120 - gone]) + "\n")
    assert run(["judge", "agreement", str(file), *given, "--json"]) == (0 if measured else 2)
    said = json.loads(capsys.readouterr().out)
    assert (said["level"], said["unjudged"]) == ("full" if measured else "none", 0)
    assert any("judge every pair in both orders" in text for text in said["short_of"]) is not measured


def test_labels_of_versions_that_the_table_is_not_about_are_no_missing_verdicts(tmp_path, capsys):
    given = labels(tmp_path)
    with Path(given[1]).open("a") as file:
        file.writelines(
            json.dumps({"example_id": f"q{i}", "version": "v3", "baseline": "v2", "annotator": "ann", "preference": 1})
            + "\n"
            for i in range(120)
        )
    assert run(["judge", "agreement", verdicts(tmp_path), *given, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unjudged"] == 0


@pytest.mark.parametrize("who", ["helpful", "Helpful", JUDGE, "m-1"])
def test_labels_by_the_judge_itself_are_refused(tmp_path, capsys, who):
    assert run(["judge", "agreement", verdicts(tmp_path), *labels(tmp_path, who=who)]) == 2
    assert "the judge's own" in capsys.readouterr().err


def test_labels_that_carry_the_judges_reasons_are_refused(tmp_path, capsys):
    assert run(["judge", "agreement", verdicts(tmp_path), *labels(tmp_path, reason="it says how")]) == 2
    assert "the judge's reason word for word" in " ".join(capsys.readouterr().err.split())
    assert run(["judge", "agreement", verdicts(tmp_path), *labels(tmp_path, reason="clear")]) == 0


@pytest.mark.parametrize(
    ("copied", "own", "code"),
    [(30, 30, 0), (31, 30, 2), (5, 0, 2), (4, 0, 0)],  # half of the labels with a reason, more than half; five, four
)
def test_reasons_are_copied_where_most_of_those_given_and_five_or_more_are(tmp_path, capsys, copied, own, code):
    reasons = ["it says how"] * copied + [f"my own {i}" for i in range(own)]
    assert run(["judge", "agreement", verdicts(tmp_path), *labels(tmp_path, reasons=reasons)]) == code
    assert ("word for word" in " ".join(capsys.readouterr().err.split())) is (code == 2)


def test_a_judge_that_always_says_the_first_finds_no_winner_and_gets_no_licence(tmp_path, capsys):
    rows = [json.loads(line) for line in Path(verdicts(tmp_path)).read_text().splitlines()]
    file = tmp_path / "first.jsonl"
    file.write_text("".join(json.dumps({**row, "preference": float(row["order"] == "AB")}) + "\n" for row in rows))
    assert run(["judge", "winrate", str(file)]) == 2
    assert "0.0 % consistent over both orders, floor 70.0 %: no winner" in capsys.readouterr().out
    assert run(["judge", "agreement", str(file), *labels(tmp_path)]) == 1


def answers(same, unknown=0, *, baseline=0):
    """120 answers of each version: `same` of the candidate's and `baseline` of the other's are "b", `unknown` have no hash."""
    rows = []
    for i in range(120):
        common = {"example_id": f"e{i}", "repetition": 0, "outcome": "scored", "score": 1.0, "model": "claude-3"}
        mine = None if i >= 120 - unknown else "b" if i < same else f"b{i}"
        rows += [{**common, "version": "a", "key": "answered", "output_hash": "b" if i < baseline else f"a{i}"}]
        rows += [{**common, "version": "b", "key": "answered", "output_hash": mine}]
        rows += [{**common, "version": "b", "key": "winrate:helpful", "judge": JUDGE}]
    evidence = unchecked_rows(rows, "memory", {})
    check_evidence(evidence)
    return evidence


@pytest.mark.parametrize("judge", [None, "", "other@1#0123456789abcdef"])
def test_one_win_rate_of_120_by_nobody_or_another_makes_the_judge_unknown(tmp_path, judge):
    licence(tmp_path)
    rows = answers(0).rows()
    next(row for row in reversed(rows) if row["key"] == "winrate:helpful")["judge"] = judge
    evidence = unchecked_rows(rows, "memory", {})
    found = standings_of_table(evidence, {"helpful": 0.7}, tmp_path, versions=("a", "b"), now=time.time())["helpful"]
    assert (found.level, found.bars) == (Level.PROVISIONAL, (OtherVersion(JUDGE, ""),))


# More than half of 120 is 61. What has no hash may be the same answer, too: 41 + 20 are 61 of 120.
NULL_MODELS = [
    ((61, 0), ConstantAnswers(61, 120)),
    ((60, 0), None),
    ((41, 20), AnswersUnknown(20, 120)),
    ((40, 20), None),
    ((0, 120), AnswersUnknown(120, 120)),
]


@pytest.mark.parametrize(("of", "bar"), NULL_MODELS)
def test_a_null_model_has_no_win_in_evidence_from_a_file(tmp_path, of, bar):
    licence(tmp_path)
    found = standings_of_table(answers(*of), {"helpful": 0.7}, tmp_path, versions=("a", "b"), now=time.time())[
        "helpful"
    ]
    assert (found.level, found.no_win) == (Level.FULL, bar)


def test_how_many_answers_may_be_the_same_is_what_the_judges_file_says(judges, tmp_path):
    for name, most in (("helpful", 0.4), ("strict", 0.8)):
        judges(name=name, max_same_answer=most)
    (tmp_path / "judges" / "panels.toml").write_text('[both]\njudges = ["strict", "helpful"]\n')
    wanted = dict.fromkeys(("helpful", "strict", "both", "unwritten"), 0.7)
    found = standings_of_table(answers(60), wanted, tmp_path, versions=("a", "b"), now=time.time())
    # 60 of 120 are .5: over .4, and not over .8 or the .5 of a judge without a file; a panel is as strict as its strictest.
    assert [name for name, one in found.items() if one.no_win] == ["helpful", "both"]


@pytest.mark.parametrize(
    ("same", "baseline", "bar"),
    [
        (120, 84, True),  # of the 36 examples that the baseline answers otherwise all 36 get the one answer
        (96, 84, False),  # 12 of 36
        (61, 0, True),
        (120, 115, False),  # of 5 examples nothing can be said
    ],
)
def test_an_answer_that_the_baseline_gives_as_well_is_no_null_model(same, baseline, bar):
    found = null_model(answers(same, baseline=baseline), "b", beside="a")
    assert found == (ConstantAnswers(same, 120) if bar else None)
