"""One broken graph does not keep the others from being judged: in `trial` and in pytest."""

import json
import sys

import pytest

from seatrial.cli.app import run

from .fleet_of_two import write

BREAKS = {
    "import": ("graphs/shop.py", "import a_package_nobody_has\n", "No module named 'a_package_nobody_has'"),
    "exit": ("graphs/shop.py", "raise SystemExit(0)\n", "cannot be imported: SystemExit: 0"),
    "dataset": ("datasets/shop/golden.jsonl", "{\n", "golden.jsonl line 1 is not JSON"),
    "policy": ("gates/shop.toml", "[key\n", "shop.toml"),
    "anchor": ("gates/baselines/shop/anchor", "nothing\n", "names the baseline 'nothing'"),
    "evaluators": (
        "evaluators/__init__.py",
        "from .right import right\nSUITES = {'desk': (right,), 'shop': right}\n",
        'SUITES["shop"] is a function',
    ),
}
"""What is broken of `shop`: file, text, and what the sentence says."""


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.chdir(write(tmp_path))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def break_shop(root, name):
    file, text, reported = BREAKS[name]
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text)
    for module in [module for module in sys.modules if module.startswith("seatrial_project")]:
        del sys.modules[module]
    return reported


@pytest.mark.parametrize("name", BREAKS)
def test_the_others_are_judged_and_the_broken_one_is_named(root, capsys, name):
    reported = break_shop(root, name)
    assert run(["trial"]) == 2
    out = capsys.readouterr().out
    assert "PASS  desk v1 → v2" in out
    # Unreadable data tells nothing (2); a wrong module, policy or evaluator is the project's own mistake (3).
    code = 2 if name in ("dataset", "anchor") else 3
    word = "? CANNOT TELL" if code == 2 else "! NOTHING JUDGED"
    assert f"{word}  shop v1 → v2   exit {code}" in out
    assert reported in out
    assert "could not be judged: shop" in out
    (folder,) = (root / "reports").iterdir()
    assert json.loads((folder / "desk.json").read_text())["verdict"] == "pass"
    assert json.loads((folder / "shop.json").read_text())["verdict"] == "inconclusive"
    assert 'errors="1"' in (folder / "shop.xml").read_text()
    assert reported in (folder / "shop.txt").read_text()
    assert ("INVALID" if code == 2 else "NOTHING JUDGED") in (folder / "shop.html").read_text()


def test_a_blocked_graph_beside_a_broken_one_is_exit_1(root, capsys, monkeypatch):
    break_shop(root, "import")
    monkeypatch.setenv("DESK_CRASHES", "everywhere")
    assert run(["trial", "--json"]) == 1
    reported = json.loads(capsys.readouterr().out)
    assert [(row["graph"], row["report"]["verdict"]) for row in reported["trials"]] == [
        ("desk", "fail"),
        ("shop", "inconclusive"),
    ]


def test_a_broken_graph_is_never_as_expected(root, capsys):
    settings = root / "pyproject.toml"
    settings.write_text(settings.read_text() + 'expect = "inconclusive"\n')
    break_shop(root, "import")
    assert run(["trial", "--check-expect"]) == 2
    assert "not as expected: shop" in capsys.readouterr().out


def test_a_registry_nobody_can_read_is_said_once(root, capsys):
    (root / "graphs/registry.py").write_text("import a_package_nobody_has\n")
    assert run(["trial"]) == 3
    assert capsys.readouterr().err.count("a_package_nobody_has") == 1


@pytest.mark.parametrize("name", ["import", "dataset", "policy", "evaluators"])
def test_in_pytest_the_others_are_judged_and_the_broken_one_fails(root, users_pytest, name):
    command = ("gates/desk.toml", "gates/shop.toml", "--rootdir", str(root), "-p", "no:cacheprovider")
    code, reported = users_pytest(*command, "--seatrial-update-baseline")
    assert code == 0, reported
    expected = break_shop(root, name)
    code, reported = users_pytest(*command)
    assert code == 1, "tests failed; 2 would be a session that was interrupted"
    assert expected in reported
    assert "gate::shop" in reported
    assert "4 passed" in reported, "desk's three rows and its verdict"
