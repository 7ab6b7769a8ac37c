"""Outcomes: what production said about a decision, as pure functions of tables, metrics and a clock.

metrics = parse_metrics(tables, "gates/metrics.toml")
observed = mature(decided_at, events, metrics["replied"], now=now)
observed.value      # 1 positive, 0 negative, NaN where there is no answer
observed.state      # why, for every unit: Answer.POSITIVE, NEGATIVE, NEUTRAL or IMMATURE
"""

from seatrial.outcome.maturity import Answer, Events, Observed, mature
from seatrial.outcome.metric import Metric, MetricKind, Pick, Source, SourceKind, load_metrics, parse_metrics
from seatrial.outcome.polarity import Polarities, Polarity

__all__ = [
    "Answer",
    "Events",
    "Metric",
    "MetricKind",
    "Observed",
    "Pick",
    "Polarities",
    "Polarity",
    "Source",
    "SourceKind",
    "load_metrics",
    "mature",
    "parse_metrics",
]
