"""What takes longer than most tests, and need not: root certificates, threads that wait for each other, a pytest of its own."""

import contextlib
import io
import os
from pathlib import Path

import pytest

from seatrial.cli import app
from seatrial.cli.exits import EXITS, command_of
from seatrial.pytest_plugin import judges_wanted

# Every worker multiplies its small matrices with as many threads as there are cores, and they wait by spinning: a third of
# the time of the searches. Said before a conftest further down loads numpy; workers and the processes of tests inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A further attempt of our own CI job is no further look at the candidates of the tests.
os.environ.pop("GITHUB_RUN_ATTEMPT", None)


def pytest_configure():
    # No test speaks TLS, and every client of a provider would read them. Where a real model is asked they are read.
    if not judges_wanted(os.environ):
        os.environ.pop("SSL_CERT_FILE", None)
        os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)  # a folder that holds no certificate


@pytest.fixture(scope="session", autouse=True)
def declared_exits():
    """Exit code 1 is an answer: no command gives one that its row of the exit codes does not name."""
    run_it = app._run

    def checked(arguments):
        code = run_it(arguments)
        name = command_of(arguments)
        assert code != 1 or name is None or EXITS[name].one, f"{name} answered 1; seatrial.cli.exits does not say when"
        return code

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "_run", checked)
        yield


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
