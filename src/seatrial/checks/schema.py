"""Schema: is the answer what its typed model says it is?

The model is anything pydantic understands: a BaseModel, a dataclass, a TypedDict, `list[int]`. JSON Schema documents
are not read: a second validator with its own dialects would be one more thing to trust, and a tool such as
`datamodel-code-generator` turns a schema into a model once.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from seatrial.checks.field import MISSING, Check, lacks, read
from seatrial.errors import ConfigError, one_of
from seatrial.evaluator import Score, evaluator

EXTRA = ("ignore", "forbid")
MAX_SHOWN = 3


def matches_schema(
    model: Any, field: str | None = None, *, extra: str = "ignore", strict: bool = False, key: str = "schema"
) -> Check:
    """1 when the answer validates; the reason names the first three places where it does not.

    Args:
        model: what pydantic's TypeAdapter takes.
        field: where to look; None validates all of the outputs. A text is read as JSON first, unless `model` is `str`.
        extra: `ignore` fields the model does not know, or `forbid` them, at every depth.
        strict: no conversions: "5" is not 5.
        key: the score's key.
    """
    one_of(extra, EXTRA, "extra")
    if isinstance(model, dict):
        raise ConfigError(
            f"check {key!r} got a JSON Schema document; give it a pydantic model or a type such as list[int]"
        )

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        got = read(run.outputs, field)
        if got is MISSING:
            return lacks(key, field)
        problems = _problems(model, got, extra, strict)
        if not problems:
            return Score(key, 1.0, "the outputs validate" if field is None else f"{field} validates")
        more = f" and {len(problems) - MAX_SHOWN} more" if len(problems) > MAX_SHOWN else ""
        return Score(key, 0.0, "; ".join(problems[:MAX_SHOWN]) + more)

    return check


def _problems(model: Any, got: Any, extra: str, strict: bool) -> list[str]:
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
