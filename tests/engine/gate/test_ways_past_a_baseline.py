"""Ways somebody once found past baselines, overrides, contracts and the fast gate; each must stay closed."""

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from seatrial.cli.app import run
from seatrial.errors import DataError, InvalidComparison, UsageError
from seatrial.gate.baseline import baseline_name, baseline_text, read_baseline
from seatrial.gate.confirmation import check_second_stage
from seatrial.gate.merge import check
from seatrial.gate.override import Bound, apply, override_line, read_overrides, write_for
from seatrial.gate.policy import Policy
from seatrial.gate.quarantine_file import Entry, Quarantine
from seatrial.project import open_project
from seatrial.pytest_plugin.session import Session
from seatrial.trial.against_baseline import gate_against_baseline, renew
from seatrial.trial.baselines import accept, accepted
from seatrial.trial.code_hash import code_hash
from seatrial.trial.evaluate import Part, evaluate
from seatrial.trial.gating import gate_runs
from seatrial.trial.overrides import append, record, runs_bound
from seatrial.verdict import Verdict

TODAY = date(2026, 3, 1)
NOW = datetime.now(UTC).date()
HERE = Bound("base", "cand")


# ---- overrides


@pytest.fixture
def blocked(build, pairs):
    return check(build(pairs({"x": (40, 20, 0, 0), "y": (50, 0, 0, 0)})), Policy(), baseline="a", candidate="b")


def written(report, segment, reason="fixed on Friday", today=TODAY):
    return write_for(
        report,
        HERE,
        (),
        segment=segment,
        key="score",
        reason=reason,
        author="ada",
        expires=today + timedelta(days=10),
        today=today,
    )


def line(report, segment="t=x", **more):
    return json.dumps({**json.loads(override_line(written(report, segment))), **more}) + "\n"


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85"])
def test_a_reason_with_an_exotic_end_of_line_does_not_make_the_file_unreadable(blocked, end):
    reason = f"the desk{end}moves"
    (one,) = read_overrides(override_line(written(blocked, "t=x", reason)), Path("overrides.jsonl"))
    assert one.reason == reason


def test_a_file_whose_last_line_an_editor_left_open_is_appended_to_all_the_same(blocked, tmp_path):
    file = tmp_path / "overrides.jsonl"
    file.write_text(line(blocked).rstrip("\n"))
    append(file, line(blocked, "overall"))
    assert [one.segment for one in read_overrides(file.read_text(), file)] == ["t=x", "overall"]


@pytest.mark.parametrize(
    "typed",
    [
        {"difference": float("nan")},  # nothing is deeper than that
        {"difference": float("-inf")},
        {"difference": True},
        {"expires": "2036-03-01"},
        {"expires": "2026-03-01"},
        {"author": " "},
        {"reason": ""},
        {"candidate": 5},
    ],
)
def test_a_line_typed_by_hand_lets_no_more_through_than_the_command_would(blocked, typed):
    with pytest.raises(DataError, match="line 1 is no override"):
        read_overrides(line(blocked, **typed), Path("overrides.jsonl"))


def test_an_override_of_a_day_that_has_not_come_does_not_stand_yet(blocked):
    later = tuple(written(blocked, segment, today=TODAY + timedelta(days=5)) for segment in ("t=x", "overall"))
    report = apply(blocked, later, HERE, TODAY)
    assert report.exit_code == 1
    assert any("a day that has not come yet" in warning for warning in report.warnings)
    # a clock a few hours ahead of ours is no such day
    assert apply(blocked, later, HERE, TODAY + timedelta(days=4)).exit_code == 0


def test_a_third_renewal_typed_by_hand_lets_nothing_through(blocked):
    ours = [
        replace(written(blocked, segment), expires=(TODAY + timedelta(days=1 + day)).isoformat())
        for day in range(4)
        for segment in ("t=x", "overall")
    ]
    assert apply(blocked, ours[:6], HERE, TODAY).exit_code == 0
    report = apply(blocked, ours, HERE, TODAY)
    assert report.exit_code == 1
    assert "t=x · score: overridden 4 times; 2 renewals are the most" in report.warnings


# ---- contracts


def many(version, repetitions, *, contract=3):
    """100 examples that all pass; e0 is a contract, run three times."""
    return [
        {"example_id": f"e{i}", "version": version, "score": 1.0, "repetition": r}
        for i in range(100)
        for r in range(contract if i == 0 else repetitions)
    ]


