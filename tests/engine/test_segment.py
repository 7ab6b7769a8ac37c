"""Segments: where an example falls, and every mistake in a segments file, each with its sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.errors import ConfigError, DataError
from seatrial.segment import Dimension, assign, critical_segments, for_graph, load, parse

HOUSE = """
version = 2
[dimension.tier]
tag = "tier"
values = ["free", "pro", "enterprise"]
critical = ["enterprise"]
min_n = 30
[dimension.band]
field = "outputs.score"
bands = { cold = [0, 40], warm = [40, 70], hot = [70, 101] }
critical = ["hot"]
[dimension.country]
field = "outputs.country"
values = ["DE", "FR"]
graphs = ["country_classify"]
[dimension.length]
rules = [ { value = "long", field = "inputs.body", op = "longer_than", arg = 5 }, { value = "short" } ]
"""


def only(toml: str) -> tuple[Dimension, ...]:
    return parse(f"[dimension.x]\n{toml}")


def value_of(toml: str, **example: Any) -> str:
    return assign(only(toml), {"id": "e", **example})["x"]


def test_a_file_becomes_dimensions_in_its_order() -> None:
    dimensions = parse(HOUSE)
    assert [one.name for one in dimensions] == ["tier", "band", "country", "length"]
    assert (dimensions[0].min_n, dimensions[0].version, dimensions[1].min_n) == (30, "2", None)
    assert dimensions[1].possible == ("cold", "warm", "hot", "other", "unknown")


def test_an_example_falls_into_one_value_of_every_dimension() -> None:
    example = {
        "id": "e",
        "inputs": {"body": "longer"},
        "outputs": {"score": 40, "country": "IT"},
        "tags": ["tier:pro", "source:web"],
    }
    assert assign(parse(HOUSE), example) == {"tier": "pro", "band": "warm", "country": "other", "length": "long"}


def test_what_is_missing_is_unknown_and_never_the_default_rule() -> None:
    assert assign(parse(HOUSE), {"id": "e", "inputs": {}, "outputs": None}) == {
        "tier": "unknown",
        "band": "unknown",
        "country": "unknown",
        "length": "unknown",
    }


def test_a_version_s_answer_beside_the_example_changes_nothing() -> None:
    example = {"id": "e", "inputs": {"body": "x"}, "outputs": {"score": 1}, "tags": []}
    assert assign(parse(HOUSE), example | {"run": {"score": 99}, "answer": "longer"}) == assign(parse(HOUSE), example)


def test_a_dimension_may_be_for_some_graphs_only() -> None:
    dimensions = parse(HOUSE)
    assert [one.name for one in for_graph(dimensions, "text_to_sql")] == ["tier", "band", "length"]
    assert for_graph(dimensions, "country_classify") == dimensions


def test_critical_segments_are_written_name_equals_value() -> None:
    assert critical_segments(parse(HOUSE)) == frozenset({"tier=enterprise", "band=hot"})


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (0, "cold"),
        (39.999, "cold"),
        (40, "warm"),
        (69, "warm"),
        (70, "hot"),
        (100, "hot"),
        (101, "other"),
        (-1, "other"),
        ("40", "other"),
        (True, "other"),
        (float("nan"), "other"),
        (None, "unknown"),
    ],
)
def test_bands_are_half_open_and_what_is_no_number_is_other(score: Any, band: str) -> None:
    assert assign(parse(HOUSE)[1:2], {"outputs": {"score": score}}) == {"band": band}


@pytest.mark.parametrize(
    ("op", "arg", "found", "holds"),
    [
        ("equals", '"a"', "a", True),
        ("equals", '"a"', "A", False),
        ("equals", "1", 1.0, True),
        ("equals", "1", True, False),
        ("equals", "true", True, True),
        ("one_of", '["a", 2]', 2, True),
        ("one_of", '["a", 2]', "2", False),
        ("contains", '"b"', "abc", True),
        ("contains", '"b"', ["b", "c"], True),
        ("contains", '"b"', {"b": 1}, False),
        ("contains", '"b"', 3, False),
        ("starts_with", '"ab"', "abc", True),
        ("starts_with", '"ab"', ["ab"], False),
        ("longer_than", "2", "abc", True),
        ("longer_than", "2", "ab", False),
        ("longer_than", "2", [1, 2, 3], True),
        ("longer_than", "2", 100, False),
        ("shorter_than", "2", "a", True),
        ("shorter_than", "2", "ab", False),
        ("at_least", "2.5", 2.5, True),
        ("at_least", "2.5", 2, False),
        ("at_least", "2.5", "3", False),
        ("below", "2.5", 2, True),
        ("below", "2.5", 2.5, False),
        ("below", "2.5", False, False),
    ],
)
def test_every_operation_says_what_it_says(op: str, arg: str, found: Any, holds: bool) -> None:
    rule = f'rules = [{{ value = "yes", field = "inputs.v", op = "{op}", arg = {arg} }}]'
    assert value_of(rule, inputs={"v": found}) == ("yes" if holds else "other")


RULES = """rules = [
  { value = "vip", field = "metadata.plan", op = "equals", arg = "gold" },
  { value = "big", field = "inputs.seats", op = "at_least", arg = 100 },
  { value = "rest" },
]"""


@pytest.mark.parametrize(
    ("metadata", "inputs", "value"),
    [
        ({"plan": "gold"}, {"seats": 500}, "vip"),
        ({"plan": "tin"}, {"seats": 500}, "big"),
        ({"plan": "tin"}, {"seats": 5}, "rest"),
        ({}, {"seats": 500}, "big"),
        ({}, {"seats": 5}, "unknown"),
        ({"plan": "tin"}, {}, "unknown"),
        ({"plan": None}, {"seats": 5}, "unknown"),
    ],
)
def test_the_first_rule_that_matches_wins_and_a_missing_field_is_not_the_rest(
    metadata: Any, inputs: Any, value: str
) -> None:
    assert value_of(RULES, metadata=metadata, inputs=inputs) == value


def test_a_field_s_value_may_be_a_number_or_a_boolean() -> None:
    assert value_of('field = "inputs.v"\nvalues = [1, "true"]', inputs={"v": True}) == "true"
    assert value_of('field = "inputs.v"\nvalues = [1, "true"]', inputs={"v": 1}) == "1"


def test_a_tag_outside_its_list_is_an_error_that_names_the_example() -> None:
    with pytest.raises(DataError) as caught:
        assign(parse(HOUSE), {"id": "e7", "tags": ["tier:entreprise"]})
    assert str(caught.value) == (
        "example 'e7', dimension 'tier': the tag tier:entreprise is not on its list; choose one of: free, pro, enterprise"
    )


def test_two_values_of_one_tag_are_an_error() -> None:
    with pytest.raises(DataError, match="it is tagged tier:free and tier:pro; keep one"):
        assign(parse(HOUSE), {"id": "e7", "tags": ["tier:pro", "tier:free"]})


def test_a_tag_without_a_list_may_have_any_value() -> None:
    assert value_of('tag = "topic"', tags=["topic:a:b"]) == "a:b"


BAND = 'field = "inputs.v"\nbands = { a = [0, 1] }\n'


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("", "give exactly one of tag, field, rules; it has none"),
        ('tag = "a"\nfield = "inputs.b"', "give exactly one of tag, field, rules; it has tag and field"),
        (
            'tga = "a"',
            "'tga' is unknown; choose one of: tag, field, values, bands, rules, critical, graphs, min_n, thin",
        ),
        ('tag = ""', "tag: expected text that is not empty, got ''"),
        ('tag = "a"\nbands = { a = [0, 1] }', "bands cannot stand beside tag"),
        ('tag = "a"\ncritical = ["b"]', "critical needs values"),
        ('tag = "a"\nvalues = ["b", "b"]', "values names a value twice"),
        ('tag = "a"\nvalues = "b"', "values = 'b' must be a list of texts"),
        (
            'tag = "a"\nvalues = ["b"]\ncritical = ["c"]',
            "critical value 'c' is none of its values; choose among: b, other",
        ),
        ('tag = "a"\nmin_n = 0', "min_n: expected a whole number of 1 or more, got 0"),
        ('tag = "a"\nmin_n = true', "min_n: expected a whole number of 1 or more, got True"),
        ('tag = "a"\ngraphs = "g"', "graphs = 'g' must be a list"),
        ('field = "inputs.v"', "a field needs either bands"),
        (BAND + "values = [1]", "a field needs either bands"),
        (BAND + 'critical = ["b"]', "critical value 'b' is none of its values; choose among: a, other, unknown"),
        ('field = "answer.v"\nvalues = ["a"]', "choose one of: inputs.NAME, outputs.NAME, metadata.NAME"),
        ('field = "inputs"\nvalues = ["a"]', "field 'inputs' cannot be read"),
        ('field = "inputs..v"\nvalues = ["a"]', "field 'inputs..v' cannot be read"),
        ('field = "inputs.v"\nbands = { a = [1, 1] }', "band a = [1, 1] must be [low, high] with low < high"),
        ('field = "inputs.v"\nbands = { a = [0, nan] }', "must be [low, high] with low < high"),
        ('field = "inputs.v"\nbands = { a = [0, 2], b = [1, 3] }', "bands a and b overlap at 1"),
        ('field = "inputs.v"\nbands = {}', "must be a table such as"),
        ("rules = []", "rules must be a list"),
        ('rules = [{ value = "a" }, { value = "b" }]', "rule 1: a rule without a field matches everything"),
        ('rules = [{ value = "a", op = "equals" }]', "rule 1: op and arg need a field"),
        ('rules = [{ field = "inputs.v", op = "equals", arg = 1 }]', "rule 1: value: expected text, got None"),
        (
            'rules = [{ value = "a", field = "inputs.v", op = "matches", arg = "x" }]',
            "op 'matches' is unknown; choose one of",
        ),
        (
            'rules = [{ value = "a", field = "inputs.v", op = "equals" }]',
            "equals takes a text, number or boolean as arg",
        ),
        ('rules = [{ value = "a", field = "inputs.v", op = "one_of", arg = [] }]', "one_of takes a list"),
        (
            'rules = [{ value = "a", field = "inputs.v", op = "at_least", arg = "3" }]',
            "at_least takes a number as arg, got '3'",
        ),
        (
            'rules = [{ value = "a", field = "inputs.v", op = "longer_than", arg = -1 }]',
            "longer_than takes a whole number",
        ),
        (
            'rules = [{ valeu = "a" }]',
            "rule 1: 'valeu' is unknown; choose one of: value, field, op, arg; did you mean 'value'",
        ),
    ],
)
def test_a_wrong_dimension_is_an_error_that_names_file_and_dimension(toml: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        only(toml)
    assert str(caught.value).startswith("segments.toml, [dimension.x]")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("[dimensions.x]", "'dimensions' is unknown; choose one of: version, dimension; did you mean 'dimension'"),
        ("dimension = 3", "dimensions are tables"),
        ("version = 1.5", "version = 1.5 must be"),
        ('[dimension."a=b"]\ntag = "a"', "a dimension's name is letters"),
        ("[dimension", "cannot be read"),
    ],
)
def test_a_wrong_file_is_an_error(toml: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(toml)
    assert sentence in str(caught.value)


def test_a_file_is_read_from_disk_and_named_in_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "segments.toml"
    path.write_text(HOUSE)
    assert load(path) == parse(HOUSE)
    path.write_text("[dimension.x]")
    with pytest.raises(ConfigError, match=r"segments.toml, \[dimension.x\]"):
        load(path)


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no segments file at"):
        load(tmp_path / "none.toml")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["body", "score", "v"]), inner),
    max_leaves=6,
)


@settings(max_examples=60)
@given(JSON, JSON)
def test_every_example_falls_into_a_possible_value_whatever_it_holds(inputs: Any, outputs: Any) -> None:
    dimensions = parse(HOUSE)
    found = assign(dimensions, {"id": "e", "inputs": inputs, "outputs": outputs})
    assert all(found[one.name] in one.possible for one in dimensions)
