"""A JSON Schema document as a validator: what is wrong with a value, place by place, without fetching anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from seatrial.errors import ConfigError, MissingExtra


class Unresolved:
    """The document refers to another one, so whether a value validates is not known."""

    def __init__(self, reference: str) -> None:
        self.reference = reference

    def __str__(self) -> str:
        return f"the schema refers to {self.reference!r}, which is not part of it and is not fetched"


def refuse_no_schema(document: Mapping[str, Any], key: str) -> str:
    """The document as text, by which its validator is known.

    Raises:
        ConfigError: it is no JSON Schema.
        MissingExtra: jsonschema is not installed.
    """
    try:
        import jsonschema  # noqa: PLC0415 - only a check with a document needs it
    except ImportError as error:
        raise MissingExtra("jsonschema", "schemas", "a check with a JSON Schema document") from error
    try:
        text = json.dumps(document, sort_keys=True)
        jsonschema.validators.validator_for(document, default=jsonschema.Draft202012Validator).check_schema(document)
    except jsonschema.SchemaError as error:
        raise ConfigError(
            f"check {key!r}: the document is no JSON Schema: at {error.json_path}: {error.message}"
        ) from None
    except (TypeError, ValueError) as error:
        raise ConfigError(f"check {key!r}: the document is no JSON: {error}") from None
    return text


def document_problems(document: str, got: Any) -> list[str] | Unresolved:
    """What is wrong with a value, each problem with its place; none when it validates. A text is read as JSON first."""
    import referencing  # noqa: PLC0415 - as above

    if isinstance(got, str) and not _is_of_text(document):
        try:
            got = json.loads(got)
        except (ValueError, RecursionError) as error:
            return [f"the text is no JSON: {error}"]
    try:
        found = sorted(_validator(document).iter_errors(got), key=lambda error: error.json_path)
    except referencing.exceptions.Unresolvable as error:
        return Unresolved(str(error.ref))
    return [f"{error.json_path.removeprefix('$').lstrip('.') or 'the value'}: {error.message}" for error in found]


@cache
def _is_of_text(document: str) -> bool:
    return bool(json.loads(document).get("type") == "string")


@cache
def _validator(document: str) -> Any:
    import jsonschema  # noqa: PLC0415 - as above
    import referencing  # noqa: PLC0415 - as above

    schema = json.loads(document)
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    # A registry of our own: jsonschema's default one would fetch a reference over the network.
    return kind(schema, registry=referencing.Registry())
