"""Grounding: is each sentence of the answer supported by the passages it was given, and does each citation lead to one?

It compares words, so it knows three things: a number that stands in no passage, a sentence whose words stand in none, and a
sentence whose words and numbers stand together in one. Everything between is a question for a judge, and an abstention:
paraphrase, a claim put together from several passages, a negation on one side only. It cannot see who did what to whom.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.checks.field import MISSING, Check, lacks, read, show
from seatrial.checks.sentences import content_words, is_negated, names, numbers, sentences
from seatrial.errors import ConfigError, one_of
from seatrial.scoring import Score, evaluator

SOURCES = ("outputs", "inputs", "reference")
WINDOW = 3
"""Sentences of a passage that may support one sentence together."""

MARK = re.compile(
    r"\[([^\[\]]{1,60})\](?!\()|【([^】]{1,60})】|\((?:source|doc|document|passage|ref)s?\.? #?([\w.-]+)\)",
    re.IGNORECASE,
)
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b")
COURTESY = re.compile(
    r"(?i)(hi|hello|dear|thanks|thank you|sure|of course|certainly|let me know|i hope|hope this|please let|feel free|"
    r"(best|kind) regards|sincerely)\b"
)
ABOUT_THE_PASSAGES = re.compile(
    r"(?i)(could|can|did)( not|not|n['’]t) (find|see|locate)|(not|n['’]t) (mentioned|stated|covered|say|mention|state|contain)"
)
SUPPORTED, UNSUPPORTED, UNKNOWN = "supported", "unsupported", "unknown"


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as it is searched: its id, and its sentences and windows of sentences with their content words."""

    id: str
    sentences: tuple[tuple[str, frozenset[str]], ...]
    windows: tuple[tuple[str, frozenset[str]], ...]

    @property
    def words(self) -> frozenset[str]:
        """All its content words."""
        return frozenset().union(*(words for _, words in self.windows))


def grounded(
    field: str = "answer",
    *,
    passages: str = "passages",
    source: str = "outputs",
    at_least: float = 0.7,
    must_cite: bool = False,
    key: str = "grounded",
) -> Check:
    """1 when every sentence of the answer that claims something is supported by a passage, and every citation resolves.

    It compares words, so it knows three things. 0: a number is in no passage, less than half of `at_least` of a sentence's
    content words are together in one, a citation (`[id]`, `[2]`, `(source 2)`) leads nowhere, or with `must_cite` a claim
    cites nothing. 1: the words, numbers and names of every claim are together in one passage, the cited one where it cites.
    Everything between is an abstention: a paraphrase, a claim put together from several passages, a negation on one side
    only, an answer that claims nothing. Who did what to whom it cannot see; that is a question for a judge.

    >>> run = Run("r1", {}, {"answer": "Refunds take 9 days.", "passages": ["Refunds take 5 days."]})
    >>> grounded()(run, Example("e1", {})).reason
    "'Refunds take 9 days.': the number 9 is in no passage"

    Args:
        field: the answer's text.
        passages: where the passages are: texts, or objects with `text`, `content` or `page_content` and an `id`.
        source: `outputs`, `inputs` or `reference`.
        at_least: the share of a sentence's content words that one passage must have; below half of it, the sentence is
            unsupported, and between the two it abstains.
        must_cite: every claim must cite; a sentence that cites is compared with the cited passages only.
        key: the score's key.
    """
    one_of(source, SOURCES, "source")
    if not 0 < at_least <= 1:
        raise ConfigError(f"check {key!r} has at_least {at_least}; it must be above 0 and at most 1")

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        where = {"outputs": run.outputs, "inputs": example.inputs, "reference": example.outputs}[source]
        given = read(where, passages)
        if given is MISSING:
            return lacks(key, passages) if source == "outputs" else Score(key, None, f"the {source} have no {passages}")
        answer = read(run.outputs, field)
        if answer is MISSING:
            return lacks(key, field)
        if not isinstance(answer, str):
            return Score(key, 0.0, f"{field} is {show(answer)}, which is no text")
        known = _passages(given)
        if known is None:
            return Score(key, None, f"{passages} is {show(given)}, which is no list of passages")
        return _judge(key, answer, known, at_least, must_cite)

    return check


