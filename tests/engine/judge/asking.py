"""What tests of judges share: a template, replies, pairs, and a hub of short patience."""

from __future__ import annotations

import json
import re
from typing import Any

from seatrial.judge.pairs import Answer, Pair
from seatrial.model import Hub, Limits
from seatrial.testing import OpenAIServer


class Billing(OpenAIServer):
    """Reports 1,000 tokens written for every reply."""

    def completion(self, body, reported, mode, number):
        made = super().completion(body, reported, mode, number)
        usage = {"prompt_tokens": 0, "completion_tokens": 1000, "total_tokens": 1000}
        return {**made, "usage": usage}


TEMPLATE = """Which answer helps the customer more?

Question:
{{inputs}}

First:
{{a}}

Second:
{{b}}

Reference:
{{reference}}
"""
BLOCK = re.compile(r"<<<([^<>]+) ([0-9a-f]{16})>>>\n(.*?)\n<<<end \1 \2>>>", re.DOTALL)


def shown(messages) -> dict[str, str]:
    """The texts of a request, by slot."""
    return {name: text for name, _, text in BLOCK.findall(messages[1]["content"])}


def verdict(preference: float, reason: str = "because") -> str:
    return json.dumps({"reason": reason, "preference": preference})


def prefers(word: str):
    """A judge that prefers the answer which holds a word."""

    def reply(messages) -> str:
        texts = shown(messages)
        first, second = word in texts["answer A"], word in texts["answer B"]
        return verdict(0.5 if first == second else float(first))

    return reply


def pairs(n: int, candidate: str = "good {i}", baseline: str = "bad {i}") -> tuple[Pair, ...]:
    return tuple(
        Pair(
            f"e{i:03}",
            0,
            f"question {i}",
            f"reference {i}",
            Answer("scored", candidate.format(i=i), f"c{i}"),
            Answer("scored", baseline.format(i=i), f"b{i}"),
        )
        for i in range(n)
    )


def hub(**limits: Any) -> Hub:
    return Hub(limits=Limits(**{"patience_s": 2.0, "attempts": 2, **limits}), cache=False)
