"""Template: made once per version of MLflow, whole or not at all, and a copy never replaces a database."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seatrial.adapters.mlflow.place import schema_of
from seatrial.adapters.mlflow.template import cache_folder, put, template


class Migration:
    """Stands for MLflow's migrations; counts how often it is asked for."""

    def __init__(self):
        self.times = 0

    def __call__(self, database):
        self.times += 1
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(
                "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('head');"
                "CREATE TABLE experiments (name TEXT); INSERT INTO experiments VALUES ('made elsewhere');"
            )


@pytest.fixture
def migrate():
    return Migration()


def test_the_migrations_run_once_per_version(tmp_path, migrate):
    first = template(tmp_path / "cache", "3.17.2", migrate)
    assert template(tmp_path / "cache", "3.17.2", migrate) == first
    assert migrate.times == 1
    assert template(tmp_path / "cache", "3.18.0", migrate) != first
    assert migrate.times == 2
    assert sorted(file.name for file in first.parent.iterdir()) == ["mlflow-3.17.2.db", "mlflow-3.18.0.db"]


def test_the_template_does_not_remember_where_it_was_made(tmp_path, migrate):
    with closing(sqlite3.connect(template(tmp_path, "1", migrate))) as connection:
        assert connection.execute("SELECT count(*) FROM experiments").fetchone() == (0,)


@pytest.mark.parametrize("broken", [b"", b"half a page"])
def test_a_template_that_is_no_database_is_made_again(tmp_path, migrate, broken):
    (tmp_path / "mlflow-1.db").write_bytes(broken)
    assert schema_of(template(tmp_path, "1", migrate)) == "head"
    assert migrate.times == 1


def test_a_cache_that_cannot_be_written_costs_the_migrations_and_nothing_else(tmp_path, migrate):
    (tmp_path / "file").write_text("no folder")
    found = template(tmp_path / "file" / "cache", "1", migrate)
    assert schema_of(found) == "head"
    found.unlink()
    found.parent.rmdir()


def test_a_copy_never_replaces_a_database_that_came_meanwhile(tmp_path, migrate):
    source = template(tmp_path / "cache", "1", migrate)
    put(source, tmp_path / "a" / "mlflow.db")
    assert schema_of(tmp_path / "a" / "mlflow.db") == "head"
    (tmp_path / "b.db").write_text("somebody's")
    put(source, tmp_path / "b.db")
    assert (tmp_path / "b.db").read_text() == "somebody's"
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["mlflow.db"]


def test_the_cache_is_the_users_own():
    assert cache_folder({"XDG_CACHE_HOME": "/somewhere"}) == Path("/somewhere/seatrial")
    assert cache_folder({}) == Path.home() / ".cache" / "seatrial"
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache" / "seatrial"
