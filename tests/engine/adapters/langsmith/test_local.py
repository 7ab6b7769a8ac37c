"""Local means local: nothing is sent, whatever the environment says and whatever the target is."""

import json
import os
import subprocess
import sys
import textwrap
import threading
import warnings
from typing import TypedDict

import pytest
from langgraph.graph import StateGraph
from langsmith import Client, evaluate, get_current_run_tree, traceable, tracing_context
from langsmith._internal import _context
from langsmith.utils import tracing_is_enabled

from seatrial import evaluator
from seatrial.adapters.langsmith import evaluate_locally, offline
from seatrial.adapters.langsmith.row import to_their_example
from seatrial.errors import ConfigError, DataError, UsageError

from .conftest import SECRET, example


class State(TypedDict):
    q: str


def graph():
    made = StateGraph(State)
    made.add_node("only", lambda state: {"q": state["q"] + "!"})
    made.add_edge("__start__", "only")
    return made.compile()


def awaited_graph():
    async def only(state):
        return {"q": state["q"] + "!"}

    made = StateGraph(State)
    made.add_node("only", only)
    made.add_edge("__start__", "only")
    return made.compile()


def plain(inputs):
    return {"q": inputs["q"] + "!"}


async def awaited(inputs):
    return {"q": inputs["q"] + "!"}


@traceable
def helper(q):
    return q


def in_a_bare_thread(inputs):
    found = []
    thread = threading.Thread(target=lambda: found.append(graph().invoke({"q": helper(inputs["q"])})))
    thread.start()
    thread.join()
    return found[0]


def insisting(inputs):
    with tracing_context(enabled=True):
        return graph().invoke(inputs)


def answered(run, example):
    return {"key": "answered", "score": run.outputs["q"].endswith("!"), "comment": run.inputs["q"]}


SECRETS = [example("e1", SECRET), example("e2", "hi")]


@pytest.mark.parametrize("target", [plain, awaited, graph(), awaited_graph(), in_a_bare_thread, insisting])
@pytest.mark.parametrize("concurrency", [0, 2])
def test_a_secret_stays_here_though_the_shell_would_send_it(target, concurrency, tracing_on):
    before = dict(os.environ)
    rows = list(evaluate_locally(target, SECRETS, [answered], concurrency=concurrency))
    assert [one.score for row in rows for one in row["evaluation_results"]["results"]] == [True, True]
    assert tracing_on.requests == ()
    assert dict(os.environ) == before


def test_the_server_would_have_heard_it(tracing_on):
    client = Client()
    with tracing_context(client=client):
        graph().invoke({"q": SECRET})
        client.flush()
    sent = b"".join(request.body for request in tracing_on.requests)
    client.close()
    assert "/runs/" in " ".join(request.target for request in tracing_on.requests)
    assert sent


def test_not_uploading_is_not_enough_for_a_graph(server):
    """Why `evaluate_locally` is there; when LangSmith fixes it, this fails, and the page says something that is not so."""
    client = Client(api_url=server.url, api_key=server.key)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [to_their_example(one, "") for one in SECRETS]
        evaluate(graph(), data=theirs, evaluators=[answered], upload_results=False, client=client)
    client.flush()
    client.close()
    assert any("/runs" in request.target for request in server.requests)


def test_inside_a_run_that_is_traced_nothing_joins_it(tracing_on):
    seen = []

    def looks(inputs):
        seen.append(get_current_run_tree().parent_run)
        return {"q": "!"}

    with tracing_context(enabled="local"):

        @traceable
        def complete():
            return len(evaluate_locally(looks, SECRETS, [answered]))

        assert complete() == 2
    assert seen == [None, None]


def test_afterwards_tracing_is_as_it_was(tracing_on):
    with offline():
        assert not tracing_is_enabled()
        with offline():
            pass
        assert not tracing_is_enabled()
    assert tracing_is_enabled()
    with tracing_context(enabled=True), offline():
        assert not tracing_is_enabled()
    assert _context._GLOBAL_TRACING_ENABLED is None


def test_the_offline_client_refuses_to_send():
    with offline() as client, pytest.raises(Exception, match="offline"):
        client.create_dataset("x")


