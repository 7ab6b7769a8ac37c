"""The built-in model: the points in order and the question of the stage; asked again because of the length, one point fewer.

How many points a draft says, and what is asked at each stage, stands in the guide alone.
"""

from __future__ import annotations

import json
import re

from seatrial.errors import ConfigError

_LINE = re.compile(r"^- ([a-z_ ]+): (.+?)\s*$", re.MULTILINE)
_POINT = re.compile(r"^\* (.+)$", re.MULTILINE)


def answer(system: str, user: str) -> str:
    """The e-mail as JSON.

    Raises:
        ConfigError: the prompt holds no guide these rules can read.
    """
    guide, asked = dict(_LINE.findall(system)), dict(_LINE.findall(user))
    question = guide.get(asked.get("stage", ""))
    if not guide.get("points", "").isdigit() or question is None:
        raise ConfigError("compose guide: write '- points: 3' and one line for each stage, '- follow_up: Shall I ...?'")
    fewer = int(asked.get("try", "0"))
    points = _POINT.findall(user)[: int(guide["points"])]
    kept = points[: max(1, len(points) - fewer)]
    body = f"Hi {asked['first_name']},\n\n{' '.join(kept)}\n\n{question}"
    return json.dumps({"subject": f"{asked['company']}: {guide['subject']}", "body": body}, ensure_ascii=False)
