"""What text_to_sql is given and what it answers, contract version 1."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Tier = Literal["free", "pro", "enterprise"]
Cell = str | int | float | None


class Input(BaseModel):
    """One question, and the tier of the workspace that asks it (its calendar depends on it)."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=500)
    customer_tier: Tier


class Output(BaseModel):
    """The statement, its rows and what went wrong, if anything; a reference gives `sql`, `rows` and `ordered`."""

    model_config = ConfigDict(extra="ignore")

    sql: str
    rows: list[list[Cell]] | None = None
    ordered: bool = False
    error: str = ""
    tries: int = 1
