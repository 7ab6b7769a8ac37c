"""The answerer's contract, version 1: what it is given, what it leaves behind, what its model must reply.

Input(question="How high is the bonus?", customer_tier="pro")
Output(answer="The bonus is up to 10 % of the yearly salary and is paid in May [hb-20].", citations=["hb-20"],
       ids=["hb-20", "hb-17"], passages=[{"id": "hb-20", "text": "..."}, ...])
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION = "1"


class Input(BaseModel):
    """One question of an employee; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    question: str = Field(min_length=1, max_length=500)
    customer_tier: Literal["free", "pro", "enterprise"] = Field(
        default="free", description="tier of the customer whose handbook it is"
    )


class Output(BaseModel):
    """The final state; a reference gives `relevant`, the ids of the passages that answer, none where none does."""

    model_config = ConfigDict(extra="ignore")

    answer: str | None = Field(default=None, min_length=1, description="each sentence with its citation; null: silent")
    citations: list[str] | None = Field(default=None, description="ids of the passages that the answer is from")
    ids: list[str] | None = Field(default=None, description="ids of what was retrieved, best first")
    passages: list[dict[str, str]] | None = Field(default=None, description="what was retrieved: `{id, text}`")
    relevant: list[str] | None = Field(default=None, description="of a reference only")


class Reply(BaseModel):
    """What the model must send back: one JSON object of exactly this shape."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    answer: str | None = Field(min_length=1)
    citations: list[str] = []
