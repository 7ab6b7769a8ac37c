"""Switches: what the environment turns on, read where a process begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

EVAL = "EVAL"
"""Turns judges on, which call their models."""

_ON, _OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


def switched_on(environ: Mapping[str, str], name: str) -> bool:
    """Whether a switch of the environment is on; a word that is neither yes nor no is an error, not a no."""
    word = environ.get(name, "").strip().lower()
    if word not in _ON + _OFF:
        raise UsageError(f"{name}={environ[name]!r} is neither yes nor no; choose one of: {', '.join(_ON + _OFF[1:])}")
    return word in _ON
