"""docs/reference/environment.md: every variable that is read or set, and docs/reference/files.md: every file.

A test compares both lists with the source.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from written.json_formats import texts
from written.tables import table

from seatrial.model.attempt import KEY_OF

if TYPE_CHECKING:
    from collections.abc import Iterator

READ, SET = "read", "set by seatrial"


class Variable(NamedTuple):
    """One variable of the environment: who reads it, what it does, and what is so without it."""

    name: str
    section: str
    does: str
    absent: str = ""


VARIABLES = (
    Variable(
        "EVAL",
        "Runs and judges",
        "`1`: judges and graphs call their models and record them, and `pytest -m llm` runs",
        "recorded calls are replayed, judges are skipped",
    ),
    Variable("REDTEAM", "Runs and judges", "`1`: pytest runs the tests marked `redteam`", "they are skipped"),
    Variable("LIVE", "Runs and judges", "`1`: pytest runs the tests marked `live`", "they are skipped"),
    Variable(
        "LLM_KILL_SWITCH", "Runs and judges", "`1`: every model call is refused; its run is skipped", "calls are made"
    ),
    Variable("SEATRIAL_STORE", "Store, server and rollout", "address of the store", "`store` of `[tool.seatrial]`"),
    Variable(
        "SEATRIAL_EVENTS",
        "Store, server and rollout",
        "where a rollout counts events: a DuckDB file or a PostgreSQL address",
        "the store",
    ),
    Variable(
        "SEATRIAL_SHADOW",
        "Store, server and rollout",
        "`off`: no request is copied to a candidate",
        "copied as planned",
    ),
    Variable(
        "SEATRIAL_API_KEY_SHA256",
        "Store, server and rollout",
        "SHA-256 of the keys the server accepts, joined by commas",
        "none on loopback; another host is refused",
    ),
    Variable(
        "SEATRIAL_POOL_NAME_URL",
        "Store, server and rollout",
        "address of the pool NAME; empty takes it out",
        "`[tool.seatrial.dispatch]`",
    ),
    Variable("MLFLOW_TRACKING_URI", "Other services", "where runs are logged", "`mlflow.db` of the project"),
    Variable(
        "LANGSMITH_API_KEY",
        "Other services",
        "key for LangSmith; `LANGCHAIN_API_KEY` is read too",
        "LangSmith is not asked",
    ),
    Variable("LANGCHAIN_API_KEY", "Other services", "older name of the same"),
    Variable(
        "LANGSMITH_ENDPOINT",
        "Other services",
        "LangSmith's address; `LANGCHAIN_ENDPOINT` is read too",
        "LangSmith's own",
    ),
    Variable("LANGCHAIN_ENDPOINT", "Other services", "older name of the same"),
    Variable(
        "LANGSMITH_TRACING",
        "Other services",
        "LangSmith's switches: seatrial turns tracing off while it evaluates",
        "no tracing",
    ),
    Variable("LANGSMITH_TRACING_V2", "Other services", "likewise"),
    Variable("LANGCHAIN_TRACING", "Other services", "likewise"),
    Variable("LANGCHAIN_TRACING_V2", "Other services", "likewise"),
    Variable("CI", "CI and terminal", "set: `report --open` opens no browser"),
    Variable(
        "GITHUB_ACTIONS", "CI and terminal", "set: a verdict that `mode` or `inconclusive` lets pass is an annotation"
    ),
    Variable("NO_COLOR", "CI and terminal", "set: no colour"),
    Variable(
        "GITHUB_RUN_ATTEMPT", "CI and terminal", "attempt of the job: the number of the look that a report prints", "1"
    ),
    Variable("GITHUB_STEP_SUMMARY", "CI and terminal", "file to which the report is added", "no summary"),
    Variable("GITHUB_OUTPUT", "CI and terminal", "file to which the Action writes `exit-code` and `folder`"),
    Variable("GITHUB_REPOSITORY", "CI and terminal", "repository of the comment on a pull request"),
    Variable("GITHUB_EVENT_PATH", "CI and terminal", "file that names the pull request"),
    Variable("GITHUB_API_URL", "CI and terminal", "address of GitHub's API", "`https://api.github.com`"),
    Variable("GITHUB_TOKEN", "CI and terminal", "key for the comment"),
    Variable("RUNNER_TEMP", "CI and terminal", "folder in which the Action keeps its report", "the current folder"),
    Variable("SEATRIAL_ARGUMENTS", "CI and terminal", "the command the Action runs"),
    Variable("SEATRIAL_NAME", "CI and terminal", "name of the Action's report and comment", "`gate`"),
    Variable("XDG_CACHE_HOME", "CI and terminal", "folder of caches that any project may use", "`~/.cache`"),
    Variable(
        "OPENAI_API_KEY",
        SET,
        "a placeholder where MLflow asks for one and the call goes through a judge of the project",
    ),
    Variable("MLFLOW_DISABLE_TELEMETRY", SET, "`true` while MLflow is used"),
    Variable("DO_NOT_TRACK", SET, "`true` while MLflow is used"),
    Variable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", SET, "`2` while MLflow is used, unless it is set"),
    Variable("MLFLOW_HTTP_REQUEST_TIMEOUT", SET, "`30` while MLflow is used, unless it is set"),
    Variable("SEATRIAL_CHECK_CHILD", SET, "`1` in the process of `fleet check --isolated`"),
    Variable("DEEPEVAL_TELEMETRY_OPT_OUT", SET, "while DeepEval is loaded, unless it is set"),
    Variable("DEEPEVAL_UPDATE_WARNING_OPT_OUT", SET, "likewise"),
    Variable("DEEPEVAL_FILE_SYSTEM", SET, "likewise"),
    Variable("DEEPEVAL_DISABLE_DOTENV", SET, "likewise"),
)
"""Every variable that the source names, in the order of the page."""

NO_VARIABLES = frozenset(
    {"PAGER_URL", "DB_PASSWORD", "SSH_AUTH_SOCK", "OLDPWD", "READ_ONLY", "RESOURCE_DOES_NOT_EXIST"}
)
"""Names in an example, names of other programs whose values are no secrets, and words of other libraries."""

NAME = re.compile(r"(?:CI|EVAL|REDTEAM|LIVE|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)")
QUOTED = re.compile(rf"""["']{NAME.pattern}["']""")
"""A file without one need not be parsed."""
OWN_WORDS = ("checks/", "purity/", "evidence/schema.py", "evidence/__init__.py", "judge/bias.py")
"""Rooms whose upper-case words are tokens, opcodes and names of other things."""


def named() -> set[str]:
    """Every upper-case word of several parts that stands as a text in the source, and every one read from `environ`."""
    found: set[str] = set()
    for place, text in texts().items():
        if not place.startswith(("template/", "testing/", *OWN_WORDS)) and QUOTED.search(text):
            found |= set(_texts(ast.parse(text)))
    return found - NO_VARIABLES


def _texts(tree: ast.Module) -> Iterator[str]:
    exported = {id(text) for node in tree.body if _is_all(node) for text in ast.walk(node)}
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in exported
        if text and NAME.fullmatch(node.value):  # type: ignore[attr-defined]
            yield node.value  # type: ignore[attr-defined]


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def variables() -> str:
    """Every variable by section."""
    parts = []
    for section in dict.fromkeys(one.section for one in VARIABLES):
        rows = [(f"`{one.name}`", one.does, one.absent) for one in VARIABLES if one.section == section]
        title = section[0].upper() + section[1:]
        parts.append(f"## {title}\n\n{table(('variable', 'what it does', 'without it'), rows)}")
    return "\n".join(parts)


def provider_keys() -> str:
    """Provider -> the variable with its key."""
    rows = [(f"`{name}`", f"`{key.replace(' and ', '` and `')}`") for name, key in KEY_OF.items()]
    return table(("provider", "variable"), [*rows, ("every other", "`PROVIDER_API_KEY`, e.g. `ANTHROPIC_API_KEY`")])
