"""Examples, a loopback LangSmith, and an environment that would send to it."""

import logging

import pytest
from langchain_core.tracers.langchain import wait_for_all_tracers
from langsmith import Client, run_trees
from langsmith.utils import get_env_var
from urllib3.util import Retry

from seatrial.dataset import Dataset, Example, fingerprint
from seatrial.testing.langsmith_server import LangSmithServer

SECRET = "+49 30 901820-4711"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    """The shell that runs the tests says nothing about LangSmith; its log of crashed evaluators is not ours to print."""
    for name in ("API_KEY", "ENDPOINT", "TRACING", "TRACING_V2", "PROJECT", "RUNS_ENDPOINTS"):
        monkeypatch.delenv(f"LANGSMITH_{name}", raising=False)
        monkeypatch.delenv(f"LANGCHAIN_{name}", raising=False)
    get_env_var.cache_clear()
    logging.getLogger("langsmith").setLevel(logging.CRITICAL + 1)
    yield
    get_env_var.cache_clear()


@pytest.fixture
def server():
    with LangSmithServer() as running:
        yield running


@pytest.fixture
def client(server):
    return Client(
        api_url=server.url,
        api_key=server.key,
        auto_batch_tracing=False,
        retry_config=Retry(total=0),
        tracing_sampling_rate=0,
    )


@pytest.fixture
def tracing_on(server, monkeypatch):
    """A user's shell in which everything that can be traced is sent to `server`."""
    for name, value in {"TRACING": "true", "TRACING_V2": "true", "API_KEY": server.key, "ENDPOINT": server.url}.items():
        monkeypatch.setenv(f"LANGSMITH_{name}", value)
    get_env_var.cache_clear()
    return server


@pytest.fixture
def fresh_client(monkeypatch):
    """LangSmith keeps one client per process, with the address of whichever test came first."""
    monkeypatch.setattr(run_trees, "_CLIENT", None)
    yield
    wait_for_all_tracers()
    if run_trees._CLIENT is not None:
        run_trees._CLIENT.close()


def dataset_of(*examples):
    return Dataset("fleet:greeter:golden", "1", "golden", examples, fingerprint(examples))


def example(name, question="hi", answer="HI", **more):
    return Example(name, {"q": question}, {"a": answer}, **more)


@pytest.fixture
def dataset():
    return dataset_of(
        example("e1", tags=("tier:pro", "lang:en"), metadata={"note": {"deep": [1, 2.5, None]}}),
        example("e2", "ho", "HO", split="train", contract="2"),
        Example("e3", {"q": "no reference"}),
        Example("e4", {"q": "an empty reference", "ü": "ß"}, {}),
    )
