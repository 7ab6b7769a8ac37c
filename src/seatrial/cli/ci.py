"""What the GitHub Action runs: one command with its report kept, and one comment on the pull request that is edited.

python -m seatrial.cli.ci run        # SEATRIAL_ARGUMENTS; writes exit-code and folder to GITHUB_OUTPUT, exits 0
python -m seatrial.cli.ci comment    # the report's summary as the pull request's one comment of SEATRIAL_NAME
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import ExitCode, SeatrialError, UsageError
from seatrial.privacy.exits import know, redacted
from seatrial.report.markdown import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKER = "<!-- seatrial:action:{} -->"
"""The first line of a comment of ours; never shown, and how the next run finds it."""
LONGEST = 60_000
"""Characters; GitHub takes 65,536."""
PAGES = 50
"""Most pages of 100 comments that are looked through."""
TIMEOUT_S = 20.0
PAGES_OF_A_GATE = ("html", "json", "md", "xml")


def run_command(environ: Mapping[str, str]) -> int:
    """Run `seatrial ARGUMENTS` with its summary and its pages in a folder; the exit code is an output, not this process's."""
    arguments = shlex.split(environ.get("SEATRIAL_ARGUMENTS", ""))
    folder = _folder(environ)
    folder.mkdir(parents=True, exist_ok=True)
    summary = folder / "summary.md"
    summary.write_text("", encoding="utf-8")
    if arguments[:1] == ["gate"] and "--json" not in arguments:
        arguments += [word for suffix in PAGES_OF_A_GATE for word in ("-o", str(folder / f"gate.{suffix}"))]
    done = subprocess.run(  # noqa: S603 - the command is the workflow's own
        [sys.executable, "-m", "seatrial", *arguments],
        env={**environ, "GITHUB_STEP_SUMMARY": str(summary)},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    sys.stderr.write(done.stderr)
    if not summary.read_text(encoding="utf-8").strip():
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        verb = arguments[0] if arguments else ""
        given = f"> [!WARNING]\n> **seatrial {escape(verb)}** exit {done.returncode}: {escape(redacted(reason))}\n"
        summary.write_text(given, encoding="utf-8")
    _append(environ.get("GITHUB_STEP_SUMMARY"), summary.read_text(encoding="utf-8"))
    _append(environ.get("GITHUB_OUTPUT"), f"exit-code={done.returncode}\nfolder={folder}\n")
    return 0


def post_comment(environ: Mapping[str, str]) -> int:
    """Write the summary as the pull request's comment, over the one of the last run; never a second one.

    Raises:
        UsageError: this is no pull request, or GitHub does not take the comment.
    """
    number = _pull_request(environ)
    marker = MARKER.format(environ.get("SEATRIAL_NAME") or "gate")
    text = redacted((_folder(environ) / "summary.md").read_text(encoding="utf-8"))
    body = f"{marker}\n{_cut(text)}"
    repository = environ.get("GITHUB_REPOSITORY", "")
    comments = f"/repos/{repository}/issues/{number}/comments"
    existing = _existing(environ, comments, marker)
    if existing is None:
        _ask(environ, "POST", comments, {"body": body})
    else:
        _ask(environ, "PATCH", f"/repos/{repository}/issues/comments/{existing}", {"body": body})
    return 0


def _cut(text: str) -> str:
    """At most `LONGEST` characters, cut at a line's end, with what was open there closed."""
    if len(text) <= LONGEST:
        return text
    kept = text[:LONGEST].rpartition("\n")[0]
    fence = "\n```" if kept.count("\n```") % 2 else ""
    details = "\n</details>" * (kept.count("<details>") - kept.count("</details>"))
    return f"{kept}{fence}{details}\n\nand more: see the job's summary\n"


def _existing(environ: Mapping[str, str], comments: str, marker: str) -> int | None:
    """The id of our comment; one that somebody else began with our marker is not ours to edit, nor a verdict to trust."""
    mine = _login(environ)
    for page in range(1, PAGES + 1):
        found = _ask(environ, "GET", f"{comments}?per_page=100&page={page}")
        for one in found:
            author = one.get("user") or {}
            ours = author.get("login") == mine if mine else author.get("type") == "Bot"
            if ours and str(one.get("body", "")).startswith(marker):
                return int(one["id"])
        if len(found) < 100:
            return None
    return None


def _login(environ: Mapping[str, str]) -> str | None:
    """Whose token it is; None of a workflow's own, which may not ask and whose comments are a bot's."""
    try:
        return str(_ask(environ, "GET", "/user")["login"])
    except (UsageError, KeyError, TypeError):
        return None


def _ask(environ: Mapping[str, str], method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    base = environ.get("GITHUB_API_URL") or "https://api.github.com"
    if not base.startswith(("https://", "http://")):
        raise UsageError(f"GITHUB_API_URL {base!r} is no address")
    request = urllib.request.Request(  # noqa: S310 - its scheme was checked
        base + path,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={
            "Authorization": f"Bearer {environ.get('GITHUB_TOKEN', '')}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "User-Agent": "seatrial",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        hint = (
            "; give the job `permissions: pull-requests: write` (a pull request from a fork cannot have it)"
            if error.code in (401, 403, 404)
            else ""
        )
        raise UsageError(f"GitHub answered {error.code} to {method} {path.partition('?')[0]}{hint}") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"GitHub did not answer {method} {path.partition('?')[0]}: {error}") from error


def _pull_request(environ: Mapping[str, str]) -> int:
    try:
        event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        return int((event.get("pull_request") or event.get("issue") or {})["number"])
    except (KeyError, OSError, ValueError, TypeError) as error:
        raise UsageError(
            "this run is of no pull request (GITHUB_EVENT_PATH names none), so there is nowhere to comment"
        ) from error


def _folder(environ: Mapping[str, str]) -> Path:
    name = environ.get("SEATRIAL_NAME") or "gate"
    if "/" in name or name.startswith("."):
        raise UsageError(f"name {name!r} is the name of a comment and of a folder; leave '/' and a leading '.' out")
    return Path(environ.get("RUNNER_TEMP") or ".") / "seatrial" / name


def _append(file: str | None, text: str) -> None:
    if file:
        with Path(file).open("a", encoding="utf-8") as target:
            target.write(text)


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run one of the two steps; a comment that cannot be written is said and changes no verdict."""
    know(environ)
    steps = {"run": run_command, "comment": post_comment}
    if len(arguments) != 1 or arguments[0] not in steps:
        sys.stderr.write(f"seatrial.cli.ci: choose one of: {', '.join(steps)}\n")
        return ExitCode.NOTHING_JUDGED
    try:
        return steps[arguments[0]](environ)
    except SeatrialError as error:
        sys.stderr.write(f"::warning title=seatrial::{redacted(str(error))}\n")
        return 0 if arguments[0] == "comment" else ExitCode.NOTHING_JUDGED


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1:], os.environ))
