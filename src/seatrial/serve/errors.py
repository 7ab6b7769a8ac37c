"""What a request may come to instead of an answer: one status and one type for each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from seatrial.errors import ContractError, SeatrialError
from seatrial.graph.target import one_line
from seatrial.model.outcome import CircuitOpen, KillSwitch, OverBudget, Skipped, outcome_of
from seatrial.privacy.exits import shown
from seatrial.verdict import ErrorKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.model.context import Calls

ERRORS: Mapping[str, tuple[int, str]] = {
    "unauthorized": (401, "no key, or one that is not known"),
    "forbidden": (403, "no key is set, and the request came by a web page or a name of another site"),
    "unknown_assistant": (404, "no such graph or version; near names are listed"),
    "unknown_thread": (404, "no such thread"),
    "unknown_run": (404, "no such run of the thread that has ended"),
    "not_allowed": (405, "a route of LangGraph's server that is not built here"),
    "slow_body": (408, "the body did not come in time"),
    "conflict": (
        409,
        "the thread is busy, waits for nothing, is paused, or belongs to another graph; an event id says something else",
    ),
    "body_too_large": (413, "the body is larger than `max_body`"),
    "invalid_request": (422, "a field has another shape"),
    "invalid_input": (422, "the input breaks the graph's contract"),
    "unsupported_field": (422, "a field that does not act"),
    "cancelled": (499, "the client disconnected"),
    "graph_error": (500, "the graph raised"),
    "invalid_output": (500, "the final state breaks the graph's contract"),
    "graph_unavailable": (500, "the graph cannot be imported or built"),
    "provider_error": (
        502,
        "the model's provider did not answer, or is left alone after failing; `retry-after` says when",
    ),
    "kill_switch": (503, "`LLM_KILL_SWITCH` is set, and the graph calls a model"),
    "over_budget": (503, "the budget allows no further call"),
    "busy": (503, "no place in the graph's pool; `retry-after` says when"),
    "timeout": (504, "the graph did not answer in time"),
}
"""Type of an error -> HTTP status and meaning; 499 is nginx's word for a client that has gone."""

STATUS: Mapping[str, int] = {name: status for name, (status, _) in ERRORS.items()}


class RequestFailed(Exception):
    """A request that gets an error for its answer.

    Attributes:
        type: key of `STATUS`.
        message: what happened and what to do.
        param: the field at fault, dotted; empty where there is none.
        retry_after: seconds after which a further try makes sense; None = no hint.
    """

    def __init__(self, type_: str, message: str, param: str = "", retry_after: int | None = None) -> None:
        super().__init__(message)
        self.type, self.message, self.param, self.retry_after = type_, message, param, retry_after

    @property
    def status(self) -> int:
        """HTTP status."""
        return STATUS[self.type]

    @property
    def body(self) -> dict[str, Any]:
        """JSON of the response; `detail` is what LangGraph's clients show."""
        given = {"type": self.type, "message": self.message, "detail": self.message}
        return {**given, "param": self.param} if self.param else given


def failure_of(error: BaseException, calls: Calls) -> RequestFailed:
    """What a graph raised, as an answer; secrets and personal data are removed from its message."""
    if isinstance(error, RequestFailed):
        return error
    if isinstance(error, ContractError):
        return RequestFailed("invalid_input", shown(str(error)), _field(str(error)))
    skipped = error if isinstance(error, Skipped) else calls.skipped
    if isinstance(skipped, KillSwitch):
        return RequestFailed("kill_switch", "model calls are switched off (LLM_KILL_SWITCH)", retry_after=60)
    if isinstance(skipped, OverBudget):
        return RequestFailed("over_budget", shown(str(skipped)))
    if isinstance(skipped, Skipped):
        later = math.ceil(skipped.retry_after_s) if isinstance(skipped, CircuitOpen) else 5
        return RequestFailed("provider_error", shown(str(skipped)), retry_after=max(1, later))
    known = outcome_of(error, calls)
    if known is not None and known[1] == ErrorKind.INVALID_OUTPUT:
        return RequestFailed("invalid_output", shown(str(known[2])))
    message = str(error) if isinstance(error, SeatrialError) else one_line(error)
    return RequestFailed("graph_error", shown(message))


def _field(sentence: str) -> str:
    """The dotted field that a contract's sentence names."""
    place = sentence.rpartition("contract: ")[2].partition(":")[0]
    return f"input{place.removeprefix('inputs')}" if place.startswith("inputs") else ""
