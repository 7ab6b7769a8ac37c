"""The examples in the docstrings of the checks hold."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import seatrial.checks

MODULES = sorted(
    one.name for one in pkgutil.iter_modules(seatrial.checks.__path__, "seatrial.checks.") if not one.ispkg
)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
