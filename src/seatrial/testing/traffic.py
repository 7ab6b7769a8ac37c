"""Traffic: a seeded year of a fleet in production, with faults planted by name.

made = traffic(seed=1, days=365, faults=(Fault(FaultName.OVER_CONFIDENT, day=200, graph="email_classify", segment="language=de"),))
made.decisions["confidence"], made.outcomes["label"], made.exposures["arm"], made.tokens["output_tokens"]
made.write(folder)                  # decisions.parquet, outcomes.parquet, exposures.parquet, tokens.parquet

Four tables of columns, numpy arrays of one length each: decisions and outcomes as `seatrial.feedback.columns` names them,
exposures and tokens beside them. The same seed and arguments give the same bytes. Confidences follow the deciles that the
reference graphs' first versions state on their golden datasets; without a fault a positive answer comes as often as stated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from seatrial.store.engine import Store

DAY = 86400.0
BEGIN = 1_767_225_600.0
"""2026-01-01T00:00Z."""


class FaultName(StrEnum):
    """What may be planted."""

    OVER_CONFIDENT = "over_confident"
    """From `day` on, answers in the segment come `amount` less often than stated, at confidences of .7 and more."""
    LATE = "late"
    """Outcomes come `amount` days later."""
    MISSING = "lost"
    """A share `amount` of the outcomes never arrives."""
    DUPLICATED = "duplicated"
    """A share `amount` of the events is delivered twice, word for word."""
    CONTRADICTORY = "contradictory"
    """A share `amount` of the events has a second one later in the thread that says the opposite."""
    DEAD_FEED = "dead_feed"
    """No outcome arrives from `day` on."""
    RENAMED_LABEL = "renamed_label"
    """From `day` on the source writes `Reply_Positive` for `reply_positive`."""
    PERCENT = "percent"
    """Confidence is stated in percent."""
    NEW_VALUE = "new_value"
    """From `day` on a share `amount` of requests is of language `it`."""
    MIX = "mix"
    """From `day` on a share `amount` more of the requests is in the segment."""
    VERSION_WORSE = "version_worse"
    """The candidate's answers are positive `amount` less often."""
    EXPENSIVE = "expensive"
    """From `day` on output tokens are multiplied by 1 + `amount`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault.

    Attributes:
        name: what is wrong.
        day: day of the year from which it is, 0 = the first.
        graph: graph it concerns; empty = all.
        segment: `NAME=value` it concerns; empty = all.
        amount: how much; what it measures stands beside the name.
    """

    name: FaultName
    day: int = 0
    graph: str = ""
    segment: str = ""
    amount: float = 0.2


@dataclass(frozen=True, slots=True)
class GraphTraffic:
    """One graph's traffic.

    Attributes:
        graph: its id, and the name of its classifier.
        daily: requests a day in the mean; fewer at night and on weekends.
        verdicts: verdict -> share.
        deciles: deciles of stated confidence.
        segments: dimension -> value -> share; read from the request.
        positive, negative: labels of an answer that agrees, and of one that does not.
        answered: share of decisions whose outcome is observed by an event; the rest is silence.
        delay_days: mean time until an outcome is observed.
        versions: control and candidate.
        share: share of requests that the candidate serves.
        tokens: mean input and output tokens.
    """

    graph: str
    daily: float
    verdicts: Mapping[str, float]
    deciles: tuple[float, ...]
    segments: Mapping[str, Mapping[str, float]]
    positive: str = "reply_positive"
    negative: str = "reply_negative"
    outcome: str = "reply"
    answered: float = 1.0
    delay_days: float = 3.0
    versions: tuple[str, str] = ("v1", "v2")
    share: float = 0.1
    tokens: tuple[int, int] = (900, 60)


