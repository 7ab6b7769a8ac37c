"""Public means exported: every name of `seatrial.__all__` is there, sorted, and costs nothing until it is asked for."""

import subprocess
import sys

import seatrial


def test_all_is_sorted_and_holds_nothing_twice():
    assert seatrial.__all__ == sorted(set(seatrial.__all__))


def test_every_public_name_is_there_and_named_so():
    found = {name: getattr(seatrial, name) for name in seatrial.__all__}
    assert {name: thing.__name__ for name, thing in found.items()} == {name: name for name in found}


def test_what_is_not_public_is_an_attribute_error():
    assert not hasattr(seatrial, "no_such_name")


def test_importing_the_package_loads_none_of_its_rooms():
    code = "import sys, seatrial; print(sorted(name for name in sys.modules if name.startswith('seatrial.') or name in ('numpy', 'pyarrow')))"
    reported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert reported.stdout == "[]\n"
