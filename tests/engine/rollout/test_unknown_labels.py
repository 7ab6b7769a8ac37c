"""A label that nobody mapped is no answer: its unit counts nowhere, and too many of them hold the cell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.outcome.polarity import Polarity
from seatrial.rollout import controller, ledger
from seatrial.rollout.gather import gather
from seatrial.rollout.ladder import Move, exit_code
from seatrial.rollout.reason import Why
from seatrial.rollout.sentence import reason_sentence
from seatrial.rollout.state import first_state
from seatrial.rollout.store_source import StoreSource
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

from .conftest import make_rules
from .test_warehouse import duckdb_of, postgres_of

BEGIN = 1_800_000_000.0
HOUR = 3600.0
TENTH = 10
"""One of so many units is the candidate's."""


@pytest.fixture
def complaints():
    """No complaint is good, as long as every label can be read."""
    rules = make_rules()
    return replace(rules, metrics=(replace(rules.metrics[0], default=Polarity.POSITIVE),))


def serve(store, rules, label, n=3000):
    """A unit each second, all of DE, each with one outcome of the label that `label(i, arm)` says."""
    arms = ["candidate" if i % TENTH == 0 else "control" for i in range(n)]
    write_exposures(
        store,
        [Exposure(f"e{i}", rules.rollout, f"u{i}", f"t{i}", "DE", arm, 0, 1, BEGIN + i) for i, arm in enumerate(arms)],
        now=BEGIN + HOUR,
    )
    labels = [label(i, arm) for i, arm in enumerate(arms)]
    write_outcomes(
        store, [OutcomeEvent(f"o{i}", f"t{i}", "resolved", one, BEGIN + i + 5) for i, one in enumerate(labels)]
    )


def look(store, rules, hours):
    found = controller.look(store, rules.rollout, StoreSource(store), BEGIN + hours * HOUR, code="1")
    return found.decided.steps[0], exit_code(found.decided.steps)


@pytest.fixture
def started(store, complaints):
    controller.start(store, ledger.started(complaints, BEGIN, code="1", author="ada", reason="x"), complaints)
    return complaints


def test_outcomes_of_an_unknown_label_hold_the_cell_at_every_look_and_name_it(store, started):
    serve(store, started, lambda _, arm: "1" if arm == "control" else "angry")
    for hours in (4, 5):
        step, code = look(store, started, hours)
        assert (step.move, step.reason.why, code) == (Move.HOLD, Why.UNKNOWN_LABEL, 2)
        assert (step.reason.candidate, step.reason.control) == (1.0, 0.0)
    assert "label 'angry' of resolved is unknown" in reason_sentence(started, step.reason)
    assert step.after.rows[0].on(1).worse.canary_good == 0
    assert ledger.replayed(controller.all_rows(store, started.rollout)) is None


@pytest.mark.parametrize(("unknown", "move"), [(6, Move.UP), (7, Move.HOLD)])
def test_up_to_two_in_a_hundred_units_of_a_version_may_be_unknown(store, started, unknown, move):
    # 6 of the candidate's 300 units are 2 %, 7 are 2.3 %; of all 3,000 they are nothing.
    serve(store, started, lambda i, arm: "angry" if arm == "candidate" and i < unknown * TENTH else "1")
    step, _ = look(store, started, 4)
    assert step.move is move
    assert step.after.attempt == 0


def test_unknown_labels_keep_no_candidate_from_falling(store, started):
    serve(store, started, lambda i, arm: "1" if arm == "control" else "angry" if i % 40 == 0 else "0")
    step, code = look(store, started, 4)
    assert (step.move, step.reason.why, code) == (Move.BACK, Why.WORSE, 1)


@pytest.mark.parametrize("opened", [duckdb_of, postgres_of])
def test_rows_and_databases_leave_out_the_same_units(store, tmp_path, complaints, opened):
    serve(store, complaints, lambda i, _: ("1", "0", "angry")[i % 3], n=90)
    write_outcomes(store, [OutcomeEvent("known", "t2", "resolved", "0", BEGIN + 90)])  # its first one is unknown
    write_outcomes(store, [OutcomeEvent("late", "t5", "resolved", "0", BEGIN + 2 * HOUR)])
    found = gather(StoreSource(store), complaints, first_state(complaints, BEGIN), BEGIN + 4 * HOUR, BEGIN)
    with opened(store, tmp_path) as warehouse:
        assert gather(warehouse, complaints, first_state(complaints, BEGIN), BEGIN + 4 * HOUR, BEGIN) == found
    assert sum(sum(one.counts) for one in found.blocks) == 61
    # Of every third unit from u2, u20, u50 and u80 are the candidate's; u2 has a known label too.
    assert [(one.candidate, one.control, one.label) for one in found.unclear] == [(3, 26, "angry")]