def test_extra_runs_of_a_baseline_run_once_are_no_plan_for_a_candidate_run_three_times(build):
    evidence = build(many("a", 1) + many("b", 3))
    report = check(evidence, Policy(must_pass=("e0",)), baseline="a", candidate="b")
    # planned thrice because e0 was, two thirds of the baseline would be missing: "cannot tell" of what passes everywhere
    assert report.verdict is Verdict.PASS
    assert report.counts["planned"] == 200


def test_a_contract_that_holds_is_not_cannot_tell_beside_a_quarantine_that_was_confirmed(build):
    def rows(version, wrong, first, repetitions):
        found = []
        for i in range(100):
            for r in range(3 if i == 0 else repetitions):
                score = 0.0 if i in wrong else 1.0
                found.append({"example_id": f"e{i}", "version": version, "score": score, "repetition": first + r})
        return found

    kept = Quarantine((Entry("g", "e99", "ann", "coin", date(2026, 4, 1), "c", "a", 5, 0.5),))
    policy = Policy(must_pass=("e0",))
    evidence = build(rows("a", (), 0, 1) + rows("b", (1, 2, 3), 0, 1))
    first = check(evidence, policy, baseline="a", candidate="b", quarantine=kept)
    fresh = build(rows("a", (), 1, 3) + rows("b", (), 1, 3))
    report = check_second_stage(first, evidence, fresh, policy, quarantine=kept)
    assert (report.verdict, report.quarantine.with_them) == (Verdict.PASS, Verdict.PASS)


# ---- baseline files


def baseline_rows(pairs, **more):
    known = {"graph": "desk", "dataset": "f:desk:golden", "dataset_hash": "d1", "evaluator_version": "1"}
    return [{**row, **known, **more} for row in pairs({"x": (50, 0, 0, 10)})]


def read(text):
    return read_baseline(text, Path(f"{baseline_name(text)}.jsonl"))


@pytest.mark.parametrize(("word", "lie"), [("repetitions", 3), ("system_failures", 0.9), ("evaluator_versions", {})])
def test_a_header_that_lies_is_refused_though_the_file_was_given_its_new_name(build, pairs, word, lie):
    header, *rest = baseline_text(build(baseline_rows(pairs)), "a", measured=TODAY).splitlines()
    with pytest.raises(DataError, match="and its rows say"):
        read("\n".join([json.dumps({**json.loads(header), word: lie}), *rest]) + "\n")


def test_an_id_with_an_exotic_end_of_line_is_read_back(build, pairs):
    rows = [{**row, "example_id": f"{row['example_id']}\u2028\x85"} for row in baseline_rows(pairs)]
    assert len(read(baseline_text(build(rows), "a", measured=TODAY)).evidence) == 60


def test_a_version_that_never_answered_is_no_baseline(build, pairs):
    # its record of 100 % crashes would let every candidate's crashes through
    rows = baseline_rows(pairs, score=None, outcome="target_error", error_kind="exception")
    with pytest.raises(DataError, match="failed on every one of 60 cells"):
        baseline_text(build(rows), "a", measured=TODAY)


# ---- a project


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    folder = tmp_path_factory.mktemp("holes") / "evals"
    assert run(["init", str(folder)]) == 0
    return folder


