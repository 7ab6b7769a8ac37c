"""The exception tree: one base, the words of `reason_class`, and a docstring that draws it as it is."""

import inspect
import re
from typing import get_args

import pytest

from seatrial import errors
from seatrial.errors import MissingExtra, ReasonWord, SeatrialError, UsageError, one_of
from seatrial.monitor.guard import GuardFailed
from seatrial.verdict import ReasonClass

TREE = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, Exception)]


def test_every_error_has_the_one_base_and_stands_in_the_drawing():
    drawn = set(re.findall(r"(?:^|── )\s*(\w+)", errors.__doc__.split("\n\n")[1], re.MULTILINE))
    assert {found.__name__ for found in TREE} == drawn
    assert all(issubclass(found, SeatrialError) for found in TREE)


@pytest.mark.parametrize("found", [*TREE, GuardFailed])
def test_every_error_says_why_in_a_word_that_machines_know(found):
    assert found.reason_class in set(ReasonClass)
    assert get_args(ReasonWord) == tuple(ReasonClass)


def test_what_is_wrong_with_the_data_is_invalid_and_what_is_wrong_with_the_call_is_usage():
    assert {found.__name__ for found in TREE if found.reason_class == "invalid"} == {
        "DataError",
        "ContractError",
        "InvalidComparison",
        "RunStopped",
    }


def test_a_missing_package_names_the_command_that_installs_it():
    error = MissingExtra("duckdb", "warehouse", "reading a warehouse")
    assert str(error) == "reading a warehouse needs duckdb, which is not installed: pip install 'seatrial[warehouse]'"


def test_an_unknown_choice_lists_the_choices():
    assert one_of("a", ("a", "b"), "mode") == "a"
    with pytest.raises(UsageError, match="mode 'c' is unknown; choose one of: a, b"):
        one_of("c", ("a", "b"), "mode")


def test_every_error_of_ours_says_whether_anything_could_be_judged():
    wrong = {
        errors.UsageError,
        errors.ConfigError,
        errors.ContractError,
        errors.MissingExtra,
        errors.NotBuiltYet,
        errors.NotFound,
    }
    for name in dir(errors):
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, errors.SeatrialError) and kind is not errors.SeatrialError:
            assert kind.exit_code == (3 if kind in wrong else 2), name


def test_the_exit_codes_are_four_with_a_meaning_each():
    assert [int(code) for code in errors.EXIT_CODES] == [0, 1, 2, 3]
    assert all(errors.EXIT_CODES.values())
