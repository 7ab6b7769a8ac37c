"""The pytest plugin: the house's markers, and judge runs only when they are asked for.

EVAL=1 pytest -m llm        # judge runs, opt-in
pytest -m 'not llm'         # the fast gate
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKERS = (
    "llm: a judge run on a real model; skipped unless EVAL=1",
    "deepeval: uses DeepEval",
    "external: reads real outcomes from ../shared/data (or $SEATRIAL_SHARED); skipped where they are absent",
    "slow: a long simulation or fuzz; run it with -m slow",
)
_ON, _OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


def judges_wanted(environ: Mapping[str, str]) -> bool:
    """Whether EVAL turns judge runs on; a word that is neither yes nor no is an error, not a no."""
    word = environ.get("EVAL", "").strip().lower()
    if word not in _ON + _OFF:
        raise UsageError(f"EVAL={environ['EVAL']!r} is neither yes nor no; choose one of: {', '.join(_ON + _OFF[1:])}")
    return word in _ON


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip judge runs and long tests that nobody asked for."""
    try:
        wanted = judges_wanted(os.environ)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    skipped = {} if wanted else {"llm": "a judge run needs a real model: set EVAL=1"}
    if "slow" not in config.getoption("markexpr", ""):
        skipped["slow"] = "a long one: run it with -m slow"
    for marker, reason in skipped.items():
        for item in items:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
