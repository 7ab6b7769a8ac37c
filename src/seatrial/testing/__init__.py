"""Fakes that are part of the product: loopback servers a user's own tests may run against."""

from __future__ import annotations

from seatrial.testing.openai_server import OpenAIServer, Request

__all__ = ["OpenAIServer", "Request"]
