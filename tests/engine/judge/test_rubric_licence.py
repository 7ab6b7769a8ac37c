"""A judge of single answers gates under a licence only: measured against pass and fail of people, of this prompt and model."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from seatrial.cli.app import run
from seatrial.errors import ConfigError, DataError, InvalidComparison
from seatrial.evidence.check import check as check_evidence
from seatrial.evidence.frame import unchecked_rows
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.judge.agreement import Measured
from seatrial.judge.licence import DAY, POINTWISE, Licence, level_of, licence_data, read_licence
from seatrial.judge.rubrics import PASS_COLUMNS, RUBRIC_COLUMNS, join_passes, repeat_consistency
from seatrial.judge.standing import key_standings, licence_file
from seatrial.project import mount
from seatrial.reason import Dropped
from seatrial.report.view import view
from seatrial.table import read_table
from seatrial.testing import OpenAIServer
from seatrial.testing.server import OTHER_MODEL
from seatrial.verdict import ReasonClass, Verdict
from seatrial.vote import (
    AnswersUnknown,
    ConstantAnswers,
    FamilyUnknown,
    Level,
    LicenceExpired,
    NoLicence,
    OtherVersion,
    SameFamily,
    ShortOfLicence,
    Standing,
    bar_sentence,
)
from seatrial.win_rate import MayOnlyHold, NoVote

KEY, IDENTITY, NOW = "judge:concise", "judge:concise@1#0123456789abcdef", 1_000 * DAY
SHARE = Measured(0.9, 0.8, 0.95)
FULL = Licence(
    judge=IDENTITY,
    prompt_hash="ab",
    models=("openai:gpt-4o-mini",),
    families=("openai",),
    labels=120,
    negative=40,
    ac1=SHARE,
    recall=SHARE,
    consistency=SHARE,
    measured_at=NOW,
    expires_at=NOW + 90 * DAY,
    kind=POINTWISE,
)


def table(worse=0, **of):
    """60 examples on which the judge passes all of a and all but `worse` of b; another key never changes."""
    rows = []
    for i in range(60):
        for version in "ab":
            common = {
                "example_id": f"e{i}",
                "version": version,
                "model": "claude-3",
                "repetition": 0,
                "outcome": "scored",
                "output_hash": f"{version}{i}",
            }
            rows.append({**common, "key": "answered", "score": 1.0})
            failed = version == "b" and i < worse
            rows.append({**common, "key": KEY, "score": float(not failed), "judge": IDENTITY, **of})
    evidence = unchecked_rows(rows, "memory", {})
    check_evidence(evidence)
    return evidence


def standing_under(tmp_path, licence=FULL, evidence=None, now=NOW, families=frozenset({"anthropic"})):
    if licence is not None:
        file = licence_file(tmp_path, KEY)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(licence_data(licence)))
    evidence = table() if evidence is None else evidence
    return key_standings(evidence, (KEY,), tmp_path, versions=("a", "b"), arm_families=families, now=now)[KEY]


POLICY = Policy(keys=(KeyRule("answered", primary=True), KeyRule(KEY)))


def gated(found, worse=40, policy=POLICY):
    return check(table(worse), policy, baseline="a", candidate="b", standings={KEY: found})


def test_under_a_full_licence_the_key_of_a_judge_gates(tmp_path):
    found = standing_under(tmp_path)
    assert found == Standing(Level.FULL)
    report = gated(found)
    assert report.verdict is Verdict.FAIL
    assert {f.key for f in report.findings if f.verdict is Verdict.FAIL} == {KEY}
    assert gated(found, worse=0).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("of", "at", "bar"),
    [
        (None, {}, NoLicence),
        ({}, {"now": NOW + 91 * DAY}, LicenceExpired),
        ({"judge": "judge:concise@1#ffffffffffffffff"}, {}, OtherVersion),
        ({"judge": "concise@1#0123456789abcdef"}, {}, OtherVersion),
        ({"labels": 12}, {}, ShortOfLicence),
        ({"consistency": Measured(None, None, None)}, {}, ShortOfLicence),
    ],
)
def test_without_a_licence_the_key_is_reported_with_the_reason(tmp_path, of, at, bar):
    found = standing_under(tmp_path, None if of is None else replace(FULL, **of), **at)
    assert found.level is Level.NONE
    assert bar in [type(one) for one in found.bars]
    report = gated(found)
    assert report.verdict is Verdict.PASS
    (row,) = [f for f in report.reported if f.key == KEY and f.segment == "overall"]
    assert [NoVote, *map(type, found.bars)] == [type(one) for one in row.reasons[: 1 + len(found.bars)]]
    assert any(text.startswith(f"key {KEY} has no vote") for text in view(report).warnings)


def two_judges():
    rows = table().rows()
    for row in rows:
        if row["key"] == KEY and row["version"] == "a":
            row["judge"] = "judge:concise@2#0000000000000000"
    return unchecked_rows(rows, "memory", {})


@pytest.mark.parametrize(
    ("of", "at", "bar"),
    [
        ({"labels": 60}, {}, ShortOfLicence),
        ({"negative": 12}, {}, ShortOfLicence),
        ({"consistency": Measured(0.9, 0.5, 0.95)}, {}, ShortOfLicence),
        ({}, {"families": frozenset({"openai"})}, SameFamily),
        ({}, {"families": None}, FamilyUnknown),
        ({}, {"evidence": table(judge=None)}, OtherVersion),
        ({}, {"evidence": table(judge="")}, OtherVersion),
        ({}, {"evidence": two_judges()}, OtherVersion),
    ],
)
def test_under_a_provisional_licence_or_of_unknown_versions_the_key_holds_and_fails_nothing(tmp_path, of, at, bar):
    found = standing_under(tmp_path, replace(FULL, **of), **at)
    assert (found.level, [type(one) for one in found.bars]) == (Level.PROVISIONAL, [bar])
    report = gated(found)
    assert (report.verdict, report.reason_class) == (Verdict.INCONCLUSIVE, ReasonClass.INVALID)
    (row,) = [f for f in report.findings if f.key == KEY and f.segment == "overall"]
    assert [type(one) for one in row.reasons if isinstance(one, (Dropped, MayOnlyHold, bar))] == [
        Dropped,
        MayOnlyHold,
        bar,
    ]
    assert any(text.startswith(f"key {KEY} may hold this verdict") for text in view(report).warnings)
    assert gated(found, worse=0).verdict is Verdict.PASS


@pytest.mark.parametrize("level", [Level.FULL, Level.PROVISIONAL])
@pytest.mark.parametrize("bar", [ConstantAnswers(61, 120), AnswersUnknown(120, 120)])
def test_what_the_answers_take_from_a_key_is_its_pass_and_never_its_fail(bar, level):
    found = Standing(level, (bar,))
    assert gated(found).verdict is gated(Standing(level)).verdict
    passed = gated(found, worse=0)
    assert (passed.verdict, passed.reason_class) == (Verdict.INCONCLUSIVE, ReasonClass.INVALID)


def test_a_judge_without_a_full_licence_is_never_all_that_gates():
    none = Standing(Level.NONE, (NoLicence(KEY),))
    for found, vote in ((none, "has no vote"), (Standing(Level.PROVISIONAL), "may hold a verdict")):
        with pytest.raises(InvalidComparison, match=f"the primary key 'judge:concise' {vote}"):
            gated(found, policy=Policy(keys=(KeyRule(KEY, primary=True), KeyRule("answered"))))
        with pytest.raises(InvalidComparison, match=f"the only tested key 'judge:concise' {vote}"):
            gated(found, policy=Policy(keys=(KeyRule(KEY),)))
    with pytest.raises(ConfigError, match="zero_tolerance"):
        gated(none, policy=Policy(keys=(KeyRule("answered"), KeyRule(KEY, zero_tolerance=True))))


def scores(tmp_path, *rows, name="scores.csv", head="example_id,version,draw,score,output_hash,judge"):
    (tmp_path / name).write_text("\n".join([head, *rows]) + "\n")
    return read_table(tmp_path / name, RUBRIC_COLUMNS)


def drawn(tmp_path, second, n=20):
    """n answers judged twice: the first word is 1, the second is that of `second`, None where the line is not there."""
    words = [second.get(i, "1") for i in range(n)]
    lines = [f"q{i},v,0,1,h,j" for i in range(n)] + [f"q{i},v,1,{w},h,j" for i, w in enumerate(words) if w is not None]
    return scores(tmp_path, *lines)


@pytest.mark.parametrize(
    ("second", "estimate"),
    [
        ({}, 1.0),
        ({0: "0", 1: "0"}, 0.9),  # 18 of 20
        ({0: None, 1: "0"}, 18 / 19),  # 19 of 20 have both draws, .95, which is enough
        ({0: "", 1: "0"}, 18 / 19),
        ({0: None, 1: None}, None),  # 18 of 20 are not
        ({0: None, 1: ""}, None),
        (dict.fromkeys(range(20)), None),  # judged once
    ],
)
def test_consistency_is_over_answers_with_every_draw_where_nearly_all_have_it(tmp_path, second, estimate):
    assert repeat_consistency(drawn(tmp_path, second)).estimate == estimate


def test_a_line_that_stands_twice_is_no_repeat(tmp_path):
    doubled = scores(tmp_path, *["a,v,0,1,h,j"] * 2)
    labels = tmp_path / "labels.csv"
    labels.write_text("example_id,label\na,pass\n")
    for measured in (repeat_consistency, lambda table: join_passes(read_table(labels, PASS_COLUMNS), table)):
        with pytest.raises(DataError, match="row 2: draw 0 of one answer to 'a' stands there twice"):
            measured(doubled)


def test_what_was_not_measured_says_what_measures_it():
    _, short = level_of(replace(FULL, consistency=Measured(None, None, None), ac1=Measured(None, None, None)))
    how = "judge each answer at least twice (`seatrial judge pointwise --repeat 2`)"
    assert [bar_sentence(one) for one in short] == [
        "lower bound of AC1 not measured",
        f"lower bound of the consistency over repeats of one answer not measured: {how}",
    ]


def test_labels_are_pass_and_fail_and_the_latest_of_a_person_counts(tmp_path):
    judged = scores(tmp_path, "a,v,0,1,h,j", "b,v,0,0,h,j", "c,v,0,,h,j")
    lines = ("a,ann,fail", "a,ann,pass", "b,ann,0", "b,bob,", "c,ann,pass", "d,ann,pass")
    (tmp_path / "labels.csv").write_text("\n".join(["example_id,annotator,label", *lines]) + "\n")
    found = join_passes(read_table(tmp_path / "labels.csv", PASS_COLUMNS), judged)
    assert [(one.pair.example_id, one.people, one.judge) for one in found.compared] == [
        ("a", "pass", "pass"),
        ("b", "fail", "fail"),
    ]
    assert found.unjudged == 2


EVALUATORS = """
from seatrial.adapters.pointwise import hub_chat, pointwise_judge

