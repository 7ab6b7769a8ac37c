"""A small plan in two cells, and a store of its own for every test."""

from __future__ import annotations

import pytest

from seatrial.experiment import parse_rollout_plan
from seatrial.outcome.metric import parse_metrics
from seatrial.rollout.rules import rules_of
from seatrial.store.engine import open_store

METRICS = parse_metrics(
    {
        "resolved": {"source": "outcome:resolved", "horizon": "1h", "default": "negative"},
        "fast": {"source": "measure:latency_ms over 3000", "kind": "latency_over"},
        "cost": {"source": "measure:cost_usd", "kind": "mean", "direction": "down"},
        "leak": {"source": "key:no_pii", "kind": "zero_tolerance"},
    },
    "metrics.toml",
)
PLAN = {
    "schema": "seatrial/rollout-plan/1",
    "graph": "support",
    "control": "v3",
    "candidate": "v4",
    "units_per_day": 20000,
    "owner": "ada",
    "min_units": 30,
    "bake": "1h",
    "watch": ["leak"],
    "metric": {"resolved": {}},
    "cell": {
        "DE": {"share": 0.4, "rate": 0.95, "critical": True, "where": [{"field": "inputs.region", "op": "equals", "arg": "DE"}]},
        "rest": {"share": 0.6, "rate": 0.95},
    },
    "stage": [
        {"share": 0.1, "margin": 0.10, "hours": 24},
        {"share": 0.25, "margin": 0.08, "hours": 24},
    ],
}  # fmt: skip


def make_rules(**changes):
    return rules_of(parse_rollout_plan({**PLAN, **changes}, "plan.toml", (), name="support_v4"), METRICS)


@pytest.fixture
def rules():
    return make_rules()


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/store.db") as opened:
        yield opened
