"""The built-in model: it quotes the sentences of the passages that share most with the question, and cites them.

How many sentences are quoted, and how many words must be shared before anything is said, stands in the guide alone.
"""

from __future__ import annotations

import json
import re

from seatrial.errors import ConfigError

from .retrieve import words

_LINE = re.compile(r"^- ([a-z ]+): (.+?)\s*$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_PASSAGE = re.compile(r"^\[(hb-\d+)\] (.*)$", re.MULTILINE)


def answer(system: str, user: str) -> str:
    """The reply to one question and its passages: quoted sentences with citations, or null.

    Raises:
        ConfigError: the prompt holds no guide these rules can read.
    """
    guide = dict(_LINE.findall(system))
    if not {"sentences", "shared words", "common words"} <= guide.keys() or not guide["sentences"].isdigit():
        raise ConfigError("handbook guide: write lines '- sentences: 1', '- shared words: 2' and '- common words: ...'")
    passages, _, question = user.rpartition("\n\nQuestion: ")
    asked = words(question) - words(guide["common words"])
    ranked = []
    for place, (name, text) in enumerate(_PASSAGE.findall(passages)):
        for number, sentence in enumerate(_SENTENCE.split(text)):
            ranked.append((-len(asked & words(sentence)), place, number, name, sentence))
    best = sorted(ranked)[: int(guide["sentences"])]
    if not best or sum(len(asked & words(text)) for *_, name, text in ranked if name == best[0][3]) < int(
        guide["shared words"]
    ):
        return json.dumps({"answer": None, "citations": []})
    kept = [one for one in best if one[3] == best[0][3]]
    said = " ".join(f"{sentence.rstrip('.')} [{name}]." for *_, name, sentence in kept)
    return json.dumps({"answer": said, "citations": [best[0][3]]}, ensure_ascii=False)
