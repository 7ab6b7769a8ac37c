"""The built-in model: deterministic code that reads the scoring guide in its prompt and adds up the points of a lead.

What a title or a sentence is worth stands in the guide alone; here stands only how a guide is applied. Of the lines about
the title and about the source the weightiest counts; lines about the message and about facts all count, each once.
"""

from __future__ import annotations

import json

from .guide import FACTS, TEXTS, Cue, Line, fold, read_guide


def answer(system: str, user: str) -> str:
    """The reply to one lead: the sum of the points, held to 0..100, the propensity these points stand for, and one reason per line of the guide that counted.

    Raises:
        ConfigError: the prompt holds no guide these rules can read.
    """
    guide = read_guide(system)
    head, _, message = user.partition("\n\n")
    given = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.splitlines())}
    texts = {"title": given.get("title", ""), "source": given.get("source", ""), "message": message}
    wanted = 0
    score, reasons = guide.start, [f"every lead begins with {guide.start}"]
    for name in TEXTS:
        text = fold("" if texts[name] == "-" else texts[name])
        found = [(line, cue) for line in guide.lines[name] if (cue := _first(line, text))]
        if name != "message":
            found = sorted(found, key=lambda pair: -abs(pair[0].points))[:1]
        score += sum(line.points for line, _ in found)
        wanted = sum(line.points for line, _ in found)  # of the last text, the message
        reasons += [f"{name}: {cue.text} {line.points:+d}" for line, cue in found]
    numbers = {name: int(given[name]) for name in FACTS if given.get(name, "-") != "-"}
    held = [fact for fact in guide.facts if fact.name in numbers and fact.holds(numbers[fact.name])]
    score += sum(fact.points for fact in held)
    reasons += [f"{fact.text} {fact.points:+d}" for fact in held]
    held = [one for one in guide.propensity.facts if one.name in numbers and one.holds(numbers[one.name])]
    curve = guide.propensity
    propensity = round(curve.of(wanted * curve.share / 100 + sum(one.points for one in held)), 3)
    reasons += [f"propensity: {one.text} {one.points:+d}" for one in held]
    reply = {"score": min(100, max(0, score)), "propensity": propensity, "reasons": reasons}
    return json.dumps(reply, ensure_ascii=False)


def _first(line: Line, text: str) -> Cue | None:
    return next((cue for cue in line.cues if cue.pattern.search(text)), None)
