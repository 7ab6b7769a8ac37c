"""Server: what all routes share, from the project to the counts."""

from __future__ import annotations

import difflib
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.adapters.webhook import load_hooks
from seatrial.errors import DataError, SeatrialError
from seatrial.experiment.router import Router, Why
from seatrial.graph.runtime import Runtime
from seatrial.model.circuit import Breaker
from seatrial.model.context import offer
from seatrial.model.from_settings import killed_by
from seatrial.model.hub import Hub
from seatrial.privacy.exits import shown
from seatrial.project.mount import module
from seatrial.rollout.routing import exposure_of, snapshot_in, traffic_to
from seatrial.serve.alarm import Alarm
from seatrial.serve.allowance import Allowance
from seatrial.serve.errors import RequestFailed
from seatrial.serve.execute import Pools, Stores
from seatrial.serve.metrics import Metrics
from seatrial.serve.shadow_spend import ShadowSpend
from seatrial.serve.shadows import Shadows
from seatrial.spend.budget import read_budgets
from seatrial.store.exposures import write_exposures
from seatrial.trial.code_hash import code_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.experiment.router import Assignment
    from seatrial.graph.runtime import Compiled
    from seatrial.graph.spec import GraphSpec
    from seatrial.project import Project
    from seatrial.serve.settings import ServeSettings
    from seatrial.store.engine import Store


@dataclass
class Server:
    """Everything behind the routes.

    Attributes:
        project: whose registry is served.
        store: threads, runs, exposures, outcomes.
        settings: limits.
        digests: of the keys that are let in.
        saver: checkpointer of resumable graphs.
        pool: only graphs of this pool; empty = all.
        to_compile: graphs that are compiled at the start.
    """

    project: Project
    store: Store
    settings: ServeSettings
    digests: tuple[str, ...]
    saver: Any
    pool: str = ""
    to_compile: tuple[str, ...] = ()
    metrics: Metrics = field(default_factory=Metrics)
    clock: Any = time.time

    def __post_init__(self) -> None:
        self.specs: Mapping[str, GraphSpec] = {
            spec.assistant_id: spec for spec in self.project.graphs if not self.pool or spec.pool == self.pool
        }
        self.runtime = Runtime(
            tuple(self.specs.values()),
            module,
            contract=self.project.contract,
            check=self.project.check_prompt,
            checkpointer=lambda _: self.saver,
        )
        model = self.project.settings.model
        self.hub = Hub(
            limits=model.limits,
            per_model=model.per_model,
            killed=killed_by(os.environ),
            cache=False,
            environ=os.environ,
            breaker=model.breaker or Breaker(),
        )
        self.stores, self.pools = Stores(), Pools(self.settings)
        self.router = Router(
            lambda: snapshot_in(self.store, self.clock()), self.settings.snapshot_every_s, traffic_to(self.store)
        )
        root = self.project.root
        budgets = read_budgets(root, [spec.assistant_id for spec in self.project.graphs])
        hooks = load_hooks(root / "experiments" / "webhooks.toml") if budgets else ()
        self.alarm = Alarm(hooks, self.store, self.clock, self.metrics.count)
        self.allowance = Allowance(
            budgets, model.prices, self.store, self.clock, self.metrics.count, tell=self.alarm.tell
        )
        waiting = self.settings.shadow_waiting
        self.shadows = Shadows(
            self.project, self.store, self.router, lambda: offer(self.hub), self.clock, waiting, self._shadow_spend
        )
        self.busy: set[str] = set()
        self.problems: dict[str, str] = {}
        self._lock = threading.Lock()
        self._hashes: dict[tuple[str, str], str] = {}

    def _shadow_spend(self, graph: str, candidate: str) -> ShadowSpend:
        return ShadowSpend(self.specs[graph], candidate, self.store, self.allowance, self.clock, self.metrics.count)

    def spec(self, assistant_id: str) -> tuple[GraphSpec, str]:
        """The graph of an assistant id, and the version it pins; empty where it pins none.

        Raises:
            RequestFailed: there is none; the message lists near names.
        """
        name, _, version = assistant_id.partition("@")
        spec = self.specs.get(name)
        if spec is None:
            near = difflib.get_close_matches(name, self.specs, n=3, cutoff=0.5)
            given = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(self.specs) or 'none'}"
            raise RequestFailed("unknown_assistant", f"no graph is called {name!r}; {given}", "assistant_id")
        if version and version not in [one.name for one in spec.versions]:
            have = ", ".join(one.name for one in spec.versions)
            raise RequestFailed(
                "unknown_assistant", f"graph {name!r} has no version {version!r}; it has: {have}", "assistant_id"
            )
        return spec, version

    def compiled(self, graph: str, version: str) -> Compiled:
        """The version, ready to be called.

        Raises:
            RequestFailed: it cannot be imported or built.
        """
        try:
            return self.stores.with_store(self.runtime.compiled(graph, version))
        except SeatrialError as error:
            raise RequestFailed("graph_unavailable", shown(str(error))) from error

    def assigned(self, spec: GraphSpec, row: Mapping[str, Any], unit: str, began: str) -> Assignment:
        """Which version answers by the rollout's snapshot.

        Raises:
            RequestFailed: the thread was begun by a version that was rolled back and pauses, or that is gone.
        """
        found = self.router.assign(spec.assistant_id, row, unit, began or None)
        if found.why is Why.PAUSED:
            raise RequestFailed(
                "conflict", f"the thread was begun by {found.version}, which was rolled back; its threads are paused"
            )
        if began and began not in [one.name for one in spec.versions]:
            raise RequestFailed(
                "conflict",
                f"the thread was begun by version {began!r} of {spec.assistant_id!r}, which the registry no longer has; its state may have another schema",
            )
        return found

    def expose(self, assignment: Assignment, spec: GraphSpec, version: str, unit: str, thread_id: str) -> None:
        """Record that a unit is exposed to a version; a failure is counted and the request is answered all the same."""
        row = exposure_of(assignment, unit, thread_id, self.clock(), content=self._hash(spec.assistant_id, version))
        if row is None:
            return
        try:
            write_exposures(self.store, [row], now=self.clock())
            self.metrics.count("exposures")
        except DataError as error:
            self.metrics.count("exposures_failed")
            self.router.problem = str(error)

    def _hash(self, graph: str, version: str) -> str:
        key = (graph, version)
        if key not in self._hashes:
            self._hashes[key] = code_hash(self.project, graph, version)
        return self._hashes[key]

    def occupy(self, thread_id: str) -> None:
        """Take a thread for one run.

        Raises:
            RequestFailed: another run has it.
        """
        with self._lock:
            if thread_id in self.busy:
                raise RequestFailed("conflict", f"thread {thread_id!r} has a run under way; wait for it", retry_after=1)
            self.busy.add(thread_id)

    def release(self, thread_id: str) -> None:
        """Give it back."""
        with self._lock:
            self.busy.discard(thread_id)

    def compile_first(self) -> None:
        """Compile what is wanted at the start; a graph that cannot be is named in `problems`."""
        for graph in self.to_compile:
            try:
                self.runtime.compiled(graph)
            except SeatrialError as error:
                self.problems[graph] = str(error)

    def close(self) -> None:
        """End the background work."""
        self.router.close()
        self.alarm.close()
        self.shadows.close()
        self.pools.close()
