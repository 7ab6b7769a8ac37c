"""Counts: what model calls used beside the tokens they read and wrote, as LangChain's messages report it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WRITES = ("cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
"""Where a message counts tokens written to a cache; one that names how long they are kept leaves the first at 0."""


class Details(NamedTuple):
    """Parts of the tokens of a call; None where the call does not tell them apart.

    Attributes:
        cache_read: of the tokens read, those read from a cache.
        cache_write: of the tokens read, those written to a cache.
        reasoning: of the tokens written, those of reasoning.
    """

    cache_read: int | None
    cache_write: int | None
    reasoning: int | None


class Counts(NamedTuple):
    """The model calls of one run.

    Attributes:
        calls: how many.
        cache_read: sum over those that tell it; None where none does.
        cache_write: likewise.
        reasoning: likewise.
    """

    calls: int
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


def details_of(usage: Mapping[str, Any] | None) -> Details:
    """What a message's `usage_metadata` tells apart."""
    given = usage or {}
    read, written = given.get("input_token_details") or {}, given.get("output_token_details") or {}
    writes = [read[name] for name in WRITES if read.get(name) is not None]
    return Details(read.get("cache_read"), sum(writes) if writes else None, written.get("reasoning"))


def counts_of(usages: Iterable[Mapping[str, Any]]) -> Counts:
    """All calls of a run, each with its `usage_metadata`."""
    details = [details_of(usage) for usage in usages]
    known = ([one for one in column if one is not None] for column in zip(*details, strict=True))
    return Counts(len(details), *(sum(column) if column else None for column in known))
