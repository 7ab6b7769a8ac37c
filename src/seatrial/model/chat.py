"""chat_model: a name from the configuration becomes a chat model; `builtin` is deterministic code of the graph's own.

    model = chat_model("builtin", answer)                   # answer(system, user) -> str
    model = chat_model("openai:gpt-4o-mini", answer)        # any name init_chat_model knows
    reply = model.invoke([SystemMessage(prompt), HumanMessage(text)])

A graph is written once against LangChain's chat model and runs on either, without a branch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from seatrial.errors import ConfigError, MissingExtra, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

BUILTIN = "builtin"


class RuleModel(BaseChatModel):
    """A chat model made of rules: `answer(system, user)` returns the reply's text.

    It counts words as tokens, so that budgets and token columns have something true to show: what was read and written,
    in words. It is deterministic, needs no key, and touches no network.
    """

    answer: Any
    name_of_model: str = BUILTIN

    @property
    def _llm_type(self) -> str:
        return "seatrial-rules"

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        system = "\n".join(str(m.content) for m in messages if m.type == "system")
        user = "\n".join(str(m.content) for m in messages if m.type != "system")
        text = self.answer(system, user)
        read, written = len(system.split()) + len(user.split()), len(text.split())
        message = AIMessage(
            text,
            usage_metadata={"input_tokens": read, "output_tokens": written, "total_tokens": read + written},
            response_metadata={"model_name": self.name_of_model},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def chat_model(
    name: str, answer: Callable[[str, str], str], *, timeout_s: float = 60.0, **options: Any
) -> BaseChatModel:
    """The chat model called `name`.

    Args:
        name: `builtin`, or any `provider:model` that LangChain's `init_chat_model` knows.
        answer: the graph's own rules, `(system, user) -> text`; used by `builtin` only.
        timeout_s: seconds one call may take before it is a timeout.
        options: passed on to the provider (`base_url`, `temperature` ...).

    The provider SDK's own retries are off: hidden retries defeat budgets, rate limits and the kill switch.

    Raises:
        UsageError: the name is neither, or `max_retries` is among the options.
        ConfigError: the provider is unknown, its package or its key is missing, or it refuses an option.
        MissingExtra: langchain is not installed.
    """
    if name == BUILTIN:
        return RuleModel(answer=answer)
    provider, _, model_name = name.partition(":")
    if not provider or not model_name:
        raise UsageError(
            f"model {name!r} is unknown; choose {BUILTIN!r}, or write provider:model, 'openai:gpt-4o-mini' say"
        )
    if "max_retries" in options:
        raise UsageError(
            f"model {name!r}: take max_retries out of its options; retries hidden in a client defeat budgets"
        )
    try:
        from langchain.chat_models import init_chat_model  # noqa: PLC0415 - heavy, and only real models need it
    except ImportError as error:
        raise MissingExtra("langchain", "fleet", f"model {name!r}") from error
    settings: dict[str, Any] = {"max_retries": 0, "timeout": timeout_s, **options}
    try:
        model: BaseChatModel = init_chat_model(model_name, model_provider=provider, **settings)
    except Exception as error:  # setting up a client only reads configuration, and every SDK has its own exceptions
        raise ConfigError(f"model {name!r} cannot be set up: {_why(error)}") from error
    return model


def _why(error: Exception) -> str:
    """The provider's words on one line; of a validation error its fields only, for its text repeats what was given."""
    fields = getattr(error, "errors", None)
    if callable(fields):
        return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'options'}: {one['msg']}" for one in fields())
    return " ".join(str(error).split())
