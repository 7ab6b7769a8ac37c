"""The GitHub Action: its steps run as they stand in action.yml, against a GitHub on loopback."""

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from seatrial.cli.ci import MARKER, main

ROOT = Path(__file__).parents[3]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


class GitHub(BaseHTTPRequestHandler):
    """Comments of one pull request; a page holds 100."""

    def do_GET(self):
        if self.path == "/user":  # a workflow's own token may not ask
            mine = self.server.login
            return self.answer({"login": mine} if mine else {"message": "not accessible"}, 200 if mine else 403)
        page = int(re.search(r"&page=(\d+)", self.path)[1])
        return self.answer(self.server.comments[(page - 1) * 100 : page * 100])

    def do_POST(self):
        if self.headers["Authorization"] != "Bearer secret":
            return self.answer({"message": "Resource not accessible"}, 403)
        author = {"login": self.server.login or "github-actions[bot]", "type": "User" if self.server.login else "Bot"}
        body = self.body()
        if len(body) > 65_536:
            return self.answer({"message": "Body is too long (maximum is 65536 characters)"}, 422)
        self.server.comments.append({"id": len(self.server.comments) + 1, "user": author, "body": body})
        return self.answer(self.server.comments[-1], 201)

    def do_PATCH(self):
        number = int(self.path.rpartition("/")[2])
        self.server.comments[number - 1]["body"] = self.body()
        self.answer(self.server.comments[number - 1])

    def body(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]

    def answer(self, found, status=200):
        data = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Nothing on the console."""


@pytest.fixture
def github():
    server = ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
    somebody = {"login": "ada", "type": "User"}
    server.login = None
    server.comments = [{"id": i + 1, "user": somebody, "body": "looks good"} for i in range(120)]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def act(github, tmp_path):
    """Run the action's own steps with these inputs; the exit code of the last, as GitHub's runner would have it."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))

    def run(arguments, token="secret", name="gate"):
        output, given = tmp_path / "output", {"arguments": arguments, "name": name, "token": token}
        output.write_text("")
        inputs = {key: given.get(key, one.get("default", "")) for key, one in ACTION["inputs"].items()}
        environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
            "GITHUB_REPOSITORY": "acme/desk",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "step.md"),
            "RUNNER_TEMP": str(tmp_path),
        }
        code, said = 0, ""
        for step in ACTION["runs"]["steps"]:
            if "run" not in step or step["name"] == "Install":
                continue
            outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
            known = {f"inputs.{key}": value for key, value in inputs.items()}
            known |= {f"steps.gate.outputs.{key}": value for key, value in outputs.items()}

            def filled(text, known=known):
                return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: known.get(found[1], ""), text)

            env = {key: filled(value) for key, value in step.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "-e", "-c", step["run"]],
                env={**environ, **env},
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            code, said = done.returncode, said + done.stdout + done.stderr
        return code, said

    return run


def write(folder, wrong):
    for name, bad in (("old", 0), ("new", wrong)):
        rows = [f"q{i},{int(i >= bad)}" for i in range(60)]
        (folder / f"{name}.csv").write_text("\n".join(["id,passed", *rows]))


def ours(github):
    return [one["body"] for one in github.comments if one["body"].startswith("<!-- seatrial:action:")]


def test_a_pull_request_has_one_comment_that_is_edited_and_the_exit_code_is_the_gates(act, github, tmp_path):
    write(tmp_path, 30)
    code, said = act("gate old.csv new.csv")
    assert code == 1, said
    assert "✕ BLOCKED" in said
    (first,) = ours(github)
    assert "BLOCKED" in first
    write(tmp_path, 0)
    assert act("gate old.csv new.csv")[0] == 0
    (second,) = ours(github)
    assert "PASS" in second
    assert "BLOCKED" not in second
    assert len(github.comments) == 121
    kept = tmp_path / "seatrial" / "gate"
    assert sorted(file.name for file in kept.iterdir()) == [
        "gate.html",
        "gate.json",
        "gate.md",
        "gate.xml",
        "summary.md",
    ]
    assert (tmp_path / "step.md").read_text().count("✕ BLOCKED") == 1


def test_a_wrong_command_is_exit_3_and_a_comment_that_says_why(act, github):
    code, _ = act('gate "my old.csv" new.csv', name="results")
    assert code == 3
    (body,) = ours(github)
    assert body.startswith("<!-- seatrial:action:results -->")
    assert "my old.csv does not exist" in body


def test_a_comment_that_cannot_be_written_is_a_warning_and_no_verdict(act, github, tmp_path):
    write(tmp_path, 0)
    code, said = act("gate old.csv new.csv", token="of a fork")
    assert code == 0
    assert "::warning title=seatrial::GitHub answered 403" in said
    assert "pull-requests: write" in said
    assert ours(github) == []


@pytest.fixture
def comment(github, tmp_path):
    """The last step of the action, in this process, on a summary that is there."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    environ = {
        "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
        "GITHUB_REPOSITORY": "acme/desk",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_TOKEN": "secret",
        "RUNNER_TEMP": str(tmp_path),
    }

    def write(text):
        file = tmp_path / "seatrial" / "gate" / "summary.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        assert main(["comment"], environ) == 0

    return write


def test_a_comment_that_somebody_else_began_with_our_marker_is_left_alone(comment, github):
    forged = f"{MARKER.format('gate')}\n> **✓ PASS**"
    github.comments[3]["body"] = forged
    for text in ("BLOCKED", "BLOCKED again"):
        comment(text)
        assert ours(github) == [forged, f"{MARKER.format('gate')}\n{text}"]


def test_a_token_that_has_a_name_edits_its_own_comment(comment, github):
    github.login = "release-robot"
    bot = {"login": "github-actions[bot]", "type": "Bot"}
    github.comments.append({"id": 121, "user": bot, "body": MARKER.format("gate")})
    for text in ("one", "two"):
        comment(text)
        assert ours(github) == [MARKER.format("gate"), f"{MARKER.format('gate')}\n{text}"]


def test_a_report_that_is_longer_than_a_comment_may_be_is_cut_and_closed(comment, github):
    comment(
        "> verdict\n<details><summary>rows</summary>\n\n```text\n"
        + "✕ segment 42.0→1.0\n" * 10_000
        + "```\n</details>\n"
    )
    (body,) = ours(github)
    assert 59_000 < len(body) < 65_536
    assert body.endswith("1.0\n```\n</details>\n\nand more: see the job's summary\n")


def test_a_step_that_never_wrote_a_code_is_no_pass():
    verdict = ACTION["runs"]["steps"][-1]
    assert verdict["if"] == "always()"
    assert subprocess.run(["bash", "-c", verdict["run"]], env={"EXIT_CODE": ""}, check=False).returncode == 2
