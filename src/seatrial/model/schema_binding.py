"""Schema binding: the arguments that make a provider hold its reply to a JSON schema; we validate the reply all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.language_models.chat_models import BaseChatModel


def schema_binding(chat: BaseChatModel, schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a call of `chat` is given so that the provider binds its reply to `schema`.

    LangChain's own `with_structured_output` says what that is for each provider; its parser is left out, because it raises
    on a bad reply and loses the text and the token counts with it. A provider whose client knows no binding gets none.

    Args:
        chat: the provider's chat model.
        schema: a JSON schema with a `title`.
    """
    for method in ("json_schema", None):
        try:
            chain = chat.with_structured_output(
                dict(schema), include_raw=True, **({"method": method} if method else {})
            )
        except (NotImplementedError, ValueError, TypeError):
            continue
        return _moved(_bound(chain))
    return {}


def _bound(chain: Any) -> dict[str, Any]:
    """The arguments that the chain's first step binds to the model."""
    steps = getattr(getattr(chain, "first", None), "steps__", None) or {}
    kwargs = dict(getattr(steps.get("raw"), "kwargs", None) or {})
    return {name: value for name, value in kwargs.items() if name != "ls_structured_output_format"}


def _moved(kwargs: dict[str, Any]) -> dict[str, Any]:
    # Given as `response_format`, OpenAI's client parses the reply itself and raises where it was cut short.
    if "response_format" not in kwargs:
        return kwargs
    further = dict(kwargs.pop("response_format"))
    if "json_schema" in further:
        further["json_schema"] = {**further["json_schema"], "strict": True}
    return {**kwargs, "extra_body": {**kwargs.get("extra_body", {}), "response_format": further}}
