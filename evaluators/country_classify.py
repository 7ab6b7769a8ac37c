"""What is judged of a classified company: the country, null where the record settles none, and the answer's shape.

    SUITE = (country_match, schema, no_wrong_country, null_when_unsure)

`country` is the primary key and `schema` has zero tolerance; the other two are reported.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from seatrial import Score, evaluator
from seatrial.project import module

if TYPE_CHECKING:
    from seatrial.dataset import Example
    from seatrial.graph.run import Run

CODES: frozenset[str] = module("graphs.country_classify.codes").CODES

UNSURE_UNDER = 0.6
"""The house's rule, stated here on its own: a graph that moved its threshold would otherwise judge itself."""

_ABSENT = object()


@evaluator(version="1", key="country")
def country_match(run: Run, example: Example) -> Score:
    """1 when the country is the reference's; null is right exactly where the reference is null."""
    reference, got = example.outputs or {}, _country(run)
    if "country" not in reference:
        return Score("country", None, "the example has no reference country")
    wanted = reference["country"]
    if got is _ABSENT:
        return Score("country", 0.0, "the answer has no country, not even null")
    return Score("country", got == wanted, f"{_said(got)} is right" if got == wanted else _wrong(got, wanted))


@evaluator(version="2")
def schema(run: Run, example: Example) -> Score:
    """1 when the answer is an assigned country code or null, a confidence in 0..1 and reasons, whatever their worth."""
    country, answer = _country(run), run.outputs or {}
    if country is _ABSENT:
        return Score("schema", 0.0, "the answer has no country, not even null")
    if country is not None and (not isinstance(country, str) or country not in CODES):
        return Score("schema", 0.0, f"{country!r} is no country code of ISO 3166-1")
    if _confidence(answer.get("confidence")) is None:
        return Score("schema", 0.0, f"the confidence {answer.get('confidence')!r} is no number in 0..1")
    reasons = answer.get("reasons")
    if not isinstance(reasons, list) or not reasons or not all(isinstance(one, str) and one.strip() for one in reasons):
        return Score("schema", 0.0, "the reasons are no list, an empty one, or one of them is blank")
    return Score("schema", 1.0, "a country code or null, a confidence in 0..1 and reasons")


@evaluator(version="1")
def no_wrong_country(run: Run, example: Example) -> Score:
    """1 unless a wrong country is named: null asks a person, which costs minutes; a wrong one costs a contract."""
    reference, got = example.outputs or {}, _country(run)
    if "country" not in reference:
        return Score("no_wrong_country", None, "the example has no reference country")
    if got is None or got == reference["country"]:
        return Score("no_wrong_country", 1.0, f"{_said(got)} misleads nobody")
    if got is _ABSENT:
        return Score("no_wrong_country", 0.0, "the answer has no country, not even null")
    return Score("no_wrong_country", 0.0, _wrong(got, reference["country"]))


@evaluator(version="1")
def null_when_unsure(run: Run, example: Example) -> Score:
    """1 when no country is named at a confidence under .6; an answer without a confidence is 0."""
    country, confidence = _country(run), _confidence((run.outputs or {}).get("confidence"))
    if confidence is None:
        return Score("null_when_unsure", 0.0, "there is no confidence in 0..1")
    named = country is not None and country is not _ABSENT
    sure = "under" if confidence < UNSURE_UNDER else "at or over"
    rule = f"confidence {confidence:.2f} is {sure} {UNSURE_UNDER}"
    return Score("null_when_unsure", not (named and confidence < UNSURE_UNDER), f"{rule} and {_said(country)} was said")


SUITE = (country_match, schema, no_wrong_country, null_when_unsure)


def _country(run: Run) -> Any:
    return (run.outputs or {}).get("country", _ABSENT)


def _confidence(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value) if 0 <= value <= 1 else None


def _said(country: Any) -> str:
    return "nothing" if country is _ABSENT else "null" if country is None else str(country)


def _wrong(got: Any, wanted: Any) -> str:
    if wanted is None:
        return f"said {got}, which nothing in the record settles"
    return f"said {_said(got)}, it is {wanted}"
