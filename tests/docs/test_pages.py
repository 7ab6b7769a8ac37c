"""Every fenced example of the README and docs/ runs, and prints what the page says it prints.

```python blocks run in order in one fresh folder per page; a block whose fence names a file (```toml title="pyproject.toml") is
written to it; in ```console blocks each `$ seatrial ...` line runs there, and the lines below it are its output, to the
letter; a run's id is written RUN.
"""

import contextlib
import re
import runpy
import shlex
import tomllib
from pathlib import Path

import pytest

from seatrial.cli.app import run
from seatrial.errors import DataError
from seatrial.evidence import read_evidence
from seatrial.gate.policy import SCHEMA, parse_policy
from seatrial.project import mount

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r'^```(\w+)(?: title="(.+?)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
RUN_ID = re.compile(r"\b\d{8}-\d{6}-[\w.-]+-[0-9a-f]{4}\b")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def blocks(page: Path) -> list[tuple[str, str, str]]:
    return FENCE.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(kind in ("python", "console") for kind, _, _ in blocks(page))],
    ids=lambda p: p.name,
)
def test_the_examples_of_a_page_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "examples").symlink_to(ROOT / "docs" / "examples")
    names: dict[str, object] = {}
    for kind, name, text in blocks(page):
        if name:
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        elif kind == "python":
            file = tmp_path / "example.py"
            file.write_text(text, encoding="utf-8")
            names |= runpy.run_path(str(file), init_globals=names)
        elif kind == "console":
            check_session(text, capsys)


def check_session(text: str, capsys) -> None:
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        capsys.readouterr()
        mount(ROOT)  # another folder, so that the page's own files are read again, as by the next command of a terminal
        words = shlex.split(command)
        assert words[0] == "seatrial", f"only seatrial's own commands are run: {command}"
        with contextlib.suppress(SystemExit):
            run(words[1:])
        assert RUN_ID.sub("RUN", capsys.readouterr().out) == expected


def test_a_session_that_prints_something_else_is_noticed(capsys):
    with pytest.raises(AssertionError):
        check_session("$ seatrial --help\nnothing of the kind\n", capsys)


def test_every_policy_a_page_shows_is_one():
    shown = [text for page in PAGES for kind, _, text in blocks(page) if kind == "toml" and SCHEMA in text]
    assert len(shown) >= 3
    for raw in map(tomllib.loads, shown):
        for graph in raw.get("graph", {None: {}}):
            assert parse_policy(raw, "a page", graph).keys


@pytest.mark.parametrize("without", ["example_id", "version", "score"])
def test_the_evidence_columns_called_required_are(without, tmp_path):
    row = (
        (ROOT / "docs" / "reference" / "evidence.md")
        .read_text(encoding="utf-8")
        .partition(f"\n| `{without}` |")[2]
        .partition("\n")[0]
    )
    assert "**required**" in row
    columns = [name for name in ("example_id", "version", "score") if name != without]
    (tmp_path / "evidence.csv").write_text(f"{','.join(columns)}\n1,1\n")
    with pytest.raises(DataError, match=without):
        read_evidence(tmp_path / "evidence.csv")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_the_links_of_a_page_lead_somewhere(page):
    assert [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["judges.md", "feedback.md", "drift.md"])
def test_a_how_to_has_at_most_800_words(name):
    assert len((ROOT / "docs" / "how-to" / name).read_text(encoding="utf-8").split()) <= 800


def test_readme_stays_on_one_screen():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 80


def test_the_readme_first_shows_two_files_and_a_verdict():
    page = ROOT / "README.md"
    kind, _, text = blocks(page)[0]
    assert kind == "console"
    assert text.startswith("$ seatrial gate docs/examples/old.csv docs/examples/new.csv\n✕ BLOCKED")
    assert page.read_text(encoding="utf-8").partition(text)[0].count("\n") < 15  # on the first screen
