"""Metric: one number that production is asked for, named once in `gates/metrics.toml` and used everywhere.

[metric.replied]
source = "outcome:reply"                  # outcome:TYPE, key:EVALUATOR, measure:latency_ms over 3000
kind = "rate"                             # rate, latency_over, zero_tolerance, mean
direction = "up"
horizon = "14d"
default = "negative"                      # what no event by the horizon means
labels = { warm = "positive" }            # what words of this outcome mean, beside positive, negative, neutral, true, false, 1, 0
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.errors import ConfigError
from seatrial.outcome.polarity import WORDS, Polarities, Polarity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class MetricKind(StrEnum):
    """How a metric is computed and judged."""

    RATE = "rate"
    LATENCY_OVER = "latency_over"
    ZERO_TOLERANCE = "zero_tolerance"
    MEAN = "mean"


class SourceKind(StrEnum):
    """Where a metric's numbers come from."""

    OUTCOME = "outcome"
    KEY = "key"
    MEASURE = "measure"


class Pick(StrEnum):
    """Which of several events of one type in a thread counts."""

    FIRST = "first"
    LATEST = "latest"
    WORST = "worst"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a metric's numbers come from: an outcome type, an evaluator key, or a measurement and its limit."""

    kind: SourceKind
    name: str
    over: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: its name in every plan, gate and report.
        source: where its numbers come from.
        kind: how it is computed and judged.
        direction: `up` where more is better, `down` where less is.
        horizon: seconds after which a unit without an event takes the default; 0: known at once.
        default: what no event by the horizon means; NEUTRAL leaves the unit out of the denominator.
        min_delay: seconds within which an event is a machine's (a link scanner's open), counted and neutral.
        pick: which of several events of one thread counts.
        silence: seconds without any event of the type after which its feed counts as dead, and its default is not
            applied; None = half the horizon.
        labels: (word, polarity) of its outcome's labels, beside those that every metric knows.
    """

    name: str
    source: Source
    kind: MetricKind = MetricKind.RATE
    direction: str = "up"
    horizon: float = 0.0
    default: Polarity = Polarity.NEUTRAL
    min_delay: float = 0.0
    pick: Pick = Pick.FIRST
    silence: float | None = None
    labels: tuple[tuple[str, Polarity], ...] = ()

    @property
    def silent_after(self) -> float:
        """Seconds without any event of the type after which its feed counts as dead."""
        return self.horizon / 2 if self.silence is None else self.silence

    def polarity(self, label: str | None) -> Polarity | None:
        """What a label of its outcome says; None where the word is unknown, which the caller counts."""
        return Polarities({**WORDS, **dict(self.labels)}).of(label)


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_SOURCE = re.compile(r"(outcome|key|measure):(\S+)(?:\s+over\s+(\d+(?:\.\d+)?))?")
_KNOWN = ("source", "kind", "direction", "horizon", "default", "min_delay", "pick", "silence", "labels")


def load_metrics(path: Path) -> dict[str, Metric]:
    """Read `gates/metrics.toml`.

    Raises:
        ConfigError: the file is absent, unreadable, or holds a word or value that is not known.
    """
    raw = toml.read(path, "metrics", absent="metrics are named there, e.g. [metric.replied]")
    toml.only_known(raw, ("schema", "metric"), str(path))
    return parse_metrics(toml.table(raw.get("metric", {}), f"{path}: [metric]"), str(path))


def parse_metrics(tables: Mapping[str, Any], source: str) -> dict[str, Metric]:
    """The metrics of a mapping name -> table, as `[metric.NAME]` holds them."""
    return {name: _metric(name, table, f"{source}: [metric.{name}]") for name, table in tables.items()}


def duration(value: Any, place: str) -> float:
    """Seconds of `"14d"`, `"36h"`, `"10m"`, `"5s"` or `"2w"`; 0 is written as the number."""
    if value == 0 and not isinstance(value, bool):
        return 0.0
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ConfigError(f'{place}: {value!r} is no duration; write a number and s, m, h, d or w, e.g. "14d"')
    return float(match[1]) * _UNITS[match[2]]


def _metric(name: str, raw: Any, place: str) -> Metric:
    toml.only_known(toml.table(raw, place), _KNOWN, place)
    if "source" not in raw:
        raise ConfigError(f'{place}: source is missing, e.g. source = "outcome:reply"')
    match = _SOURCE.fullmatch(toml.text(raw["source"], f"{place}: source"))
    if match is None:
        raise ConfigError(
            f'{place}: source {raw["source"]!r} is unknown; write "outcome:TYPE", "key:EVALUATOR" or "measure:latency_ms over 3000"'
        )
    where = Source(SourceKind(match[1]), match[2], float(match[3]) if match[3] else None)
    kind = MetricKind(toml.word(*MetricKind)(raw.get("kind", "rate"), f"{place}: kind"))
    if (kind is MetricKind.LATENCY_OVER) != (where.over is not None):
        raise ConfigError(f'{place}: kind "latency_over" and a limit in the source ("... over 3000") go together')
    at_once = kind in (MetricKind.LATENCY_OVER, MetricKind.ZERO_TOLERANCE) or where.kind is not SourceKind.OUTCOME
    if where.kind is SourceKind.OUTCOME and kind is MetricKind.RATE and "horizon" not in raw:
        raise ConfigError(f'{place}: horizon is missing: how long an outcome may take, e.g. horizon = "14d"')
    if at_once and raw.get("horizon", 0) != 0 and where.kind is not SourceKind.OUTCOME:
        raise ConfigError(f"{place}: horizon goes with outcomes; {where.kind}:{where.name} is known at once")
    return Metric(
        name=name,
        source=where,
        kind=kind,
        direction=toml.word("up", "down")(
            raw.get("direction", "down" if kind in (MetricKind.LATENCY_OVER, MetricKind.ZERO_TOLERANCE) else "up"),
            f"{place}: direction",
        ),
        horizon=duration(raw.get("horizon", 0), f"{place}: horizon"),
        default=Polarity(toml.word(*Polarity)(raw.get("default", "neutral"), f"{place}: default")),
        min_delay=duration(raw.get("min_delay", 0), f"{place}: min_delay"),
        pick=Pick(toml.word(*Pick)(raw.get("pick", "first"), f"{place}: pick")),
        silence=duration(raw["silence"], f"{place}: silence") if "silence" in raw else None,
        labels=_labels(raw, where, place),
    )


def _labels(raw: Any, where: Source, place: str) -> tuple[tuple[str, Polarity], ...]:
    if "labels" not in raw:
        return ()
    if where.kind is not SourceKind.OUTCOME:
        raise ConfigError(f"{place}: labels go with outcomes; {where.kind}:{where.name} is a number")
    check = toml.word(*Polarity)
    found = toml.table(raw["labels"], f"{place}: labels")
    return tuple((name, Polarity(check(value, f"{place}: labels.{name}"))) for name, value in sorted(found.items()))
