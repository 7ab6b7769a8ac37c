"""Run: one request from its body to what is kept of it; the routes wait for it or stream it."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.errors import ContractError, SeatrialError
from seatrial.model.context import Calls, offer
from seatrial.model.outcome import Outage, OverBudget
from seatrial.segment import assign, for_graph
from seatrial.serve.errors import RequestFailed, failure_of
from seatrial.serve.execute import Execution
from seatrial.serve.meter import Meter
from seatrial.store import threads as kept
from seatrial.store.calls import ModelCallRow
from seatrial.store.current import use_store
from seatrial.trace.spans import span
from seatrial.unit import unit_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from seatrial.experiment.router import Assignment
    from seatrial.graph.spec import GraphSpec
    from seatrial.serve.fields import RunRequest
    from seatrial.serve.server import Server


@dataclass(slots=True)
class Planned:
    """A request that may run: which version answers it, on which thread.

    Attributes:
        server: what it runs on.
        request: its fields.
        spec: its graph.
        version: that answers.
        pinned: the caller named the version.
        assignment: of the rollout; None where the version is pinned.
        unit: what was assigned.
        thread_id: of the run.
        stateless: the thread is made for this run only.
        run_id: of the run.
        execution: once it has begun.
        stopped: whether it was stopped before it began.
        trace: headers of the trace that the request belongs to.
        begun: the thread has run before.
    """

    server: Server
    request: RunRequest
    spec: GraphSpec
    version: str
    assignment: Assignment | None
    unit: str
    thread_id: str
    stateless: bool
    run_id: str
    event: Callable[[str, tuple[str, ...], Any], None] | None = None
    execution: Execution | None = None
    stopped: bool = False
    trace: Mapping[str, str] = field(default_factory=dict)
    begun: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Which run, thread and version answer."""
        place = f"/runs/{self.run_id}" if self.stateless else f"/threads/{self.thread_id}/runs/{self.run_id}"
        return {
            "content-location": place,
            "x-seatrial-run-id": self.run_id,
            "x-seatrial-thread-id": self.thread_id,
            "x-seatrial-version": self.version,
        }

    def stop(self) -> None:
        """Stop it before its next step."""
        self.stopped = True
        if self.execution is not None:
            self.execution.cancel()

    def work(self) -> Any:
        """Run it in a worker, keep what became of it, and return the answer.

        Raises:
            RequestFailed: it failed.
        """
        began, server = time.perf_counter(), self.server
        failure: RequestFailed | None = None
        answer: Any = None
        try:
            with (
                self._span(),
                offer(server.hub),
                use_store(server.store),
            ):  # what the graph emits, and what its guards decide
                answer = self._run()
        except RequestFailed as error:
            failure = error
        except SeatrialError as error:  # the store, say
            failure = failure_of(error, Calls())
        finally:
            server.release(self.thread_id)
        status = _status(failure, self.execution)
        server.metrics.ran(self.spec.assistant_id, self.version, status, time.perf_counter() - began)
        self._keep(status, failure)
        if failure is not None:
            raise failure
        return answer

    def _span(self) -> AbstractContextManager[None]:
        graph = self.spec.assistant_id
        found = {"seatrial.graph": graph, "seatrial.version": self.version, "seatrial.run_id": self.run_id}
        return span(self.trace, f"run {graph}", found)

    def _run(self) -> Any:
        if self.stopped:
            raise RequestFailed("cancelled", "the run was stopped before it began")
        request, server = self.request, self.server
        compiled = server.compiled(self.spec.assistant_id, self.version)
        if request.input is not None and compiled.contract is not None:
            version = str(request.metadata.get("contract") or getattr(compiled.contract, "version", "1"))
            try:
                compiled.contract.check_inputs(request.input, version)
            except ContractError as error:
                raise failure_of(error, Calls()) from error
        self.execution = Execution(compiled, request, self.thread_id, self.event, meter=self._meter())
        if self.begun and self.spec.resumable:
            self._refuse_another_schema(compiled.graph)
        if request.input is None:
            self._refuse_where_nothing_waits(compiled.graph)
        if self.stopped:
            raise RequestFailed("cancelled", "the run was stopped before it began")
        if self.assignment is not None and (self.assignment.exposed or self.assignment.forced):
            server.expose(self.assignment, self.spec, self.version, self.unit, self.thread_id)
        answer = self._answer(self.execution)
        if isinstance(self.execution.heard.skipped, Outage):  # the graph answered by other means
            server.metrics.count("model_fallback")
        return answer

    def _answer(self, execution: Execution) -> Any:
        def live() -> Any:
            execution.run()
            return execution.answer

        if self.assignment is None or self.assignment.arm != "control":
            return live()  # a shadow compares with the control
        return self.server.shadows.around(self.spec.assistant_id, self.request, self.thread_id, live)

    def _meter(self) -> Meter:
        """Counts the model calls of the run, under the graph's budget and its tokens for one request."""
        graph, allowance = self.spec.assistant_id, self.server.allowance
        ceiling = self.server.settings.tokens.get(graph)

        def admit(used: int) -> None:
            if ceiling is not None and used >= ceiling:
                raise OverBudget(f"graph {graph!r} has used {used:,} tokens of {ceiling:,} that one request may use")
            allowance.admit(graph)

        return Meter(admit, lambda call: allowance.settle(graph, call))

    def _refuse_another_schema(self, graph: Any) -> None:
        """A checkpoint that holds what the graph's state no longer has was written by other code under the same name."""
        kept = self.server.saver.get_tuple({"configurable": {"thread_id": self.thread_id, "checkpoint_ns": ""}})
        held = kept.checkpoint.get("channel_values", {}) if kept is not None else {}
        # LangGraph's own channels hold a colon or begin with two underscores, and change with the edges.
        strange = [name for name in held if name not in graph.channels and ":" not in name and name[:2] != "__"]
        if strange:
            raise RequestFailed(
                "conflict",
                f"the state of thread {self.thread_id!r} has another schema: it holds {', '.join(sorted(strange))}, which "
                f"{self.spec.assistant_id}@{self.version} no longer has; give changed code a version of its own",
            )

    def _refuse_where_nothing_waits(self, graph: Any) -> None:
        config = {"configurable": {"thread_id": self.thread_id}}
        if self.request.checkpoint_id is not None:
            return
        state = graph.get_state(config)
        # Not `next`: a task that was saved as done, in a process that died before its step was, is no longer in it.
        if "resume" in self.request.command and not state.interrupts:
            raise RequestFailed(
                "conflict", f"thread {self.thread_id!r} waits for nothing, so there is nothing to resume"
            )
        if not self.request.command and not state.tasks:
            raise RequestFailed("conflict", f"thread {self.thread_id!r} has ended or never began; send an input")

    def _keep(self, status: str, failure: RequestFailed | None) -> None:
        server, now = self.server, self.server.clock()
        calls = self.execution.meter.calls if self.execution is not None else []
        kept_thread = not self.stateless or self.request.keep_thread  # else no request can read it
        row = kept.RunRow(
            self.run_id,
            self.thread_id,
            self.spec.assistant_id,
            self.version,
            status,
            failure.message if failure else "",
            self.request.metadata if kept_thread else {},
            now,
            now,
        )
        segments = json.dumps(self._segments()) if calls else "{}"
        rows = [
            ModelCallRow(
                f"{self.run_id}/{number}",
                self.run_id,
                self.thread_id,
                self.spec.assistant_id,
                self.version,
                self.spec.feature,
                self.spec.owner,
                call.node,
                call.model,
                segments,
                *call[3:],
                now,
                call.tool,
            )
            for number, call in enumerate(calls)
        ]
        try:
            if kept_thread or rows:
                kept.write_run(server.store, row, rows)
            if kept_thread:
                waiting = self.execution is not None and bool(self.execution.interrupts)
                kept.update_thread(
                    server.store,
                    self.thread_id,
                    now,
                    graph=self.spec.assistant_id,
                    version=self.version,
                    status="error" if failure else "interrupted" if waiting else "idle",
                )
            elif self.spec.resumable:
                server.saver.delete_thread(self.thread_id)
        except SeatrialError:
            server.metrics.count("rows_failed")  # the answer is good, whatever becomes of its row
        server.allowance.kept(self.spec.assistant_id, calls)

    def _segments(self) -> dict[str, str]:
        row = {
            "id": "",
            "inputs": self.request.input or {},
            "outputs": None,
            "metadata": self.request.metadata,
            "tags": list(self.request.tags),
        }
        try:
            found = assign(for_graph(self.server.project.dimensions, self.spec.assistant_id), row)
        except SeatrialError:
            found = {}
        tenant = self.request.metadata.get("tenant")
        if tenant:  # who it is stays with the caller; spend can be grouped by its hash
            found["tenant"] = hashlib.sha256(str(tenant).encode()).hexdigest()[:12]
        return found


