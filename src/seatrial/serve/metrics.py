"""Metrics: counts of the server in Prometheus' text format."""

from __future__ import annotations

import threading
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from seatrial.model.circuit import CircuitState

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """What the server has counted since it was started; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: Counter[tuple[str, str, str]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._events: Counter[str] = Counter()

    def ran(self, graph: str, version: str, status: str, seconds: float) -> None:
        """A run has ended."""
        with self._lock:
            self._runs[graph, version, status] += 1
            self._seconds[graph] += seconds  # type: ignore[assignment]
            for bound in BOUNDS:
                if seconds <= bound:
                    self._buckets[graph, bound] += 1

    def count(self, event: str, n: int = 1) -> None:
        """Something else happened: an exposure that could not be written, say."""
        with self._lock:
            self._events[event] += n

    def text(
        self,
        running: Mapping[str, int],
        compiled: int,
        graphs: int,
        circuits: Sequence[CircuitState] = (),
        shadows: Mapping[tuple[str, str], int] = MappingProxyType({}),
    ) -> str:
        """Everything, as Prometheus reads it."""
        with self._lock:
            lines = [*self._lines(running)]
        lines += _circuits(circuits)
        lines.append("# TYPE seatrial_shadow_total counter")
        lines += [
            f"seatrial_shadow_total{_labels(rollout=rollout, event=event)} {n}"
            for (rollout, event), n in sorted(shadows.items())
        ]
        lines += ["# TYPE seatrial_graphs gauge", f"seatrial_graphs {graphs}"]
        lines += ["# TYPE seatrial_compiled gauge", f"seatrial_compiled {compiled}"]
        return "\n".join(lines) + "\n"

    def _lines(self, running: Mapping[str, int]) -> Iterator[str]:
        yield "# TYPE seatrial_runs_total counter"
        for (graph, version, status), n in sorted(self._runs.items()):
            yield f"seatrial_runs_total{_labels(graph=graph, version=version, status=status)} {n}"
        yield "# TYPE seatrial_run_seconds histogram"
        total: Counter[str] = Counter()
        for (graph, _, _), n in self._runs.items():
            total[graph] += n
        for graph, n in sorted(total.items()):
            for bound in BOUNDS:
                yield f"seatrial_run_seconds_bucket{_labels(graph=graph, le=f'{bound:g}')} {self._buckets[graph, bound]}"
            yield f"seatrial_run_seconds_bucket{_labels(graph=graph, le='+Inf')} {n}"
            yield f"seatrial_run_seconds_sum{_labels(graph=graph)} {float(self._seconds[graph]):.6f}"
            yield f"seatrial_run_seconds_count{_labels(graph=graph)} {n}"
        yield "# TYPE seatrial_running gauge"
        yield from _gauge("seatrial_running", "pool", running.items())
        yield "# TYPE seatrial_events_total counter"
        yield from _gauge("seatrial_events_total", "event", self._events.items())


def _circuits(circuits: Sequence[CircuitState]) -> Iterator[str]:
    """Breakers of the model providers: 0 closed, 1 half-open, 2 open."""
    numbers = {"closed": 0, "half_open": 1, "open": 2}
    yield "# TYPE seatrial_circuit_state gauge"
    yield from _gauge("seatrial_circuit_state", "provider", ((one.provider, numbers[one.state]) for one in circuits))
    yield "# TYPE seatrial_circuit_opened_total counter"
    yield from _gauge("seatrial_circuit_opened_total", "provider", ((one.provider, one.opened) for one in circuits))
    yield "# TYPE seatrial_circuit_refused_total counter"
    yield from _gauge("seatrial_circuit_refused_total", "provider", ((one.provider, one.refused) for one in circuits))


def _gauge(name: str, label: str, values: Iterable[tuple[str, int]]) -> Iterator[str]:
    for key, n in sorted(values):
        yield f"{name}{_labels(**{label: key})} {n}"


def _labels(**labels: str) -> str:
    given = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{given}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
