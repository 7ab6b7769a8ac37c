"""A year of the reference classifiers: one goes wrong at high confidence in one segment from day 200."""

from __future__ import annotations

import pytest

from seatrial.testing.traffic import GRAPHS, Fault, FaultName, traffic

RULES = """
[labels]
reply_positive = "positive"
reply_negative = "negative"
resolved = "positive"
reassigned = "negative"
"""
METRICS = """
[metric.replied]
source = "outcome:reply"
horizon = "14d"
[metric.solved]
source = "outcome:ticket"
horizon = "14d"
"""
FILES = (
    "--decisions",
    "decisions.parquet",
    "--outcomes",
    "outcomes.parquet",
    "--segment",
    "language",
    "--segment",
    "tier",
)


@pytest.fixture
def year(project, write):
    write("gates/feedback.toml", RULES)
    write("gates/metrics.toml", METRICS)
    return lambda *faults, graphs=GRAPHS: traffic(1, graphs=graphs, faults=faults).write(project)


def test_the_segment_that_went_wrong_is_named_with_the_first_day_it_could_be_known(gate, year):
    year(Fault(FaultName.OVER_CONFIDENT, 200, "support_router", "language=de", 0.25))
    answer = gate(*FILES, "--now", "2026-12-31")
    assert answer.code == 1
    complete = [f for f in answer.data["findings"] if f["outcomes"] and f["state"] == "blocks"]
    assert ("support_router", "language=de") in {(f["key"], f["segment"]) for f in complete}
    assert {f["key"] for f in complete} == {"support_router"}
    assert not any(f["segment"].endswith("language=en") for f in complete)
    days = [one["first_day"] for one in answer.data["details"]["sources"]["outcomes.parquet"]["flagged"]
            if one["segment"] == "language=de"]  # fmt: skip
    # Day 200 is 20 July; its answers are due on 3 August.
    assert "2026-08-03" < min(days) < "2026-09-15"
    assert f"could first be known on {days[0]}" in answer.out
    assert gate(*FILES, "--now", "2026-08-01").code == 0


def test_a_year_without_a_fault_is_clean_and_late_lost_or_repeated_outcomes_do_not_change_that(gate, year):
    year(Fault(FaultName.MISSING, amount=0.2), Fault(FaultName.DUPLICATED, amount=0.1), graphs=GRAPHS[1:])
    answer = gate(*FILES, "--now", "2026-12-31")
    assert answer.code == 0, answer.kinds
    ledger = answer.data["details"]["sources"]["outcomes.parquet"]["ledger"]
    row = answer.row(key="support_router")["outcomes"]["observed"]
    assert row["missing"] > 1000
    assert ledger["late"] == ledger["before"] == 0


@pytest.mark.parametrize(
    ("fault", "reported"),
    [
        (Fault(FaultName.PERCENT, graph="support_router"), "looks like percent"),
        (Fault(FaultName.RENAMED_LABEL, 100), "'Resolved'"),
    ],
)
def test_a_planted_fault_of_the_source_is_named(gate, year, fault, reported):
    year(fault, graphs=GRAPHS[1:])
    answer = gate(*FILES, "--now", "2026-12-31")
    assert answer.code == 2
    assert reported in answer.kinds
