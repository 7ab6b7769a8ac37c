"""Fakes that are part of the product: loopback servers a user's own tests may run against."""

from __future__ import annotations

from seatrial.testing.anthropic_server import AnthropicServer
from seatrial.testing.langsmith_server import LangSmithServer
from seatrial.testing.openai_server import OpenAIServer
from seatrial.testing.play import MODES, Allowance, Request, ToolCall

__all__ = ["MODES", "Allowance", "AnthropicServer", "LangSmithServer", "OpenAIServer", "Request", "ToolCall"]
