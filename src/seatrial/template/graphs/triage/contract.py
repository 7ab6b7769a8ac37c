"""The contract of triage, version 1: what it is given and what it answers; every example is checked against it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Desk = Literal["refund", "delivery", "other"]


class Input(BaseModel):
    """One message; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(min_length=1)


class Output(BaseModel):
    """The answer."""

    model_config = ConfigDict(extra="ignore")

    desk: Desk
