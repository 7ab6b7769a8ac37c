"""What looks suspicious and is pure passes, and what could not be audited is not called pure."""

import random

import pytest

import seatrial.checks as checks
from seatrial.checks.sql import sql_limited, sql_scoped_to
from seatrial.purity import Kind, audit, pairs
from seatrial.scoring import bind

from .conftest import EXAMPLES

PURE = {
    "a seeded generator of its own": """
import random
def f(run, example):
    return random.Random(0).random()
""",
    "a time that was given": """
import time
from datetime import datetime
def f(run, example):
    return time.gmtime(0).tm_year == datetime.fromisoformat("1970-01-01").year == int(time.strftime("%Y", time.gmtime(0)))
""",
    "a cache on a helper": """
import functools
@functools.lru_cache(maxsize=None)
def words(text):
    return len(text.split())
def f(run, example):
    return words(example.inputs["text"]) == 2
""",
    "an import on the first call": """
def f(run, example):
    import colorsys, this_one_is_slow
    return this_one_is_slow.LOADED > 0
""",
    "a print and a log record": """
import logging
def f(run, example):
    print("seen", example.id)
    logging.getLogger("mine").warning("seen %s", example.id)
    return True
""",
    "a pool of threads": """
from concurrent.futures import ThreadPoolExecutor
def f(run, example):
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(len, ["a", "b"])) == 2
""",
    "a database in memory": """
import sqlite3
from contextlib import closing
def f(run, example):
    with closing(sqlite3.connect(":memory:")) as connection:
        return connection.execute("select 1").fetchone() == (1,)
""",
    "a property that remembers": """
from functools import cached_property
class Rules:
    @cached_property
    def words(self):
        return frozenset({"mail"})
RULES = Rules()
def f(run, example):
    return example.inputs["text"].split()[0] in RULES.words
""",
    "a property that a pydantic model remembers": """
from functools import cached_property
from pydantic import BaseModel
class Rules(BaseModel):
    found: str = "mail"
    @cached_property
    def words(self):
        return frozenset({self.found})
RULES = [Rules()]
def f(run, example):
    return example.inputs["text"].split()[0] in RULES[0].words
""",
    "a copy that is changed": """
def f(run, example):
    words = sorted(run.outputs.get("words", []))
    words.append(3)
    return bool(words)
""",
    "a crash, the same every time": """
def f(run, example):
    return run.outputs["label"] == example.outputs["label"]
""",
}


@pytest.mark.parametrize("title", PURE)
def test_it_passes(title, audited, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "this_one_is_slow.py").write_text(
        "import os, time\nLOADED = time.time()\nHOME = os.environ.get('HOME')\n"
    )
    found = audited(PURE[title])
    assert found.pure, found


@pytest.mark.parametrize(
    "check",
    [
        checks.exact("label"),
        checks.label("label", ["l1", "l2"]),
        checks.json_equal("words"),
        checks.close("words", absolute=1),
        checks.no_pii(),
        checks.contains("label", "l"),
        checks.forbids("label", "l1"),
        checks.matches("label", r"l\d"),
        checks.length("label", at_most=5),
        checks.tool_calls(field="words", reference_field="words"),
        checks.matches_schema(dict[str, object]),
        checks.recall_at(2, "words"),
        checks.mrr("words"),
        checks.ndcg_at(2, "words"),
        checks.capped("words", 2, optional=True),
        checks.capped_call("l", "x", 2, field="words"),
        checks.forbids_calls("l", field="words"),
        checks.call_order("l", after="m", field="words"),
        checks.no_repeated_calls(field="words"),
        checks.approved_calls("l", approval="m", field="words"),
        sql_scoped_to("tenant", "t", field="label"),
        sql_limited(5, field="label"),
        checks.grounded("label", passages="words"),
        checks.refusal("label", expected=False),
        checks.cost(1, {"m": (1, 1)}),
    ],
    ids=lambda check: check.__seatrial__[0],
)
def test_stock_checks_are_pure(check):
    assert audit(bind(check), pairs(EXAMPLES), random.Random(0)).pure


@pytest.mark.parametrize("body", ["raise RuntimeError('no')", "yield True"])
def test_an_evaluator_that_never_answers_is_not_called_pure(body, audited):
    found = audited(f"def f(run, example):\n    {body}\n")
    assert not found.pure
    assert not found.impurities
    assert found.unseen.startswith("it raises on every pair")


def test_an_object_whose_call_is_async_is_not_called_pure(audited):
    found = audited("class F:\n    async def __call__(self, run, example):\n        return True\nf = F()\n")
    assert found.unseen is not None


def test_no_example_is_no_pass():
    assert audit(bind(checks.exact("label")), (), random.Random(0)).unseen == "there is no example to try it on"


def test_a_library_that_sets_itself_up_on_the_first_call_is_left_alone_once(tmp_path, monkeypatch, audited):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "lazy_library.py").write_text(
        "import os\n_level = []\ndef level():\n    if not _level:\n        _level.append(os.environ.get('LEVEL'))\n    return _level[0]\n"
        "def always():\n    return os.environ.get('LEVEL')\n"
    )
    monkeypatch.syspath_prepend(folder)
    assert audited("import lazy_library\ndef f(run, example):\n    return lazy_library.level() is None\n").pure
    found = audited("import lazy_library\ndef f(run, example):\n    return lazy_library.always() is None\n")
    assert [(one.kind, one.line) for one in found.impurities] == [(Kind.ENVIRONMENT, 3)]
