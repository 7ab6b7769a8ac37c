"""What takes longer than most tests, and need not: root certificates, threads that wait for each other, a pytest of its own."""

import contextlib
import io
import os
from pathlib import Path

import pytest

from seatrial.pytest_plugin import judges_wanted

# Every worker multiplies its small matrices with as many threads as there are cores, and they wait by spinning: a third of
# the time of the searches. Said before a conftest further down loads numpy; workers and the processes of tests inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_configure():
    # No test speaks TLS, and every client of a provider would read them. Where a real model is asked they are read.
    if not judges_wanted(os.environ):
        os.environ.pop("SSL_CERT_FILE", None)
        os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)  # a folder that holds no certificate


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    # Tests of clocks, servers and processes wait more than they work: while one does, another has its core.
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else (os.cpu_count() or 1) + 1


def inner_pytest(*arguments):
    """A user's pytest inside this one, where the test stands: exit code and what it said."""
    reported = io.StringIO()
    # What a session of pytest has one of for the whole process stays with the outer one.
    once = ("faulthandler", "threadexception", "unraisableexception", "xdist", "hypothesispytest")
    options = [word for name in once for word in ("-p", f"no:{name}")]
    with contextlib.redirect_stdout(reported), contextlib.redirect_stderr(reported):
        code = pytest.main(["-q", "-s", *options, *arguments])
    return int(code), reported.getvalue()


@pytest.fixture(scope="session")
def users_pytest():
    """`users_pytest(*arguments)` -> exit code and what it said."""
    return inner_pytest
