"""The glossary's words: what the code and the pages do not say, and the names that still do, counted so that none is added."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "seatrial"

PHRASES = (
    (r"\bsails?\b(?! at)", "passes; next step"),
    (r"\bto sail\b", "next step"),
    (r"cr(y|ies) wolf", "false alarm"),
    (r"beside the family", "outside the family"),
    (r"tak(e|es|ing) turns", "interleaved"),
    (r"lies still", "cached"),
    (r"4 times of 5", "power 0.8"),
    (r"somebody answers", "override: owner, reason, expiry"),
    (r"neighbours spoilt", "starved by another task"),
    (r"\bmend(s|ed|ing)?\b", "fix"),
    (r"\bvital\b", "critical"),
)
"""Phrase -> what stands in its place."""

PRODUCT = "whether it sails"
"""The one place for the metaphor: the product's first sentence."""

NAMES = (
    *("vital", "leading", "sees", "sight", "lost", "gone", "broke", "again", "cleared", "settled", "twice"),
    *("mend", "dear", "promise", "nobody", "whoever", "asked", "told", "said", "whole", "spoilt"),
)
"""Words that no new name holds; the glossary says which one is meant."""

LEFT = (
    ("checks", "said"),
    ("checks", "LEADING_MARKS"),
    ("win_rate.py", "lost"),
)
"""Room and name that still hold one: stock checks, whose code is the identity of stored baselines, and what a vote comes to."""


def bound_names(tree):
    """Every name a module binds: functions, classes, parameters, fields, attributes and variables."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def words(name):
    """`NotAsked_again` -> not, asked, again."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().split("_")


def test_no_name_is_added_that_the_glossary_replaces():
    found = {
        (str(file.relative_to(SOURCE)), name)
        for file in SOURCE.rglob("*.py")
        for name in bound_names(ast.parse(file.read_text()))
        if set(words(name)) & set(NAMES)
    }
    strange = {(file, name) for file, name in found if (file.split("/")[0], name) not in LEFT}
    assert strange == set(), "see the glossary in CONTRIBUTING.md for the word that is meant"
    used = {(file.split("/")[0], name) for file, name in found}
    assert set(LEFT) <= used, "no longer there; take it out of LEFT"


@pytest.mark.parametrize("phrase", [phrase for phrase, _ in PHRASES])
def test_no_page_and_no_source_uses_a_phrase_that_the_glossary_replaces(phrase):
    files = [
        *SOURCE.rglob("*.py"),
        *SOURCE.rglob("*.j2"),
        *(page for page in (ROOT / "docs").rglob("*.md") if "decisions" not in page.parts),
        ROOT / "README.md",
    ]
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if re.search(phrase, line.replace(PRODUCT, ""), re.IGNORECASE)
    ]
    assert found == [], f"say: {dict(PHRASES)[phrase]}"
