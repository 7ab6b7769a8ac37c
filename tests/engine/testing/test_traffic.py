"""A year of traffic is seeded, calibrated where nothing is planted, and wrong where something is."""

from __future__ import annotations

import numpy as np
import pytest

from seatrial.testing.traffic import DAY, GRAPHS, Fault, FaultName, traffic


def test_the_same_seed_gives_the_same_tables_and_another_does_not():
    a, b, c = (traffic(seed, 20) for seed in (1, 1, 2))
    for name, values in a.decisions.items():
        np.testing.assert_array_equal(values, b.decisions[name])
    assert not np.array_equal(a.decisions["decided_at"][:50], c.decisions["decided_at"][:50])


def rates(made):
    good = {thread: label in {"reply_positive", "resolved"} for thread, label in
            zip(made.outcomes["thread_id"].tolist(), made.outcomes["label"].tolist(), strict=True)}  # fmt: skip
    return np.array([float(good.get(thread, np.nan)) for thread in made.decisions["thread_id"].tolist()])


def test_without_a_fault_answers_come_as_often_as_stated():
    made = traffic(3, 120)
    gap = rates(made) - made.decisions["confidence"]
    assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(gap.size)


def test_a_planted_fault_is_where_it_was_planted_and_nowhere_else():
    fault = Fault(FaultName.OVER_CONFIDENT, 60, "support_router", "language=de", 0.3)
    made = traffic(3, 120, faults=(fault,))
    gap = rates(made) - made.decisions["confidence"]
    day = (made.decisions["decided_at"] - made.decisions["decided_at"].min()) / DAY
    hit = (made.decisions["graph"] == "support_router") & (made.decisions["segment.language"] == "de")
    hit &= (made.decisions["confidence"] >= 0.7) & (day >= 60.5)
    assert gap[hit].mean() == pytest.approx(-0.3, abs=0.05)
    assert abs(gap[~hit].mean()) < 0.02


@pytest.mark.parametrize("name", FaultName)
def test_every_fault_changes_what_is_made(name):
    fault = Fault(name, 5, segment="language=de" if name is FaultName.MIX else "", amount=0.5)
    plain, made = traffic(4, 30, GRAPHS[:1]), traffic(4, 30, GRAPHS[:1], (fault,))
    assert any(
        not np.array_equal(getattr(plain, table)[column], getattr(made, table)[column])
        for table in ("decisions", "outcomes", "exposures", "tokens")
        for column in getattr(plain, table)
    )


def test_tables_are_written_and_fill_a_store(tmp_path):
    from seatrial.store.engine import open_store  # noqa: PLC0415 - SQLAlchemy

    made = traffic(1, 3)
    made.write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "decisions.parquet", "exposures.parquet", "outcomes.parquet", "tokens.parquet"]  # fmt: skip
    with open_store(f"sqlite:///{tmp_path}/s.db") as store:
        made.fill(store)
        with store.read() as connection:
            (count,) = connection.exec_driver_sql("SELECT COUNT(*) FROM decisions").one()
    assert count == len(made.decisions["decision_id"])
