"""A session that asks for a real model, and does not say which, ends before anything runs, with one sentence."""

import os

import pytest

from seatrial.pytest_plugin import judges_wanted

KEYLESS = ("ollama", "bedrock", "bedrock_converse", "google_vertexai")
"""Providers that are asked without a key, or that find theirs in a place of their own."""


def lacking(environ):
    """What is missing before the tests of `test_on_a_real_model.py` can run, as a sentence; empty when nothing is."""
    name = environ.get("SEATRIAL_MODEL", "")
    if not name:
        return "EVAL=1 pytest -m llm asks a real model: set SEATRIAL_MODEL to its name (SEATRIAL_MODEL=openai:gpt-4o-mini) and its provider's key (OPENAI_API_KEY)"
    from seatrial.model.attempt import KEY_OF  # noqa: PLC0415 - loads LangChain, for those who ask a model

    provider, colon, model = name.partition(":")
    if not (provider and colon and model):
        return f"SEATRIAL_MODEL={name!r} names no model: write provider:model, SEATRIAL_MODEL=openai:gpt-4o-mini"
    key = KEY_OF.get(provider, f"{provider.upper()}_API_KEY")
    if provider in KEYLESS or environ.get(key):
        return ""
    return f"SEATRIAL_MODEL={name} needs its provider's key: set {key}"


@pytest.fixture(scope="module")
def said_of():
    """`lacking`, for the tests of it."""
    return lacking


@pytest.hookimpl(trylast=True)  # after -m and -k: a test that was left out needs nothing
def pytest_collection_modifyitems(config, items):
    if hasattr(
        config, "workerinput"
    ):  # pytest-xdist takes an error of a worker's collection for its own: there each test says it
        return
    requested = any(item.path.name == "test_on_a_real_model.py" and item.get_closest_marker("llm") for item in items)
    if requested and judges_wanted(os.environ) and (sentence := lacking(os.environ)):
        raise pytest.UsageError(sentence)
