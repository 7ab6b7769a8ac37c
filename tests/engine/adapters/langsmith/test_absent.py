"""Without langsmith: what needs it says which extra to install, what does not need it works."""

import importlib.util
import os

import pytest

from seatrial.adapters import langsmith
from seatrial.adapters.langsmith import (
    connect,
    evaluate_locally,
    for_langsmith,
    from_langsmith,
    offline,
    pull_dataset,
    push_dataset,
    untraced,
)
from seatrial.errors import MissingExtra


def right(run, example):
    return True


@pytest.mark.parametrize(
    "needs_it",
    [
        lambda dataset: connect({"LANGSMITH_API_KEY": "k"}),
        lambda dataset: evaluate_locally(lambda inputs: inputs, dataset, [right]),
        lambda dataset: from_langsmith(right),
        lambda dataset: offline().__enter__(),
        lambda dataset: pull_dataset(None, "d"),
        lambda dataset: push_dataset(None, dataset),
    ],
)
def test_what_needs_it_says_how_to_install_it(needs_it, dataset, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'seatrial\[langsmith\]'"):
        needs_it(dataset)


def test_what_does_not_need_it_works(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    assert for_langsmith(right).__name__ == "right"
    with untraced(os.environ):
        pass


def test_every_public_name_is_there():
    assert sorted(langsmith.__all__) == langsmith.__all__
    assert all(callable(getattr(langsmith, name)) for name in langsmith.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        langsmith.nothing  # noqa: B018
