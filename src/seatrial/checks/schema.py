"""Schema: is the answer what its typed model, or its JSON Schema document, says it is?

The model is anything pydantic understands (a BaseModel, a dataclass, a TypedDict, `list[int]`), or a JSON Schema document
as a dict, which the library jsonschema judges by the dialect it names in `$schema` (2020-12 where it names none).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from seatrial.checks.field import MISSING, Check, lacks, read
from seatrial.checks.schema_document import Unresolved, document_problems, refuse_no_schema
from seatrial.errors import ConfigError, one_of
from seatrial.scoring import Score, evaluator

EXTRA = ("ignore", "forbid")
MAX_SHOWN = 3
FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*[\w-]*[ \t]*\n(.*?)\n?[ \t]*\1", re.DOTALL)
"""A Markdown code block and its text."""


def matches_schema(
    model: Any,
    field: str | None = None,
    *,
    extra: str = "ignore",
    strict: bool = False,
    fenced: bool = False,
    key: str = "schema",
) -> Check:
    """1 when the answer validates; the reason names the first three places where it does not.

    >>> matches_schema(list[int], "ids")(Run("r1", {}, {"ids": [1, "x"]}), Example("e1", {})).score
    0.0

    Args:
        model: what pydantic's TypeAdapter takes, or a JSON Schema document. A `$ref` to another document is not fetched:
            the check abstains where validation needs it. `format` is a note, as the standard has it, and checks nothing.
        field: where to look; None validates all of the outputs. A text is read as JSON first, unless `model` is `str` (or
            a document whose `type` is `string`).
        extra: `ignore` fields the model does not know, or `forbid` them, at every depth; a document says this itself.
        strict: no conversions: "5" is not 5. A document never converts.
        fenced: a text may be one Markdown fence around the JSON, as models write it, and nothing else.
        key: the score's key.

    Raises:
        ConfigError: the document is no JSON Schema, or `extra` or `strict` are given for one.
        MissingExtra: jsonschema is not installed.
    """
    one_of(extra, EXTRA, "extra")
    problems: Callable[[Any], list[str] | Unresolved]
    if isinstance(model, Mapping):
        if extra != "ignore" or strict:
            raise ConfigError(
                f"check {key!r}: a JSON Schema document says itself what else it allows; see additionalProperties"
            )
        problems = partial(document_problems, refuse_no_schema(model, key))
        reads = model.get("type") != "string"
    else:
        problems = partial(_problems, model, extra, strict)
        reads = model is not str

    @evaluator(version="2", key=key)
    def check(run: Any, example: Any) -> Score:
        got = read(run.outputs, field)
        if got is MISSING:
            return lacks(key, field)
        found = problems(unfenced(got) if fenced and isinstance(got, str) and reads else got)
        if isinstance(found, Unresolved):
            return Score(key, None, str(found))
        if not found:
            return Score(key, 1.0, "the outputs validate" if field is None else f"{field} validates")
        more = f" and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
        return Score(key, 0.0, "; ".join(found[:MAX_SHOWN]) + more)

    return check


def unfenced(text: str) -> str:
    """The text inside of a Markdown fence that is all of `text`; any other text as it is.

    >>> unfenced('```json\\n{"a": 1}\\n```')
    '{"a": 1}'
    >>> unfenced('Here it is: ```json\\n{"a": 1}\\n```')
    'Here it is: ```json\\n{"a": 1}\\n```'
    """
    found = FENCE.fullmatch(text.strip())
    return found[2] if found else text


def _problems(model: Any, extra: str, strict: bool, got: Any) -> list[str]:
    from pydantic import ValidationError  # noqa: PLC0415 - heavy, and only this check needs it

    adapter = _adapter(model)
    try:
        if isinstance(got, str) and model is not str:
            adapter.validate_json(got, strict=strict, extra=extra)
        else:
            adapter.validate_python(got, strict=strict, extra=extra)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        return [": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"]))) for one in errors]
    return []


@cache
def _adapter(model: Any) -> Any:
    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    return TypeAdapter(model)
