"""Triage: which desk answers a customer's message."""