def test_no_socket_is_opened_at_all(tmp_path):
    script = textwrap.dedent(
        """
        import sys
        opened = []
        sys.addaudithook(lambda name, args: opened.append(args) if name in ("socket.connect", "socket.getaddrinfo") else None)
        from typing import TypedDict
        from langgraph.graph import StateGraph
        from seatrial.adapters.langsmith import evaluate_locally
        from seatrial.dataset import Example
        class State(TypedDict):
            q: str
        made = StateGraph(State)
        made.add_node("only", lambda state: {})
        made.add_edge("__start__", "only")
        def right(run, example):
            return True
        for target in (made.compile(), lambda inputs: inputs):
            assert len(evaluate_locally(target, [Example("e1", {"q": "hi"})], [right])) == 1
        import gc, threading
        gc.collect()
        print(opened, [thread.name for thread in threading.enumerate()])
        """
    )
    shell = os.environ | {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_API_KEY": "k",
        "LANGSMITH_ENDPOINT": "http://127.0.0.1:9",
        "LANGSMITH_TRACING_MODE": "langsmith",
    }
    reported = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", script],
        env=shell,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert reported.returncode == 0, reported.stderr
    assert reported.stdout.splitlines()[-1] == "[] ['MainThread']"


def test_no_warning_of_langsmiths_comes_out_and_others_do():
    def warns(inputs):
        warnings.warn("mine", UserWarning, stacklevel=1)
        return inputs

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        evaluate_locally(warns, SECRETS, [answered])
    assert {str(one.message) for one in caught} == {"mine"}


def test_an_evaluator_that_crashes_leaves_feedback_where_langsmith_alone_leaves_none():
    nameless = lambda run, example: {"key": "made", "score": 1 / (run.inputs["q"] != "hi")}  # noqa: E731

    rows = evaluate_locally(plain, SECRETS, [nameless])
    assert [[(one.key, one.score) for one in row["evaluation_results"]["results"]] for row in rows] == [
        [("made", 1.0)],
        [("<lambda>", None)],
    ]
    theirs = [to_their_example(one, "") for one in SECRETS]
    with offline() as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone = evaluate(plain, data=theirs, evaluators=[nameless], upload_results=False, client=client)
    assert [len(row["evaluation_results"]["results"]) for row in alone] == [1, 0]


def test_async_evaluators_repetitions_and_langsmiths_own_examples_are_taken():
    async def slow(run, example):
        return {"score": 1}

    rows = list(evaluate_locally(plain, [to_their_example(SECRETS[0], "d")], [slow], repetitions=3))
    assert [one.key for row in rows for one in row["evaluation_results"]["results"]] == ["slow"] * 3


def test_a_target_that_exits_ends_its_own_run_and_an_interrupt_ends_them_all():
    rows = evaluate_locally(lambda inputs: sys.exit(3), SECRETS, [answered])
    assert [row["run"].error.partition("Traceback")[0].strip() for row in rows] == [
        "RuntimeError('it called sys.exit(3)')"
    ] * 2

    def interrupted(inputs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate_locally(interrupted, SECRETS, [answered])


def test_mistakes_are_sentences():
    @evaluator(key="answered")
    def ours(run, example):
        return True

    with pytest.raises(DataError, match="no example"):
        evaluate_locally(plain, [], [answered])
    with pytest.raises(ConfigError, match="a name each; these are: answered, answered"):
        evaluate_locally(plain, SECRETS, [answered, ours])
    with pytest.raises(ConfigError, match="none"):
        evaluate_locally(plain, SECRETS, [])
    with pytest.raises(UsageError, match="repetitions 0"):
        evaluate_locally(plain, SECRETS, [answered], repetitions=0)


def test_variables_that_contradict_each_other_are_a_sentence(tracing_on, monkeypatch):
    monkeypatch.setenv("LANGSMITH_RUNS_ENDPOINTS", json.dumps({tracing_on.url: tracing_on.key}))
    with pytest.raises(ConfigError, match="contradict each other"):
        evaluate_locally(plain, SECRETS, [answered])
    monkeypatch.delenv("LANGSMITH_ENDPOINT")
    assert len(evaluate_locally(graph(), SECRETS, [answered])) == 2
    assert tracing_on.requests == ()
    with offline() as client:
        assert client.api_url == "http://127.0.0.1:9"
