"""Evidence comes from data frames and goes back to them, and needs no Arrow."""

import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pytest

from seatrial import Policy, check
from seatrial.cli.app import run
from seatrial.errors import DataError, UsageError
from seatrial.evidence import Evidence, read_evidence

FRAME = pd.DataFrame(
    {
        "question": ["q1", "q2", "q1", "q2"],
        "model": ["old", "old", "new", "new"],
        "passed": [True, False, True, None],
        "tier": ["free", "pro", "free", "pro"],
        "input_tokens": [3, 4, 5, None],
    }
)
MAPS = {"example_id": ["question"], "version": ["model"], "score": ["passed"]}


def test_a_data_frame_is_evidence_as_its_file_is(tmp_path):
    FRAME.to_csv(tmp_path / "f.csv", index=False)
    from_file = read_evidence(tmp_path / "f.csv", mapping=MAPS, segments=["tier"])
    for frame in (FRAME, pa.Table.from_pandas(FRAME)):
        found = Evidence.from_pandas(frame, mapping=MAPS, segments=["tier"], source="f")
        assert (found.source, found.dimensions) == ("f", ("tier",))
        assert found.rows(sorted(found.names)) == from_file.rows(sorted(from_file.names))
    assert [row["outcome"] for row in from_file.rows()] == ["scored", "scored", "scored", "skipped"]


def test_a_data_frame_that_is_no_evidence_is_refused():
    with pytest.raises(DataError, match="data frame has no column example_id"):
        Evidence.from_pandas(FRAME)
    with pytest.raises(DataError, match="data frame holds no rows"):
        Evidence.from_pandas(FRAME[:0], mapping=MAPS)
    with pytest.raises(DataError, match=r"row 2: score 1.5 lies outside 0..1"):
        Evidence.from_pandas(
            FRAME.assign(score=[1, 1.5, 1, 1]), mapping={k: MAPS[k] for k in ("example_id", "version")}
        )


def test_to_pandas_and_back_is_the_same_evidence():
    before = Evidence.from_pandas(FRAME, mapping=MAPS, segments=["tier"])
    frame = before.to_pandas()
    assert frame["segment.tier"].tolist() == ["free", "pro", "free", "pro"]
    assert Evidence.from_pandas(frame).rows() == before.rows()


def test_segment_finds_the_column_of_a_dimension(tmp_path):
    (tmp_path / "e.csv").write_text("example_id,version,score,segment.tier\ne1,a,1,pro\n")
    assert read_evidence(tmp_path / "e.csv", segments=["tier"]).dimensions == ("tier",)


TWO = Evidence.from_pandas(
    pd.DataFrame(
        {
            "example_id": [f"e{i}" for i in range(40)] * 2,
            "version": ["a"] * 40 + ["b"] * 40,
            "score": [1.0] * 80,
            "segment.tier": ["free", "pro"] * 40,
            "segment.plan": ["pro", "team"] * 40,
        }
    )
)


def test_a_critical_value_names_its_segment_where_one_dimension_has_it():
    short, full = (check(TWO, Policy(), baseline="a", candidate="b", critical=[name]) for name in ("team", "plan=team"))
    assert short == full


def test_a_critical_value_of_two_dimensions_is_asked_about():
    with pytest.raises(UsageError, match="'pro' is a value of several dimensions; choose one of: tier=pro, plan=pro"):
        check(TWO, Policy(), baseline="a", candidate="b", critical=["pro"])
    with pytest.raises(UsageError, match="no dimension 'gold'; it has: tier, plan"):
        check(TWO, Policy(), baseline="a", candidate="b", critical=["gold"])


def test_the_command_line_takes_a_critical_value(tmp_path, capsys):
    TWO.to_pandas().to_csv(tmp_path / "e.csv", index=False)
    command = ["gate", "--evidence", str(tmp_path / "e.csv"), "--baseline", "a", "--candidate", "b", "--critical"]
    codes = [run([*command, name]) for name in ("team", "plan=team")]
    reported = capsys.readouterr().out
    assert codes[0] == codes[1]
    assert reported[: len(reported) // 2] == reported[len(reported) // 2 :]


def test_csv_and_jsonl_are_judged_where_arrow_is_not_installed(tmp_path):
    TWO.to_pandas().to_csv(tmp_path / "e.csv", index=False)
    TWO.to_pandas().to_json(tmp_path / "e.jsonl", orient="records", lines=True)
    code = f"""
import sys
sys.modules["pyarrow"] = None
from pathlib import Path
from seatrial import Policy, check, read_evidence
for name in ("e.csv", "e.jsonl"):
    found = read_evidence(Path({str(tmp_path)!r}) / name)
    print(check(found, Policy(), baseline="a", candidate="b").verdict)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["pass", "pass"], done.stderr


def test_written_evidence_is_read_back(tmp_path):
    before = Evidence.from_pandas(FRAME, mapping=MAPS, segments=["tier"]).stamped(interleaved="true")
    before.write(tmp_path / "e.parquet")
    found = read_evidence(tmp_path / "e.parquet")
    assert (found.rows(), found.metadata["interleaved"]) == (before.rows(), "true")
