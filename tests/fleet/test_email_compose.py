"""E-mail compose: refined within bounds, else the draft is kept; nobody who said no is written to."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from seatrial.dataset import Example
from seatrial.errors import ConfigError
from seatrial.graph.run import Run
from seatrial.project import module, mount
from seatrial.scoring import bind
from seatrial.testing import OpenAIServer

ROOT = next(parent for parent in Path(__file__).resolve().parents if (parent / "pyproject.toml").is_file())
ADA = {"first_name": "Ada", "company": "Dunmore Mills", "stage": "follow_up", "points": ["Plans take minutes."]}
LONG = " ".join(["word"] * 100)


@pytest.fixture(scope="module")
def graph() -> ModuleType:
    mount(ROOT)
    return module("graphs.email_compose.graph")


def test_a_short_e_mail_is_ready_at_once(graph: ModuleType) -> None:
    state = graph.build("p1").compile().invoke(ADA)
    assert (state["status"], state["refinements"], state["problems"]) == ("ready", 0, [])
    assert state["body"].endswith("Shall I send you two times for a short call?")


def test_a_long_one_is_refined_and_after_the_second_try_the_draft_is_kept(graph: ModuleType) -> None:
    app = graph.build("p1").compile()
    forty = " ".join(["word"] * 35) + "."
    assert app.invoke({**ADA, "points": [forty, forty, forty]})["refinements"] == 1
    state = app.invoke({**ADA, "points": [LONG, "Short."]})
    assert (state["status"], state["refinements"]) == ("draft_kept", 2)
    assert state["body"].endswith(
        "Short.\n\nShall I send you two times for a short call?"
    )  # the draft, not the last try
    assert state["problems"] == ["113 words, at most 90"]


def test_the_token_ceiling_stops_a_refinement_that_would_exceed_it(graph: ModuleType) -> None:
    state = graph.build("p1", token_ceiling=400).compile().invoke({**ADA, "points": [LONG]})
    assert (state["status"], state["refinements"]) == ("draft_kept", 0)
    assert state["tokens"] <= 400


def test_a_contact_who_said_no_is_skipped_before_the_model_is_asked(graph: ModuleType) -> None:
    with OpenAIServer(lambda _: "unreachable") as server:
        options = {"base_url": server.url, "api_key": "test"}
        app = graph.build(model="openai:gpt-x", model_options=options).compile()
        state = app.invoke({**ADA, "do_not_contact": True})
    assert (state["status"], state["skip_reason"], state["body"]) == ("skipped", "do_not_contact", None)
    assert not server.requests


def test_a_chat_model_is_told_what_is_wrong_with_its_last_e_mail(graph: ModuleType) -> None:
    bodies = iter(["Hello Ada. Call? Now?", "Hi Ada,\n\nPlans take minutes.\n\nShall I send two times for a call?"])
    with OpenAIServer(lambda _: json.dumps({"subject": "s", "body": next(bodies)})) as server:
        options = {"base_url": server.url, "api_key": "test"}
        state = graph.build(model="openai:gpt-x", model_options=options).compile().invoke(ADA)
    assert (state["status"], state["refinements"]) == ("ready", 1)
    told = (server.requests[1].body or {})["messages"][1]["content"]
    assert "- problem: does not greet the reader by name\n- problem: asks 2 questions, not one" in told


def test_a_reply_that_is_no_e_mail_and_a_guide_without_stages_are_sentences(graph: ModuleType) -> None:
    with pytest.raises(graph.ReplyError, match="at body: Field required"):
        graph.parse('{"subject": "secret"}')
    with pytest.raises(ConfigError, match="compose guide"):
        module("graphs.email_compose.rules").answer("Be kind.", "- stage: renewal")


@pytest.mark.parametrize(
    ("inputs", "outputs", "key", "score"),
    [
        (ADA, {"status": "ready", "body": "Hi Ada,\n\nx\n\nShall I send two times for a call?"}, "ready", 1.0),
        (ADA, {"status": "ready", "body": "Hi Ada,\n\nx\n\nShall I call?"}, "ready", 0.0),
        (ADA, {"status": "draft_kept", "body": "Hi Ada,"}, "ready", 0.0),
        ({**ADA, "do_not_contact": True}, {"status": "ready", "body": "Hi Ada,"}, "do_not_contact", 0.0),
        (ADA, {"refinements": 3, "tokens": 10}, "bounded", 0.0),
        (ADA, {"refinements": 1, "tokens": 1_501}, "bounded", 0.0),
        (ADA, {"body": "Call? Now?"}, "one_question", 0.0),
    ],
)
def test_what_the_suite_says_of_one_answer(
    graph: ModuleType, inputs: Any, outputs: Any, key: str, score: float
) -> None:
    suite = module("evaluators.email_compose").SUITE
    run, example = Run("r", inputs, outputs), Example("x", inputs, {"status": "ready"})
    assert {one.key: one.score for function in suite for one in bind(function)(run, example)}[key] == score
