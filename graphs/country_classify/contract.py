"""The classifier's contract, version 2: what it is given, what it leaves behind, what its model must reply.

Input(hq="San Francisco, California")
Output(country="US", confidence=0.92, reasons=["places san francisco", "regions california"])
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from .codes import CODES

VERSION = "2"
UNSURE_UNDER = 0.6
"""Below this confidence the answer is null; at it, the country stands."""


def _assigned(code: str) -> str:
    if code not in CODES:
        raise ValueError("is no assigned two-letter country code of ISO 3166-1, such as DE, GB or US")
    return code


Country = Annotated[str, AfterValidator(_assigned)]
Reason = Annotated[str, Field(min_length=1)]


class Input(BaseModel):
    """A company as the sales system has it: free text, often half empty; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    hq: str = Field(default="", description="the line that says where its headquarters are, in any order and language")
    company: str = Field(default="", description="its name as somebody typed it, legal form included or not")
    phone_prefix: str = Field(
        default="", description="the international prefix only, never a number: +49, 0049, +1 604"
    )
    domain: str = Field(default="", description="domain of its website")
    note: str = Field(default="", description="what a colleague wrote beside it")
    region: Literal["emea", "amer", "apac"] | None = Field(
        default=None, description="the sales region that asks; it is no evidence, and the model is not told"
    )


class Output(BaseModel):
    """The final state; a reference needs to name the country only, and null is a right answer."""

    model_config = ConfigDict(extra="ignore")

    country: Country | None = Field(description="where the company sits, ISO 3166-1 alpha-2; null when it is not known")
    confidence: float | None = Field(default=None, ge=0, le=1, description="the model's own in its best guess, 0..1")
    reasons: list[Reason] | None = Field(default=None, min_length=1, description="what speaks for the answer")


class Reply(BaseModel):
    """What the model must send back: one JSON object of exactly this shape."""

    model_config = ConfigDict(extra="forbid", strict=True)

    country: Country | None
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False)
    reasons: list[Reason] = Field(min_length=1)
