"""A baseline is its content: the same rows give the same bytes, and an edited file is no baseline."""

import json
import random
from datetime import date
from pathlib import Path

import pytest

from seatrial.errors import DataError
from seatrial.evidence.combine import combine
from seatrial.gate.baseline import baseline_name, baseline_text, read_baseline
from seatrial.gate.merge import check
from seatrial.gate.policy import Policy
from seatrial.verdict import Verdict

DAY = date(2026, 3, 1)


def rows_of(pairs, **more):
    known = {"graph": "desk", "dataset": "f:desk:golden", "dataset_hash": "d1", "evaluator_version": "1", **more}
    return [{**row, **known} for row in pairs({"x": (50, 0, 0, 10), "y": (30, 0, 0, 0)})]


def text_of(build, rows, version="a"):
    return baseline_text(build(rows), version, measured=DAY)


def read(text):
    return read_baseline(text, Path(f"{baseline_name(text)}.jsonl"))


def test_the_order_of_rows_has_no_say_in_its_bytes(build, pairs):
    rows = rows_of(pairs)
    shuffled = random.Random(1).sample(rows, len(rows))
    assert text_of(build, rows) == text_of(build, shuffled)


def test_it_holds_its_own_version_only_and_no_word_anybody_wrote(build, pairs):
    rows = [{**row, "reason": "the customer's name is Ada"} for row in rows_of(pairs)]
    text = text_of(build, rows)
    assert "Ada" not in text
    assert len(text.splitlines()) == 1 + 90  # a header, and 90 examples of one version
    header = json.loads(text.splitlines()[0])
    assert (header["version"], header["repetitions"], header["date"]) == ("a", 1, "2026-03-01")
    assert header["evaluator_versions"] == {"score": "1"}


def test_read_back_it_is_compared_like_the_run_it_was(build, pairs):
    rows = rows_of(pairs)
    complete = check(build(rows), Policy(), baseline="a", candidate="b")
    only_b = build([row for row in rows if row["version"] == "b"])
    second_stage = combine([read(text_of(build, rows)).evidence, only_b], "memory")
    report = check(second_stage, Policy(), baseline="a", candidate="b")
    assert [(f.segment, f.n, f.baseline, f.p) for f in report.findings] == [
        (f.segment, f.n, f.baseline, f.p) for f in complete.findings
    ]


def test_repetitions_and_clusters_survive(build):
    rows = [
        {"example_id": f"e{i}", "version": v, "repetition": r, "score": float((i + r) % 2), "cluster": f"c{i // 2}",
         "graph": "g", "dataset": "d", "dataset_hash": "h", "evaluator_version": "1"}
        for i in range(40) for r in range(3) for v in "ab"
    ]  # fmt: skip
    found = read(text_of(build, rows))
    assert found.header.repetitions == 3
    assert len(set(found.evidence.codes("cluster").values)) == 20


def test_its_record_of_system_failures_is_counted(build, pairs):
    rows = rows_of(pairs)
    mine = [row for row in rows if row["version"] == "a"]
    for row in mine[:9]:
        row.update(score=None, outcome="target_error")
    assert read(text_of(build, rows)).header.system_failures == pytest.approx(9 / 90)


def test_one_changed_score_is_found(build, pairs):
    text = text_of(build, rows_of(pairs))
    edited = text.replace('"score":0.0', '"score":1.0', 1)
    with pytest.raises(DataError, match="is not what was accepted"):
        read_baseline(edited, Path(f"{baseline_name(text)}.jsonl"))


def test_a_baseline_with_holes_is_refused(build, pairs):
    rows = rows_of(pairs)
    next(row for row in rows if row["version"] == "a").update(score=None, outcome="evaluator_error")
    with pytest.raises(DataError, match=r"1 of 90 cells were not measured.*resume the run"):
        text_of(build, rows)


@pytest.mark.parametrize("name", ["graph", "dataset_hash"])
def test_evidence_that_does_not_say_what_it_is_of_is_refused(build, pairs, name):
    rows = [{key: value for key, value in row.items() if key != name} for row in rows_of(pairs)]
    with pytest.raises(DataError, match=f"{name} is not known"):
        text_of(build, rows)


@pytest.mark.parametrize("text", ["", "{}\n", '{"schema":"seatrial/baseline/2"}\n', "no json\n", "[1]\n"])
def test_another_file_is_no_baseline(text):
    with pytest.raises(DataError, match=r"no baseline|seatrial/baseline/1"):
        read(text)


def edited(text, **header):
    """The same file with other words in its header, under the name its content then has."""
    first, *rest = text.splitlines()
    return "\n".join([json.dumps({**json.loads(first), **header}), *rest]) + "\n"


@pytest.mark.parametrize(
    "header",
    [
        {"graph": 1},
        {"version": True},
        {"dataset": None},
        {"dataset_hash": ["d1"]},
        {"evaluator_versions": {"score": 1}},
    ],
)
def test_a_header_that_holds_no_text_where_text_belongs_is_no_baseline(build, pairs, header):
    with pytest.raises(DataError, match=r"is no baseline \(TypeError: .* no text\)"):
        read(edited(text_of(build, rows_of(pairs)), **header))


def test_a_column_of_lists_is_read_as_the_text_it_is_written_as(build, pairs):
    first, *rest = text_of(build, rows_of(pairs)).splitlines()
    rows = [json.dumps({**json.loads(line), "cluster": [i]}) for i, line in enumerate(rest)]
    found = read("\n".join([first, *rows]) + "\n")
    assert found.evidence.codes("cluster").values[:2] == ("[0]", "[1]")


def test_other_evaluators_are_another_experiment(build, pairs):
    base = read(text_of(build, rows_of(pairs)))
    other = build([row for row in rows_of(pairs, evaluator_version="2") if row["version"] == "b"])
    with pytest.raises(DataError, match="evaluator_version of key 'score' differs"):
        check(combine([base.evidence, other], "memory"), Policy(), baseline="a", candidate="b")


def test_an_unchanged_candidate_is_seen_from_its_hashes(build, pairs):
    rows = [{**row, "output_hash": row["example_id"]} for row in rows_of(pairs)]
    base = read(text_of(build, rows))
    same = build([row for row in rows if row["version"] == "b"])
    report = check(combine([base.evidence, same], "memory"), Policy(), baseline="a", candidate="b")
    assert report.unchanged
    assert report.verdict is Verdict.PASS
