"""What a model call may come to instead of a reply, told apart from a failure of the graph that made it.

SeatrialError
├── ModelError                a model call came to nothing
│   ├── Skipped               nobody answered, and it is not the graph's doing: outcome `skipped`
│   │   ├── KillSwitch        model calls are switched off
│   │   ├── OverBudget        the budget allows no further call
│   │   ├── Outage            the provider did not answer, retries included
│   │   │   ├── KeyRefused    it refused the key
│   │   │   ├── NoCredit      the provider's own quota is used up
│   │   │   └── CircuitOpen   it failed many tries in a row and is left alone for a while
│   │   ├── Unrecorded        replaying, and this call was never recorded
│   │   └── Astray            called from a thread that does not know which run it belongs to
│   ├── InvalidReply          the reply could not be read, asked twice: `target_error`, kind `invalid_output`
│   └── Refused               the model declined to answer
├── ConfigError
│   └── UnknownFamily         nobody can say which family a model belongs to
├── DataError
│   └── CassetteError         a cassette was edited by hand, or is none
└── MissingExtra
    └── MissingProvider       the package of a model's provider is not installed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.errors import ConfigError, DataError, ExitCode, MissingExtra, ReasonWord, SeatrialError
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.model.context import Calls


class ModelError(SeatrialError):
    """A model call came to nothing."""

    reason_class: ReasonWord = "outage"
    exit_code = ExitCode.COULD_NOT_TELL


class Skipped(ModelError):
    """Nobody answered, and that says nothing about the graph: its row is `skipped`, with this `kind`."""

    kind: ClassVar[ErrorKind] = ErrorKind.OUTAGE


class KillSwitch(Skipped):
    """Model calls are switched off."""

    kind = ErrorKind.KILL_SWITCH


class OverBudget(Skipped):
    """The budget allows no further call."""

    kind = ErrorKind.BUDGET


class Outage(Skipped):
    """The provider gave no answer that can be used, retries and patience included."""


class KeyRefused(Outage):
    """The provider refused the key; the message names the environment variable that holds it."""

    reason_class = "usage"


class NoCredit(Outage):
    """The provider's own quota or credit is used up: no further try would help."""

    reason_class = "usage"


class CircuitOpen(Outage):
    """The provider failed many tries in a row, so the call was not made.

    Attributes:
        retry_after_s: seconds until one call may try; 0 while one is trying.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unrecorded(Skipped):
    """Replaying, and no recording answers this call; the message names the command that records it."""

    kind = ErrorKind.UNRECORDED
    reason_class = "missing"


class Astray(Skipped):
    """Called from a thread that does not know which run it belongs to: neither its budget nor its recordings are known."""

    reason_class = "usage"


class InvalidReply(ModelError):
    """The model's reply could not be read, and neither could the one to the question asked again."""

    reason_class = "invalid"


class Refused(ModelError):
    """The model declined to answer, where an answer was to be read from its reply."""

    reason_class = "invalid"


class UnknownFamily(ConfigError):
    """Nobody can say which family a model belongs to; the message says how to declare it."""


class CassetteError(DataError):
    """A cassette was edited by hand, or is none; the message names file and line."""


class MissingProvider(MissingExtra):
    """The package of a model's provider is not installed; the message is the command that installs it."""

    def __init__(self, package: str, what: str) -> None:
        SeatrialError.__init__(self, f"{what} needs {package}, which is not installed: pip install {package}")


SWALLOWED = (ErrorKind.KILL_SWITCH, ErrorKind.BUDGET, ErrorKind.UNRECORDED)
"""Kinds that no graph may turn into an answer of its own; falling back to another model in an outage is its right."""


def outcome_of(error: BaseException | None, calls: Calls | None = None) -> tuple[Outcome, ErrorKind, str] | None:
    """Outcome, kind and sentence of a run whose model calls came to nothing; None where they are not the reason.

    Args:
        error: what the run ended with, None if it ended well; what caused it is looked at, too.
        calls: the run's, from `listen`: a graph that catches a kill switch and answers all the same was not measured.
    """
    skipped = calls.skipped if calls is not None else None
    if error is None and skipped is None:
        return None
    for one in _chain(error):
        if isinstance(one, Skipped):
            return Outcome.SKIPPED, one.kind, str(one)
        if isinstance(one, CassetteError):
            return Outcome.SKIPPED, ErrorKind.UNRECORDED, str(one)
    if skipped is not None and (error is not None or skipped.kind in SWALLOWED):
        return Outcome.SKIPPED, skipped.kind, str(skipped)
    if any(isinstance(one, InvalidReply) for one in _chain(error)):
        return Outcome.TARGET_ERROR, ErrorKind.INVALID_OUTPUT, str(error)
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
