"""The scorer's contract, version 1.1: what it is given, what it leaves behind, what its model must reply.

Input(title="COO", company_size=90, source="website", pages_viewed=6, message="A quote, please")
Output(score=80, band="hot", propensity=0.5, propensity_band="high", reasons=["every lead begins with 22", "title: coo +20", "message: quote +24", ...])
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION = "1.1"

Band = Literal["cold", "warm", "hot"]
PropensityBand = Literal["low", "medium", "high"]

BANDS: dict[Band, tuple[int, int]] = {"cold": (0, 40), "warm": (40, 70), "hot": (70, 101)}
"""Half-open: a score of 40 is warm, one of 70 is hot."""

PROPENSITY_BANDS: dict[PropensityBand, tuple[float, float]] = {
    "low": (0, 0.2),
    "medium": (0.2, 0.5),
    "high": (0.5, 1.01),
}
"""Half-open, of the stated probability of a meeting within 30 days."""

Reason = Annotated[str, Field(min_length=1)]


class Input(BaseModel):
    """A lead as the sales system has it; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    title: str = Field(default="", description="job title, in any language; empty where nobody asked")
    company_size: int | None = Field(default=None, ge=1, description="employees; null when not known")
    source: Literal["referral", "webinar", "website", "event", "list"] = Field(description="how we got to know them")
    pages_viewed: int = Field(default=0, ge=0, description="pages of our site in the last 30 days")
    emails_opened: int = Field(default=0, ge=0, description="of our e-mails, in the last 30 days")
    days_since_contact: int = Field(default=0, ge=0, description="days since they last did or said anything")
    message: str = Field(default="", description="what they wrote to us last; empty when they never did")
    region: Literal["emea", "amer", "apac"] | None = Field(
        default=None, description="the sales region that would call; the model is not told"
    )


class Output(BaseModel):
    """The final state; a reference needs to name the score, judged by its band, and the band of the propensity."""

    model_config = ConfigDict(extra="ignore")

    score: int = Field(ge=0, le=100, description="how soon sales should call: 0 never, 100 now")
    band: Band | None = Field(default=None, description="the band the score falls into")
    propensity: float | None = Field(
        default=None,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="probability of a meeting within 30 days, stated by the model",
    )
    propensity_band: PropensityBand | None = Field(default=None, description="the band the propensity falls into")
    reasons: list[Reason] | None = Field(
        default=None, min_length=1, description="what speaks for the score, or against"
    )


class Reply(BaseModel):
    """What the model must send back: one JSON object of exactly this shape; the bands are ours to work out."""

    model_config = ConfigDict(extra="forbid", strict=True)

    score: int = Field(ge=0, le=100)
    propensity: float = Field(ge=0, le=1, allow_inf_nan=False)
    reasons: list[Reason] = Field(min_length=1)


def band_of(score: int) -> Band:
    """The band a score from 0 to 100 falls into."""
    return next(name for name, (low, high) in BANDS.items() if low <= score < high)


def propensity_band_of(propensity: float) -> PropensityBand:
    """The band a probability falls into."""
    return next(name for name, (low, high) in PROPENSITY_BANDS.items() if low <= propensity < high)
