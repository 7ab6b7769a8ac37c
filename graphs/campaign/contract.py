"""The campaign's contract, version 1: what it is given and what it leaves behind.

Input(campaign="spring", contact="c-17", first_name="Ada", company="Dunmore Mills", started_at="2026-03-02T09:00:00+00:00")
Output(status="finished", sent=[{"step": 1, "key": "spring/c-17/1", "text": "..."}, ...], stop_reason=None, log=[...])
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

VERSION = "1"

Status = Literal["finished", "stopped", "rejected"]
ID = r"^[A-Za-z0-9._-]+$"


class Input(BaseModel):
    """One contact of one campaign; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    campaign: str = Field(pattern=ID)
    contact: str = Field(pattern=ID, description="id of the contact, never an address")
    first_name: str = Field(min_length=1)
    company: str = Field(min_length=1)
    started_at: AwareDatetime = Field(description="when the first message may go out")
    customer_tier: Literal["free", "pro", "enterprise"] = Field(
        default="free", description="each message to an enterprise customer waits for a person"
    )


class Output(BaseModel):
    """The final state; a reference names the status and the steps that are sent."""

    model_config = ConfigDict(extra="ignore")

    status: Status
    steps: list[int] | None = Field(default=None, description="steps whose message was sent, in order")
    sent: list[dict[str, Any]] | None = Field(default=None, description="`{step, key, text}` of each message")
    stop_reason: str | None = None
    log: list[dict[str, Any]] | None = Field(default=None, description="what happened, in order")
