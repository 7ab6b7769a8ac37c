"""OpenTelemetry: the run and what it calls are spans of the request's trace; without it the response is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

trace = pytest.importorskip("opentelemetry.trace")
pytest.importorskip("opentelemetry.sdk")

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
REGISTRY = """
from seatrial.graph.spec import GraphSpec, fleet

GRAPHS = fleet(GraphSpec("echo", module="graphs.spans"), GraphSpec("later", module="graphs.spans", builder="later"))
"""
GRAPH = """
from typing import TypedDict

from langgraph.graph import START, StateGraph
from opentelemetry import baggage, trace


class State(TypedDict, total=False):
    text: str
    said: str


def answer(state):
    with trace.get_tracer("graph").start_as_current_span("inside") as here:
        here.set_attribute("tier", str(baggage.get_baggage("tier")))
        if state["text"] == "fall":
            raise ValueError("secret of ada@corp.de")
        return {"said": "done"}


async def awaited(state):
    return answer(state)


def build():
    return StateGraph(State).add_node("node", answer).add_edge(START, "node")


def later():
    return StateGraph(State).add_node("node", awaited).add_edge(START, "node")
"""


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Any:
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: PLC0415

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def on() -> Any:
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)  # its setter works once a process
        return exporter

    return on


def test_a_run_is_a_span_of_its_requests_trace_and_the_response_is_the_same_without(
    tmp_path: Path, serving: Any, spans: Any
) -> None:
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs/registry.py").write_text(REGISTRY)
    (tmp_path / "graphs/spans.py").write_text(GRAPH)
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "a=b", "baggage": "tier=pro"}

    with serving(tmp_path) as (_, address), httpx.Client(base_url=address, timeout=60, headers=headers) as client:

        def ask(graph: str, text: str = "x", path: str = "/runs/wait") -> tuple[int, bytes, set[str]]:
            found = client.post(path, json={"assistant_id": graph, "input": {"text": text}})
            content = found.content.partition(b"event: values")[2] if path.endswith("stream") else found.content
            return found.status_code, content, set(found.headers)

        calls = [("echo", "x"), ("later", "x"), ("echo", "fall"), ("echo", "x", "/runs/stream")]
        off = [ask(*one) for one in calls]
        exporter = spans()
        assert [ask(*one) for one in calls] == off
    found = exporter.get_finished_spans()
    assert {f"{one.context.trace_id:032x}" for one in found} == {TRACE}
    runs = [one for one in found if one.name.startswith("run ")]
    assert [one.name for one in runs] == ["run echo", "run later", "run echo", "run echo"]
    assert {f"{one.parent.span_id:016x}" for one in runs} == {PARENT}
    inside = [one for one in found if one.name == "inside"]
    assert {one.parent.span_id for one in inside} == {one.context.span_id for one in runs}
    assert {one.attributes["tier"] for one in inside} == {"pro"}
    failed = runs[2]
    assert (failed.status.status_code.name, failed.attributes["error.type"]) == ("ERROR", "graph_error")
    assert not failed.events  # the message may hold a secret
    assert failed.attributes["seatrial.graph"] == "echo"
