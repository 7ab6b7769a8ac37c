"""A feedback decision on every surface: page with reliability diagram, Markdown, JUnit, webhook, MLflow, pytest."""

from __future__ import annotations

import json
import math
import threading
import xml.etree.ElementTree as ET
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from seatrial.adapters.feedback.metrics import feedback_metrics
from seatrial.adapters.mlflow import place, session
from seatrial.cli.app import run
from seatrial.report.decision_data import decision_of

pytest_plugins = ["pytester"]


@pytest.fixture
def flagged(write):
    rows = [{"confidence": 0.9, "label": int(i < 60), "decided_at": "2026-03-01T00:00:00Z"} for i in range(120)]
    return ("--outcomes", write("bad.csv", rows), "--now", "2026-06-30")


def test_files_hold_the_verdict_and_a_diagram_with_n_per_band(gate, flagged, project):
    for name in ("f.html", "f.md", "f.xml", "f.txt", "f.json"):
        flagged = (*flagged, "-o", name)
    assert gate(*flagged).code == 1
    page = (project / "f.html").read_text()
    assert "FLAGGED" in page
    assert "<svg" in page
    assert "n 120" in page
    assert "observed rate of positives by stated confidence" in page
    assert "FLAGGED" in (project / "f.md").read_text()
    assert ET.parse(project / "f.xml").getroot() is not None
    assert json.loads((project / "f.json").read_text())["exit_code"] == 1


def test_the_terminal_shows_toml_to_paste(write, capsys, project):
    write("j.csv", [{"confidence": 0.6, "label": "ja"}] * 40)
    assert run(["feedback-gate", "--one-shot", "--outcomes", "j.csv"]) == 2
    assert capsys.readouterr().out.endswith(
        '[labels]  # positive, negative or neutral\nja = "neutral"  # 40 outcomes\n'
    )


@pytest.mark.parametrize(("status", "reported"), [(200, ""), (500, "the webhook did not take the decision: HTTP 500")])
def test_the_webhook_is_told_and_changes_no_exit_code(gate, flagged, status, reported):
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request, daemon=True)
    thread.start()
    answer = gate(*flagged, "--webhook", f"http://127.0.0.1:{server.server_address[1]}/")
    thread.join(5)
    server.server_close()
    assert (answer.code, received[0]["schema"], received[0]["verdict"]) == (1, "seatrial/feedback/1", "fail")
    assert reported in answer.err
    down = gate(*flagged, "--webhook", "http://127.0.0.1:1/")
    assert down.code == 1
    assert "did not take the decision" in down.err
    assert run(["feedback-gate", "--webhook", "file:///etc/passwd", *flagged]) == 3


def test_every_known_rate_is_a_metric_and_what_is_unknown_has_no_name(gate, flagged):
    found = feedback_metrics(decision_of(gate(*flagged).data, "report"))
    assert found["classifier/overall/observed"] == 0.5
    assert found["classifier/overall/n"] == 120.0
    assert found["flagged"] == 1.0
    assert all(math.isfinite(value) for value in found.values())


@pytest.mark.slow
def test_rates_are_logged_to_mlflow_once(gate, flagged, project, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    first, second = (gate(*flagged, "--mlflow") for _ in range(2))
    assert first.code == 1
    assert first.err == second.err
    with session(place({}, project)) as client:
        logged = client.get_run(first.err.split()[-1])
    assert logged.data.metrics["classifier/overall/observed"] == 0.5
    assert logged.data.tags["seatrial.verdict"] == "fail"


def test_pytest_has_an_item_per_classifier_and_one_that_decides(pytester):
    pytester.makepyprojecttoml("[tool.seatrial]\nfleet = 'f'\n")
    rows = [
        f"{c},{0.9 if c == 'bad' else 0.6},{int(i % 2 == 0 or c == 'good')},2026-03-01T00:00:00Z"
        for c in ("good", "bad")
        for i in range(80)
    ]
    pytester.path.joinpath("o.csv").write_text("\n".join(["classifier,confidence,label,decided_at", *rows]))
    pytester.mkdir("gates").joinpath("feedback.toml").write_text(
        'year = "2026-01-01"\n[source.crm]\noutcomes = "o.csv"\n[classifier.good]\n[classifier.bad]\n'
    )
    result = pytester.runpytest_subprocess("gates/feedback.toml", "-v", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*gates/feedback.toml::good PASSED*",
            "*gates/feedback.toml::bad FAILED*",
            "*gates/feedback.toml::gate FAILED*",
        ]
    )
    result.stdout.fnmatch_lines(["*bad on overall: stated 90.0 %, observed 50.0 %*"])
