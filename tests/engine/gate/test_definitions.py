"""Definitions of segments: two versions are compared on segments that one set of rules made, or not at all."""

from datetime import date
from pathlib import Path

import pytest

from seatrial.errors import DataError, InvalidComparison
from seatrial.evidence.combine import combine
from seatrial.gate.baseline import baseline_name, baseline_text, read_baseline
from seatrial.gate.merge import check
from seatrial.gate.policy import Policy
from seatrial.report.data import gate_data
from seatrial.report.provenance import facts
from seatrial.report.read import report_of
from seatrial.segment import changed_dimensions, definition_of, parse, version_of
from seatrial.verdict import Verdict

TEXT = 'version = {version}\n[dimension.{name}]\nfield = "inputs.n"\nbands = {{ low = [0, {edge}], high = [{edge}, 9] }}\n{more}\n'


def definition(name="size", edge=5, more="", version=1):
    return definition_of(parse(TEXT.format(name=name, edge=edge, more=more, version=version)))


def rows(pairs, **hashes):
    found = pairs({"x": (60, 1, 0, 0), "y": (60, 0, 0, 0)})
    return [{**one, "segments_hash": hashes[one["version"]], "segments_version": "1"} for one in found]


def test_a_definition_is_the_rules_and_neither_the_version_nor_what_is_critical():
    assert definition() == definition(more='critical = ["high"]\nmin_n = 30\nthin = "report"', version=2)
    assert changed_dimensions(definition(), definition(edge=6)) == ("size",)
    assert changed_dimensions(definition(), definition("other")) == ("other", "size")
    assert changed_dimensions(definition_of(()), definition()) == ("size",)
    assert (definition_of(()), version_of(())) == ("none", "")


def test_two_definitions_are_refused_by_the_dimension_and_one_is_stated(build, pairs):
    old, new = definition(), definition(edge=6)
    with pytest.raises(InvalidComparison, match="changed between a and b: the dimension size is defined otherwise"):
        check(build(rows(pairs, a=old, b=new)), Policy(), baseline="a", candidate="b")
    several = r"the dimensions other, size are defined otherwise.* pytest --seatrial-update-baseline"
    with pytest.raises(InvalidComparison, match=several):
        check(build(rows(pairs, a=old, b=definition("other"))), Policy(), baseline="a", candidate="b")
    report = check(build(rows(pairs, a=old, b=old)), Policy(), baseline="a", candidate="b")
    data = gate_data(report)
    assert data["segments_file"] == {"version": "1", "hash": old}
    assert dict(facts(report))["Segments file"] == f"version 1: {old}"
    assert report_of(data, "r.json").segments_hash == old


def test_evidence_that_does_not_say_is_unknown_and_goes_on(build, pairs):
    report = check(build(pairs({"x": (60, 1, 0, 0)})), Policy(), baseline="a", candidate="b")
    assert report.verdict is Verdict.PASS
    assert dict(facts(report))["Segments file"].startswith("unknown")
    assert gate_data(report)["segments_file"] == {"version": None, "hash": None}
    half = build(rows(pairs, a=None, b=definition()))
    assert any(
        "segments_hash is known for b only" in one
        for one in check(half, Policy(), baseline="a", candidate="b").warnings
    )


def test_an_example_that_moved_is_refused_by_the_dimension_too(build, pairs):
    made = rows(pairs, a=definition("t"), b=definition("t", edge=6))
    old = build([one for one in made if one["version"] == "a"])
    new = build([{**one, "segment.t": "y"} for one in made if one["version"] == "b"])
    with pytest.raises(DataError, match="by two definitions, which differ in the dimension t"):
        combine([old, new], "both")


def test_a_baseline_keeps_the_definition_it_was_made_under(build, pairs):
    known = {"graph": "g", "dataset": "d", "dataset_hash": "h", "evaluator_version": "1", "segments_version": "3"}
    made = [{**one, **known} for one in rows(pairs, a=definition(), b=definition()) if one["version"] == "a"]
    text = baseline_text(build(made), "a", measured=date(2026, 3, 1))
    found = read_baseline(text, Path(f"{baseline_name(text)}.jsonl"))
    assert (found.header.segments_version, found.header.segments_hash) == ("3", definition())
    assert found.evidence.codes("segments_hash").values == (definition(),)
