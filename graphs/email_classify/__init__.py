"""E-mail classification: one inbound reply in, one of nine labels out, with a confidence and the reasons."""
