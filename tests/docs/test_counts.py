"""Counts of the pages: words a page, long sentences, words of the glossary's left column, and pages that nothing leads to.

A number here only falls: where a page became shorter or plainer, lower it.
"""

import re
from pathlib import Path

import pytest
from fences import FENCE, prose

from seatrial.stats.noninferiority import clusters_to_rule_out

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GENERATED = ("cli.md",)
"""Pages without a word by hand."""

PAGES = {
    str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
    for page in (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
    if "decisions" not in page.parts and page.name not in GENERATED
}
TEXT = {
    name: re.sub(r"`[^`\n]*`", "", FENCE.sub("", text) if "reference" in name else prose(text))
    for name, text in PAGES.items()
}
"""What a reader reads: prose, and in the reference the generated tables too."""

PROSE = {name: prose(text) for name, text in PAGES.items()}

BUDGET = {
    "README.md": 600,
    "docs/index.md": 300,
    "docs/tutorials/first-verdict.md": 600,
    "docs/explanation/statistics.md": 1300,
    "docs/explanation/concepts.md": 600,
    "docs/explanation/architecture.md": 800,
    "docs/explanation/how-the-gate-decides.md": 700,
    "docs/explanation/speed.md": 300,
    "docs/reference/gate-rules.md": 1300,
}
"""Words by hand of single pages."""

FOLDER = {"tutorials": 800, "how-to": 800, "explanation": 600, "reference": 600}
"""Words by hand of every other page of a folder."""

SLACK = 1.2

OVER: dict[str, int] = {}
"""Pages over their budget, with the words they may have today."""

LONG = 35
LONG_SENTENCES = 3
"""Sentences of more than LONG words in all pages together."""


PLAIN = (
    (r"\bnobody\b", "no caller; the component's name"),
    (r"\bwhoever\b", "the caller"),
    (r"\bsomebody\b", "a person; the component's name"),
    (r"\b(stands?|standing|stood) (beside|in|for|on|there|under|behind|still)\b", "is, is shown, is next to"),
    (r"\blies? (in|on|at|under|over|beside|there|below)\b", "is"),
    (r"\b(?<!is )(said|told) (of|by|to)\b", "reported, given, requested"),
    (r"\bgone\b", "missing"),
    (r"\bbroke\b", "regressed"),
    (r"\bcleared\b", "screened out"),
    (r"\bpromises?\b", "nominal error rate"),
    (r"\bdear(er)?\b", "expensive"),
    (r"\bsecond look\b|\btwo looks\b|\bfresh look\b", "confirmation run"),
    (r"\bunmeasured\b|\bnot measured\b|\bnobody measured\b", "missing"),
    (r"\bwould see\b|\bcould have seen\b", "detects"),
    (r"\blet through\b|\bsails?\b", "accepted by an override; passes"),
    (r"\bblind\b(?! label)", "underpowered"),
    (r"\bvouch\w*\b|\bwitness\w*\b", "say what it is"),
    (r"\bmood\b|\bjunk\b|\bship sailing\b", "say what it is"),
)
"""Words of the glossary's left column in prose -> what to say."""

PRIVATE_WORDS = 15
"""How often they are used in all pages together."""


def words(text):
    return [word for word in text.split() if re.search(r"\w", word)]


def budget(name):
    return BUDGET[name] if name in BUDGET else FOLDER[name.split("/")[1]]


@pytest.mark.parametrize("name", PROSE)
def test_a_page_has_no_more_words_than_its_budget(name):
    most = max(OVER.get(name, 0), round(budget(name) * SLACK))
    assert len(words(PROSE[name])) <= most


def test_a_page_within_its_budget_is_not_on_the_list_of_long_ones():
    assert [name for name in OVER if len(words(PROSE[name])) <= budget(name) * SLACK] == []


def sentences(text):
    """The sentences of prose; rows of tables and headings are none."""
    kept = [line for line in text.splitlines() if not line.startswith(("|", "#"))]
    text = re.sub(r"\]\([^)]*\)", "]", "\n".join(kept))
    return [
        sentence
        for part in re.split(r"\n\s*\n|\n(?=\s*[-*\d])", text)
        for sentence in re.split(r"(?<=[.!?:;])\s+", part)
    ]


def test_long_sentences_become_fewer():
    found = [f"{name}: {one}" for name, text in PROSE.items() for one in sentences(text) if len(words(one)) > LONG]
    assert len(found) <= LONG_SENTENCES, "\n".join(found)


def test_words_of_ours_alone_become_fewer():
    found = [
        f"{name}: {match[0]!r}; say: {instead}"
        for name, text in TEXT.items()
        for pattern, instead in PLAIN
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]
    assert len(found) <= PRIVATE_WORDS, "\n".join(found)


def test_every_page_is_reached_from_the_index():
    reached, left = set(), [DOCS / "index.md"]
    while left:
        page = left.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
        left += [(page.parent / link).resolve() for link in links]
    assert sorted(str(page.relative_to(ROOT)) for page in set(DOCS.rglob("*.md")) - reached) == []


def test_a_concept_is_defined_on_one_page():
    defined = re.compile(r"^\*\*([A-Z][\w ]*)\.\*\*", re.MULTILINE)
    concepts = set(defined.findall(PAGES["docs/explanation/concepts.md"]))
    assert len(concepts) >= 10
    again = [
        f"{name}: {one}"
        for name, text in PAGES.items()
        if name != "docs/explanation/concepts.md"
        for one in defined.findall(text)
        if one in concepts
    ]
    assert again == []


def test_the_readme_counts_the_examples_that_a_critical_segment_takes():
    counted = re.findall(
        r"takes (\d+) examples if no score changes, (\d+) if 5 % .*? (\d+) at 20 %", PAGES["README.md"]
    )
    assert counted == [tuple(str(clusters_to_rule_out(0.2, flips)) for flips in (0.0, 0.05, 0.2))]