GRAPHS = (
    GraphTraffic(
        "email_classify",
        80,
        {"interested": 0.3, "not_interested": 0.25, "question": 0.25, "unsubscribe": 0.2},
        (0.11, 0.11, 0.38, 0.41, 0.52, 0.53, 0.61, 0.62, 0.68, 0.76, 0.90),
        {"language": {"en": 0.6, "de": 0.2, "fr": 0.12, "es": 0.08}, "tier": {"free": 0.6, "pro": 0.3, "enterprise": 0.1}},
    ),
    GraphTraffic(
        "support_router",
        120,
        {"billing": 0.54, "technical": 0.29, "general": 0.17},
        (0.33, 0.42, 0.64, 0.74, 0.84, 0.87, 0.90, 0.91, 0.93, 0.95, 0.98),
        {"language": {"en": 0.7, "de": 0.3}, "tier": {"free": 0.5, "pro": 0.3, "enterprise": 0.2}},
        positive="resolved",
        negative="reassigned",
        outcome="ticket",
        delay_days=1.0,
        tokens=(700, 40),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Traffic:
    """Four tables; every value of a table is an array of one length."""

    decisions: Mapping[str, NDArray[Any]]
    outcomes: Mapping[str, NDArray[Any]]
    exposures: Mapping[str, NDArray[Any]]
    tokens: Mapping[str, NDArray[Any]]
    faults: tuple[Fault, ...] = field(default=())

    def write(self, folder: Path) -> None:
        """Write each table as NAME.parquet; times are instants in UTC."""
        import pyarrow as pa  # noqa: PLC0415 - only where tables are written
        import pyarrow.parquet as pq  # noqa: PLC0415

        folder.mkdir(parents=True, exist_ok=True)
        for name in ("decisions", "outcomes", "exposures", "tokens"):
            columns = {}
            for column, values in getattr(self, name).items():
                if column.endswith("_at"):
                    columns[column] = pa.array((values * 1e6).astype(np.int64), pa.timestamp("us", tz="UTC"))
                else:
                    columns[column] = pa.array(values)
            pq.write_table(pa.table(columns), folder / f"{name}.parquet")

    def fill(self, store: Store) -> None:
        """Write decisions and outcomes into a store."""
        from seatrial.store.outcomes import DecisionRow, write_decisions  # noqa: PLC0415

        write_decisions(
            store,
            [
                DecisionRow(
                    **{name: row[name] for name in row if not name.startswith("segment.")},
                    segments={
                        name.removeprefix("segment."): str(row[name]) for name in row if name.startswith("segment.")
                    },
                )
                for row in _rows(self.decisions)
            ],
        )
        self.fill_outcomes(store)

    def fill_outcomes(self, store: Store) -> None:
        """Write the outcomes alone."""
        from seatrial.store.outcomes import OutcomeEvent, write_outcomes  # noqa: PLC0415

        write_outcomes(store, [OutcomeEvent(**row) for row in _rows(self.outcomes)])


def traffic(
    seed: int = 0,
    days: int = 365,
    graphs: Sequence[GraphTraffic] = GRAPHS,
    faults: Sequence[Fault] = (),
    begin: float = BEGIN,
) -> Traffic:
    """A seeded year of the fleet.

    Args:
        seed: of everything drawn; each graph has a stream of its own.
        days: how many.
        graphs: the fleet.
        faults: what is planted.
        begin: first instant, seconds since 1970.
    """
    parts = []
    for place, graph in enumerate(graphs):
        mine = [fault for fault in faults if fault.graph in ("", graph.graph)]
        parts.append(_graph(np.random.default_rng([seed, place]), days, graph, mine, begin))
    tables = [_stack([part[i] for part in parts]) for i in range(4)]
    return Traffic(tables[0], tables[1], tables[2], tables[3], tuple(faults))


def _graph(
    rng: np.random.Generator, days: int, graph: GraphTraffic, faults: Sequence[Fault], begin: float
) -> tuple[dict[str, NDArray[Any]], ...]:
    at = _arrivals(rng, days, graph.daily)
    n = at.size
    day = np.floor(at / DAY).astype(np.int64)
    ids = np.array([f"{graph.graph}-{i:07d}" for i in range(n)])
    segments = {name: rng.choice(list(shares), n, p=_shares(shares)) for name, shares in graph.segments.items()}
    for fault in faults:
        late = day >= fault.day
        if fault.name is FaultName.NEW_VALUE and "language" in segments:
            segments["language"] = np.where(late & (rng.random(n) < fault.amount), "it", segments["language"])
        if fault.name is FaultName.MIX and fault.segment:
            name, _, value = fault.segment.partition("=")
            segments[name] = np.where(late & (rng.random(n) < fault.amount), value, segments[name])
    verdict = rng.choice(list(graph.verdicts), n, p=_shares(graph.verdicts))
    confidence = np.round(np.interp(rng.random(n), np.linspace(0, 1, 11), graph.deciles), 3)
    candidate = rng.random(n) < graph.share
    version = np.where(candidate, graph.versions[1], graph.versions[0])
    rate = confidence.copy()
    for fault in faults:
        if fault.name is FaultName.OVER_CONFIDENT:
            hit = (day >= fault.day) & (confidence >= 0.7) & _inside(fault, segments)
            rate[hit] -= fault.amount
        if fault.name is FaultName.VERSION_WORSE:
            rate[candidate & (day >= fault.day) & _inside(fault, segments)] -= fault.amount
    good = rng.random(n) < np.clip(rate, 0, 1)
    outcomes = _events(rng, graph, faults, ids, at, day, good, segments)
    stated = confidence * 100 if any(f.name is FaultName.PERCENT for f in faults) else confidence
    decisions = {
        "decision_id": np.char.add("d-", ids),
        "thread_id": np.char.add("t-", ids),
        "classifier": np.full(n, graph.graph),
        "verdict": verdict,
        "confidence": stated,
        "decided_at": begin + at,
        "graph": np.full(n, graph.graph),
        "version": version,
        **{f"segment.{name}": values for name, values in segments.items()},
    }
    exposures = {
        "exposure_id": np.char.add("x-", ids),
        "unit_id": np.char.add("t-", ids),
        "thread_id": np.char.add("t-", ids),
        "graph": np.full(n, graph.graph),
        "arm": np.where(candidate, "candidate", "control"),
        "version": version,
        "exposed_at": begin + at,
        **{f"segment.{name}": values for name, values in segments.items()},
    }
    outcomes["observed_at"] = begin + outcomes["observed_at"]
    return decisions, outcomes, exposures, _tokens(rng, graph, faults, ids, begin + at, day, version)


def _events(
    rng: np.random.Generator,
    graph: GraphTraffic,
    faults: Sequence[Fault],
    ids: NDArray[Any],
    at: NDArray[np.float64],
    day: NDArray[np.int64],
    good: NDArray[np.bool_],
    segments: Mapping[str, NDArray[Any]],
) -> dict[str, NDArray[Any]]:
    n = ids.size
    seen = at + 60 + rng.exponential(graph.delay_days * DAY, n).clip(0, 13 * DAY)
    label = np.where(good, graph.positive, graph.negative).astype(object)
    kept = rng.random(n) < graph.answered
    event = np.char.add("e-", ids)
    extra: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.float64]]] = []
    for fault in faults:
        hit = (day >= fault.day) & _inside(fault, segments)
        drawn = rng.random(n)
        if fault.name is FaultName.LATE:
            seen[hit] += fault.amount * DAY
        if fault.name is FaultName.MISSING:
            kept &= ~(hit & (drawn < fault.amount))
        if fault.name is FaultName.DEAD_FEED:
            kept &= seen < fault.day * DAY
        if fault.name is FaultName.RENAMED_LABEL:
            renamed = np.array([word.title() for word in label], dtype=object)
            label = np.where(seen >= fault.day * DAY, renamed, label)
        if fault.name is FaultName.DUPLICATED:
            repeated = hit & (drawn < fault.amount) & kept
            extra.append((event[repeated], ids[repeated], label[repeated], seen[repeated]))
        if fault.name is FaultName.CONTRADICTORY:
            repeated = hit & (drawn < fault.amount) & kept
            other = np.where(good[repeated], graph.negative, graph.positive)
            extra.append((np.char.add(event[repeated], "-b"), ids[repeated], other, seen[repeated] + DAY))
    rows = [(event[kept], ids[kept], label[kept], seen[kept]), *extra]
    order = rng.permutation(sum(row[0].size for row in rows))  # they arrive in no order
    events, threads, labels, times = (np.concatenate([row[i] for row in rows])[order] for i in range(4))
    return {
        "event_id": events.astype(str),
        "thread_id": np.char.add("t-", threads.astype(str)),
        "outcome": np.full(events.size, graph.outcome),
        "label": labels.astype(str),
        "observed_at": times,
    }


