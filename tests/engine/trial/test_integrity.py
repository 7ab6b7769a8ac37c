"""A run's evidence is believed only where it is the table the run made; it can be rebuilt from its rows."""

import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial.cli.app import run
from seatrial.errors import DataError
from seatrial.runner.stored import stored_evidence
from seatrial.trial.runs import RUNS

from .fleet_of_two import write

FLIPS = 300


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Two runs: v1 answers everything, v2 crashes on half."""
    monkeypatch.chdir(write(tmp_path))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert run(["eval", "desk@v1"]) == 0
    monkeypatch.setenv("DESK_CRASHES", "half")
    assert run(["eval", "desk@v2"]) == 0
    monkeypatch.delenv("DESK_CRASHES")
    return tmp_path


def of_v2(root):
    (folder,) = (root / RUNS).glob("*-desk-v2-*")
    return folder


def all_pass(file):
    """What the file says, with every row scored 1 and every word of failure gone; its own stamps are kept."""
    table = pq.read_table(file)
    for name, value, kind in (
        ("outcome", "scored", pa.string()),
        ("score", 1.0, pa.float64()),
        ("error_kind", None, pa.string()),
        ("reason", None, pa.string()),
    ):
        at = table.column_names.index(name)
        table = table.set_column(at, name, pa.array([value] * table.num_rows, kind))
    pq.write_table(table, file)


def test_no_single_flipped_bit_of_a_runs_evidence_is_believed(root):
    folder = of_v2(root)
    file = folder / "evidence.parquet"
    raw, expected = file.read_bytes(), stored_evidence(folder).rows()
    chosen, refused = random.Random(16), 0
    for _ in range(FLIPS):
        damaged = bytearray(raw)
        damaged[chosen.randrange(len(raw))] ^= 1 << chosen.randrange(8)
        file.write_bytes(damaged)
        try:
            found = stored_evidence(folder).rows()
        except DataError:
            refused += 1
        else:
            assert found == expected, "a bit that no value depends on"
    assert refused > FLIPS // 2


def test_evidence_rewritten_as_all_pass_is_refused_by_every_verb_and_rebuilt_on_request(root, capsys):
    folder = of_v2(root)
    all_pass(folder / "evidence.parquet")
    for verb in (
        ["gate", "desk@v1", "desk@v2"],
        ["gate", "desk@v1", folder.name],
        ["compare", "desk@v1", "desk@v2"],
        ["slices", "desk@v1", "desk@v2"],
        ["report", "desk@v1", "desk@v2"],
        ["flaky", folder.name],
        ["anchor", "set", "desk@v2", "--reason", "release 1.0"],
    ):
        capsys.readouterr()
        assert run(verb) == 2, verb
        reported = capsys.readouterr().err
        assert "is not the table that was written there" in reported, verb
        assert f"rebuild it from the run's rows with seatrial eval desk --rebuild {folder.name}" in reported, verb
    assert run(["eval", "desk", "--rebuild", folder.name]) == 0
    assert "evidence rebuilt from its rows, 50 rows" in capsys.readouterr().out
    assert run(["gate", "desk@v1", "desk@v2"]) == 1, "what the run measured"


def test_evidence_that_was_removed_is_rebuilt_as_the_run_made_it(root):
    folder = of_v2(root)
    before, reported = stored_evidence(folder).rows(), json.loads((folder / "run.json").read_text())
    (folder / "evidence.parquet").unlink()
    assert run(["gate", "desk@v1", "desk@v2"]) == 2
    assert run(["eval", "desk", "--rebuild", folder.name]) == 0
    after = json.loads((folder / "run.json").read_text())
    assert stored_evidence(folder).rows() == before
    unchanged = ("run_id", "started", "finished", "evidence_hash", "limit", "planned", "code", "complete")
    assert {name: after.get(name) for name in unchanged} == {name: reported.get(name) for name in unchanged}


def test_a_run_without_a_hash_is_refused_until_it_is_rebuilt(root, capsys):
    folder = of_v2(root)
    reported = json.loads((folder / "run.json").read_text())
    del reported["evidence_hash"]
    (folder / "run.json").write_text(json.dumps(reported))
    assert run(["gate", "desk@v1", "desk@v2"]) == 2
    assert "keeps no hash of the evidence" in capsys.readouterr().err
    assert run(["eval", "desk", "--rebuild", folder.name]) == 0
    assert run(["gate", "desk@v1", "desk@v2"]) == 1


@pytest.mark.parametrize("words", [["--rebuild"], ["--resume"]])
def test_rows_that_give_another_table_are_refused_again_and_again(root, capsys, words):
    folder = of_v2(root)
    rows = (folder / "rows.jsonl").read_text()
    assert '["right",1.0,' in rows
    (folder / "rows.jsonl").write_text(rows.replace('["right",1.0,', '["right",0.0,', 1))
    for _ in range(2):
        assert run(["eval", "desk", *words, folder.name]) == 2
        assert "gives another table" in capsys.readouterr().err
        assert run(["gate", "desk@v1", "desk@v2"]) == 2


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        (lambda folder: (folder / "rows.jsonl").write_text(""), "holds 0 of 50 runs"),
        (lambda folder: (folder / "rows.jsonl").write_text("{\n"), "line 1 cannot be read"),
    ],
)
def test_rows_that_are_missing_rebuild_nothing(root, capsys, change, reported):
    folder = of_v2(root)
    change(folder)
    assert run(["eval", "desk", "--rebuild", folder.name]) == 2
    assert reported in capsys.readouterr().err
    assert stored_evidence(folder).keys == ("right",), "the evidence that is there is kept"


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        (["desk", "--rebuild", "nothing"], "no run is called 'nothing'"),
        (["shop", "--rebuild", "RUN"], "is a run of 'desk': seatrial eval desk --rebuild"),
        (["desk", "--rebuild", "RUN", "--repeat", "2"], "--rebuild RUN stands alone"),
    ],
)
def test_a_rebuild_of_something_else_is_a_sentence(root, capsys, words, reported):
    words = [of_v2(root).name if word == "RUN" else word for word in words]
    assert run(["eval", *words]) == 3
    assert reported in capsys.readouterr().err
