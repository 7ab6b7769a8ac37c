"""Evaluators written to a file of their own, as a user's are, and audited."""

import importlib.util
import itertools
import random
import sys
from pathlib import Path

import pytest

from seatrial.dataset import Example
from seatrial.purity import audit, pairs
from seatrial.scoring import bind

EXAMPLES = tuple(Example(f"e{n}", {"text": f"mail {n}"}, {"label": f"l{n}", "words": [n, n + 1]}) for n in range(6))
_number = itertools.count()


@pytest.fixture
def load(tmp_path):
    """Write source into a module of its own and import it; forgotten afterwards."""
    names = []

    def write(source):
        name = f"written_{next(_number)}"
        file = tmp_path / f"{name}.py"
        file.write_text(source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        names.append(name)
        spec.loader.exec_module(module)
        return module

    yield write
    for name in names:
        del sys.modules[name]


@pytest.fixture
def audited(load):
    """The audit of the function `f` in a source, on six examples."""

    def run(source, seed=0):
        return audit(bind(load(source).f), pairs(EXAMPLES), random.Random(seed))

    return run


def lines(found):
    """The source lines that the findings name."""
    return [Path(one.file).read_text(encoding="utf-8").splitlines()[one.line - 1] for one in found.impurities]
