"""The words that name a desk."""


def desk_of(message):
    """The desk that answers a message."""
    return "refund" if "money back" in message or "refund" in message else "other"
