"""Every reference graph on a real chat model: a few examples, the contract, the strict reply, the tokens.

    EVAL=1 SEATRIAL_MODEL=openai:gpt-4o-mini pytest -m llm

Replies are recorded under `tests/cassettes/` (SEATRIAL_RECORD_INTO names another project folder). Whether answers are right
is the gate's business, not these tests'. Without a model they run once all the same, at the end of this file: against a
server of this machine that speaks OpenAI's protocol and says what the graphs' built-in rules say. No model answers there.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from seatrial.graph.invoke import graph_target
from seatrial.graph.runtime import Runtime
from seatrial.graph.spec import Version
from seatrial.model import Hub, hub_for, use
from seatrial.project import module, mount, open_project
from seatrial.testing import OpenAIServer

ROOT = next(parent for parent in Path(__file__).resolve().parents if (parent / "pyproject.toml").is_file())
FEW = 3
TIMEOUT_S = 120.0
GRAPHS = tuple(spec.assistant_id for spec in open_project(ROOT).graphs)
KEY = "sk-not-a-real-key-0123456789"


@pytest.fixture(scope="module")
def project():
    return open_project(ROOT)


@pytest.fixture(scope="module")
def hub(project, said_of):
    if sentence := said_of(os.environ):
        pytest.fail(sentence, pytrace=False)
    return hub_for(project.settings.model, Path(os.environ.get("SEATRIAL_RECORD_INTO", ROOT)), os.environ)


@pytest.mark.llm
@pytest.mark.parametrize("graph", GRAPHS)
def test_the_contract_holds_the_reply_parses_and_tokens_are_counted(graph, project, hub):
    mount(ROOT)
    spec = project.spec(graph)
    config = {**spec.version(None).config, "model": os.environ["SEATRIAL_MODEL"]}
    requested = replace(spec, versions=(Version("asked", config),), current="asked")
    target = graph_target(Runtime((requested,), module).compiled(graph, "asked"))
    with use(hub, cassette=f"{graph}-on-a-real-model"):
        runs = [target(example, f"{example.id}-asked", TIMEOUT_S) for example in project.dataset(graph).examples[:FEW]]
    for run in runs:
        assert (run.outcome, run.error) == (
            "scored",
            None,
        )  # a reply that is not the guide's format raises in the graph
        module(f"graphs.{graph}.contract").Output.model_validate(run.outputs)
    asked = [run for run in runs if run.model]  # a contact left alone is skipped before a model is asked
    assert asked
    assert all(run.input_tokens > 0 and run.output_tokens > 0 for run in asked)


def real(*arguments, **environ):
    """`EVAL=1 pytest -m llm` of this file, in a process of its own."""
    kept = {
        name: value for name, value in os.environ.items() if not name.endswith("_API_KEY") and name != "SEATRIAL_MODEL"
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "llm", __file__, *arguments],
        cwd=ROOT,
        env={**kept, "EVAL": "1", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_session_that_does_not_say_which_model_ends_with_one_sentence():
    done = real()
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert "set SEATRIAL_MODEL to its name" in line
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, "set SEATRIAL_MODEL to its name"),
        ({"SEATRIAL_MODEL": "gpt-4o-mini"}, "write provider:model"),
        ({"SEATRIAL_MODEL": "openai:gpt-4o-mini"}, "set OPENAI_API_KEY"),
        ({"SEATRIAL_MODEL": "google_genai:gemini-x", "OPENAI_API_KEY": KEY}, "set GOOGLE_API_KEY"),
    ],
)
def test_what_is_missing_is_named(said_of, environ, sentence):
    assert sentence in said_of(environ)
    assert "\n" not in said_of(environ)


@pytest.mark.parametrize(
    "environ", [{"SEATRIAL_MODEL": "openai:gpt-4o-mini", "OPENAI_API_KEY": KEY}, {"SEATRIAL_MODEL": "ollama:llama3"}]
)
def test_nothing_is_missing(said_of, environ):
    assert not said_of(environ)


def scripted():
    """What the built-in rules of whichever graph is asking would say: found by the first line of its guide."""
    mount(ROOT)
    rules = {}
    for graph in GRAPHS:
        for guide in (ROOT / "graphs" / graph / "prompts").rglob("*.md"):
            first = guide.read_text(encoding="utf-8").splitlines()[0]
            assert rules.setdefault(first, graph) == graph
    answers = {first: module(f"graphs.{graph}.rules").answer for first, graph in rules.items()}

    def reply(messages):
        system = "\n".join(message["content"] for message in messages if message["role"] == "system")
        user = "\n".join(message["content"] for message in messages if message["role"] != "system")
        (answer,) = [answer for first, answer in answers.items() if first in system]
        return answer(system, user)

    return reply


def test_these_tests_run_once_without_a_model_against_a_server_that_says_what_the_rules_say(tmp_path):
    with OpenAIServer(scripted()) as server:
        done = real(
            SEATRIAL_MODEL="openai:gpt-4o-mini",
            OPENAI_API_KEY=KEY,
            OPENAI_BASE_URL=server.url,
            SEATRIAL_RECORD_INTO=str(tmp_path),
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(GRAPHS)} passed" in done.stdout
    assert len(server.requests) >= FEW * len(GRAPHS)
    assert {request.body["model"] for request in server.requests} == {"gpt-4o-mini"}
    recorded = sorted((tmp_path / "tests" / "cassettes").glob("*.jsonl"))
    assert [file.stem for file in recorded] == sorted(f"{graph}-on-a-real-model" for graph in GRAPHS)
    for file in recorded:
        text = file.read_text(encoding="utf-8")
        assert KEY not in text
        assert all(json.loads(line) for line in text.splitlines())


def test_a_reply_that_is_not_the_guides_format_fails_them(project, monkeypatch):
    with OpenAIServer(lambda messages: "I would rather not say.") as server:
        for name, value in {
            "SEATRIAL_MODEL": "openai:gpt-4o-mini",
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": server.url,
        }.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(AssertionError, match="target_error"):
            test_the_contract_holds_the_reply_parses_and_tokens_are_counted("lead_score", project, Hub())
