"""The built-in model: deterministic code that reads the country guide in its prompt and adds up the evidence in a record.

What speaks for a country stands in the guide alone; here stands only how a guide is applied. Evidence of one kind counts
once per country; a prefix or a place that several countries share speaks for each of them, so none is sure.
"""

from __future__ import annotations

import json

from .guide import FIELDS, Cue, Guide, digits, fold, read_guide

DOUBT = 1.0
"""Points against every answer before a word is read, for the confidence only: one cue of 3 points is 3 in 4."""

LOOK_BACK = 60
"""Characters before a cue in which a phrase that takes it back is looked for."""


def answer(system: str, user: str) -> str:
    """The reply to one record: the country with most points, its share of all points, and the cues that were found.

    Raises:
        ConfigError: the prompt holds no guide these rules can read.
    """
    guide = read_guide(system)
    record = dict(line.split(": ", 1) for line in user.splitlines() if ": " in line)
    folded = {name: fold(text) for name, text in record.items()}
    heard = [
        cue
        for cue in guide.cues
        if cue.kind != "phone prefixes" and _stands(cue, record if cue.kind == "postcodes" else folded, guide)
    ]
    heard += _prefixes(guide, digits(record.get("Phone prefix", "")))
    found: dict[str, dict[str, str]] = {}
    for cue in heard:
        found.setdefault(cue.country, {}).setdefault(cue.kind, cue.text)
    points = {country: sum(guide.weights[kind] for kind in kinds) for country, kinds in found.items()}
    best = max(points, key=lambda country: points[country], default=None)
    if best is None or list(points.values()).count(points[best]) > 1:
        many = f"it could be {' or '.join(sorted(points))}" if points else "no cue of the guide stands in the record"
        return json.dumps({"country": None, "confidence": 0.0, "reasons": [many]}, ensure_ascii=False)
    because = [f"{kind} {text}" for kind, text in found[best].items()]
    confidence = round(points[best] / (sum(points.values()) + DOUBT), 2)
    return json.dumps({"country": best, "confidence": confidence, "reasons": because}, ensure_ascii=False)


def _prefixes(guide: Guide, prefix: str) -> list[Cue]:
    """The cues that agree with most of the prefix: +1 604 is one country's, +1 alone is shared."""
    fits = [cue for cue in guide.cues if cue.kind == "phone prefixes" and cue.pattern.match(prefix)]
    longest = max((len(digits(cue.text)) for cue in fits), default=0)
    return [cue for cue in fits if len(digits(cue.text)) == longest]


def _stands(cue: Cue, record: dict[str, str], guide: Guide) -> bool:
    """Whether the cue stands in one of its fields at least once and is not taken back by what stands before it."""
    for name in FIELDS[cue.kind]:
        text = record.get(name, "")
        for hit in cue.pattern.finditer(text):
            if not guide.passed_over.search(fold(text[max(0, hit.start() - LOOK_BACK) : hit.start()])):
                return True
    return False
