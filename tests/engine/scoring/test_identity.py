"""Identity of an evaluator: what changes it, and what does not."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys

import pytest

from seatrial.checks import call_order, close, exact, matches_schema, no_pii
from seatrial.scoring import bind, evaluator
from seatrial.scoring.identity import identity

MAIN = """
import functools
import re
from . import helpers
from .helpers import clean
from .words import LIMIT, TABLE, Judge

MEMO = {}
PATTERN = re.compile("a+")

def timed(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)
    return inner

def tone(run, example):
    "Whether the tone is right."
    MEMO[run] = 1
    return clean(run.outputs["text"]) == TABLE["calm"] and PATTERN.match("a") and len(run.outputs) < LIMIT

def by_module(run, example):
    return helpers.rate(run) > 0.5

def late(run, example):
    from .helpers import rate
    return rate(run) > 0.5

def within(tolerance):
    def near(run, example):
        return abs(run.outputs["n"] - example.outputs["n"]) <= tolerance
    return near

def two(run, example, limit):
    return run.outputs["n"] < limit

def reads_file(run, example):
    return run.outputs["word"] in helpers.read("allowed.txt")

loose = within(0.5)
part = functools.partial(two, limit=3)
short = lambda run, example: len(run.outputs) < 3; long = lambda run, example: len(run.outputs) > 3
decorated = timed(tone)
judge = Judge(2)
"""
HELPERS = """
from .words import SCALE

def clean(text):
    return _strip(text).lower()

def _strip(text):
    return text.strip()

def rate(run):
    return run.outputs["n"] * SCALE

def read(name):
    return open(name).read()

def unused():
    return 1
"""
WORDS = """
LIMIT = 5
SCALE = 2
TABLE = {"calm": "yes"}

class Base:
    def weigh(self, n):
        return n * 2

class Judge(Base):
    def __init__(self, limit):
        self.limit = limit
    def __call__(self, run, example):
        return self.weigh(run.outputs["n"]) < self.limit
"""
FILES = {"__init__.py": MAIN, "helpers.py": HELPERS, "words.py": WORDS, "allowed.txt": "a b"}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Identity of an evaluator of a package of these files, edited as said, imported afresh."""

    def loaded(name, *edits, folder="one", before=None):
        root = tmp_path / folder
        shutil.rmtree(root, ignore_errors=True)
        package = root / "acme_judges"
        package.mkdir(parents=True)
        files = dict(FILES)
        for file, old, new in edits:
            assert old in files[file]
            files[file] = files[file].replace(old, new)
        for file, text in files.items():
            (package / file).write_text(text)
        for known in [known for known in sys.modules if known.partition(".")[0] == "acme_judges"]:
            del sys.modules[known]
        monkeypatch.setattr(sys, "path", [str(root), *sys.path])
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        importlib.invalidate_caches()
        module = importlib.import_module("acme_judges")
        if before:
            before(module)
        return identity(getattr(module, name))

    return loaded


@pytest.mark.parametrize(
    ("name", "file", "old", "new"),
    [
        ("tone", "__init__.py", '== TABLE["calm"]', '!= TABLE["calm"]'),
        ("tone", "helpers.py", ".lower()", ".upper()"),
        ("tone", "helpers.py", "text.strip()", "text"),
        ("tone", "words.py", "LIMIT = 5", "LIMIT = 6"),
        ("tone", "words.py", '"yes"', '"no"'),
        ("tone", "__init__.py", '"a+"', '"a*"'),
        ("by_module", "words.py", "SCALE = 2", "SCALE = 3"),
        ("late", "words.py", "SCALE = 2", "SCALE = 3"),
        ("loose", "__init__.py", "within(0.5)", "within(0.01)"),
        ("loose", "__init__.py", "<= tolerance", "< tolerance"),
        ("part", "__init__.py", "limit=3", "limit=4"),
        ("part", "__init__.py", "< limit", "<= limit"),
        ("short", "__init__.py", "< 3;", "< 4;"),
        ("long", "__init__.py", "> 3", "> 4"),
        ("decorated", "helpers.py", ".lower()", ".upper()"),
        ("decorated", "__init__.py", "return function(*args, **kwargs)", "return not function(*args, **kwargs)"),
        ("judge", "__init__.py", "Judge(2)", "Judge(3)"),
        ("judge", "words.py", "n * 2", "n * 3"),
        ("judge", "words.py", "< self.limit", "<= self.limit"),
        ("reads_file", "allowed.txt", "a b", "a b c"),
    ],
)
def test_code_helpers_constants_and_arguments_are_an_evaluator(load, name, file, old, new):
    assert load(name) != load(name, (file, old, new))


