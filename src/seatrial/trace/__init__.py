"""Trace context: what travels with a request from one service to the next."""