@pytest.fixture
def project(begun, tmp_path, monkeypatch):
    folder = tmp_path / "evals"
    shutil.copytree(begun, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(folder)
    return folder


def change(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def break_it(project):
    change(project / "graphs/triage/prompts/p1.md", "refund: refund, ", "refund: ")


def stand(project, into, against="current", **more):
    opened = open_project(project)
    (row,) = opened.settings.trial
    return gate_against_baseline(
        opened, row, **{"against": against, "into": into, "today": NOW, "models": False, **more}
    )


def test_an_old_baseline_is_not_run_again_as_the_candidate_it_is_to_judge(project, tmp_path):
    change(project / "graphs/registry.py", 'family="rules"', 'family="gpt"')
    opened = open_project(project)
    (row,) = opened.settings.trial
    renew(opened, row, today=NOW, author="ada", reason="test")
    later = {"today": NOW + timedelta(days=30), "models": True}
    break_it(project)  # v1 is still called v1, and is 60 points worse
    with pytest.raises(InvalidComparison, match="cannot be run again beside the candidate: v1 is the current version"):
        stand(project, tmp_path / "x", **later)


def test_a_baseline_of_a_day_that_has_not_come_never_grows_old_and_is_refused(project, tmp_path):
    change(project / "graphs/registry.py", 'family="rules"', 'family="gpt"')
    opened = open_project(project)
    (row,) = opened.settings.trial
    renew(opened, row, today=NOW, author="ada", reason="test")
    with pytest.raises(InvalidComparison, match="says that it was measured on"):
        stand(project, tmp_path, today=NOW - timedelta(days=2))


def test_the_current_version_is_not_its_own_baseline(project, tmp_path):
    with pytest.raises(UsageError, match="a version is not compared with itself"):
        stand(project, tmp_path, "v1")


def test_a_pointer_to_a_file_of_another_graph_is_refused(project, tmp_path):
    folder = project / "gates/baselines/triage"
    (file,) = [f for f in folder.glob("*.jsonl") if f.stem != "moves"]
    text = file.read_text().replace('"graph":"triage"', '"graph":"twin"')
    (folder / f"{baseline_name(text)}.jsonl").write_text(text)
    (folder / "current").write_text(f"{baseline_name(text)}\n")
    with pytest.raises(DataError, match="names a baseline of 'twin'"):
        stand(project, tmp_path)


def test_edited_segment_rules_are_named_with_the_command_that_renews_the_baseline(project, tmp_path):
    change(project / "datasets/segments.toml", 'arg = "refund"', 'arg = "delivery"')
    named = r"^the rules of segments.toml were edited since the baseline of triage \(v1, [-\d]+\) was accepted: 72 examples moved in topic, such as t001 from topic=refund to topic=rest.*--seatrial-update-baseline -k triage$"
    with pytest.raises(InvalidComparison, match=named):
        stand(project, tmp_path)


def test_segment_rules_edited_since_the_anchor_name_the_anchor(project, tmp_path):
    assert run(["eval", "triage@v1"]) == 0
    assert run(["anchor", "set", "triage", "--reason", "release 1"]) == 0
    change(project / "datasets/segments.toml", 'arg = "refund"', 'arg = "delivery"')
    opened = open_project(project)
    (row,) = opened.settings.trial
    renew(opened, row, today=NOW, author="ada", reason="rules")
    with pytest.raises(InvalidComparison, match=r"edited since the anchor of triage.*seatrial anchor set triage"):
        stand(project, tmp_path)


def test_an_anchor_of_other_examples_names_the_command_that_moves_it(project, tmp_path):
    assert run(["eval", "triage@v1"]) == 0
    assert run(["anchor", "set", "triage", "--reason", "release 1"]) == 0
    file = project / "datasets/triage/golden.jsonl"
    file.write_text("\n".join(file.read_text().splitlines()[:60]) + "\n")
    opened = open_project(project)
    (row,) = opened.settings.trial
    renew(opened, row, today=NOW, author="ada", reason="a shorter dataset")
    with pytest.raises(InvalidComparison, match=r"the anchor of triage .* Renew it with seatrial anchor set triage"):
        stand(project, tmp_path)


@pytest.mark.parametrize("name", ["gates/overrides.jsonl", "gates/baselines/triage/current"])
def test_a_record_that_is_no_text_is_a_sentence(project, tmp_path, name):
    (project / name).write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="cannot be read"):
        stand(project, tmp_path)


def test_a_run_of_some_examples_is_no_baseline_and_no_anchor(project):
    opened = open_project(project)
    part = Part("some", frozenset({"t001", "t002"}), "must_pass")
    evaluate(opened, "triage", "v1", part=part)
    with pytest.raises(UsageError, match="does not cover its whole dataset"):
        accept(opened, "some", "anchor", reason="r", author="ada", today=NOW)
    assert accepted(opened, "triage", "anchor") is None


def test_a_helper_beside_the_folder_is_part_of_what_a_version_is(project):
    graph = project / "graphs/triage/graph.py"
    change(graph, "from .rules import answer", "from ..shared.words import answer")
    shared = project / "graphs/shared"
    shared.mkdir()
    (shared / "__init__.py").write_text("")
    (shared / "words.py").write_text("from seatrial_project.graphs.deep import answer\n")
    (project / "graphs/deep.py").write_text((project / "graphs/triage/rules.py").read_text())
    (project / "graphs/unrelated.py").write_text("x = 1\n")
    opened = open_project(project)
    before = code_hash(opened, "triage", "v1")
    (project / "graphs/unrelated.py").write_text("x = 2\n")
    assert code_hash(opened, "triage", "v1") == before
    change(project / "graphs/deep.py", "return best if", 'return "other" if')
    assert code_hash(opened, "triage", "v1") != before


def test_an_override_of_a_label_does_not_cover_what_is_run_under_it_next(project):
    opened = open_project(project)
    break_it(project)
    good = evaluate(opened, "triage", "v2").run_dir.name
    bad = evaluate(opened, "triage", "v1", label="rc").run_dir.name
    report = gate_runs(opened, good, bad)
    for f in report.stopping:
        row = {"segment": f.segment, "key": f.key, "reason": "r", "author": "ada"}
        until = NOW + timedelta(days=5)
        record(opened, [write_for(report, runs_bound(opened, good, bad), (), **row, expires=until, today=NOW)])
    assert gate_runs(opened, good, bad).exit_code == 0
    prompt = project / "graphs/triage/prompts/p1.md"
    prompt.write_text(prompt.read_text() + "\nBe brief.\n")
    opened = open_project(project)
    worse = evaluate(opened, "triage", "v1", label="rc").run_dir.name
    assert gate_runs(opened, good, worse).exit_code == 1
    # and what was answered for is so still, whatever the registry holds by now
    assert gate_runs(opened, good, bad).exit_code == 0


# ---- the fast gate


def config_of(project, run_id=None):
    """As much of a pytest config as a session reads; `run_id` is a worker's."""
    options = {"seatrial_baseline": "current", "seatrial_update_baseline": False}
    worker = {} if run_id is None else {"workerinput": {"testrunuid": run_id}}
    return SimpleNamespace(rootpath=project, getoption=options.__getitem__, add_cleanup=lambda _: None, **worker)


def test_a_run_id_chosen_by_hand_finds_nothing_of_the_run_before(project, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first = Session(config_of(project, "ci"))
    (row,) = first.project.settings.trial
    assert first.report(row, {}).verdict is Verdict.PASS
    break_it(project)
    monkeypatch.setattr(os, "getppid", lambda: 1)  # the next run is started by another process
    assert Session(config_of(project, "ci")).report(row, {}).verdict is Verdict.FAIL


def test_evidence_of_what_is_no_longer_so_is_not_read_as_this_sessions(project, tmp_path):
    assert stand(project, tmp_path).unchanged
    break_it(project)
    with pytest.raises(DataError, match="holds another run than the one asked for"):
        stand(project, tmp_path)


def test_what_a_session_shares_is_its_owners(project, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    session = Session(config_of(project, "ci"))
    (row,) = session.project.settings.trial
    session.report(row, {})
    (shared,) = (tmp_path / "t").iterdir()
    assert shared.stat().st_mode & 0o077 == 0
    shutil.move(shared, tmp_path / "elsewhere")
    shared.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="belongs to somebody else"):
        Session(config_of(project, "ci")).report(row, {})


def test_two_policies_of_one_graph_are_two_verdicts(project):
    policy = project / "gates/merge.toml"
    strict = policy.read_text().replace('mode = "block"', 'mode = "warn"')
    (project / "gates/second.toml").write_text(strict)
    file = project / "pyproject.toml"
    text = file.read_text()
    row = text[text.index("[[tool.seatrial.trial]]") : text.index("[tool.pytest")]
    file.write_text(text.replace(row, row + row.replace("gates/merge.toml", "gates/second.toml")))
    break_it(project)
    session = Session(config_of(project))
    first, second = session.project.settings.trial
    assert (session.report(first, {}).exit_code, session.report(second, {}).exit_code) == (1, 0)


def test_a_policy_that_observes_stops_nothing_row_by_row_either(project, users_pytest):
    change(project / "gates/merge.toml", 'mode = "block"', 'mode = "observe"')
    break_it(project)
    code, reported = users_pytest("-rs", "gates/merge.toml")
    assert code == 0, reported
    assert "in mode observe, which does not block: topic=refund · desk" in reported


def test_a_row_asked_for_alone_does_not_hide_that_nothing_was_compared(project, users_pytest):
    (project / "gates/baselines/triage/current").write_text("0123456789abcdef\n")
    code, reported = users_pytest("gates/merge.toml::triage::overall::desk")
    assert code == 1, reported
    assert "restore it from version control" in reported