def _tokens(
    rng: np.random.Generator,
    graph: GraphTraffic,
    faults: Sequence[Fault],
    ids: NDArray[Any],
    at: NDArray[np.float64],
    day: NDArray[np.int64],
    version: NDArray[Any],
) -> dict[str, NDArray[Any]]:
    output = rng.gamma(4, graph.tokens[1] / 4, ids.size)
    for fault in faults:
        if fault.name is FaultName.EXPENSIVE:
            output[day >= fault.day] *= 1 + fault.amount
    return {
        "thread_id": np.char.add("t-", ids),
        "graph": np.full(ids.size, graph.graph),
        "version": version,
        "node": np.full(ids.size, "classify"),
        "input_tokens": np.maximum(1, rng.normal(graph.tokens[0], graph.tokens[0] / 10, ids.size)).astype(np.int64),
        "output_tokens": np.maximum(1, output).astype(np.int64),
        "latency_ms": np.round(rng.lognormal(6.5, 0.4, ids.size), 1),
        "called_at": at,
    }


def _arrivals(rng: np.random.Generator, days: int, daily: float) -> NDArray[np.float64]:
    """Seconds since the first instant, sorted: busy by day and on weekdays, quiet at night and on weekends."""
    hour = np.arange(days * 24)
    of_day, of_week = hour % 24, (hour // 24 + 3) % 7  # 2026-01-01 is a Thursday
    busy = np.where((of_day >= 8) & (of_day < 18), 2.0, 0.3) * np.where(of_week >= 5, 0.3, 1.0)
    counts = rng.poisson(daily / 24 * busy / busy.mean())
    return np.sort(np.repeat(hour * 3600.0, counts) + rng.random(int(counts.sum())) * 3600)


def _inside(fault: Fault, segments: Mapping[str, NDArray[Any]]) -> Any:
    if not fault.segment:
        return True
    name, _, value = fault.segment.partition("=")
    return segments[name] == value if name in segments else False


def _shares(shares: Mapping[str, float]) -> NDArray[np.float64]:
    weights = np.array(list(shares.values()))
    return np.asarray(weights / weights.sum())


def _stack(parts: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Tables under one another; a column that one lacks is empty text there."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.concatenate(
            [part[name] if name in part else np.full(len(next(iter(part.values()))), "") for part in parts]
        )
        for name in names
    }


def _rows(table: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    names = list(table)
    return [
        dict(zip(names, row, strict=True)) for row in zip(*(values.tolist() for values in table.values()), strict=True)
    ]