def _judge(key: str, answer: str, passages: Sequence[Passage], at_least: float, must_cite: bool) -> Score:
    by_id = {passage.id: passage for passage in passages}
    claims, doubt = 0, ""
    for sentence in sentences(answer):
        cited = _citations(sentence, by_id)
        if strange := [one for one in cited if one not in by_id]:
            return Score(key, 0.0, f"the citation [{strange[0]}] leads to none of {len(passages)} passages")
        text = MARK.sub(" ", sentence)
        if not _claims(text):
            continue
        claims += 1
        if must_cite and not cited:
            return Score(key, 0.0, f"{show(text)} cites no passage")
        found, why = support(text, [by_id[one] for one in cited] or passages, at_least)
        if found == UNSUPPORTED:
            return Score(key, 0.0, f"{show(text)}: {why}")
        if found == UNKNOWN:
            doubt = doubt or f"{show(text)}: {why}"
    if not claims:
        return Score(key, None, "the answer claims nothing that words can be compared of")
    if doubt:
        return Score(key, None, doubt)
    return Score(key, 1.0, f"the words of {claims} sentences stand in {len(passages)} passages")


def support(sentence: str, passages: Iterable[Passage], at_least: float) -> tuple[str, str]:
    """Whether passages support a sentence, and why: `supported`, `unsupported` or `unknown`.

    >>> passages = _passages(["Refunds take 5 days. We do not ship to Peru."])
    >>> support("A refund takes five days.", passages, 0.7)[0]
    'supported'
    >>> support("A refund takes 9 days.", passages, 0.7)
    ('unsupported', 'the number 9 is in no passage')
    >>> support("We ship to Peru.", passages, 0.7)
    ('unknown', 'one of answer and passage is negated')
    """
    there = list(passages)
    if ABOUT_THE_PASSAGES.search(sentence):
        return UNKNOWN, "it says what the passages do not say"
    for date in DATE.findall(sentence):
        if not any(date in text for passage in there for text, _ in passage.windows):
            return UNKNOWN, f"the date {date} may be written otherwise in a passage"
    words = content_words(sentence)
    everywhere = frozenset().union(*(passage.words for passage in there))
    if absent := sorted(numbers(words) - everywhere):
        return UNSUPPORTED, f"the number {absent[0]} is in no passage"
    text, best = max(
        (window for passage in there for window in passage.windows),
        key=lambda window: (len(words & window[1]), -len(window[0])),
        default=("", frozenset()),
    )
    share = len(words & best) / len(words)
    if share < at_least / 2 and len(words & everywhere) / len(words) < at_least:
        return UNSUPPORTED, f"{share:.0%} of its words are in one passage"
    if share < at_least:
        return UNKNOWN, f"{share:.0%} of its words are in one passage, which may be paraphrase"
    if not any(
        numbers(words) <= one and len(words & one) / len(words) >= at_least / 2
        for passage in there
        for _, one in passage.sentences
    ):
        return UNKNOWN, "no sentence of a passage has its numbers and half of its words"
    if strange := [word for name, word in names(sentence).items() if name not in everywhere]:
        return UNKNOWN, f"the name {strange[0]} is in no passage"
    if is_negated(sentence) != is_negated(text):
        return UNKNOWN, "one of answer and passage is negated"
    return SUPPORTED, f"{share:.0%} of its words are in one passage"


def _claims(text: str) -> bool:
    """Whether a sentence says something that words can be compared of: no question, no courtesy."""
    words = content_words(text)
    if not words or text.rstrip().endswith("?") or (COURTESY.match(text) and not numbers(words)):
        return False
    return len(words) > 1 or bool(numbers(words))


def _citations(sentence: str, by_id: Mapping[str, Passage]) -> list[str]:
    """The ids a sentence cites: in brackets, apart by commas; a bracket without digit or known id is none."""
    found: list[str] = []
    for mark in MARK.finditer(sentence):
        for one in re.split(r"[,;]\s*", mark[1] or mark[2] or mark[3]):
            name = one.strip().lstrip("^")
            if name in by_id or any(letter.isdigit() for letter in name):
                found.append(name)
    return found


def _passages(given: Any) -> list[Passage] | None:
    """The passages with their ids, or their places from 1 where they have none; None when one has no text."""
    found = []
    if isinstance(given, Mapping) and not {"text", "content", "page_content"} & given.keys():
        given = [{"id": name, "text": text} for name, text in given.items()]
    for place, one in enumerate(given if isinstance(given, (list, tuple)) else [given], start=1):
        text, name = one, str(place)
        if isinstance(one, Mapping):
            text = next((one[part] for part in ("text", "content", "page_content") if part in one), None)
            name = str(one.get("id") or place)
        if not isinstance(text, str):
            return None
        parts = sentences(text)
        singles = tuple((one, content_words(one)) for one in parts)
        spans = [parts[n : n + size] for size in range(1, WINDOW + 1) for n in range(max(1, len(parts) - size + 1))]
        texts = dict.fromkeys(" ".join(span) for span in spans)
        found.append(Passage(name, singles, tuple((one, content_words(one)) for one in texts)))
    return found
