"""The built-in model's second half: it reads the answering guide, calls the tools and quotes what they returned.

How much is quoted, whether sources are cited, and how the answer opens and closes stand in the guide alone.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from seatrial.errors import ConfigError

TITLE = "# Answering guide"
NUMBER = re.compile(r"\bQS-\d{4}\b", re.IGNORECASE)

_LINE = re.compile(r"^- ([a-z ]+): (.+?)\s*$", re.MULTILINE)
_AGENT = re.compile(r"^agent:.*$", re.MULTILINE | re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_NEEDED = ("order line", "sentences", "least score", "cite")


def compose(system: str, user: str) -> str:
    """The next step for one message: a call of a tool, or the answer.

    Raises:
        ConfigError: the prompt holds no answering guide these rules can read.
    """
    guide = _guide(system)
    head, _, message = user.partition("\n\n## Message\n\n")
    said = _AGENT.sub("", message)
    results = [json.loads(line) for line in head.splitlines() if line.startswith("{")]
    looked_up = {one["order"]: one["result"] for one in results if one["tool"] == "order_status"}
    for number in dict.fromkeys(one.upper() for one in NUMBER.findall(said)):
        if number not in looked_up:
            return json.dumps({"tool": "order_status", "order": number})
    searches = [one["result"] for one in results if one["tool"] == "search_knowledge"]
    if not searches:
        return json.dumps({"tool": "search_knowledge", "query": " ".join(said.split())[:300] or "?"})
    return json.dumps(_answer(guide, looked_up, searches[0]), ensure_ascii=False)


def _answer(guide: dict[str, str], orders: dict[str, Any], hits: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer out of what was found; null where an order is unknown or nothing fits well enough."""
    cite, parts, sources = guide["cite"] == "yes", [], []
    for number, row in orders.items():
        if "error" in row:
            return {"answer": None, "sources": []}
        parts += _quoted(guide["order line"].format(**row), number, cite)
        sources.append(number)
    if hits and hits[0]["score"] >= float(guide["least score"]):
        first = " ".join(_SENTENCE.split(hits[0]["text"])[: int(guide["sentences"])])
        parts += _quoted(first, hits[0]["id"], cite)
        sources.append(hits[0]["id"])
    if not parts:
        return {"answer": None, "sources": []}
    whole = [guide.get("opening", ""), *parts, guide.get("closing", "")]
    return {"answer": " ".join(filter(None, whole)), "sources": sources}


def _quoted(text: str, source: str, cite: bool) -> list[str]:
    """The sentences of a text, each with its source before the full stop where the guide wants it cited."""
    sentences = _SENTENCE.split(text)
    return [f"{one.rstrip('.')} [{source}]." if cite else one for one in sentences]


@lru_cache(maxsize=16)
def _guide(prompt: str) -> dict[str, str]:
    section = prompt.partition("\n## Answer\n")[2].partition("\n## ")[0]
    found = dict(_LINE.findall(section))
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise ConfigError(f"answering guide, '## Answer': there is no '- {missing[0]}: ...' line; write one")
    if not re.fullmatch(r"\d+", found["sentences"]) or not re.fullmatch(r"\d+(\.\d+)?", found["least score"]):
        raise ConfigError("answering guide, '## Answer': sentences and least score are numbers; write 2 and 3.5, say")
    return found
