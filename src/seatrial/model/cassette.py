"""Cassette: recorded replies of one graph or model, one JSON object a line, sorted, the same bytes on any machine.

    {"schema": "seatrial/cassette/1", "name": "text_to_sql"}
    {"hash": ..., "id": ..., "messages": [...], "messages_hash": ..., "model": ..., "occurrence": 0, "parameters": {...},
     "repetition": 0, "reply": {...}}

`messages` are there to be read, redacted; `messages_hash` was taken before. `hash` is that of the rest of the line, so an
edit by hand shows: a reply that nobody gave must not pass for one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.model.outcome import CassetteError
from seatrial.model.question import Question, canonical, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from seatrial.model.redact import Redactor

SCHEMA = "seatrial/cassette/1"
REPEAT = "record it again with EVAL=1, or take the file back from version control"
FIELDS = frozenset(
    {"hash", "id", "messages", "messages_hash", "model", "occurrence", "parameters", "repetition", "reply"}
)


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded reply.

    Attributes:
        id: of the question it answers.
        line: the whole recording, canonical JSON.
    """

    id: str
    line: str

    @property
    def content(self) -> dict[str, Any]:
        """The line as an object."""
        found: dict[str, Any] = json.loads(self.line)
        return found

    @property
    def reply(self) -> Mapping[str, Any]:
        """The reply's message, as `reply.load` takes it."""
        reply: Mapping[str, Any] = self.content["reply"]
        return reply


def recording(question: Question, reply: Mapping[str, Any], redact: Redactor) -> Recording:
    """A reply, redacted, as a line.

    Raises:
        CassetteError: a secret is left in it all the same; nothing is written then.
    """
    content = {
        "id": question.id,
        "messages": redact(list(question.messages)),
        "messages_hash": question.messages_hash,
        "model": question.model,
        "occurrence": question.occurrence,
        "parameters": redact(dict(question.parameters)),
        "repetition": question.repetition,
        "reply": redact(dict(reply)),
    }
    line = canonical({"hash": digest(canonical(content)), **content})
    if redact.holds_secret(line):
        raise CassetteError(f"a reply of {question.model} cannot be recorded: a key would be left in it")
    return Recording(question.id, line)


def read(path: Path) -> dict[str, Recording]:
    """The recordings of a cassette, by id; none where there is no file.

    Raises:
        CassetteError: it is no cassette, or a line was changed after it was written; names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise CassetteError(f"{path} cannot be read as a cassette: {error}; {REPEAT}") from error
    lines = [line for line in text.split("\n") if line]
    header = _object(lines[0]) if lines else None
    if header is None or header.get("schema") != SCHEMA:
        raise CassetteError(f'{path} is no cassette: its first line is not {{"schema": "{SCHEMA}"}}; {REPEAT}')
    found: dict[str, Recording] = {}
    for number, line in enumerate(lines[1:], start=2):
        one = _recording(line, f"{path}, line {number}")
        if one.id in found:
            raise CassetteError(f"{path}, line {number}: a second recording of {one.id}; {REPEAT}")
        found[one.id] = one
    return found


def text(name: str, recordings: Iterable[Recording]) -> str:
    """The bytes of a cassette: model, repetition, then id decide where a line stands."""

    def place(one: Recording) -> tuple[str, int, str]:
        content = one.content
        return content["model"], content["repetition"], one.id

    lines = [canonical({"name": name, "schema": SCHEMA}), *(one.line for one in sorted(recordings, key=place))]
    return "\n".join(lines) + "\n"


def _recording(line: str, place: str) -> Recording:
    content = _object(line)
    if content is None or content.keys() != FIELDS:
        raise CassetteError(f"{place} is no recording: it needs {', '.join(sorted(FIELDS))}; {REPEAT}")
    claimed = content.pop("hash")
    if claimed != digest(canonical(content)):
        raise CassetteError(f"{place} was changed after it was recorded: its content does not have its hash; {REPEAT}")
    return Recording(content["id"], line)


def belongs(one: Recording, question: Question) -> bool:
    """Whether a recording really answers the question that its id names: ids can be moved by hand, too."""
    content = one.content
    return (content["model"], content["messages_hash"], content["repetition"], content["occurrence"]) == (
        question.model,
        question.messages_hash,
        question.repetition,
        question.occurrence,
    )


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
