"""Models: how a graph gets the chat model it was configured with."""

from seatrial.model.chat import RuleModel, chat_model

__all__ = ["RuleModel", "chat_model"]
