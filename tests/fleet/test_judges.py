"""The fleet's own judges: pinned, of a known family, and able to judge the graph they are for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seatrial.judge.families import Arm, check_families
from seatrial.judge.pairs import Answer, Pair, questions
from seatrial.judge.pins import check_pinned
from seatrial.judge.run import run
from seatrial.judge.spec import judge_names, read_judge
from seatrial.model import Hub
from seatrial.project import open_project
from seatrial.testing import OpenAIServer

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", judge_names(ROOT))
def test_every_judge_is_pinned_and_may_judge_its_graphs(name):
    judge = read_judge(ROOT, name)
    assert check_pinned(ROOT, judge)
    project = open_project(ROOT)
    for graph in judge.graphs:
        spec = project.spec(graph)
        arms = [Arm(f"{graph}@{version.name}", spec.family_of(version)) for version in spec.versions]
        assert check_families(judge, arms, project.settings.model.families) == {"openai"}


def test_the_helpfulness_judge_shows_the_answer_the_customer_gets(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    pair = Pair("sr", 0, "My invoice is wrong", None, Answer("scored", "We fixed it."), Answer("scored", "Noted."))
    with OpenAIServer(lambda _: json.dumps({"reason": "it is fixed", "preference": 1})) as server:
        judge = read_judge(ROOT, "helpful")
        judge = replace(judge, parameters={**judge.parameters, "base_url": server.url})
        done = run(judge, list(questions(judge, (pair,))), Hub(cache=False), tmp_path)
    assert {one.outcome for one in done.answers.values()} == {"scored"}
    user = server.requests[0].body["messages"][1]["content"]
    assert all(text in user for text in ("My invoice is wrong", "We fixed it.", "Noted.", "two charges for May"))
