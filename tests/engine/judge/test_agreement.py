"""A judge against people: agreement, the worse answers it finds, the licence, and why verdicts do not count."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from seatrial.cli.app import run
from seatrial.judge.agreement import Measured, agreement_of
from seatrial.judge.licence import (
    DAY,
    Licence,
    level_of,
    licence_data,
    proven,
    read_licence,
    standing_of,
)
from seatrial.judge.spec import read_judge
from seatrial.judge.votes import Compared, Pair
from seatrial.verdict import Verdict
from seatrial.vote import (
    FamilyUnknown,
    Level,
    LicenceExpired,
    LicenceNotBegun,
    NoLicence,
    OtherGraph,
    OtherModel,
    OtherVersion,
    ShortOfLicence,
    bar_sentence,
)

JUDGE = "helpful@1#abc123"


def compared(*counts: tuple[str, str, int]) -> list[Compared]:
    return [
        Compared(Pair(f"{people}-{judge}-{place}", "v2", "v1"), people, judge, {"ann": people}, "", "", {})
        for people, judge, times in counts
        for place in range(times)
    ]


def test_a_judge_that_always_says_yes_finds_no_worse_answer():
    # Raw .9; chance agreement of AC1 is 2 x .95 x .05 = .095, so (.9 - .095) / (1 - .095) = .8895.
    found = agreement_of(compared(("candidate", "candidate", 270), ("baseline", "candidate", 30)))
    assert (found.raw.estimate, found.kappa.estimate, found.recall.estimate) == (0.9, 0.0, 0.0)
    assert found.ac1.estimate == pytest.approx(0.805 / 0.905)
    assert found.recall.high == pytest.approx(0.116, abs=5e-4)
    assert proven(_licence(labels=300, ac1=found.ac1, recall=found.recall)) is Verdict.FAIL


def test_one_class_throughout_is_not_known():
    found = agreement_of(compared(("candidate", "candidate", 50)))
    assert (found.kappa.estimate, found.ac1.estimate, found.recall.estimate) == (None, None, None)


def _licence(**of) -> Licence:
    made = Licence(
        judge=JUDGE,
        prompt_hash="p",
        models=("m-1",),
        families=("openai",),
        labels=150,
        negative=40,
        ac1=Measured(0.8, 0.7, 0.9),
        recall=Measured(0.8, 0.6, 0.9),
        consistency=Measured(0.9, 0.85, 0.95),
        measured_at=0.0,
        expires_at=90 * DAY,
        graphs=("desk",),
    )
    return replace(made, **of)


@pytest.mark.parametrize(
    ("of", "level"),
    [
        ({}, Level.FULL),
        ({"labels": 99}, Level.PROVISIONAL),
        ({"labels": 29}, Level.NONE),
        ({"negative": 29}, Level.PROVISIONAL),
        ({"ac1": Measured(0.65, 0.55, 0.75)}, Level.PROVISIONAL),
        ({"ac1": Measured(0.55, 0.45, 0.65)}, Level.NONE),
        ({"recall": Measured(0.6, 0.45, 0.7)}, Level.PROVISIONAL),
        ({"consistency": Measured(0.75, 0.65, 0.8)}, Level.PROVISIONAL),
        ({"consistency": Measured(None, None, None)}, Level.NONE),
    ],
)
def test_the_level_of_a_licence_follows_from_its_numbers(of, level):
    assert level_of(_licence(**of))[0] is level


@pytest.mark.parametrize(
    ("requested", "bar", "reported"),
    [
        ({"now": 91 * DAY}, LicenceExpired, "expired 1 day ago"),
        ({"judge": "helpful@2#def"}, OtherVersion, "helpful@1#abc123"),
        ({"now": -13 * DAY}, LicenceNotBegun, "measured 13 days from now"),
        ({"models": ["m-2"]}, OtherModel, "m-2 answered"),
        ({"graph": "other"}, OtherGraph, "not other"),
    ],
)
def test_a_judge_that_is_barred_does_not_count_and_says_why(requested, bar, reported):
    requested = {"judge": JUDGE, "now": DAY, **requested}
    found = standing_of(_licence(), **requested)
    assert found.level is Level.NONE
    assert [type(one) for one in found.bars] == [bar]
    assert reported in bar_sentence(found.bars[0])


@pytest.mark.parametrize("families", [(), ("",), ("openai", "unknown")])
def test_a_licence_that_does_not_say_its_family_may_hold(families):
    found = standing_of(_licence(families=families), JUDGE, now=DAY, arm_families={"anthropic"})
    assert (found.level, found.bars) == (Level.PROVISIONAL, (FamilyUnknown(of_judge=True),))


def test_a_licence_that_does_not_say_its_graphs_may_hold():
    found = standing_of(_licence(graphs=()), JUDGE, now=DAY, graph="desk")
    assert (found.level, found.bars) == (Level.PROVISIONAL, (OtherGraph("desk", ()),))
    assert bar_sentence(found.bars[0]) == "the licence does not say that it was measured on desk"
    assert standing_of(_licence(graphs=()), JUDGE, now=DAY).level is Level.FULL  # no graph is named


def test_a_judge_counts_under_a_valid_licence_and_without_one_does_not():
    requested = {"now": DAY, "models": ["m-1"], "arm_families": ["anthropic"], "graph": "desk"}
    assert standing_of(_licence(), JUDGE, **requested).level is Level.FULL
    assert standing_of(None, JUDGE, **requested).bars == (NoLicence(JUDGE),)
    few = standing_of(_licence(labels=60), JUDGE, **requested)
    assert (few.level, few.bars) == (Level.PROVISIONAL, (ShortOfLicence("labels", 60, 100),))


def test_a_licence_is_read_back_and_its_level_is_not_taken_from_the_file(tmp_path):
    file = tmp_path / "helpful.licence.json"
    assert read_licence(file) is None
    file.write_text(json.dumps(licence_data(_licence(labels=10)) | {"level": "full"}))
    found = read_licence(file)
    assert found == _licence(labels=10)
    assert level_of(found)[0] is Level.NONE


@pytest.mark.parametrize(
    "change", [{"schema": "x"}, {"expires_at": 1e12}, {"ac1": {"estimate": 7, "low": 7, "high": 7}}]
)
def test_a_file_that_is_no_licence_is_refused(tmp_path, change):
    file = tmp_path / "helpful.licence.json"
    file.write_text(json.dumps(licence_data(_licence()) | change))
    with pytest.raises(Exception, match=r"helpful\.licence\.json"):
        read_licence(file)


@pytest.fixture
def agreement(tmp_path, capsys):
    def call(verdicts, labels, *arguments):
        files = []
        for name, rows in (("verdicts", verdicts), ("labels", labels)):
            files.append(tmp_path / f"{name}.jsonl")
            files[-1].write_text("".join(json.dumps(row) + "\n" for row in rows))
        code = run(["judge", "agreement", str(files[0]), "--labels", str(files[1]), "--json", *arguments])
        return code, json.loads(capsys.readouterr().out)

    return call


def _verdicts(identity: str = JUDGE, wrong: int = 0) -> list[dict]:
    return [
        {
            "example_id": f"e{place}",
            "version": "v2",
            "baseline": "v1",
            "judge": identity,
            "order": order,
            "preference": float((place % 2 == 0) != (place < wrong)),
            "reported_model": "m-1",
            "family": "openai",
            "reason": "because",
            "segment.tier": "free" if place < 60 else "vip",
        }
        for place in range(120)
        for order in ("AB", "BA")
    ]


def _labels(**more) -> list[dict]:
    pair = {"version": "v2", "baseline": "v1", "annotator": "ann"}
    return [{"example_id": f"e{place}", **pair, "preference": float(place % 2 == 0), **more} for place in range(120)]


def test_a_good_judge_is_proven_above_every_floor(agreement):
    code, reported = agreement(_verdicts(wrong=4), _labels(), "--disagreements")
    assert (code, reported["level"], reported["agreement"]["n"], reported["agreement"]["negative"]) == (
        0,
        "full",
        120,
        60,
    )
    assert len(reported["disagreements"]) == 4
    assert reported["disagreements"][0]["why_judge"] == "because"
    assert set(reported["segments"]) == {"tier=free", "tier=vip"}


def test_a_judge_that_says_the_opposite_is_proven_under_a_floor(agreement):
    assert agreement(_verdicts(wrong=120), _labels())[0] == 1


def test_few_labels_cannot_tell(agreement):
    code, reported = agreement(_verdicts(), _labels()[:40])
    assert (code, reported["level"]) == (2, "provisional")


def test_of_one_persons_votes_the_latest_counts_and_a_blank_is_none(agreement):
    second_stage = [{**row, "preference": 1.0 - row["preference"]} for row in _labels()[:10]]
    blank = [{**row, "preference": None} for row in _labels()[10:15]]
    _, reported = agreement(_verdicts(), [*second_stage, *_labels()[:10], *_labels()[10:], *blank])
    assert (reported["agreement"]["n"], reported["agreement"]["raw"]["estimate"], reported["annotators"]) == (
        115,
        1.0,
        1,
    )


def test_a_pair_without_a_majority_of_annotators_is_left_out(agreement):
    other = [{**row, "annotator": "bob", "preference": 1.0 - row["preference"]} for row in _labels()[:7]]
    _, reported = agreement(_verdicts(), _labels() + other)
    assert (reported["agreement"]["n"], reported["split"], reported["annotators"]) == (113, 7, 2)


def test_a_judge_that_always_says_yes_is_proven_under_the_floor_by_the_command(agreement):
    both = [{"example_id": f"e{i}", "judge": JUDGE} for i in range(300)]
    verdicts = [{**one, "order": order, "preference": 1} for one in both for order in ("AB", "BA")]
    labels = [{"example_id": f"e{i}", "preference": int(i < 270)} for i in range(300)]
    code, reported = agreement(verdicts, labels)
    assert (code, reported["level"]) == (1, "none")
    assert reported["agreement"]["recall"]["high"] == pytest.approx(0.116, abs=5e-4)


def test_a_licence_is_written_for_the_judge_of_the_project_only(agreement, tmp_path, monkeypatch):
    folder = tmp_path / "judges"
    folder.mkdir()
    (folder / "helpful.toml").write_text('schema = "seatrial/judge/1"\nversion = 1\nmodel = "openai:gpt-4o-mini"\n')
    (folder / "helpful.v1.md").write_text("Which is better?\n{{inputs}}\n{{a}}\n{{b}}\n")
    monkeypatch.chdir(tmp_path)
    assert agreement(_verdicts(), _labels(), "--licence", "helpful")[0] in (2, 3)
    file = folder / "helpful.licence.json"
    assert not file.exists()
    judge = read_judge(tmp_path, "helpful")
    code, _ = agreement(_verdicts(judge.identity), _labels(), "--licence", "helpful", "--now", "2026-03-01")
    found = read_licence(file)
    assert (code, found.judge, found.prompt_hash) == (0, judge.identity, judge.prompt_hash)
    assert found.expires_at - found.measured_at == 90 * DAY
    assert standing_of(found, judge.identity, now=found.measured_at + DAY, models=["m-1"]).level is Level.FULL


# Exact one-sided p of 6 against 0 is (1/2)^6 = .016, of 5 against 0 (1/2)^5 = .031.
@pytest.mark.parametrize(("wrong", "code"), [((6, 0), 0), ((0, 6), 1), ((5, 0), 2), ((0, 0), 2)])
def test_the_wording_that_agrees_better_is_found_by_a_paired_test(tmp_path, capsys, wrong, code):
    files = [tmp_path / f"{name}.jsonl" for name in ("a", "b", "labels")]
    for file, rows in zip(files, (_verdicts(wrong=wrong[0]), _verdicts(wrong=wrong[1]), _labels()), strict=True):
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run(["judge", "prompts", str(files[0]), str(files[1]), "--labels", str(files[2]), "--json"]) == code
    reported = json.loads(capsys.readouterr().out)
    assert (reported["n"], reported["only_b"], reported["only_a"]) == (120, *wrong)
