"""Files that other harnesses wrote become evidence: who wrote them is seen from the content, and nothing is lost."""

import json
from pathlib import Path

import pytest

from seatrial.adapters.results import FORMATS, read_foreign
from seatrial.cli.app import run
from seatrial.cli.evidence import foreign
from seatrial.cli.import_results import NAMES
from seatrial.errors import DataError, MissingExtra
from seatrial.evidence.reading import Reading
from seatrial.evidence.results import read_results

FILES = Path(__file__).parent / "files"
ONE, NONE = [1.0], [0.0]


def by_example(found, key):
    """Example -> its scores or outcomes of one key, in the order of repetitions."""
    answers = {}
    for row in sorted(found.rows, key=lambda row: row.get("repetition", 0)):
        if row["key"] == key:
            answers.setdefault(row["example_id"], []).append(row["outcome"] if row["score"] is None else row["score"])
    return list(answers.values())


# file, tool, key, what became of the six sums
@pytest.mark.parametrize(
    ("name", "tool", "key", "answers"),
    [
        ("promptfoo-new.json", "promptfoo 0.121.20", "passed", [[1, 1], [0, 0], [1, 1], [0, 0], [1, 1], [1, 1]]),
        ("promptfoo-new.json", "promptfoo 0.121.20", "right", [[1, 1], [0, 0], [1, 1], [0, 0], [1, 1], [1, 1]]),
        ("inspect-old.eval", "inspect_ai 0.3.285", "includes", [[1, 1]] * 5 + [[0, 0]]),
        (
            "inspect-new.json",
            "inspect_ai 0.3.285",
            "exact",
            [[1, 1], [0, 0], [1, 1], [0, 0], ["target_error"] * 2, [1, 1]],
        ),
        ("deepeval-new.json", "DeepEval", "Closeness", [ONE, NONE, ONE, NONE, ["evaluator_error"], ONE]),
        ("deepeval-new.json", "DeepEval", "Exact Match", [ONE, NONE, ONE, NONE, ONE, ONE]),
        ("lm-eval-new.jsonl", "lm-evaluation-harness", "acc", [NONE, ONE, ONE, NONE, NONE, NONE]),
        ("langsmith-new.csv", "LangSmith", "close", [ONE, [0.25], ONE, [0.25], ["target_error"], ONE]),
        ("mlflow-new.csv", "MLflow", "right", [ONE, NONE, ONE, NONE, ["target_error"], ONE]),
        ("ragas-new.csv", "ragas", "exact_match", [ONE, NONE, ONE, NONE, ONE, ONE]),
        (
            "pydantic-evals-new.json",
            "pydantic_evals",
            "closeness",
            [[1, 1], [0.25, 0.25], ["evaluator_error"] * 2, [0.25, 0.25], [1, 1], ["target_error"] * 2],
        ),
        ("junit-new.xml", "JUnit XML", "passed", [ONE, NONE, ["skipped"], NONE, ONE, ONE, ["target_error"]]),
    ],
)
def test_a_harness_is_recognized_and_its_answers_are_what_they_were(name, tool, key, answers):
    found = read_foreign(FILES / name)
    assert found.tool == tool
    assert by_example(found, key) == answers
    evidence = read_results([FILES / name], Reading(), versions=["new"], reader=foreign)
    assert tool in evidence.metadata["read_as"]
    assert len(evidence) == len(found.rows)


def test_the_command_line_names_every_format():
    assert ("auto", *(one.name for one in FORMATS)) == NAMES


def test_two_harness_files_are_gated_as_they_are(capsys, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    pytest.importorskip("zstandard", reason="newer .eval files are compressed with it")
    assert run(["gate", str(FILES / "inspect-old.eval"), str(FILES / "inspect-new.json")]) == 2
    out = capsys.readouterr().out
    assert "taken: metadata.tier (2) as segment; inspect_ai 0.3.285" in out
    assert (
        "it has 6 examples, and about 433 examples in all are enough four times out of five if nothing changed" in out
    )


def test_import_writes_evidence_that_gates_like_the_file(tmp_path, capsys):
    path = str(FILES / "pydantic-evals-new.json")
    assert run(["import", "auto", path, "--version-label", "a", "-o", str(tmp_path / "a.jsonl"), "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert (reported["schema"], reported["examples"], reported["left_out"]) == (
        "seatrial/import/1",
        6,
        ["labels shape"],
    )
    for name in ("a.jsonl", "a.csv"):
        assert run(["import", "auto", path, "--version-label", "a", "-o", str(tmp_path / name)]) == 0
        evidence = read_results([tmp_path / name], Reading(), versions=[None])
        assert (evidence.versions, len(evidence)) == (("a",), 24)
    capsys.readouterr()
    assert run(["import", "ragas", str(FILES / "ragas-new.csv")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 12


def test_a_sample_that_never_ran_is_missing_and_not_left_out(tmp_path):
    log = json.loads((FILES / "inspect-new.json").read_text())
    log["samples"] = log["samples"][:4]
    log["status"] = "cancelled"
    (tmp_path / "log.json").write_text(json.dumps(log))
    found = read_foreign(tmp_path / "log.json")
    missing = [row for row in found.rows if row["outcome"] == "skipped"]
    assert len(found.rows) == 6 * 2 * 2
    assert len(missing) == 24 - 4 * 2
    assert "cancelled" in missing[0]["reason"]


def test_a_case_nobody_named_is_known_by_its_input_and_not_by_its_place(tmp_path):
    run_ = json.loads((FILES / "deepeval-new.json").read_text())
    for i, case in enumerate(run_["testCases"]):
        case["name"] = f"test_case_{i}"
    (tmp_path / "run.json").write_text(json.dumps(run_))
    assert read_foreign(tmp_path / "run.json").rows[0]["example_id"] == "What is 0 + 1?"


@pytest.mark.parametrize(
    ("name", "content", "reported"),
    [
        ("x.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite/>", "defines entities"),
        ("x.xml", "<html/>", "is no JUnit report"),
        ("x.xml", "<testsuite", "no readable XML"),
        ("x.eval", "PK", "no readable .eval file"),
        (
            "x.json",
            '{"testCases": [{"metricsData": [{"score": 1}]}], "metricsScores": []}',
            "looks like deepeval's results",
        ),
    ],
)
def test_a_broken_file_of_a_harness_is_a_sentence(tmp_path, name, content, reported):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError, match=reported):
        read_foreign(path)


def test_a_table_of_ones_own_is_no_harness(tmp_path):
    for name, content in (("a.csv", "id,score\na,1\n"), ("a.json", '[{"id": "a"}]'), ("a.jsonl", '{"id": "a"}\n')):
        (tmp_path / name).write_text(content)
        assert read_foreign(tmp_path / name) is None
    with pytest.raises(DataError, match="is not what promptfoo writes: promptfoo eval -o"):
        read_foreign(tmp_path / "a.json", "promptfoo")


def test_an_eval_file_without_zstandard_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    with pytest.raises(MissingExtra, match=r"seatrial\[inspect\]"):
        read_foreign(FILES / "inspect-old.eval")
