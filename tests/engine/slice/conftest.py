"""Cases whose truth is known: simulated examples with features, churn that is nobody's fault, and a slice that lost."""

import numpy as np
import pytest

from seatrial.slice.difference import Differences
from seatrial.slice.features import Column
from seatrial.slice.features_source import Given


def field(name, values):
    return Column(name, tuple(values), "field", f"inputs.{name}")


def compared(before, after, cluster=None):
    before, after = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    ids = tuple(f"{i:05}" for i in range(before.size))
    where = np.arange(before.size) if cluster is None else np.asarray(cluster)
    return Differences("score", "v1", "v2", "a simulation", ids, before, after, where, ())


def simulated(rng, n, *, churn=0.05, missing_cells=0.0, pair=False, rate=0.85):
    """`n` examples, of which `churn` flips both ways alike; 15 % of them (fr, or en and pro) lose `lost` besides."""
    language = rng.choice(["en", "de", "fr", "es", "pt"], n, p=[0.4, 0.2, 0.15, 0.15, 0.1])
    tier = rng.choice(["free", "pro", "team"], n, p=[0.5, 0.35, 0.15])
    columns = [
        field("language", language.tolist()),
        Column("tier", tuple(tier.tolist()), "tag", "tier"),
        field("length", rng.lognormal(5, 1, n).astype(int).tolist()),
        field("tools", rng.poisson(1.5, n).tolist()),
        *(field(f"flag{i}", (rng.random(n) < p).tolist()) for i, p in enumerate((0.5, 0.3, 0.15))),
    ]
    truth = (language == "en") & (tier == "pro") if pair else language == "fr"
    before, flip = rng.random(n) < rate, rng.random(n)
    after = np.where(before, flip >= churn / 2 / rate, flip < churn / 2 / (1 - rate))
    after &= ~(truth & (rng.random(n) < missing_cells / rate))
    return compared(before, after), Given(tuple(columns)), truth


@pytest.fixture(name="simulated")
def _simulated():
    return simulated


@pytest.fixture(name="field")
def _field():
    return field


@pytest.fixture(name="compared")
def _compared():
    return compared
