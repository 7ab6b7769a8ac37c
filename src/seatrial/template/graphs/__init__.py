"""The graphs of this fleet."""
