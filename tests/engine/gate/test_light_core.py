"""A bare install, without scipy and pyarrow, gates CSV and JSONL to the same bytes; what it cannot do names the extra."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from seatrial.cli.app import run

SRC = Path(__file__).parents[3] / "src"
BARE = """
import sys
for name in ("scipy", "pyarrow", "pandas", "statsmodels", "langgraph", "langchain_core", "sqlglot", "sqlalchemy", "openpyxl"):
    sys.modules[name] = None
from seatrial.cli.app import run
import json
for arguments in json.loads(sys.argv[1]):
    print(run(arguments), flush=True)
"""
POLICY = """
schema = "seatrial/policy/1"
[key.score]
primary = true
[measure.latency_ms]
max_increase = "10%"
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Pass and fail, and fractions of clusters with repetitions and a measurement."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    draw = random.Random(1)
    for name, missing_cells in (("old", 0.0), ("new", 0.06)):
        binary, fractions = ["id,tier,passed"], []
        for i in range(120):
            binary.append(f"q{i},{'pro' if i % 3 else 'free'},{int(draw.random() > 0.1 + missing_cells)}")
            fractions += [
                {
                    "id": f"q{i}",
                    "cluster": f"c{i // 3}",
                    "repetition": r,
                    "score": round(draw.random() * (1 - missing_cells), 3),
                    "latency_ms": 100 + i,
                }
                for r in range(2)
            ]
        (tmp_path / f"{name}.csv").write_text("\n".join(binary))
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in fractions))
    (tmp_path / "merge.toml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bare(*calls):
    env = {**os.environ, "PYTHONPATH": str(SRC), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", BARE, json.dumps(calls)], capture_output=True, text=True, env=env, check=True
    )
    return done.stdout, done.stderr


def test_a_bare_install_gives_the_same_verdicts_byte_for_byte(files, capsys):
    calls = [
        ["gate", "old.csv", "new.csv", "--critical", "tier=pro", "--json"],
        ["gate", "old.jsonl", "new.jsonl", "--policy", "merge.toml", "--json", "-o", "gate.html"],
    ]
    out, err = bare(*calls)
    page = (files / "gate.html").read_bytes()
    for arguments in calls:
        print(run(arguments))
    assert (out, err) == (capsys.readouterr().out, "")
    assert (files / "gate.html").read_bytes() == page


def test_what_a_bare_install_lacks_is_exit_3_and_the_extra_that_brings_it(files):
    (files / "x.parquet").write_bytes(b"PAR1")
    (files / "x.xlsx").write_bytes(b"x")
    out, err = bare(
        ["gate", "x.parquet", "new.csv"],
        ["gate", "x.xlsx", "new.csv"],
        ["certify", "merge.toml", "--evidence", "old.csv", "--map", "version=tier"],
        ["slices", "--evidence", "old.csv", "--map", "version=tier", "--baseline", "pro", "--candidate", "free"],
    )
    assert out.split() == ["3"] * 4
    for extra in ("parquet", "excel", "stats", "parquet"):
        sentence, _, err = err.partition("\n")
        assert sentence.startswith("seatrial: ")
        assert f"pip install 'seatrial[{extra}]'" in sentence
