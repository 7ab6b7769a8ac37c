"""Retrieval: the handbook's passages that share most with the words of a question, best first."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).parent

_WORD = re.compile(r"[a-z0-9]+")
_ENDING = re.compile(r"(?:ing|ed|es|s)$")


def retrieve(question: str, k: int, title_weight: float) -> list[dict[str, str]]:
    """At most `k` passages `{id, text}`; a shared word counts by its rarity, and `title_weight` times more in a title."""
    rows, rarity = _handbook()
    asked = words(question)
    scored = []
    for row in rows:
        title, text = words(row["title"]), words(row["text"])
        score = sum(rarity[word] * ((word in text) + title_weight * (word in title)) for word in asked & (title | text))
        if score:
            scored.append((-score, row["id"], row["text"]))
    return [{"id": name, "text": text} for _, name, text in sorted(scored)[:k]]


def words(text: str) -> set[str]:
    """The words of a text without their endings, the shortest left out."""
    return {_ENDING.sub("", word) for word in _WORD.findall(text.lower()) if len(word) > 2}


@lru_cache(maxsize=1)
def _handbook() -> tuple[list[dict[str, str]], dict[str, float]]:
    rows = [json.loads(line) for line in (HERE / "handbook.jsonl").read_text(encoding="utf-8").splitlines()]
    found = Counter(word for row in rows for word in words(f"{row['title']} {row['text']}"))
    return rows, {word: math.log(1 + len(rows) / count) for word, count in found.items()}
