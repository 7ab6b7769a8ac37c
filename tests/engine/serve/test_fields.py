"""Every field of a run request: a test says that it acts, or that it is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.serve.fields import ACTS, REFUSED

SENT = {
    "webhook": "http://127.0.0.1:9/x",
    "multitask_strategy": "enqueue",
    "after_seconds": 5,
    "feedback_keys": ["k"],
    "stream_resumable": True,
    "checkpoint_during": True,
    "strict_resume": False,
    "langsmith_tracer": {"project_name": "p"},
}


def wait(http: Any, assistant: str = "echo", thread: str = "", **body: Any) -> Any:
    path = f"/threads/{thread}/runs/wait" if thread else "/runs/wait"
    return http.post(path, json={"assistant_id": assistant, **body})


@pytest.mark.parametrize("name", REFUSED)
def test_a_field_that_does_not_act_is_422_and_named(http: Any, name: str) -> None:
    found = wait(http, input={"text": "hi"}, **{name: SENT[name]})
    assert (found.status_code, found.json()["param"], found.json()["type"]) == (422, name, "unsupported_field")
    for harmless in REFUSED[name][1]:
        assert wait(http, input={"text": "hi"}, **{name: harmless}).status_code == 200


def test_input_context_config_and_metadata_act(http: Any, served: Any) -> None:
    assert wait(http, input={"text": "hi"}).json()["said"] == "hi 1"
    assert wait(http, input={"txt": "hi"}).json()["param"] == "input.text"
    limited = wait(http, "slow", input={"text": "0"}, config={"recursion_limit": 1})
    assert limited.json()["type"] == "graph_error"
    assert "ecursion" in limited.json()["message"]
    for place in ("config.callbacks", "config.configurable.thread_id"):
        body: Any = (
            {"config": {"callbacks": []}}
            if place.endswith("callbacks")
            else {"config": {"configurable": {"thread_id": "t"}}}
        )
        assert wait(http, input={"text": "hi"}, **body).json()["param"] == place
    run = wait(http, "asks", "fields-1", input={"text": "x"}, if_not_exists="create", metadata={"campaign": "spring"})
    assert run.status_code == 200
    assert http.get("/threads/fields-1/runs").json()[0]["metadata"]["campaign"] == "spring"


def test_command_checkpoint_interrupts_and_durability_act_on_resumable_graphs_only(http: Any) -> None:
    stopped = wait(
        http,
        "asks",
        "fields-2",
        input={"text": "x"},
        if_not_exists="create",
        interrupt_before=["first"],
        durability="sync",
    )
    assert stopped.json() == {"text": "x", "steps": []}
    before = http.get("/threads/fields-2/state").json()
    assert before["next"] == ["first"]
    assert "__interrupt__" in wait(http, "asks", "fields-2").json()  # without an input it goes on
    after = wait(http, "asks", "fields-2", interrupt_after="*", checkpoint_id=before["checkpoint"]["checkpoint_id"])
    assert after.json()["steps"] == ["first 1"]  # from the older state, and stopped behind its node
    assert wait(http, "asks", "fields-2", command={"resume": "y"}).status_code == 409  # it stopped, and asks nothing
    assert "__interrupt__" in wait(http, "asks", "fields-2").json()
    assert wait(http, "asks", "fields-2", command={"resume": "y", "update": {"text": "z"}}).json()["said"] == "z: y"
    for name, value in (("interrupt_before", ["node"]), ("durability", "sync"), ("checkpoint", {"checkpoint_id": "c"})):
        found = wait(http, "echo", input={"text": "x"}, **{name: value})
        assert (found.status_code, found.json()["param"]) == (422, name)
    assert wait(http, "echo", command={"resume": 1}).json()["param"] == "command"


def test_stream_mode_subgraphs_completion_and_disconnect_act(http: Any) -> None:
    def events(**body: Any) -> list[str]:
        text = http.post("/runs/stream", json={"assistant_id": "echo", "input": {"text": "hi"}, **body}).text
        return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]

    assert events(stream_mode="updates") == ["metadata", "updates", "end"]
    assert "messages" in events(stream_mode=["messages-tuple"], stream_subgraphs=True)
    assert (
        http.post("/runs/stream", json={"assistant_id": "echo", "stream_mode": "events"}).json()["param"]
        == "stream_mode"
    )
    kept = wait(http, "asks", input={"text": "x"}, on_completion="keep", on_disconnect="continue")
    assert http.get(f"/threads/{kept.headers['x-seatrial-thread-id']}").json()["status"] == "interrupted"
    gone = wait(http, "asks", input={"text": "x"}, on_completion="delete")
    assert http.get(f"/threads/{gone.headers['x-seatrial-thread-id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"assistant_id": ""}, "assistant_id"),
        ({"assistant_id": "echo", "input": [1]}, "input"),
        ({"assistant_id": "echo", "inputs": {}}, "inputs"),
        ({"assistant_id": "echo", "input": {}, "command": {"resume": 1}}, "command"),
        ({"assistant_id": "echo", "command": {"send": 1}}, "command.send"),
        ({"assistant_id": "echo", "config": {"recursion_limit": 0}}, "config.recursion_limit"),
        ({"assistant_id": "echo", "durability": "maybe"}, "durability"),
        ({"assistant_id": "echo", "interrupt_before": "first"}, "interrupt_before"),
        ({"assistant_id": "echo", "stream_subgraphs": "yes"}, "stream_subgraphs"),
        ({"assistant_id": "echo"}, "input"),
    ],
)
def test_a_field_of_another_shape_is_422_and_named(http: Any, body: Any, param: str) -> None:
    found = http.post("/runs/wait", json=body)
    assert (found.status_code, found.json()["param"]) == (422, param)


def test_openapi_lists_the_fields_that_act(http: Any) -> None:
    said = http.get("/openapi.json").json()
    schema = said["paths"]["/runs/wait"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == set(ACTS)
