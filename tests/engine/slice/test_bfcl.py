"""Real outcomes: the slice a provider's update broke is found with the segment column hidden, and nothing where nothing broke.

Berkeley function-calling outcomes of 2024-07-06; the features are the tasks' own, made here.
"""

import json
import os
from pathlib import Path

import pytest

from seatrial.cli.app import run

REPO_ROOT = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
OUTCOMES = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data" / "outcomes"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(
        not (OUTCOMES / "bfcl_tasks_gold.jsonl").is_file(),
        reason="real outcomes are absent; SEATRIAL_SHARED names their folder",
    ),
]


@pytest.fixture
def slices(tmp_path, capsys):
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    schemas = json.loads((OUTCOMES / "bfcl_function_schemas.json").read_text(encoding="utf-8"))
    tasks = [json.loads(line) for line in (OUTCOMES / "bfcl_tasks_gold.jsonl").read_text(encoding="utf-8").splitlines()]
    with (tmp_path / "features.jsonl").open("w", encoding="utf-8") as file:
        for task in tasks:
            offered = schemas[f"{task['segment']}/{task['item']}"]
            known = {
                "id": f"{task['segment']}/{task['item']}",
                "calls": len(task["gold_calls"]),
                "arguments": sum(len(arguments) for arguments in task["gold_calls"].values()),
                "functions": len(offered) if isinstance(offered, list) else 1,
                "words": len(task["question"].split()),
                "says_and": " and " in task["question"].lower(),
                "says_also": "also" in task["question"].lower(),
                "question": task["question"],
            }
            file.write(json.dumps(known) + "\n")
    table = pq.read_table(OUTCOMES / "bfcl_2024-07-06_outcomes.parquet")
    described = sorted({task["segment"] for task in tasks})
    table = table.filter(pc.is_in(pc.cast(table["segment"], pa.string()), pa.array(described)))
    pq.write_table(table, tmp_path / "outcomes.parquet")

    def call(baseline, candidate):
        maps = ["example_id=segment,item", "score=valid", "version=model"]
        command = ["slices", "--evidence", str(tmp_path / "outcomes.parquet"), "--json"]
        command += [word for item in maps for word in ("--map", item)]
        command += ["--features", str(tmp_path / "features.jsonl"), "--feature-id", "id"]
        assert run([*command, "--baseline", baseline, "--candidate", candidate]) == 0
        return json.loads(capsys.readouterr().out)

    return call


def test_more_than_one_call_is_what_broke(slices):
    reported = slices("claude-3-haiku-20240307", "claude-3-haiku-20240307-FC")
    assert [one["name"] for one in reported["found"]] == ["calls ≥ 2"]
    first = reported["found"][0]
    # 169 of 200 parallel and 112 of 200 parallel multiple before, 1 of these 400 after
    assert (first["n"], first["baseline"], first["candidate"]) == (400, 281 / 400, 1 / 400)
    assert (first["regressed"], first["fixed"], first["regressed_everywhere"]) == (280, 0, 305)
    assert first["outside"] > 0
    assert 'field = "metadata.calls", op = "at_least", arg = 2' in first["proposal"]["toml"]


@pytest.mark.parametrize(
    ("baseline", "candidate"),
    [
        ("gemini-1.5-pro-preview-0409", "gemini-1.5-pro-preview-0514"),
        ("command-r-plus", "command-r-plus-optimized"),
    ],
)
def test_nothing_broke_between_two_that_are_alike(slices, baseline, candidate):
    reported = slices(baseline, candidate)
    assert (reported["n"], reported["found"]) == (1150, [])
    assert all(one["loss"] < 0.35 for one in reported["visible"] if one["n"] >= 58)
