"""Under EVAL=1 a trial row's two versions are judged: an item a critical segment, and one for the verdict."""

from __future__ import annotations

import pytest

from seatrial.testing import OpenAIServer
from seatrial.vote import Level, Standing

from .asking import Billing, prefers

ROW = """
[[tool.seatrial.trial]]
graph = "desk"
baseline = "v1"
candidate = "v2"
policy = "gates/merge.toml"
"""
KEYS: dict[str, object] = {}
POLICY = """
schema = "seatrial/policy/1"
[key.answered]
primary = true
"""


def _session(root, judges, users_pytest, server, *arguments):
    with (root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(ROW)
    (root / "gates").mkdir()
    (root / "gates" / "merge.toml").write_text(POLICY, encoding="utf-8")
    judges(server.url, answer="answer", graphs=["desk"], **KEYS)
    return users_pytest("-rs", "-p", "no:cacheprovider", str(root / "gates" / "merge.toml"), *arguments)


def test_judge_items_report_and_decide_nothing_without_a_licence(project, judges, users_pytest, monkeypatch):
    root = project("v1", "v2")
    monkeypatch.setenv("EVAL", "1")
    with OpenAIServer(prefers("bad")) as server:
        code, reported = _session(root, judges, users_pytest, server, "-m", "llm", f"--rootdir={root}")
    assert code == 0
    assert len(server.requests) == 40
    assert "2 skipped" in reported
    assert "has no licence; fail: " in reported
    assert "report only: judge helpful@1#" in reported


@pytest.mark.parametrize(("word", "exit_code"), [("bad", 1), ("good", 0)])
def test_under_a_full_licence_the_verdict_decides(project, judges, users_pytest, monkeypatch, word, exit_code):
    root = project("v1", "v2")
    monkeypatch.setenv("EVAL", "1")
    monkeypatch.setattr("seatrial.judge.licence.standing_of", lambda *_, **__: Standing(Level.FULL))
    with OpenAIServer(prefers(word)) as server:
        code, reported = _session(root, judges, users_pytest, server, "-m", "llm", f"--rootdir={root}")
    assert code == exit_code
    assert f"{exit_code} failed" in reported or exit_code == 0
    assert f"{1 - exit_code} passed" in reported or exit_code == 1


def test_a_panel_that_the_policy_names_is_judged_and_decides_by_its_own_licence(
    project, judges, users_pytest, monkeypatch
):
    root = project("v1", "v2")
    monkeypatch.setenv("EVAL", "1")
    with OpenAIServer(prefers("good")) as server:
        for name in ("strict", "kind"):
            judges(server.url, name=name, answer="answer")
        (root / "judges" / "panels.toml").write_text('[duo]\njudges = ["strict", "kind"]\n')
        monkeypatch.setattr(f"{__name__}.POLICY", f"{POLICY}[judge.duo]\n")
        code, reported = _session(root, judges, users_pytest, server, "-m", "llm", f"--rootdir={root}")
    assert code == 0
    assert "judge duo@1#" in reported
    assert len(server.requests) == 120  # the panel's two, and the judge that names the graph


def test_the_judges_of_a_session_share_one_cap(project, judges, users_pytest, monkeypatch):
    root = project("v1", "v2")
    monkeypatch.setenv("EVAL", "1")
    with Billing(prefers("good")) as server:
        # A reply is .03 USD: 0.10 USD are three of them, of both judges together.
        price = {"input": 0, "output": 30.0}
        judges(
            server.url,
            name="strict",
            answer="answer",
            graphs=["desk"],
            price=price,
            max_tokens=1000,
            max_tokens_ceiling=1000,
        )
        monkeypatch.setattr(f"{__name__}.KEYS", {"price": price, "max_tokens": 1000, "max_tokens_ceiling": 1000})
        code, reported = _session(
            root, judges, users_pytest, server, "-m", "llm", f"--rootdir={root}", "--seatrial-max-usd", "0.10"
        )
        assert len(server.requests) == 3
    assert code == 0
    assert "have no verdict" in reported or "no example has a verdict" in reported


def test_without_eval_no_judge_is_collected(project, judges, users_pytest):
    root = project("v1", "v2")
    with OpenAIServer(prefers("good")) as server:
        _, reported = _session(root, judges, users_pytest, server, "-m", "llm", f"--rootdir={root}")
    assert not server.requests
    assert "skipped" not in reported
