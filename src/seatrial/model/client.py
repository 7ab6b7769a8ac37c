"""Client: LangChain's own chat model for a `provider:model` name, with every retry of its SDK switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, MissingExtra, UsageError
from seatrial.model.outcome import MissingProvider

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

BUILTIN = "builtin"
PLACEHOLDER = "replayed-without-a-key"
DROPPED = ("streaming", "stream_usage")
"""Options that make no difference: the hub hands over whole replies."""


def client(name: str, *, timeout_s: float, placeholder: bool = False, **options: Any) -> BaseChatModel:
    """The provider's chat model.

    Args:
        name: `provider:model`, as LangChain's `init_chat_model` knows them.
        timeout_s: seconds one try may take.
        placeholder: set it up without a key, too: nobody is going to be asked.
        options: passed on to the provider.

    Raises:
        UsageError: the name is none, or `max_retries` is among the options.
        MissingExtra: langchain, or the provider's package, is not installed.
        ConfigError: the provider is unknown, its key is missing, or it refuses an option.
    """
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
    kept = {option: value for option, value in options.items() if option not in DROPPED}
    settings: dict[str, Any] = {"max_retries": 0, "timeout": timeout_s, **kept}
    try:
        try:
            made: BaseChatModel = init_chat_model(model_name, model_provider=provider, **settings)
        except ImportError:
            raise
        except Exception:
            if not placeholder or "api_key" in settings:
                raise
            made = init_chat_model(model_name, model_provider=provider, **settings, api_key=PLACEHOLDER)
    except ImportError as error:
        raise MissingProvider(_package(error, provider), f"model {name!r}") from error
    except Exception as error:  # setting up a client only reads configuration, and every SDK has its own exceptions
        raise ConfigError(f"model {name!r} cannot be set up: {_why(error)}") from error
    return made


def _package(error: ImportError, provider: str) -> str:
    """The package LangChain names, or the one that is called like all others."""
    words = str(error).replace("`", " ").split()
    return next((word for word in words if word.startswith("langchain-")), f"langchain-{provider.replace('_', '-')}")


def _why(error: Exception) -> str:
    """The provider's words on one line; of a validation error its fields only, for its text repeats what was given."""
    fields = getattr(error, "errors", None)
    if callable(fields):
        return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'options'}: {one['msg']}" for one in fields())
    return " ".join(str(error).split())
