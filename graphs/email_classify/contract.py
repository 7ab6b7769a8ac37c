"""The classifier's contract, version 2: what it is given, what it leaves behind, what its model must reply.

Input(subject="Re: quick one", body="Sounds great, tell me more.", from_domain="coppercreek.example")
Output(label="interested", confidence=0.83, reasons=["the message says: tell me more"])
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION = "2"

Label = Literal[
    "interested",
    "not_interested",
    "auto_reply",
    "bounced",
    "info_request",
    "unsubscribe",
    "spam",
    "partnership",
    "meeting_scheduled",
]

Reason = Annotated[str, Field(min_length=1)]


class Input(BaseModel):
    """One inbound e-mail, as the mail gateway hands it over; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(description="the subject line, reply prefixes included; may be empty")
    body: str = Field(min_length=1, description="the plain-text body: quoted mail and signature included")
    from_domain: str | None = Field(default=None, description="domain of the sender's address, never the address")
    customer_tier: Literal["free", "pro", "enterprise"] = Field(
        default="free", description="tier of the customer in whose name the mail before this one was sent"
    )


class Output(BaseModel):
    """The final state. In a reference, `confidence` is the annotator's and `reasons` say why the label is right."""

    model_config = ConfigDict(extra="ignore")

    label: Label
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False, description="probability that the label is right, 0..1")
    reasons: list[Reason] = Field(min_length=1, description="what in the message speaks for the label")


class Reply(Output):
    """What the model must send back: one JSON object of exactly this shape."""

    model_config = ConfigDict(extra="forbid", strict=True)
