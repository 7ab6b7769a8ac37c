"""Adapters: the only rooms that import a service's SDK, each late and each replaceable."""
