"""Reply: a verdict is a reply that is exactly one in-range object; nothing is clamped and no prose is searched."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.canonical import canonical_json

if TYPE_CHECKING:
    from seatrial.judge.spec import Judge
    from seatrial.model.reply import Reply

FIELDS = ("reason", "preference")
_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(.*?)\n?```\Z", re.DOTALL)


class NotAVerdict(ValueError):
    """A reply is no verdict; the message says what is wrong without repeating the reply."""


class Preference(NamedTuple):
    """A judge's verdict: preference (0..1) for the answer shown first, and its reason."""

    first: float
    reason: str


def text_of(reply: Reply) -> str:
    """What the model wrote; where its provider binds schemas by a tool call, the arguments of the only one."""
    calls = reply.message.tool_calls
    return canonical_json(calls[0]["args"]) if len(calls) == 1 and not reply.text.strip() else reply.text


def read_verdict(text: str, judge: Judge) -> Preference:
    """The verdict that a reply is.

    Args:
        text: the reply; one object, alone or inside one code fence.
        judge: says which preferences there are.

    Raises:
        NotAVerdict: it is anything else.
    """
    stripped = text.strip()
    fenced = _FENCED.match(stripped)
    try:
        found = json.loads(fenced.group(1) if fenced else stripped, object_pairs_hook=_once, parse_constant=_refuse)
    except RecursionError:
        raise NotAVerdict("the reply is nested too deeply") from None
    except NotAVerdict:
        raise
    except ValueError:
        raise NotAVerdict("the reply is not one JSON object") from None
    if not isinstance(found, dict) or sorted(found) != sorted(FIELDS):
        raise NotAVerdict("the reply is not an object of exactly the fields reason and preference")
    reason, preference = found["reason"], found["preference"]
    if not isinstance(reason, str):
        raise NotAVerdict("reason is no text")
    if isinstance(preference, bool) or not isinstance(preference, (int, float)) or not math.isfinite(preference):
        raise NotAVerdict("preference is no number")
    if not 0 <= preference <= 1:
        raise NotAVerdict("preference lies outside 0 to 1")
    if judge.scale and preference not in judge.scale:
        raise NotAVerdict(f"preference is none of {', '.join(f'{one:g}' for one in judge.scale)}")
    return Preference(float(preference), " ".join(reason.split()))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotAVerdict("a field stands in the reply twice")
    return found


def _refuse(constant: str) -> Any:
    raise NotAVerdict(f"{constant} is no number in JSON")
