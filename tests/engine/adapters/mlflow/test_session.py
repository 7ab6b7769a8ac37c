"""Session: quiet, without a connection, with the environment left as it was; a store that cannot be used is one sentence."""

import os
import sqlite3
import subprocess
import sys

import pytest

from seatrial.adapters.mlflow import NotLogged, place, session
from seatrial.adapters.mlflow.session import BOUNDED, OFF

SILENT = """
import sys
from pathlib import Path
def heard(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"):
        print(event, arguments)
sys.addaudithook(heard)
from seatrial.adapters.mlflow import content, log_content, place, session
root, run_dir = map(Path, sys.argv[1:])
where = place({}, root)
with session(where) as client:
    log_content(client, where, content(run_dir, "fleet"))
from mlflow.telemetry import get_telemetry_client
assert get_telemetry_client() is None
print("logged")
"""


def test_logging_connects_to_nothing_and_looks_no_name_up(a_run, tmp_path, environ, client):
    folder = a_run("run-1", [("a", "free", "valid", 1)])
    telling = ("CI", "GITHUB_ACTIONS", "PYTEST_CURRENT_TEST", "DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY")
    env = {name: value for name, value in os.environ.items() if name not in telling} | environ
    done = subprocess.run(
        [sys.executable, "-c", SILENT, str(tmp_path / "other"), str(folder)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "logged\n", "")


def test_the_users_environment_is_as_it_was(where, environ, monkeypatch):
    for name in (*OFF, *BOUNDED):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    before = dict(os.environ)
    with session(where, environ=environ):
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
    assert dict(os.environ) == before


def test_a_database_of_another_version_is_left_alone(where, environ, another_schema):
    before = where.file.read_bytes()
    with (
        pytest.raises(NotLogged, match=r"schema old, this MLflow has \w+.*mlflow db upgrade sqlite:///"),
        session(where, environ=environ),
    ):
        pass
    assert where.file.read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(where, environ):
    where.file.write_text("notes to myself, longer than a header of SQLite is\n" * 40)
    with pytest.raises(NotLogged, match="is no SQLite database"), session(where, environ=environ):
        pass
    assert where.file.read_text().startswith("notes to myself")


def test_a_database_of_somebody_else_is_left_alone(where, environ):
    with sqlite3.connect(where.file) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")
    connection.close()
    with (
        pytest.raises(NotLogged, match="its tables are not those of MLflow; nothing was changed"),
        session(where, environ=environ),
    ):
        pass


def test_a_locked_database_is_said_to_be_locked(client, where, environ):
    holder = sqlite3.connect(where.file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(NotLogged, match="database is locked"), session(where, environ=environ):
            pass
    finally:
        holder.close()


def test_a_root_that_cannot_be_written_is_said_to_be_so(tmp_path, environ):
    (tmp_path / "file").write_text("no folder")
    with (
        pytest.raises(NotLogged, match=r"File exists|Not a directory"),
        session(place({}, tmp_path / "file"), environ=environ),
    ):
        pass


def test_a_server_that_is_away_is_one_sentence_without_its_password(tmp_path, environ, monkeypatch, capfd):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    where = place({"MLFLOW_TRACKING_URI": "http://jo:secret@127.0.0.1:9"}, tmp_path)
    with pytest.raises(NotLogged) as error, session(where, environ=environ) as client:
        client.get_experiment_by_name("x")
    assert str(error.value) == "MLflow at http://***@127.0.0.1:9: no server answers there"
    assert capfd.readouterr() == ("", "")


def test_a_store_nobody_knows_is_one_sentence(tmp_path, environ):
    with (
        pytest.raises(NotLogged, match="nonsense"),
        session(place({"MLFLOW_TRACKING_URI": "nonsense://x"}, tmp_path), environ=environ),
    ):
        pass
