"""Pairs shown to people elsewhere and their votes read back: the latest counts, a blank takes a vote back, pages to the last."""

import json

import pytest

from seatrial.cli.app import run
from seatrial.errors import DataError
from seatrial.judge.cards import Vote, cards, labels_of, news
from seatrial.judge.label import Label, read_labels
from seatrial.testing import OpenAIServer
from seatrial.testing.langsmith_server import LangSmithServer

from .asking import pairs, prefers


def _vote(card, value, annotator="ann", at="1"):
    return Vote(card.about, annotator, value, "", at)


def test_a_card_does_not_say_whose_answers_it_shows_and_a_vote_on_it_is_the_candidates():
    shown = cards("helpful", pairs(40), version="v2", baseline="v1")
    assert {card.order for card in shown} == {"AB", "BA"}
    for card, label in zip(shown, labels_of([_vote(card, 1) for card in shown], "helpful"), strict=True):
        assert (label.preference == 1.0) is card.texts.a.startswith("good")


@pytest.mark.parametrize(
    ("values", "preference"),
    [([1, 0], 0.0), ([1, None], None), ([1, ""], None), (["first"], 1.0), (["tie"], 0.5), ([True], 1.0)],
)
def test_the_latest_vote_of_a_person_counts_and_a_blank_is_none(values, preference):
    (card,) = cards("helpful", pairs(1), version="v2", baseline="v1")
    votes = [_vote(card, value, at=str(number)) for number, value in enumerate(values)]
    (label,) = labels_of([*reversed(votes), _vote(card, 0, annotator="bob")], "helpful")[:1]
    found = label.preference if card.order == "AB" or label.preference is None else 1 - label.preference
    assert found == preference


@pytest.mark.parametrize("value", [7, "better", [1]])
def test_a_vote_that_says_neither_answer_is_refused(value):
    (card,) = cards("helpful", pairs(1), version="v2", baseline="v1")
    with pytest.raises(DataError, match="of ann on e000"):
        labels_of([_vote(card, value)], "helpful")


def test_only_what_says_something_else_is_new():
    kept = [Label("e0", "v2", "v1", "ann", 1.0), Label("e1", "v2", "v1", "ann", 1.0)]
    blank, same = Label("e0", "v2", "v1", "ann", None), kept[1]
    assert news([blank, same, Label("e9", "v2", "v1", "bob", None)], kept) == (blank,)


@pytest.fixture
def desk(project, judges):
    root = project("v1", "v2")
    with OpenAIServer(prefers("good")) as server:
        judges(server.url, answer="answer")
    folder = root / "judges" / "labels"
    folder.mkdir()
    first = {"example_id": "e00", "version": "v2", "baseline": "v1", "annotator": "ann", "preference": 1.0}
    (folder / "helpful.jsonl").write_text(json.dumps(first) + "\n")
    return root


def test_labels_go_to_langsmith_and_come_back(desk, monkeypatch, capsys):
    with LangSmithServer(keeps=True) as server:
        monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
        monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
        command = ["judge", "export-labels", "desk@v1", "desk@v2", "--judge", "helpful", "--to", "langsmith:labels"]
        assert run(command) == 0
        assert "20 pairs in langsmith:labels: 20 new, 1 vote sent" in capsys.readouterr().out
        assert run(command) == 0
        assert "0 new, 0 votes sent" in capsys.readouterr().out
        assert all("v1" not in json.dumps(one["inputs"]) for one in server.runs)
        assert all("good" in json.dumps(one["inputs"]) for one in server.runs)
        # More than a page: bob votes on everything twice, the second time by editing.
        for number, one in enumerate(server.runs * 6):
            score = 1.0 if number >= 100 else 0.0
            said = {"id": f"f{number}", "run_id": one["id"], "key": "preference", "score": score, "comment": "so"}
            at = f"2026-02-01T00:{number // 60:02}:{number % 60:02}+00:00"
            server.feedback.append({**said, "modified_at": at, "feedback_source": {"type": "app", "user_name": "bob"}})
        # A model's votes are no person's: of an evaluator that LangSmith runs, and of a model that is the source.
        for kind in ("auto_eval", "model"):
            votes = {"key": "preference", "score": 1.0, "modified_at": "2026-03-01T00:00:00+00:00"}
            source = {"type": kind, "user_name": "robot"}
            server.feedback += [
                {**votes, "id": f"{kind}{i}", "run_id": one["id"], "feedback_source": source}
                for i, one in enumerate(server.runs)
            ]
        read = ["judge", "import-labels", "--judge", "helpful", "--from", "langsmith:labels"]
        assert run(read) == 0
        assert "21 labels by 2 people in langsmith:labels, 20 of them new" in capsys.readouterr().out
        assert run(read) == 0
        assert " 0 of them new" in capsys.readouterr().out
    labels = [one for one in read_labels(desk / "judges" / "labels" / "helpful.jsonl") if one.annotator == "bob"]
    orders = {
        one["extra"]["metadata"]["seatrial.example_id"]: one["extra"]["metadata"]["seatrial.order"]
        for one in server.runs
    }
    assert {(one.preference, orders[one.example_id]) for one in labels} == {(1.0, "AB"), (0.0, "BA")}


@pytest.mark.parametrize("target", ["labels", "wandb:labels", "mlflow:"])
def test_a_service_that_is_none_is_refused_with_the_choices(desk, capsys, target):
    assert run(["judge", "import-labels", "--judge", "helpful", "--from", target]) == 3
    assert "choose langsmith:PROJECT or mlflow:EXPERIMENT" in capsys.readouterr().err
