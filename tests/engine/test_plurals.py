"""One example is, two examples are: numbers in sentences go through `wording.count`."""

import re
from pathlib import Path

import pytest

from seatrial.wording import count, verb

SOURCE = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists()) / "src/seatrial"
ROOMS = ("cli", "report", "gate", "trial", "feedback", "judge", "certify", "experiment", "slice", "project")
NOUNS = "row|example|run|segment|cluster|file|answer|unit|day|call|graph|pair|vote|label|outcome|request|repetition|decision|score"
NUMBER = re.compile(rf"\{{([^{{}}'\"!:]+?)(?::,)?\}} (?:(?:more|fewer|fresh|further) )?(?:{NOUNS})s\b")
NEVER_ONE = re.compile(r"^[A-Z_]+$|^2 \* |percent\(|points\(|_n\(|places|url|provider|floor|allowed")
"""A constant, and what is no count of the noun behind it."""


def test_a_number_before_a_plural_is_counted():
    found = [
        f"{path.relative_to(SOURCE)}:{number}: {match[0]}"
        for room in ROOMS
        for path in sorted((SOURCE / room).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if 'f"' in line and "ValueError" not in line
        for match in NUMBER.finditer(line)
        if not NEVER_ONE.search(match[1])
    ]
    assert found == []


@pytest.mark.parametrize(
    ("n", "sentence"), [(0, "0 rows are missing"), (1, "1 row is missing"), (2, "2 rows are missing")]
)
def test_noun_and_verb_agree(n, sentence):
    assert f"{count(n, 'row')} {verb(n, 'are')} missing" == sentence


def test_a_verb_that_is_no_auxiliary_takes_an_s_of_one():
    assert [verb(1, word) for word in ("have", "were", "name", "show")] == ["has", "was", "names", "shows"]
