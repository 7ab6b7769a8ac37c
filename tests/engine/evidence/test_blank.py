"""Rows of a file with neither score nor outcome: missing on either side, or failures where the reader says so."""

import json

import pytest

from seatrial import Policy, check, read_evidence
from seatrial.cli.app import run
from seatrial.errors import UsageError
from seatrial.verdict import ReasonClass, Verdict


@pytest.fixture
def blanks(tmp_path):
    def write(version, outcome="", suffix=".csv"):
        """60 passes of two versions, 6 blank scores in one of them; `outcome` is a column that is empty there."""
        rows = [
            {"example_id": f"e{i}", "version": v, "score": None if v == version and i < 6 else 1}
            | ({"outcome": None if v == version and i < 6 else "scored"} if outcome else {})
            for i in range(60)
            for v in "ab"
        ]
        path = tmp_path / f"results{suffix}"
        if suffix == ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        else:
            lines = [",".join(rows[0]), *(",".join("" if x is None else str(x) for x in r.values()) for r in rows)]
            path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.mark.parametrize("outcome", ["", "a column"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("version", ["a", "b"])
def test_a_blank_score_is_missing_in_either_version(blanks, version, suffix, outcome):
    evidence = read_evidence(blanks(version, outcome, suffix))
    report = check(evidence, Policy(), baseline="a", candidate="b")
    arm = {"a": "baseline", "b": "candidate"}[version]
    assert report.overall.outcomes[arm] == {"scored": 54, "skipped": 6}
    assert (report.overall.baseline, report.overall.candidate, report.overall.missing) == (1.0, 1.0, 6)
    assert any(w.startswith("6 rows with neither score nor outcome: counted as missing") for w in report.warnings)
    # 6 of 60 candidates' answers may all be failures, which would block; of the baseline's, none can make it worse
    assert (report.verdict, report.reason_class) == (
        (Verdict.INCONCLUSIVE, ReasonClass.MISSING) if version == "b" else (Verdict.PASS, None)
    )


def test_blank_failure_counts_blanks_as_failures_of_the_system(blanks, capsys):
    gate = ["gate", "--evidence", str(blanks("b")), "--baseline", "a", "--candidate", "b", "--json"]
    assert (run(gate), json.loads(capsys.readouterr().out)["overall"]["outcomes"]["candidate"]["skipped"]) == (2, 6)
    assert run([*gate, "--blank", "failure"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["overall"]["outcomes"]["candidate"] == {"scored": 54, "target_error": 6}
    assert data["warnings"][0].startswith("6 rows with neither score nor outcome: counted as failures of the system")


def test_blank_failure_of_a_baseline_is_refused_as_crashed(blanks):
    with pytest.raises(Exception, match=r"results.csv: baseline a failed on 6 of 60 runs \(10.0 %\) on key score"):
        check(read_evidence(blanks("a"), blank="failure"), Policy(), baseline="a", candidate="b")


def test_a_row_that_has_an_outcome_is_no_blank(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("example_id,version,score,outcome\n1,a,,unparsed\n2,a,1,\n3,a,,\n")
    evidence = read_evidence(path)
    assert evidence.values("outcome") == ["unparsed", "scored", "skipped"]
    assert evidence.metadata["blank_scores"] == "1"


def test_another_word_for_blank_is_refused_with_the_choices(tmp_path):
    (tmp_path / "r.csv").write_text("example_id,version,score\n1,a,\n")
    with pytest.raises(UsageError, match="missing, failure; got 'zero'"):
        read_evidence(tmp_path / "r.csv", blank="zero")
