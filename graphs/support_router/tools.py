"""The router's two tools, both read-only: a search over the knowledge base and a look-up in the order table."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HITS = 2
"""Articles that a search returns at most."""

_WORD = re.compile(r"[a-z0-9][a-z0-9-]+")
_ENDING = re.compile(r"(?:ing|ed|es|s)$")


def search_knowledge(query: str) -> list[dict[str, Any]]:
    """The articles that share most with the words of `query`, best first: `{id, title, text, score}`.

    The score is the sum of the shared words' inverse document frequencies, twice for a word of the title.
    """
    articles, rarity = _knowledge()
    asked = set(_words(query))
    scored = []
    for article, title, text in articles:
        score = sum(rarity[word] * (2 if word in title else 1) for word in asked & (title | text))
        if score:
            scored.append({**article, "score": round(score, 2)})
    return sorted(scored, key=lambda one: (-float(one["score"]), str(one["id"])))[:HITS]


def order_status(order: str) -> dict[str, Any]:
    """The row of an order: `{order, item, placed_on, status, note}`, or `{"error": ...}` where there is none."""
    row = _orders().get(order.strip().upper())
    return dict(row) if row else {"error": "there is no order of this number"}


@lru_cache(maxsize=1)
def _orders() -> dict[str, dict[str, Any]]:
    return {str(row["order"]): row for row in _rows("orders.jsonl")}


@lru_cache(maxsize=1)
def _knowledge() -> tuple[list[tuple[dict[str, Any], set[str], set[str]]], dict[str, float]]:
    articles = [
        (row, set(_words(str(row["title"]))), set(_words(f"{row['title']} {row['text']}")))
        for row in _rows("knowledge.jsonl")
    ]
    found = Counter(word for _, _, words in articles for word in words)
    return articles, {word: math.log(len(articles) / count) for word, count in found.items()}


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def _words(text: str) -> list[str]:
    """The words of a text without their endings: `charged` and `charges` are one."""
    return [_ENDING.sub("", word) for word in _WORD.findall(text.lower()) if len(word) > 2]
