"""`judge label`: blind, shuffled, resumable, for several annotators; the latest vote counts and a blank one does not."""

from __future__ import annotations

import io
import json

import pytest

from seatrial.cli.app import run
from seatrial.errors import DataError
from seatrial.judge.label import Label, append_label, blind, label_of, read_labels, unlabelled

from .asking import pairs

WHO = {"version": "v2", "baseline": "v1", "annotator": "ann"}


def test_pairs_are_shuffled_and_sides_drawn_for_each_annotator():
    made = pairs(200)
    ann, bob = blind(made, "ann"), blind(made, "bob")
    assert ann == blind(made, "ann")
    assert [one.example_id for one in ann] != sorted(one.example_id for one in ann)
    assert [one.example_id for one in ann] != [one.example_id for one in bob]
    first = sum(one.order == "AB" for one in ann)
    assert 70 < first < 130  # 100 +- 4.2 standard errors of 7.07
    one = ann[0]
    assert one.texts.a.startswith("good") == (one.order == "AB")


def test_equal_answers_are_not_shown():
    assert blind(pairs(3, candidate="same", baseline="same"), "ann") == ()


@pytest.mark.parametrize(
    ("reported", "order", "preference"), [("1", "AB", 1.0), ("1", "BA", 0.0), ("2", "BA", 1.0), ("=", "BA", 0.5)]
)
def test_a_vote_is_the_candidates_whichever_side_it_was_on(reported, order, preference):
    one = blind(pairs(1), "ann")[0]._replace(order=order)
    assert label_of(one, reported, **WHO).preference == preference


def test_the_latest_vote_of_a_person_counts_and_a_blank_one_is_none(tmp_path):
    file = tmp_path / "labels.jsonl"
    for annotator, preference in (("ann", 0.0), ("bob", 0.0), ("ann", 1.0), ("bob", None)):
        append_label(file, Label("e1", "v2", "v1", annotator, preference))
    assert [(label.annotator, label.preference) for label in read_labels(file)] == [("ann", 1.0)]


def test_a_line_that_is_no_label_is_refused_with_its_place(tmp_path):
    file = tmp_path / "labels.jsonl"
    append_label(file, Label("e1", "v2", "v1", "ann", 1.0))
    with file.open("a", encoding="utf-8") as lines:
        lines.write('{"example_id": "e2", "version": "v2", "baseline": "v1", "annotator": "ann", "preference": 2}\n')
    with pytest.raises(DataError, match="line 2: preference is a number from 0 to 1 or null, got 2"):
        read_labels(file)


def test_another_annotators_labels_leave_everything_to_do():
    shown = blind(pairs(3), "ann")
    mine = label_of(shown[0], "1", **WHO)
    assert len(unlabelled(shown, [mine], **WHO)) == 2
    assert len(unlabelled(shown, [mine._replace(annotator="bob")], **WHO)) == 3


def test_labelling_stops_and_goes_on_where_it_was_left(project, judges, server, capsys, monkeypatch):
    root = project("v1", "v2")
    judges(server.url, answer="answer")
    command = ["judge", "label", "desk@v1", "desk@v2", "--judge", "helpful", "--annotator", "ann"]
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.StringIO("1\nclear\n=\n\ns\nq\n"))
    assert run(command) == 0
    reported = capsys.readouterr().out
    assert "2 of 20 pairs labelled by ann" in reported
    assert "v1" not in reported
    assert "v2" not in reported
    monkeypatch.setattr("sys.stdin", io.StringIO("2\n\nq\n"))
    assert run(command) == 0
    assert "3 of 20 pairs labelled" in capsys.readouterr().out
    lines = (root / "judges" / "labels" / "helpful.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line) for line in lines]
    assert len({label["example_id"] for label in labels}) == 3
    assert labels[0]["reason"] == "clear"
    assert labels[1]["preference"] == 0.5
    assert not server.requests