def plan(server: Server, request: RunRequest, thread_id: str | None) -> Planned:
    """Decide who answers, and take the thread; it looks into the store, so it may block.

    Raises:
        RequestFailed: the request cannot be run.
    """
    spec, pinned = server.spec(request.assistant_id)
    refused = request.needs_state
    if refused and not spec.resumable:
        raise RequestFailed(
            "unsupported_field",
            f"{refused} acts on resumable graphs only, and {spec.assistant_id!r} keeps no state",
            refused,
        )
    if thread_id is None and request.input is None:
        raise RequestFailed(
            "invalid_request", "input is missing; a run without a thread has nothing to go on with", "input"
        )
    if request.input is None and not spec.resumable:
        raise RequestFailed(
            "invalid_request", f"input is missing; graph {spec.assistant_id!r} keeps no state to go on from", "input"
        )
    began = ""
    if thread_id is not None:
        began = _began(server, request, spec, thread_id)
        server.occupy(thread_id)
    actual = thread_id or str(uuid.uuid4())
    try:
        unit = unit_text(request.metadata.get("unit")) or actual
        found = None
        if not pinned:
            row = {"inputs": request.input or {}, "metadata": request.metadata, "tags": list(request.tags)}
            found = server.assigned(spec, row, unit, began)
        version = pinned or (found.version if found else None) or began or spec.current
        if thread_id is None and request.keep_thread:
            kept.make_thread(server.store, actual, request.metadata, server.clock(), spec.assistant_id)
    except BaseException:
        server.release(actual)
        raise
    run_id = str(uuid.uuid4())
    return Planned(server, request, spec, version, found, unit, actual, thread_id is None, run_id, begun=bool(began))


def _began(server: Server, request: RunRequest, spec: GraphSpec, thread_id: str) -> str:
    """The version a thread began with; the thread is made where the request says so."""
    row = kept.thread(server.store, thread_id)
    if row is None:
        if not request.create_thread:
            raise RequestFailed(
                "unknown_thread",
                f"no thread is called {thread_id!r}; create it, or send if_not_exists: create",
                "thread_id",
            )
        kept.make_thread(server.store, thread_id, {}, server.clock(), spec.assistant_id)
        return ""
    if row.graph not in ("", spec.assistant_id):
        raise RequestFailed(
            "conflict",
            f"thread {thread_id!r} belongs to graph {row.graph!r}; its state has another schema than {spec.assistant_id!r}'s",
        )
    return row.version


def _status(failure: RequestFailed | None, execution: Execution | None) -> str:
    if failure is not None:
        return {"timeout": "timeout", "cancelled": "interrupted"}.get(failure.type, "error")
    return "interrupted" if execution is not None and execution.interrupts else "success"
