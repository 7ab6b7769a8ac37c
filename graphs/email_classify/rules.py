"""The built-in model: deterministic code that reads the label guide in its prompt and adds up the cues in the message.

What counts as an objection stands in the guide alone; here stands only how a guide is applied. Editing the guide
(a cue, a weight, a negation, the order of precedence) changes the decisions.
"""

from __future__ import annotations

import json

from .guide import LABELS, Cue, Guide, read_guide
from .written import fold

DOUBT = 0.25
"""Points every label has before a word is read, for the confidence only: without a cue it is 1 in 9."""

LOOK_BACK = 60
"""Characters before a cue in which a negation is looked for; three words are rarely longer."""


def answer(system: str, user: str) -> str:
    """The reply to one message: label, confidence (its share of all points) and the cues that were found.

    Raises:
        ConfigError: the prompt holds no guide these rules can read.
    """
    guide, text = read_guide(system), fold(user)
    heard = [cue for cue in guide.cues if _stands(cue, text, guide)]
    points = {label: sum(cue.weight for cue in heard if cue.label == label) for label in LABELS}
    label = decide(points, guide)
    confidence = (points[label] + DOUBT) / (sum(points.values()) + DOUBT * len(LABELS))
    found = [cue.text for cue in heard if cue.label == label]
    reasons = [f"the message says: {text}" for text in found] or ["no cue of the guide stands in the message"]
    return json.dumps({"label": label, "confidence": round(confidence, 3), "reasons": reasons}, ensure_ascii=False)


def decide(points: dict[str, float], guide: Guide) -> str:
    """The label that wins: the first certain one in the guide's order, else the one with most points."""
    if not any(points.values()):
        return guide.default
    certain = [label for label in guide.order if points[label] >= guide.certain]
    return certain[0] if certain else max(guide.order, key=lambda label: points[label])


def _stands(cue: Cue, text: str, guide: Guide) -> bool:
    """Whether the cue stands in the message at least once without a negation right before it."""
    return any(
        not guide.negation.search(text[max(0, hit.start() - LOOK_BACK) : hit.start()])
        for hit in cue.pattern.finditer(text)
    )
