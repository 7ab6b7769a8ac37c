"""Every stock check has a doctest, which is its example in docs/reference/checks.md, and every one holds."""

import doctest

import pytest
from written.checks import CHECKS, SECTIONS, example_of

from seatrial.dataset import Example
from seatrial.graph.run import Run


@pytest.mark.parametrize("name", CHECKS)
def test_the_example_of_a_check_holds(name):
    assert example_of(name)
    names = {**CHECKS, "Run": Run, "Example": Example}
    for one in doctest.DocTestFinder(recurse=False).find(CHECKS[name], name, globs=names):
        assert doctest.DocTestRunner().run(one).failed == 0


def test_a_check_without_an_example_is_noticed(monkeypatch):
    monkeypatch.setitem(CHECKS, "lambda", lambda: None)
    with pytest.raises(LookupError, match="has no doctest"):
        example_of("lambda")


def test_every_check_is_in_a_section_of_the_page():
    assert {check.__module__.split(".")[2] for check in CHECKS.values()} == set(SECTIONS)
