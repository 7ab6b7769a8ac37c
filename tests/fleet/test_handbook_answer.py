"""Handbook answerer: the right passage is cited, silence is an answer, nothing is said that no passage says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from seatrial.dataset import Example, load
from seatrial.errors import ConfigError, UsageError
from seatrial.graph.run import Run
from seatrial.project import module, mount, open_project
from seatrial.scoring import bind
from seatrial.testing import OpenAIServer

ROOT = next(parent for parent in Path(__file__).resolve().parents if (parent / "pyproject.toml").is_file())
QUESTION = {"question": "When is the bonus paid?"}

FRESH = (  # written when both guides were finished and never used to change them
    ("hb-16", "Can I lease a bicycle through the company?"),
    ("hb-12", "What do I do about a stolen phone, is the device wiped?"),
    ("hb-21", "Is there a pension during probation?"),
    ("hb-09", "Must I hand in a receipt with an expense claim?"),
    ("hb-02", "I am sick, whom do I call and when?"),
    (None, "Do we sponsor marathon runners?"),
)


@pytest.fixture(scope="module")
def graph() -> ModuleType:
    mount(ROOT)
    return module("graphs.handbook_answer.graph")


@pytest.fixture(scope="module")
def suite(graph: ModuleType) -> ModuleType:
    return module("evaluators.handbook_answer")


@pytest.fixture(scope="module")
def examples(graph: ModuleType) -> tuple[Example, ...]:
    contract = module("graphs.handbook_answer.contract")
    models = (contract.Input, contract.Output, contract.VERSION)
    return load(ROOT / "datasets" / "handbook_answer", models, fleet="reference").examples


@pytest.fixture(scope="module")
def apps(graph: ModuleType) -> dict[str, Any]:
    versions = open_project(ROOT).spec("handbook_answer").versions
    return {version.name: graph.build(**version.config).compile() for version in versions}


def scores(suite: ModuleType, example: Example, output: dict[str, Any]) -> dict[str, float | None]:
    run = Run(example.id, example.inputs, output)
    return {score.key: score.score for function in suite.SUITE for score in bind(function)(run, example)}


def test_v1_settles_66_of_71_questions_and_v2_67_and_every_answer_is_grounded(
    suite: ModuleType, examples: tuple[Example, ...], apps: dict[str, Any]
) -> None:
    found = {name: [scores(suite, one, app.invoke(one.inputs)) for one in examples] for name, app in apps.items()}
    assert {name: sum(bool(one["settled"]) for one in rows) for name, rows in found.items()} == {"v1": 66, "v2": 67}
    assert {one["grounded"] for rows in found.values() for one in rows} == {1.0}
    missing = {name: sum(not one["none_missing"] for one in rows) for name, rows in found.items()}
    assert missing == {"v1": 3, "v2": 1}  # of the 61 questions that a passage answers


def test_a_reference_names_passages_that_exist(graph: ModuleType, examples: tuple[Example, ...]) -> None:
    handbook = (ROOT / "graphs/handbook_answer/handbook.jsonl").read_text(encoding="utf-8").splitlines()
    known = {json.loads(line)["id"] for line in handbook}
    assert len(known) == 24
    assert {name for one in examples for name in (one.outputs or {})["relevant"]} == known
    assert len({one.inputs["question"].casefold() for one in examples}) == 71


def test_new_questions_are_answered_about_as_well_as_golden_ones(apps: dict[str, Any]) -> None:
    right = {
        name: sum((app.invoke({"question": text})["citations"] or [None])[0] == want for want, text in FRESH)
        for name, app in apps.items()
    }
    assert right == {"v1": 6, "v2": 6}


def test_each_sentence_ends_with_the_passage_it_is_from(apps: dict[str, Any]) -> None:
    state = apps["v2"].invoke({"question": "When is the company bonus paid?"})
    assert state["citations"] == ["hb-20"]
    assert len(re.findall(r"\[hb-20\]\.", state["answer"])) == 2


def test_where_nothing_is_found_the_model_is_not_asked(graph: ModuleType) -> None:
    with OpenAIServer(lambda _: "unreachable") as server:
        options = {"base_url": server.url, "api_key": "test"}
        app = graph.build(model="openai:gpt-x", model_options=options).compile()
        state = app.invoke({"question": "zzz?"})
    assert state == {"answer": None, "citations": [], "ids": [], "passages": []}
    assert not server.requests


def test_a_chat_model_reads_the_guide_the_passages_and_the_question(graph: ModuleType) -> None:
    reply = {"answer": "In May [hb-20].", "citations": ["hb-20"]}
    with OpenAIServer(lambda _: json.dumps(reply)) as server:
        options = {"base_url": server.url, "api_key": "test"}
        state = graph.build(model="openai:gpt-x", model_options=options).compile().invoke(QUESTION)
    assert {name: state[name] for name in reply} == reply
    system, user = (server.requests[0].body or {})["messages"]
    assert system["content"] == (graph.PROMPTS / "p1.md").read_text(encoding="utf-8")
    assert "[hb-20] The bonus is up to" in user["content"]
    assert user["content"].endswith("\n\nQuestion: When is the bonus paid?")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("In May.", "at the whole reply: Invalid JSON"),
        ('{"citations": []}', "at answer: Field required"),
        ('{"answer": ""}', "at answer: String should have at least 1 character"),
        ('{"answer": "In May.", "citations": ["hb-99"]}', "cites 1 passages that were not retrieved"),
        ('{"answer": "In May.", "sure": true}', "at sure: Extra inputs are not permitted"),
    ],
)
def test_a_broken_reply_is_a_sentence_that_repeats_nothing_of_it(graph: ModuleType, reply: str, said: str) -> None:
    with pytest.raises(graph.ReplyError, match=re.escape(said)) as error:
        graph.check({"reply": reply, "ids": ["hb-20"]})
    assert "May" not in str(error.value)


def test_a_guide_the_rules_cannot_read_and_an_unknown_prompt_are_sentences(graph: ModuleType) -> None:
    with pytest.raises(ConfigError, match="write lines '- sentences: 1'"):
        module("graphs.handbook_answer.rules").answer("Be kind.", "x\n\nQuestion: y")
    with pytest.raises(UsageError, match="choose one of: p1, p2"):
        graph.build("p9")


@pytest.mark.parametrize(
    ("relevant", "answer", "citations", "settled"),
    [
        (["hb-20"], "In May [hb-20].", ["hb-20"], 1.0),
        (["hb-20"], "In May [hb-17].", ["hb-17"], 0.0),
        (["hb-20"], None, [], 0.0),
        ([], None, [], 1.0),
        ([], "In May [hb-20].", ["hb-20"], 0.0),
        (None, None, [], None),
    ],
)
def test_silence_is_right_exactly_where_the_handbook_is_silent(
    suite: ModuleType, relevant: Any, answer: Any, citations: list[str], settled: float | None
) -> None:
    run = Run("r", QUESTION, {"answer": answer, "citations": citations})
    (found,) = bind(suite.settled)(run, Example("x", QUESTION, {} if relevant is None else {"relevant": relevant}))
    assert found.score == settled


@pytest.mark.parametrize(
    ("relevant", "ids", "score"),
    [
        (["hb-20"], ["hb-17", "hb-20"], 1.0),
        (["hb-20"], ["hb-17", "hb-01", "hb-20"], 0.0),
        (["hb-20"], [], 0.0),
        ([], [], 1.0),
    ],
)
def test_a_relevant_passage_that_was_not_retrieved_is_missing(
    suite: ModuleType, relevant: list[str], ids: list[str], score: float
) -> None:
    example = Example("x", QUESTION, {"relevant": relevant})
    (found,) = bind(suite.none_missing)(Run("r", QUESTION, {"ids": ids}), example)
    assert (found.key, found.score) == ("none_missing", score)


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("The bonus is paid in May [hb-20].", 1.0),
        ("The bonus is paid in May.", 0.0),  # nothing is cited
        ("The bonus is paid in May [hb-17].", 0.0),  # leads to no passage
        ("Dogs sleep under desks [hb-20].", 0.0),
        (None, 1.0),
    ],
)
def test_an_answer_is_held_against_the_passage_it_cites(suite: ModuleType, answer: Any, score: float) -> None:
    output = {"answer": answer, "passages": [{"id": "hb-20", "text": "The bonus is up to 10 % and is paid in May."}]}
    (found,) = bind(suite.answer_grounded)(Run("r", QUESTION, output), Example("x", QUESTION, {"relevant": ["hb-20"]}))
    assert found.score == score
