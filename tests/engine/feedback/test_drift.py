"""Drift is told from noise, names what is new, and no Monday morning is an alarm."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial.adapters.feedback.drift import file_hash
from seatrial.cli.app import run
from seatrial.errors import ConfigError
from seatrial.feedback.drift.batch import compare, psi_of
from seatrial.feedback.drift.feature import Feature
from seatrial.feedback.drift.record import record_drift, slow_sources
from seatrial.feedback.drift.rules import DriftRules, parse_drift_rules
from seatrial.feedback.drift.signals import PRESETS, chart_signal, hour_of_week
from seatrial.table import Codes

DAY = 86400.0


@pytest.fixture
def drift(project, capsys):
    def requested(*arguments):
        code = run(["drift", "--json", *arguments])
        return code, json.loads(capsys.readouterr().out)

    return requested


def languages(**counts):
    return [
        {"language": word if word != "empty" else "", "size": str(i % 7)}
        for word, n in counts.items()
        for i in range(n)
    ]


def test_a_new_value_is_named_and_the_index_is_finite(drift, write):
    write("r.csv", languages(de=200, fr=200))
    write("c.csv", languages(de=180, fr=180, it=40))
    code, data = drift("--reference", "r.csv", "--current", "c.csv")
    row = next(f for f in data["findings"] if f["key"] == "language")
    assert code == 1
    # .1 against half an item of 400: (.1 - .00125) ln 80, and twice (.45 - .5) ln .9.
    assert next(f["psi"] for f in data["details"]["features"] if f["feature"] == "language") == pytest.approx(
        (0.1 - 0.00125) * math.log(80) - 0.1 * math.log(0.9)
    )
    assert "PSI 0.44" in row["reason"]
    assert "new value it, 10 %" in row["reason"]
    assert next(f for f in data["findings"] if f["key"] == "size")["state"] == "no_drop"


def test_missing_rows_are_a_level_and_drop_no_row_of_another_feature(drift, write):
    write("r.csv", languages(de=200, fr=200))
    write("c.csv", languages(de=180, fr=180, empty=40))
    code, data = drift("--reference", "r.csv", "--current", "c.csv")
    rows = {f["key"]: f for f in data["findings"]}
    assert code == 1
    assert "new value (missing), 10 %" in rows["language"]["reason"]
    assert rows["size"]["n"] == 400


def test_a_changed_type_is_exit_2_and_so_is_a_missing_column_or_file(drift, write):
    write("r.csv", [{"age": i % 50, "x": 1} for i in range(100)])
    write("c.csv", [{"age": f"{i % 50} years", "x": 1} for i in range(100)])
    code, data = drift("--reference", "r.csv", "--current", "c.csv")
    assert (code, data["verdict"]) == (2, "inconclusive")
    assert "age on overall: the type changed: number in the reference, text now" in data["reason"]
    write("c.csv", [{"x": 1} for i in range(100)])
    assert drift("--reference", "r.csv", "--current", "c.csv")[0] == 2
    assert drift("--reference", "r.csv", "--current", "absent.csv")[0] == 2
    write("c.csv", "age,x\n")
    assert drift("--reference", "r.csv", "--current", "c.csv")[0] == 2


def test_a_pinned_reference_is_the_one_compared_with(drift, write):
    write("r.csv", languages(de=200, fr=200))
    pinned = '[reference]\nversion = "june"\nfile = "r.csv"\nhash = "{}"\n'
    write("gates/drift.toml", pinned.format("0123456789abcdef"))
    code, data = drift("--current", "r.csv")
    assert code == 2
    assert "the rules pin reference_hash 0123456789abcdef" in data["reason"]
    write("gates/drift.toml", pinned.format(file_hash(Path("r.csv"))))
    code, data = drift("--current", "r.csv")
    assert (code, data["details"]["reference"]["version"]) == (0, "june")
    assert ["Reference", f"june ({file_hash(Path('r.csv'))})"] in data["facts"]


def test_a_signals_window_and_duration_are_read_and_checked():
    rules = parse_drift_rules({"signal": {"safety": {"window": "6h", "duration": 3}, "p95": {"duration": 1}}}, "d")
    assert rules.signals == {"safety": (6 * 3600.0, 3), "p95": (DAY, 1)}
    with pytest.raises(ConfigError, match=r'window divides a week, e.g. "1h"'):
        parse_drift_rules({"signal": {"safety": {"window": "5h"}}}, "d")
    with pytest.raises(ConfigError, match="'safty' is unknown"):
        parse_drift_rules({"signal": {"safty": {}}}, "d")


def test_strict_fails_at_investigate(drift, write):
    write("r.csv", languages(de=500, fr=500))
    write("c.csv", languages(de=680, fr=320))
    assert drift("--reference", "r.csv", "--current", "c.csv", "--feature", "language")[0] == 0
    assert drift("--reference", "r.csv", "--current", "c.csv", "--feature", "language", "--strict")[0] == 1


def test_small_windows_without_drift_are_seldom_flagged():
    # A PSI over .1 with ten bins and 200 rows is no drift in 37 of 100 quiet comparisons; here 5 of 100 at most (+ 3 SE).
    rng = np.random.default_rng(1)
    flagged = 0
    for _ in range(200):
        windows = [{"x": Feature("x", rng.normal(size=200), None)} for _ in range(2)]
        (one,) = compare(*windows, DriftRules())
        flagged += one.band != "stable"
    assert flagged / 200 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)
    (moved,) = compare(
        {"x": Feature("x", rng.normal(size=500), None)}, {"x": Feature("x", rng.normal(1, 1, 500), None)}, DriftRules()
    )
    assert (moved.band, moved.ks[0] > 0.3) == ("retrain", True)


def test_the_index_is_symmetric_and_nothing_for_the_same_shares():
    a, b = np.array([10.0, 0, 30]), np.array([5.0, 8, 20])
    assert psi_of(a, b) == pytest.approx(psi_of(b, a))
    assert psi_of(b, b * 3) == pytest.approx(0)


def test_segments_are_compared_apart(drift, write):
    def rows(share):
        return [
            {"tier": "pro" if i % 2 else "free", "language": "it" if i % 2 and i % 10 < share else "de"}
            for i in range(600)
        ]

    write("r.csv", rows(0))
    write("c.csv", rows(6))
    code, data = drift("--reference", "r.csv", "--current", "c.csv", "--segment", "tier", "--feature", "language")
    states = {f["segment"]: f["state"] for f in data["findings"]}
    assert (code, states["tier=pro"], states["tier=free"]) == (1, "blocks", "no_drop")


def traffic_week(rng, days, weekend=0.5, weekday=0.9, n=40):
    """Resolution is low on weekends, every week."""
    at = np.sort(rng.uniform(0, days * DAY, days * n)) + 4 * DAY
    good = rng.random(at.size) < np.where(hour_of_week(at) >= 120, weekend, weekday)
    return at, good.astype(float)


def test_a_weekly_rhythm_is_no_alarm_and_a_fall_is():
    resolution = PRESETS[0]
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        at, good = traffic_week(rng, 140)
        alarms += chart_signal(resolution, "overall", at, good, 4 * DAY + 84 * DAY).alarm is not None
    assert alarms <= 8  # 56 days at an average run length of about a year: an alarm in one of six windows, and noise
    at, good = traffic_week(np.random.default_rng(3), 140)
    later = at >= 4 * DAY + 100 * DAY
    good[later] *= np.random.default_rng(4).random(int(later.sum())) < 0.8
    found = chart_signal(resolution, "overall", at, good, 4 * DAY + 84 * DAY)
    assert 16 <= found.alarm <= 22
    finer = chart_signal(replace(resolution, window=DAY / 4, duration=4), "overall", at, good, 4 * DAY + 84 * DAY)
    assert 16 <= finer.alarm <= 22
    better = chart_signal(resolution, "overall", at, np.where(later, 1.0, good), 4 * DAY + 84 * DAY)
    assert better.alarm is None  # more resolution is no alarm


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ("model", "provider_model_changed"),
        ("prompt", "prompt_changed"),
        ("version", "version_changed"),
        ("mix", "segment_mix_shifted"),
        ("", "unexplained"),
    ],
)
def test_likely_causes_come_in_order(drift, project, change, cause):
    rng = np.random.default_rng(5)
    at, _ = traffic_week(rng, 120, 0.9, 0.9)
    late = at >= 4 * DAY + 84 * DAY
    hard = rng.random(at.size) < np.where(late & (change == "mix"), 0.7, 0.1)
    rate = np.where(hard, 0.4, 0.95) - np.where(late & (change != "mix"), 0.3, 0)
    good = rng.random(at.size) < rate
    table = pa.table({
        "observed_at": pa.array((at * 1e6).astype(np.int64), pa.timestamp("us", tz="UTC")),
        "signal": ["resolution"] * at.size,
        "value": good.astype(float),
        "model": np.where(late & (change == "model"), "m-2", "m-1"),
        "prompt": np.where(late & (change == "prompt"), "p2", "p1"),
        "version": np.where(late & (change in ("version", "prompt")), "v2", "v1"),
        "segment.other": rng.choice(["a", "b"], at.size),
        "segment.kind": np.where(hard, "hard", "easy"),
    })  # fmt: skip
    pq.write_table(table, project / "s.parquet")
    frozen = datetime.fromtimestamp(4 * DAY + 84 * DAY, UTC).isoformat()
    code, data = drift("--signals", "s.parquet", "--frozen-at", frozen)
    found = next(one for one in data["details"]["signals"] if one["segment"] == "overall")
    assert (code, found["cause"]) == (1, cause)
    if change == "prompt":
        assert "the prompt changed (p1 → p2)" in data["reason"]
    if change == "mix":
        assert found["standardized"] == pytest.approx(found["reference"], abs=0.04)
        assert found["current"] < found["reference"] - 0.2


def test_records_are_scored_by_completeness_and_freshness():
    present = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]], bool)
    age = np.array([0, 0, 30 * DAY, np.nan])
    np.testing.assert_allclose(record_drift(present, age, np.full(4, 30 * DAY)), [0, 0.5, 0.5, 1])


def test_a_source_that_updates_less_often_than_its_half_life_is_named(drift, write):
    rows = [{"record_id": f"r{i}", "source": source, "updated_at": f"2026-0{month}-01T00:00:00Z", "name": "x", "phone": "1"}
            for source, months in (("slow", (1, 3, 5)), ("fast", (3, 4, 5))) for i in range(4) for month in months]  # fmt: skip
    write("gates/drift.toml", '[source.slow]\nhalf_life = "30d"\n[source.fast]\nhalf_life = "40d"\n')
    code, data = drift("--records", write("r.csv", rows), "--now", "2026-05-02")
    assert (code, [one["source"] for one in data["details"]["slow_sources"]]) == (0, ["slow"])
    assert drift("--records", "r.csv", "--now", "2026-12-01")[0] == 1
    assert [one["n"] for one in data["details"]["records"]] == [4, 4]
    codes = Codes(("a",), np.zeros(2, np.int32))
    assert slow_sources(codes, codes, np.array([0.0, DAY]), {}, DAY / 2) == []  # one interval says nothing
