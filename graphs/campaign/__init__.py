"""Campaign: a sequence of messages to one contact, durable over weeks."""