@pytest.mark.parametrize("name", ["tone", "by_module", "late", "loose", "part", "short", "decorated", "judge"])
def test_comments_docstrings_folders_and_strangers_are_not(load, name):
    assert load(name) == load(
        name,
        ("__init__.py", '"Whether the tone is right."', '"Another sentence."  # a remark\n'),
        ("helpers.py", "return 1", "return 2"),
        folder="elsewhere",
    )


def test_two_lambdas_on_one_line_are_told_apart(load):
    assert load("short") != load("long")
    assert load("short") == load("short", ("__init__.py", "> 3", "> 4"))


def test_what_a_memo_holds_is_not(load):
    assert load("tone") == load("tone", before=lambda module: module.MEMO.update(a=1))


def test_one_file_of_two_evaluators_is_two(load):
    assert load("by_module") == load("by_module", ("__init__.py", '== TABLE["calm"]', '!= TABLE["calm"]'))


def test_an_absolute_path_into_the_package_is_told_from_its_root(load):
    here = (
        "__init__.py",
        "MEMO = {}",
        "MEMO = {}\nfrom pathlib import Path\nHERE = Path(__file__).parent / 'allowed.txt'",
    )
    used = ("__init__.py", "helpers.rate(run) > 0.5", "HERE.read_text() == 'x'")
    assert load("by_module", here, used) == load("by_module", here, used, folder="elsewhere")
    assert load("by_module", here, used) != load("by_module", here, used, ("allowed.txt", "a b", "c"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (close("total", relative=0.01), close("total", relative=0.5)),
        (exact("label"), exact("name")),
        (no_pii(), no_pii(allow=["a@example.com"])),
        (matches_schema(list[int]), matches_schema(list[str])),
        (call_order("a", after="b", failure="no"), call_order("a", after="b", failure="error")),
    ],
)
def test_arguments_of_a_stock_check_are_part_of_it(one, other):
    assert identity(one) != identity(other)


def test_a_pattern_compiled_into_a_closure_is_part_of_it():
    def without(pattern):
        compiled = re.compile(pattern)
        return lambda run, example: compiled.search(run.outputs["text"]) is None

    assert identity(without("refund")) == identity(without("refund")) != identity(without("guarantee"))


def test_code_of_a_stock_check_is_part_of_it(monkeypatch):
    before = identity(close("total", relative=0.1))
    match = sys.modules["seatrial.checks.match"]
    monkeypatch.setattr(match, "_is_number", lambda value: True)
    assert identity(close("total", relative=0.1)) != before


def test_the_same_check_made_two_times_is_one():
    assert identity(close("total", relative=0.01)) == identity(close("total", relative=0.01))


def test_a_version_is_part_of_a_bound_evaluator():
    def tone(run, example):
        return True

    one, two = (bind(evaluator(version=version)(lambda run, example: True)) for version in ("1", "2"))
    assert one.hash != two.hash
    assert bind(tone).hash == bind(tone).hash


def test_code_without_source_is_known_by_its_bytecode():
    def made(body):
        names = {}
        exec(f"def check(run, example):\n    return {body}\n", names)
        return identity(names["check"])

    assert made("1.0") == made("1.0")
    assert made("1.0") != made("0.5")


def test_identity_is_the_same_in_another_process():
    reported = "from seatrial.checks import no_pii; from seatrial.scoring import bind; print(bind(no_pii(allow=('a', 'b', 'c'))).hash)"
    found = {
        subprocess.run(
            [sys.executable, "-c", reported], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {f"{bind(no_pii(allow=('a', 'b', 'c'))).hash}\n"}
