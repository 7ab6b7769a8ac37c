"""Metrics are named once; every word of the file is known."""

from __future__ import annotations

import pytest

from seatrial.errors import ConfigError
from seatrial.outcome import Metric, MetricKind, Pick, Polarity, Source, SourceKind, load_metrics, parse_metrics
from seatrial.outcome.metric import duration


def test_a_metric_reads_as_it_is_written(tmp_path):
    path = tmp_path / "metrics.toml"
    path.write_text(
        '[metric.replied]\nsource = "outcome:reply"\nhorizon = "14d"\ndefault = "negative"\npick = "worst"\nmin_delay = "5s"\n'
        '[metric.slow]\nsource = "measure:latency_ms over 3000"\nkind = "latency_over"\n'
        '[metric.safe]\nsource = "key:no_pii"\nkind = "zero_tolerance"\n'
    )
    metrics = load_metrics(path)
    assert metrics["replied"] == Metric(
        "replied", Source(SourceKind.OUTCOME, "reply"), MetricKind.RATE, "up", 14 * 86400.0, Polarity.NEGATIVE, 5.0,
        Pick.WORST,
    )  # fmt: skip
    assert metrics["slow"].source == Source(SourceKind.MEASURE, "latency_ms", 3000.0)
    assert (metrics["slow"].direction, metrics["safe"].direction) == ("down", "down")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, r'\[metric.x\]: source is missing, e.g. source = "outcome:reply"'),
        ({"source": "reply"}, "source 'reply' is unknown; write \"outcome:TYPE\""),
        ({"source": "outcome:reply"}, "horizon is missing: how long an outcome may take"),
        ({"source": "outcome:reply", "horizon": 14}, "horizon: 14 is no duration"),
        ({"source": "outcome:reply", "horizon": "14d", "default": "bad"}, "'bad' is unknown; choose one of: positive"),
        ({"source": "outcome:reply", "horizont": "14d"}, "'horizont' is unknown; .*; did you mean 'horizon'?"),
        ({"source": "measure:latency_ms", "kind": "latency_over"}, "go together"),
        ({"source": "key:x", "horizon": "1d"}, "is known at once"),
        ({"source": "key:x", "labels": {"warm": "positive"}}, "labels go with outcomes; key:x is a number"),
        ({"source": "outcome:x", "horizon": "1d", "labels": {"warm": "good"}}, "labels.warm: 'good' is unknown"),
    ],
)
def test_what_is_no_metric_is_refused_with_its_place(table, message):
    with pytest.raises(ConfigError, match=message):
        parse_metrics({"x": table}, "gates/metrics.toml")


def test_a_metrics_own_labels_stand_beside_the_words_that_every_outcome_knows():
    own = parse_metrics(
        {"x": {"source": "outcome:x", "horizon": "1d", "labels": {"warm": "positive", "0": "neutral"}}}, "m"
    )["x"]
    found = [own.polarity(one) for one in (" warm", "negative", "true", "0", "cold", "", None)]
    assert found == [
        Polarity.POSITIVE,
        Polarity.NEGATIVE,
        Polarity.POSITIVE,
        Polarity.NEUTRAL,
        None,
        Polarity.NEUTRAL,
        Polarity.NEUTRAL,
    ]


def test_durations():
    assert [duration(one, "x") for one in ("5s", "10m", "36h", "14d", "2w", 0)] == [5, 600, 129600, 1209600, 1209600, 0]


def test_an_absent_file_says_what_stands_there(tmp_path):
    with pytest.raises(ConfigError, match=r"metrics .*metrics.toml does not exist; metrics are named there"):
        load_metrics(tmp_path / "metrics.toml")
