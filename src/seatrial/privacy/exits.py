"""The one redactor of this process, applied wherever text leaves it; edges hand it the environment.

know(os.environ)                                        at the edge: command line, pytest, opening a project
redacted("the key is ...")                              text, or anything made of JSON
redacted_json('{"answer": "..."}')                      the same of JSON that is written already
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from seatrial.privacy.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")
_redactor = Redactor()


def know(environ: Mapping[str, str]) -> None:
    """Watch this environment for keys: what it holds now, and what it will hold at each `refresh`."""
    _redactor.watch(environ)


def refresh() -> None:
    """Learn the keys that have come into the environment since; at the begin of a run and before anything is shown."""
    _redactor.refresh()


def redacted(value: T) -> T:
    """`value` without secrets: a text, or anything made of JSON."""
    return cast("T", _redactor(value))


def shown(text: str) -> str:
    """A sentence as a report shows it: without secrets, and without the addresses and numbers of persons."""
    from seatrial.privacy.find import strip_text  # noqa: PLC0415 - its patterns are for those who report

    return strip_text(redacted(text))


def redacted_json(text: str) -> str:
    """JSON text without secrets; the same text where there are none."""
    return _redactor.json(text)
