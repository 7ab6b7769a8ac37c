"""What is judged of a scored lead: the score's band, the propensity's band, the shape of the answer, and how near the score is.

    SUITE = (band_match, propensity_match, schema, near)

`band` is the primary key, `propensity` gates beside it and `schema` has zero tolerance; `near` is reported: who is called
hangs on the band alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial import Score, evaluator

if TYPE_CHECKING:
    from seatrial.dataset import Example
    from seatrial.graph.run import Run

BANDS = {"cold": (0, 40), "warm": (40, 70), "hot": (70, 101)}
"""Half-open; stated here on its own: a graph that moved its bands would otherwise judge itself."""


PROPENSITY_BANDS = {"low": (0.0, 0.2), "medium": (0.2, 0.5), "high": (0.5, 1.01)}


@evaluator(version="1", key="band")
def band_match(run: Run, example: Example) -> Score:
    """1 when the band is the one that the reference's score falls into."""
    wanted = _band((example.outputs or {}).get("score"))
    if wanted is None:
        return Score("band", None, "the example has no reference score in 0..100")
    got, score = (run.outputs or {}).get("band"), (run.outputs or {}).get("score")
    return Score(
        "band", got == wanted, f"{got} ({score}) is right" if got == wanted else f"said {got} ({score}), it is {wanted}"
    )


@evaluator(version="1", key="propensity")
def propensity_match(run: Run, example: Example) -> Score:
    """1 when the propensity's band is the reference's; how good the stated probability is, outcomes say later."""
    wanted = (example.outputs or {}).get("propensity_band")
    if wanted not in PROPENSITY_BANDS:
        return Score("propensity", None, "the example has no reference band of the propensity")
    got, stated = (run.outputs or {}).get("propensity_band"), (run.outputs or {}).get("propensity")
    return Score(
        "propensity",
        got == wanted,
        f"{got} ({stated}) is right" if got == wanted else f"said {got} ({stated}), it is {wanted}",
    )


@evaluator(version="2")
def schema(run: Run, example: Example) -> Score:
    """1 when score and propensity are in range, each band is its number's, and there is a reason, none blank."""
    answer = run.outputs or {}
    score, band, reasons = answer.get("score"), answer.get("band"), answer.get("reasons")
    belongs = _band(score)
    if belongs is None:
        return Score("schema", 0.0, f"the score {score!r} is no whole number in 0..100")
    if band != belongs:
        return Score("schema", 0.0, f"a score of {score} is {belongs}, the answer says {band!r}")
    propensity = answer.get("propensity")
    likely = _propensity_band(propensity)
    if likely is None:
        return Score("schema", 0.0, f"the propensity {propensity!r} is no number in 0..1")
    if answer.get("propensity_band") != likely:
        said = answer.get("propensity_band")
        return Score("schema", 0.0, f"a propensity of {propensity} is {likely}, the answer says {said!r}")
    if not isinstance(reasons, list) or not reasons or not all(isinstance(one, str) and one.strip() for one in reasons):
        return Score("schema", 0.0, "there is no reason, or a blank one")
    return Score("schema", 1.0, "a score in 0..100, a propensity in 0..1, their bands, and reasons")


@evaluator(version="1")
def near(run: Run, example: Example) -> Score:
    """1 minus the distance between the score and the reference's, in hundredths."""
    got, wanted = (run.outputs or {}).get("score"), (example.outputs or {}).get("score")
    if got is None or wanted is None or _band(got) is None or _band(wanted) is None:
        return Score("near", None, "there is no score in 0..100, or no reference score, to compare")
    return Score("near", 1 - abs(got - wanted) / 100, f"{got}, the reference is {wanted}")


SUITE = (band_match, propensity_match, schema, near)


def _band(score: Any) -> str | None:
    if isinstance(score, bool) or not isinstance(score, int):
        return None
    return next((name for name, (low, high) in BANDS.items() if low <= score < high), None)


def _propensity_band(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        return None
    return next(name for name, (low, high) in PROPENSITY_BANDS.items() if low <= value < high)
