"""The reference fleet: one folder per graph, one row each in registry.py."""
