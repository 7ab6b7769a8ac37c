"""The router: one snapshot, no exception, the last good one survives."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from seatrial.errors import DataError
from seatrial.experiment.partition import REST, Match, Part, Partition
from seatrial.experiment.router import Router, Why
from seatrial.experiment.snapshot import CellRoute, Route, Snapshot, snapshot_data, snapshot_of
from seatrial.segment import Dimension

DE = Dimension("region", field="inputs.region", values=("DE",))
ROUTE = Route(
    rollout="support_v4/abc",
    salt="support_v4/abc",
    control="v3",
    candidate="v4",
    control_hash="h3",
    candidate_hash="h4",
    partition=Partition((Part("DE", (Match(DE, "DE"),)), Part("all"))),
    cells={"DE": CellRoute(0.5), "all": CellRoute(1.0)},
    testers={"tester": "candidate"},
)
SNAPSHOT = Snapshot({"support": ROUTE}, taken=100.0)
IN_DE = {"inputs": {"region": "DE"}}


def router(**change) -> Router:
    made = Router(lambda: Snapshot({"support": replace(ROUTE, **change)}, taken=100.0))
    assert made.refresh()
    return made


def test_about_half_of_the_units_see_the_candidate_and_carry_its_hash():
    found = [router_.assign("support", IN_DE, i) for router_ in [router()] for i in range(4000)]
    new = [one for one in found if one.arm == "candidate"]
    assert abs(len(new) - 2000) < 3 * 1000**0.5
    assert all(one.exposed and one.cell == "DE" and one.why is Why.SHARE for one in found)
    assert {(one.version, one.content_hash) for one in new} == {("v4", "h4")}
    assert {one.algorithm for one in found} == {"sha256-splitmix64/1"}


@pytest.mark.parametrize("unit", [None, "", "  ", pytest.param(10**5000, id="long")])
def test_a_request_without_a_unit_gets_the_control_and_is_counted(unit):
    # R06
    one = router()
    found = one.assign("support", IN_DE, unit)
    assert (found.version, found.exposed, found.why) == ("v3", False, Why.NO_UNIT)
    assert one.counts("support") == {Why.NO_UNIT: 1}


@pytest.mark.parametrize("unit", [None, "u"])
def test_a_finished_cell_gives_everyone_the_candidate(unit):
    # R06
    found = router().assign("support", {"inputs": {}}, unit)
    assert (found.version, found.why, found.exposed) == ("v4", Why.FULL_CELL, unit is not None)


def test_a_tester_gets_the_version_and_counts_nowhere():
    found = router().assign("support", IN_DE, "tester")
    assert (found.version, found.exposed, found.forced, found.why) == ("v4", False, True, Why.TESTER)


def test_a_thread_keeps_the_version_it_began_with():
    complete = router(cells={"DE": CellRoute(1.0)})
    kept = complete.assign("support", IN_DE, "t1", began="v3")
    assert (kept.version, kept.why, kept.exposed) == ("v3", Why.KEPT, False)
    back = router(cells={"DE": CellRoute(0.0)})
    assert back.assign("support", IN_DE, "t1", began="v4").version == "v4"
    assert back.assign("support", IN_DE, "t1").version == "v3"


def test_a_paused_cell_says_so_to_threads_of_the_candidate():
    one = router(cells={"DE": CellRoute(0.0, paused=True)})
    assert one.assign("support", IN_DE, "t1", began="v4").why is Why.PAUSED
    assert one.assign("support", IN_DE, "t1", began="v3").why is Why.KEPT


def test_a_cell_without_a_share_stays_on_the_control():
    one = router(cells={"all": CellRoute(1.0)})
    found = one.assign("support", IN_DE, "u")
    assert (found.version, found.why, found.exposed) == ("v3", Why.NO_CELL, False)


def test_a_request_nobody_can_read_is_answered():
    one = router(partition=Partition((Part("DE", (Match(DE, "DE"),)),)))
    assert one.assign("support", object(), "u").cell == REST
    assert one.assign("other", IN_DE, "u").why is Why.NO_ROLLOUT
    found = one.assign(["support"], IN_DE, "u")
    assert (found.version, found.exposed, found.why) == (None, False, Why.NO_ROLLOUT)
    assert "unhashable" in one.problem
    assert Router(lambda: SNAPSHOT).assign(["support"], IN_DE, "u").version is None


def test_the_last_good_snapshot_survives_a_dead_store():
    answers = [SNAPSHOT, OSError("the store is down"), Snapshot({}, taken=200.0), replace(SNAPSHOT, algorithm="md5/0")]

    def load() -> Snapshot:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    one = Router(load)
    assert one.assign("support", IN_DE, "u").why is Why.NO_SNAPSHOT
    assert one.age(now=130.0) is None
    assert one.refresh()
    before = one.assign("support", IN_DE, "u")
    for reported in ("the store is down", "empty snapshot is no snapshot", "'md5/0'"):
        assert not one.refresh()
        assert reported in one.problem
        assert one.assign("support", IN_DE, "u") == before
    assert one.age(now=130.0) == 30.0


def test_a_refresh_in_the_background_ends_when_it_is_closed():
    one = Router(lambda: SNAPSHOT, every=0.001).start()
    one.close()
    assert one.assign("support", IN_DE, "tester").version == "v4"


def test_a_snapshot_is_read_back_as_it_was_written():
    data = json.loads(json.dumps(snapshot_data(SNAPSHOT)))
    second_stage = snapshot_of(data)
    assert snapshot_data(second_stage) == snapshot_data(SNAPSHOT)
    ours, theirs = Router(lambda: SNAPSHOT), Router(lambda: second_stage)
    assert ours.refresh()
    assert theirs.refresh()
    for unit in range(200):
        assert ours.assign("support", IN_DE, unit) == theirs.assign("support", IN_DE, unit)


def _damaged(path: str, value: object) -> object:
    data = snapshot_data(SNAPSHOT)
    data[path] = value
    return data


@pytest.mark.parametrize(
    ("raw", "reported"),
    [
        (None, "schema"),
        ({}, "schema"),
        (_damaged("taken", 101.0), "damaged"),
        (_damaged("routes", {}), "damaged"),
        (_damaged("taken", float("nan")), "damaged"),
        (snapshot_data(replace(SNAPSHOT, algorithm="murmur/1")), "units would change versions"),
        (snapshot_data(Snapshot({}, taken=1.0)), "empty snapshot is no snapshot"),
        (
            snapshot_data(Snapshot({"support": replace(ROUTE, cells={"DE": CellRoute(1.5)})}, taken=1.0)),
            "cannot be read",
        ),
    ],
)
def test_a_snapshot_that_cannot_be_trusted_is_refused(raw, reported):
    with pytest.raises(DataError, match=reported):
        snapshot_of(raw)
