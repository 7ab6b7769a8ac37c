"""The composer's contract, version 1: what it is given, what it leaves behind, what its model must reply.

Input(first_name="Ada", company="Dunmore Mills", stage="follow_up", points=["Your planners save an hour a day."])
Output(status="ready", subject="...", body="Hi Ada, ...", problems=[], refinements=0, tokens=211, skip_reason=None)
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from seatrial.errors import DataError

VERSION = "1"
MOST_WORDS = 90
"""Words a body may have."""

Stage = Literal["first_touch", "follow_up", "proposal", "renewal"]
Status = Literal["ready", "draft_kept", "skipped"]
Point = Annotated[str, Field(min_length=1)]


class ReplyError(DataError):
    """The model's reply is not the JSON object the compose guide asks for."""


class Input(BaseModel):
    """One e-mail to write; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    first_name: str = Field(min_length=1)
    company: str = Field(min_length=1)
    stage: Stage = Field(description="where the deal is, which decides what is asked of the reader")
    points: list[Point] = Field(min_length=1, description="sentences worth saying, the most important first")
    customer_tier: Literal["free", "pro", "enterprise"] = "free"
    do_not_contact: bool = Field(default=False, description="the contact asked to be left alone")


class Output(BaseModel):
    """The final state; a reference needs to name the status only."""

    model_config = ConfigDict(extra="ignore")

    status: Status = Field(description="ready to send; the draft, which a person must look at; or nothing written")
    subject: str | None = None
    body: str | None = None
    problems: list[str] | None = Field(default=None, description="what is wrong with the body")
    refinements: int | None = Field(default=None, ge=0, description="how often the model was asked again")
    tokens: int | None = Field(default=None, ge=0, description="read and written by every call of the model")
    skip_reason: str | None = None


class Reply(BaseModel):
    """What the model must send back: one JSON object of exactly this shape."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    subject: str = Field(min_length=1)
    body: str = Field(min_length=1)
