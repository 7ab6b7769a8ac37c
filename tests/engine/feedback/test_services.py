"""LangSmith's feedback and MLflow's assessments are outcomes, page by page, over the services' own protocols."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from seatrial.testing import LangSmithServer

AT_NOW = ("--now", "2026-06-30")


@pytest.fixture
def langsmith(monkeypatch):
    with LangSmithServer() as server:
        monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
        monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
        for i in range(230):
            run = f"00000000-0000-0000-0001-{i:012}"
            server.runs.append({"id": run, "name": "email_classify", "start_time": f"2026-03-0{1 + i % 9}T08:00:00",
                                "outputs": {"label": "interested", "confidence": 0.9}, "tags": ["language:de"],
                                "extra": {"metadata": {"thread_id": f"t{i}"}}})  # fmt: skip
            server.feedback.append({"id": f"f{i}", "run_id": run, "key": "reply", "score": float(i % 2), "value": None,
                                    "created_at": "2026-03-20T00:00:00Z", "modified_at": "2026-03-20T00:00:00Z"})  # fmt: skip
        yield server


BOTH = ("--decisions", "langsmith:default", "--outcomes", "langsmith:default", *AT_NOW)


def test_feedback_of_runs_is_joined_by_thread(gate, langsmith):
    answer = gate(*BOTH)
    assert (answer.code, answer.row()["n"], answer.row()["candidate"]) == (1, 230, 0.5)
    assert answer.data["subject"] == "email_classify"


def test_a_corrected_label_replaces_the_earlier_one(gate, langsmith):
    corrected = [
        {**one, "id": one["id"] + "-b", "score": 1.0, "modified_at": "2026-04-01T00:00:00Z"}
        for one in langsmith.feedback
    ]
    langsmith.feedback += corrected
    assert gate(*BOTH).row()["candidate"] == 1.0


def test_a_full_page_without_a_cursor_is_exit_2(gate, langsmith):
    langsmith.cursors = False
    answer = gate(*BOTH)
    assert answer.code == 2
    assert "a full page of 100 runs of default without a cursor" in answer.kinds


@pytest.mark.parametrize(
    ("mode", "project"), [("server_error", "default"), ("rate_limited", "default"), ("normal", "absent")]
)
def test_a_service_that_is_down_or_lacks_the_project_is_exit_2(gate, langsmith, mode, project):
    langsmith.mode = mode
    answer = gate("--decisions", f"langsmith:{project}", "--outcomes", f"langsmith:{project}", *AT_NOW)
    assert answer.code == 2
    assert "LangSmith" in answer.kinds


def trace(i, value, valid=True):
    return {
        "trace_id": f"tr-{i}", "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "7"}},
        "request_time": "2026-03-01T08:00:00Z", "execution_duration": "0.1s", "state": "OK",
        "response_preview": json.dumps({"label": "billing", "confidence": 0.9}),
        "trace_metadata": {"mlflow.trace.session": f"t{i}"}, "tags": {"mlflow.traceName": "support_router"},
        "assessments": [{"assessment_id": f"a-{i}-{n}", "assessment_name": "resolved", "trace_id": f"tr-{i}",
                         "source": {"source_type": "HUMAN", "source_id": "u"}, "create_time": "2026-03-02T00:00:00Z",
                         "last_update_time": f"2026-03-0{2 + n}T00:00:00Z", "feedback": {"value": reported}, "valid": good}
                        for n, (reported, good) in enumerate(((not value, False), (value, valid)))],
    }  # fmt: skip


@contextmanager
def mlflow_server(traces, tokens=True):
    """What MLflow's REST store asks for: an experiment by name, and traces in pages of a hundred."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            known = "experiment_name=support" in self.path
            body = {"experiment": {"experiment_id": "7", "name": "support", "lifecycle_stage": "active"}}
            self.say(
                200 if known else 404, body if known else {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}
            )

        def do_POST(self):
            requested = json.loads(self.rfile.read(int(self.headers["content-length"])))
            start = int(requested.get("page_token") or 0)
            end = start + 100
            self.say(
                200, {"traces": traces[start:end], "next_page_token": str(end) if tokens and end < len(traces) else ""}
            )

        def say(self, status, body):
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


ASSESSED = ("--decisions", "mlflow:support", "--outcomes", "mlflow:support", *AT_NOW)


def test_valid_assessments_of_traces_are_outcomes(gate, monkeypatch):
    with mlflow_server([trace(i, i % 2 == 0) for i in range(230)]) as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        answer = gate(*ASSESSED)
    assert (answer.code, answer.row()["n"], answer.row()["candidate"]) == (1, 230, 0.5), answer.kinds
    assert answer.data["subject"] == "support_router"


def test_mlflow_without_a_token_or_experiment_is_exit_2(gate, monkeypatch):
    with mlflow_server([trace(i, True) for i in range(230)], tokens=False) as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        assert "without a token" in gate(*ASSESSED).kinds
        absent = gate("--decisions", "mlflow:other", "--outcomes", "mlflow:other", *AT_NOW)
    assert absent.code == 2
    assert "no experiment 'other'" in absent.kinds
