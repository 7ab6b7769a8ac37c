"""The router's contract, version 1.1: what it is given, what it leaves behind, what its model must reply.

Input(message="My invoice is wrong", plan="team", channel="chat")
Output(route="billing", confidence=0.83, guess="billing", queue="finance-desk", acknowledgement="...", reason="...",
       outcome="answered", answer="A payment is refunded ...", sources=["kb-01"], passages=[...], messages=[...])
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from seatrial.errors import SeatrialError

VERSION = "1.1"
ESCALATE_UNDER = 0.7
"""Below this confidence a person decides; at it, the router does."""

Desk = Literal["billing", "technical", "general"]
Route = Literal["billing", "technical", "general", "escalate"]
Outcome = Literal["answered", "handed_over", "escalated"]


class ReplyError(SeatrialError):
    """The model's reply is not the JSON object a guide asks for."""


class Input(BaseModel):
    """One message to the support desk; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    message: str = Field(min_length=1, description="what was written, or the transcript of what was said")
    plan: Literal["free", "team", "enterprise"] = Field(description="what the sender's workspace is subscribed to")
    channel: Literal["chat", "email", "phone"] = Field(description="how it reached us")


class Output(BaseModel):
    """The final state; a reference needs to name the route only, a run fills every field."""

    model_config = ConfigDict(extra="ignore")

    route: Route = Field(description="the desk, or `escalate`: a person decides")
    confidence: float | None = Field(default=None, ge=0, le=1, description="the model's own, 0..1, in `guess`")
    guess: Desk | None = Field(default=None, description="the best guess, kept when the message escalates")
    queue: str | None = Field(default=None, min_length=1, description="name of the work queue the message was put in")
    acknowledgement: str | None = Field(default=None, min_length=1, description="the short answer the sender gets now")
    reason: str | None = Field(default=None, description="the model's one sentence")
    outcome: Outcome | None = Field(
        default=None, description="answered; nothing found, so the desk answers; or a person decides"
    )
    answer: str | None = Field(default=None, min_length=1, description="the answer out of what the tools returned")
    sources: list[str] | None = Field(default=None, description="ids of the articles and orders the answer is from")
    passages: list[dict[str, str]] | None = Field(default=None, description="what the tools returned: `{id, text}`")
    messages: list[dict[str, Any]] | None = Field(
        default=None, description="calls of tools and their results, in order"
    )


class Reply(BaseModel):
    """What the model must send back: one JSON object of exactly this shape."""

    model_config = ConfigDict(extra="forbid", strict=True)

    route: Desk
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False)
    reason: str = ""
