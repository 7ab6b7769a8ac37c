"""chat_model: a name from the configuration becomes a chat model; `builtin` is deterministic code of the graph's own.

    model = chat_model("builtin", answer)                   # answer(system, user) -> str
    model = chat_model("openai:gpt-4o-mini", answer)        # any name init_chat_model knows
    reply = model.invoke([SystemMessage(prompt), HumanMessage(text)])

A graph is written once against LangChain's chat model and runs on either, without a branch. Calls of a real model pass
through the hub that is at hand when they are made (`seatrial.model.use`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from seatrial.model.client import BUILTIN, client
from seatrial.model.context import current

if TYPE_CHECKING:
    from collections.abc import Callable


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
    name: str, answer: Callable[[str, str], str], *, timeout_s: float | None = None, **options: Any
) -> BaseChatModel:
    """The chat model called `name`.

    Args:
        name: `builtin`, or any `provider:model` that LangChain's `init_chat_model` knows.
        answer: the graph's own rules, `(system, user) -> text`; used by `builtin` only.
        timeout_s: seconds one try of a call may take; None = the limit of the hub at hand.
        options: passed on to the provider (`base_url`, `temperature` ...).

    The provider SDK's own retries are off: hidden retries defeat budgets, rate limits and the kill switch.

    Raises:
        UsageError: the name is neither, or `max_retries` is among the options.
        ConfigError: the provider is unknown, its key is missing, or it refuses an option.
        MissingExtra: langchain, or the provider's package, is not installed.
    """
    if name == BUILTIN:
        return RuleModel(answer=answer)
    from seatrial.model.hub_chat_model import Requested, face  # noqa: PLC0415 - graphs of rules need none of it

    hub = current()
    timeout_s = timeout_s or hub.limits(name).timeout_s
    inner = client(name, timeout_s=timeout_s, placeholder=hub.mode == "replay", **options)
    return face(inner, Requested(name, options, timeout_s, None))
