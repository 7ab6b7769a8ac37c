"""Place: which store is meant, and that no password is ever shown."""

from pathlib import Path

import pytest

from seatrial.adapters.mlflow.place import place


def test_the_default_is_a_database_in_the_projects_root(tmp_path):
    found = place({}, tmp_path)
    assert found.uri == f"sqlite:///{tmp_path}/mlflow.db"
    assert found.file == tmp_path / "mlflow.db"
    assert found.artifacts("fleet/graph") == f"file://{tmp_path}/mlruns/fleet_graph"
    assert found.opened_with(tmp_path) == "mlflow ui --backend-store-uri sqlite:///mlflow.db"
    assert found.opened_with(Path("/elsewhere")) == f"mlflow ui --backend-store-uri sqlite:///{tmp_path}/mlflow.db"


def test_the_users_tracking_uri_is_kept_to(tmp_path):
    found = place({"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"}, tmp_path)
    assert (found.uri, found.file, found.artifacts("x")) == ("http://127.0.0.1:5000", None, None)
    assert found.opened_with(tmp_path) == "http://127.0.0.1:5000"


@pytest.mark.parametrize("uri", ["postgresql://jo:se:cr@et@db.example/mlflow", "https://jo:se:cr@et@mlflow.example/x"])
def test_a_password_is_not_shown(uri, tmp_path):
    found = place({"MLFLOW_TRACKING_URI": uri}, tmp_path)
    assert found.uri == uri
    for reported in (found.shown, found.shown_from(tmp_path), found.opened_with(tmp_path)):
        assert "***@" in reported
        assert not any(word in reported for word in ("jo", "se:", "cr", "et@"))