MODEL = "openai:gpt-4o-mini"
PROMPT = "Is this a good answer? {answer}"


def answered(run, example):
    return bool(run.outputs["answer"])


@pointwise_judge("concise", model=MODEL, prompt=PROMPT)
def concise(outputs):
    reply = hub_chat(MODEL, temperature=0).invoke(PROMPT.format(answer=outputs["answer"]))
    return {"key": "judge:concise", "score": reply.text == "yes", "reason": reply.text}


SUITES = {"desk": (answered, concise)}
"""


@pytest.fixture
def desk(project, monkeypatch):
    """A project whose judge of single answers passes good ones; v1 and v2 are run."""
    root = project()
    (root / "evaluators" / "__init__.py").write_text(EVALUATORS)
    monkeypatch.setenv("EVAL", "1")

    def answer(messages):
        return "yes" if "a good answer to" in messages[-1]["content"] else "no"

    with OpenAIServer(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        for version in ("v1", "v2"):
            assert run(["eval", f"desk@{version}", "--json"]) == 0
        yield root, server


def test_from_stored_answers_to_a_licence_and_a_gate(desk, capsys):
    root, server = desk
    (root / "gates").mkdir(exist_ok=True)
    (root / "gates" / "merge.toml").write_text(
        'schema = "seatrial/policy/1"\nmust_detect = 0.5\nmust_detect_overall = 0.5\n[key.answered]\nprimary = true\n[key."judge:concise"]\n'
    )
    gate = ["gate", "desk@v2", "desk@v1", "--policy", "gates/merge.toml"]
    capsys.readouterr()
    assert run(gate) == 0
    assert "key judge:concise has no vote, it is reported only: judge concise@1#" in " ".join(
        capsys.readouterr().out.split()
    )
    before = len(server.requests)
    assert run(["judge", "pointwise", "desk@v1", "--judge", "concise", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], said["requested"], len(server.requests) - before) == (40, 40, 40)
    assert run(["judge", "pointwise", "desk@v1", "--judge", "judge:concise"]) == 0
    assert len(server.requests) - before == 40  # none is requested again
    labels = root / "labels.jsonl"
    labels.write_text("".join(json.dumps({"example_id": f"e{i:02}", "label": "fail"}) + "\n" for i in range(20)))
    agreement = ["judge", "agreement", said["file"], "--labels", str(labels), "--licence", KEY]
    capsys.readouterr()
    assert run(agreement) == 2  # 20 labels are too few
    out = capsys.readouterr().out
    assert "20 answers, 20 that people fail" in out
    assert "short of a full licence: 20 labels, 100 needed" in out
    assert run(["judge", "licence", KEY]) == 2
    file = licence_file(root, KEY)
    stored = json.loads(file.read_text())
    assert (stored["kind"], stored["families"], stored["models"]) == ("pointwise", ["openai"], ["openai:gpt-4o-mini"])
    # As if people had labelled 120 answers.
    enough = {"labels": 120, "negative": 40, "ac1": SHARE, "recall": SHARE, "consistency": SHARE}
    made = replace(read_licence(file), **enough, measured_at=time.time(), expires_at=time.time() + DAY)
    file.write_text(json.dumps(licence_data(made)))
    assert run(["judge", "licence", KEY]) == 0
    capsys.readouterr()
    assert run(gate) == 1
    assert "judge:concise" in capsys.readouterr().out
    evaluators = root / "evaluators" / "__init__.py"
    evaluators.write_text(evaluators.read_text().replace("Is this a good answer?", "Is this a very good answer?"))
    mount(Path(__file__).parent)  # another folder, so that the evaluators are imported anew
    capsys.readouterr()
    assert run(["judge", "licence", KEY]) == 2
    assert "its prompt, model or settings changed" in capsys.readouterr().out
    assert run(agreement) == 3
    assert "judge the labelled answers with it first" in " ".join(capsys.readouterr().err.split())


def test_a_reply_of_another_model_is_no_score(desk, capsys):
    root, _ = desk
    (folder,) = [one for one in (root / ".seatrial" / "runs").glob("*") if '"v1"' in (one / "run.json").read_text()]
    with OpenAIServer(lambda _: "yes", mode="other_model") as server:
        os.environ["OPENAI_BASE_URL"] = server.url
        assert run(["judge", "pointwise", folder.name, "--judge", "concise"]) == 2
    assert f"{OTHER_MODEL} answered a call to openai:gpt-4o-mini" in capsys.readouterr().out
