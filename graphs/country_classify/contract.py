"""The classifier's contract, version 1: what it is given, what it leaves behind, what its model must reply.

Input(company="Filatura Doralba S.r.l.", address="", phone_prefix="+39", domain="", note="")
Output(country="IT", confidence=0.67, reason="for IT: legal forms s.r.l.; phone prefixes +39")
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from .codes import CODES

VERSION = "1"
UNSURE_UNDER = 0.6
"""Below this confidence the answer is null; at it, the country stands."""


def _assigned(code: str) -> str:
    if code not in CODES:
        raise ValueError("is no assigned two-letter country code of ISO 3166-1, such as DE, GB or US")
    return code


Country = Annotated[str, AfterValidator(_assigned)]


class Input(BaseModel):
    """A company as the sales system has it: free text, often half empty; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    company: str = Field(min_length=1, description="its name as somebody typed it, legal form included or not")
    address: str = Field(default="", description="one line, in any order and language")
    phone_prefix: str = Field(
        default="", description="the international prefix only, never a number: +49, 0049, +1 604"
    )
    domain: str = Field(default="", description="domain of its website")
    note: str = Field(default="", description="what a colleague wrote beside it")


class Output(BaseModel):
    """The final state; a reference needs to name the country only, and null is a right answer."""

    model_config = ConfigDict(extra="ignore")

    country: Country | None = Field(description="where the company sits, ISO 3166-1 alpha-2; null when it is not known")
    confidence: float | None = Field(default=None, ge=0, le=1, description="the model's own in its best guess, 0..1")
    reason: str | None = Field(default=None, min_length=1, description="the model's one sentence")


class Reply(BaseModel):
    """What the model must send back: one JSON object of exactly this shape."""

    model_config = ConfigDict(extra="forbid", strict=True)

    country: Country | None
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False)
    reason: str = Field(min_length=1)
