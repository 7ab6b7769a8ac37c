"""MLflow: every evaluation as a run, versions compared there, and evidence fetched back.

    from seatrial.adapters.mlflow import log_runs, place, session

Importing this loads no mlflow; `session` does, with its telemetry off.
"""

from seatrial.adapters.mlflow.content import Content, content
from seatrial.adapters.mlflow.fetch import Fetched, fetch
from seatrial.adapters.mlflow.log import Entry, Logged, log_content, log_runs, verify
from seatrial.adapters.mlflow.names import metric_name, parts
from seatrial.adapters.mlflow.place import Place, place
from seatrial.adapters.mlflow.session import NotLogged, installed, session

__all__ = [
    "Content",
    "Entry",
    "Fetched",
    "Logged",
    "NotLogged",
    "Place",
    "content",
    "fetch",
    "installed",
    "log_content",
    "log_runs",
    "metric_name",
    "parts",
    "place",
    "session",
    "verify",
]
