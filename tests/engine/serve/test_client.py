"""LangGraph's own clients against our server, unmodified."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncRunsClient
from langgraph_sdk.errors import NotFoundError

from seatrial.serve.fields import ACTS, REFUSED

from .served import GRAPH_IDS


@pytest.fixture
def sdk(served: Any) -> Any:
    with get_sync_client(url=served[1]) as client:
        yield client


def test_a_run_is_waited_for_and_streamed(sdk: Any) -> None:
    assert sdk.runs.wait(None, "echo", input={"text": "hi"}) == {"text": "hi", "said": "hi 1", "steps": ["1"]}
    parts = list(sdk.runs.stream(None, "later", input={"text": "abc"}, stream_mode=["updates", "values"]))
    assert [part.event for part in parts] == ["metadata", "values", "updates", "values", "end"]
    assert parts[2].data == {"node": {"said": "cba"}}
    assert parts[3].data["said"] == "cba"


def test_a_thread_waits_is_resumed_and_shows_its_state_and_history(sdk: Any) -> None:
    thread = sdk.threads.create(metadata={"who": "ada"})["thread_id"]
    state = sdk.runs.wait(thread, "asks", input={"text": "send"})
    assert state["__interrupt__"][0]["value"] == {"question": "sure?"}
    assert sdk.threads.get(thread)["status"] == "interrupted"
    found = sdk.threads.get_state(thread)
    assert found["next"] == ["second"]
    assert found["tasks"][0]["interrupts"][0]["value"] == {"question": "sure?"}
    assert sdk.runs.wait(thread, "asks", command={"resume": "yes"})["said"] == "send: yes"
    assert sdk.threads.get_state(thread)["values"]["steps"] == ["first 1", "second 1"]
    history = sdk.threads.get_history(thread)
    assert [one["next"] for one in history] == [[], ["second"], ["first"], ["__start__"]]
    first = history[1]["checkpoint"]["checkpoint_id"]
    assert sdk.threads.get_state(thread, checkpoint_id=first)["next"] == ["second"]
    assert [run["status"] for run in sdk.runs.list(thread)] == ["success", "interrupted"]
    assert [one["thread_id"] for one in sdk.threads.search(metadata={"who": "ada"})] == [thread]
    sdk.threads.update_state(thread, {"said": "edited"})
    assert sdk.threads.get_state(thread)["values"]["said"] == "edited"
    sdk.threads.delete(thread)
    with pytest.raises(NotFoundError):
        sdk.threads.get(thread)


def test_a_remote_graph_is_invoked_streamed_and_resumed(sdk: Any) -> None:
    remote = RemoteGraph("echo", sync_client=sdk)
    assert remote.invoke({"text": "hi"})["said"] == "hi 1"
    assert list(remote.stream({"text": "hi"}, stream_mode="updates")) == [{"node": {"said": "hi 1", "steps": ["1"]}}]
    assert set(remote.get_graph().nodes) == {"__start__", "node", "__end__"}
    asks = RemoteGraph("asks", sync_client=sdk)
    config = {"configurable": {"thread_id": "remote-1"}}
    assert asks.invoke({"text": "send"}, config)["__interrupt__"]
    assert asks.get_state(config).next == ("second",)


def test_assistants_are_the_registrys_rows(sdk: Any) -> None:
    assert sdk.assistants.get("echo")["metadata"]["owner"] == "ada"
    assert {one["graph_id"] for one in sdk.assistants.search()} == GRAPH_IDS
    assert [one["graph_id"] for one in sdk.assistants.search(graph_id="echo")] == ["echo"]
    assert [one["metadata"]["version"] for one in sdk.assistants.get_versions("echo")] == ["v2", "v1"]
    assert sdk.runs.wait(None, "echo@v2", input={"text": "hi"})["said"] == "hi 2"
    assert sdk.assistants.get_schemas("echo")["graph_id"] == "echo"


def test_every_field_that_the_client_can_send_acts_or_is_refused() -> None:
    here = {"headers", "params", "on_run_created", "raise_error", "version", "thread_id", "self"}  # of the client's own
    names = {
        name for method in ("wait", "stream") for name in inspect.signature(getattr(SyncRunsClient, method)).parameters
    }
    sent = {"langsmith_tracer" if name == "langsmith_tracing" else name for name in names - here}
    assert sent == set(ACTS) | set(REFUSED)
