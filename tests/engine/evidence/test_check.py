"""Contradictions inside a table: each is one sentence naming source, row and what to do."""

import pytest

from seatrial.errors import DataError
from seatrial.evidence.check import check
from seatrial.evidence.frame import unchecked_rows
from seatrial.verdict import ErrorKind, Outcome


def table(*rows):
    full = [{"version": "a", "key": "k", "repetition": 0, "outcome": "scored", "score": 1.0, **row} for row in rows]
    return unchecked_rows(full, "results.csv")


GOOD = {"example_id": "e1"}
TWO_KEYS = ({"example_id": "e1", "key": "k"}, {"example_id": "e1", "key": "l"})


@pytest.mark.parametrize(
    ("rows", "reported"),
    [
        ([GOOD, {"example_id": None}], "row 2: example_id is missing"),
        ([GOOD, {"example_id": "e2", "version": None}], "row 2: version is missing"),
        ([GOOD, {"example_id": "e2", "key": ""}], "row 2: key is empty"),
        ([GOOD, {"example_id": "e2", "repetition": -1}], "a repetition is negative"),
        ([GOOD, {"example_id": "e2", "repetition": 10**6}], "repetition 1000000 is no count"),
        ([GOOD, GOOD], "row 2: a second row for example_id 'e1', version 'a', key 'k', repetition 0"),
        ([{**GOOD, "outcome": "fine"}], "row 1: outcome 'fine' is unknown; choose one of: scored, target_error"),
        ([{**GOOD, "error_kind": "tired"}], "row 1: error_kind 'tired' is unknown; choose one of: timeout"),
        ([{**GOOD, "score": 1.01}], "row 1: score 1.01 lies outside 0..1"),
        ([{**GOOD, "score": -1e-9}], "row 1: score -1e-09 lies outside 0..1"),
        ([{**GOOD, "score": float("nan")}], "row 1: score is NaN, which is no number"),
        ([{**GOOD, "score": None}], "row 1: outcome is 'scored' but there is no score"),
        ([{**GOOD, "outcome": "target_error"}], "row 1: a row that was not scored carries a score"),
        ([{**GOOD, "latency_ms": -1.0}], "row 1: latency_ms is -1; it is a finite number"),
        ([{**GOOD, "latency_ms": float("inf")}], "row 1: latency_ms is inf"),
        ([{**GOOD, "input_tokens": -5}], "row 1: input_tokens is -5"),
        (
            [{**row, "latency_ms": float(i)} for i, row in enumerate(TWO_KEYS)],
            "row 2: latency_ms of example 'e1' differs",
        ),
        (
            [{**row, "output_tokens": i} for i, row in enumerate(TWO_KEYS)],
            "row 2: output_tokens of example 'e1' differs",
        ),
        (
            [{**row, "output_hash": f"h{i}"} for i, row in enumerate(TWO_KEYS)],
            "row 2: output_hash of example 'e1' differs",
        ),
        ([{**row, "model": f"m{i}"} for i, row in enumerate(TWO_KEYS)], "row 2: model of example 'e1' differs"),
        (
            [{**GOOD, "segment.t": "x"}, {**GOOD, "version": "b", "segment.t": "y"}],
            "example 'e1' stands in more than one segment.t: x, y",
        ),
        (
            [{**GOOD, "cluster": "c1"}, {**GOOD, "version": "b", "cluster": "c2"}],
            "example 'e1' stands in more than one cluster: c1, c2",
        ),
    ],
)
def test_a_contradiction_is_named_with_its_place(rows, reported):
    with pytest.raises(DataError) as caught:
        check(table(*rows))
    assert str(caught.value).startswith("results.csv")
    assert reported in str(caught.value)


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_kinds_of_skipping_go_with_skipped_only(kind):
    crashed = {**GOOD, "score": None, "outcome": "target_error", "error_kind": kind.value}
    if kind in (ErrorKind.KILL_SWITCH, ErrorKind.BUDGET, ErrorKind.OUTAGE, ErrorKind.UNRECORDED):
        with pytest.raises(DataError, match=f"row 1: error_kind '{kind}' goes with outcome 'skipped' only"):
            check(table(crashed))
        check(table({**crashed, "outcome": "skipped"}))
    else:
        check(table(crashed))


@pytest.mark.parametrize("outcome", [word for word in Outcome if word is not Outcome.SCORED])
def test_every_word_for_a_row_without_a_score_is_known(outcome):
    check(table({**GOOD, "outcome": outcome.value, "score": None}))


def test_the_same_measurement_on_every_key_of_a_run_is_no_contradiction():
    check(table(*({**row, "latency_ms": 3.5, "input_tokens": 7, "output_hash": "h"} for row in TWO_KEYS)))
    # a key that does not say it takes nothing away
    check(table({**TWO_KEYS[0], "latency_ms": 3.5}, {**TWO_KEYS[1], "latency_ms": None}))


def test_runs_of_other_versions_and_repetitions_measure_for_themselves():
    rows = [
        {**row, "version": version, "repetition": repetition, "latency_ms": float(repetition + (version == "b"))}
        for row in TWO_KEYS
        for version in "ab"
        for repetition in (0, 1)
    ]
    check(table(*rows))


def test_a_conflict_far_from_the_first_row_is_found():
    rows = [{"example_id": f"e{i}"} for i in range(500)]
    with pytest.raises(DataError, match="row 501: a second row for example_id 'e250'"):
        check(table(*rows, {"example_id": "e250"}))


def test_tokens_beyond_what_a_float_holds_are_refused():
    with pytest.raises(
        DataError, match=r"row 1: input_tokens is 1.15.*e\+18, which is not a whole number of at most 2\^53"
    ):
        check(table({**GOOD, "input_tokens": 2**60}))
