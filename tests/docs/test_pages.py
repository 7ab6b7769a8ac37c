"""Every fenced example of the README and docs/ runs, and prints what the page shows (docs/fences.py says how)."""

import doctest
import json
import re
import shlex
import tomllib
from pathlib import Path

import click
import fences
import pytest
import yaml
from fences import EXAMPLES, OtherOutput, Player, anchors, blocks, matches, with_output

from seatrial.cli.app import app
from seatrial.errors import DataError
from seatrial.evidence import read_evidence
from seatrial.gate.policy import SCHEMA, parse_policy

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "RESULTS.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
RUN = ("python", "pycon", "console")
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")

NOT_RUN = {
    "text": "what is no language: a layout, the output of another program, commands with an effect outside the folder",
    "bash": "commands that start a server, install something or need an account",
    "sh": "as bash",
    "toml": "part of a file; it must be TOML",
    "json": "part of a document; it must be JSON",
    "yaml": "a file for another program; it must be YAML",
    "mermaid": "a diagram, drawn by whatever renders the page",
}
"""Kind of block without a title -> why it is not run. `seatrial` commands in it must exist, with their options."""

ELSEWHERE = {"mlflow.md": "tests/engine/adapters/mlflow/test_page.py gives it a tracking server with two runs"}
"""Page that needs more than a folder -> the test that runs it."""


@pytest.mark.parametrize(
    "page",
    [
        page
        for page, text in TEXTS.items()
        if page.name not in ELSEWHERE
        and any(block.kind in RUN or block.kind in ("csv", "jsonl") for block in blocks(text))
    ],
    ids=lambda p: p.name,
)
def test_the_examples_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    player = Player()
    for block in blocks(TEXTS[page]):
        player.play(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_page_is_set_up_in_at_most_ten_hidden_lines(page):
    assert sum(block.text.count("\n") for block in blocks(TEXTS[page]) if block.hidden) <= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_fence_of_a_page_is_a_block(page):
    """A fence that the parser does not read is a block that no test has run."""
    shown = [block for block in blocks(TEXTS[page]) if not block.hidden]
    assert sum(line.startswith("```") for line in TEXTS[page].splitlines()) == 2 * len(shown)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_block_that_is_not_run_is_of_a_kind_that_need_not_be(page):
    for block in blocks(TEXTS[page]):
        if block.kind in RUN or block.title:
            continue
        assert block.kind in NOT_RUN
        if block.kind in READERS:
            READERS[block.kind](block.text)
        elif page.name != "cli.md":
            for words in mentioned(block.text):
                check_command(app, words)


READERS = {"toml": tomllib.loads, "json": json.loads, "yaml": yaml.safe_load}


def mentioned(text: str) -> list[list[str]]:
    """The `seatrial` commands of a block as words, without what a shell would do with the rest of the line."""
    lines = text.replace("\\\n", " ").splitlines()
    started = [line.partition("seatrial ")[2] for line in lines if line.startswith(("seatrial ", "SEATRIAL_"))]
    return [shlex.split(line.partition(" && ")[0], comments=True) for line in started]


def check_command(command: click.Command, words: list[str]) -> None:
    """Fail where the command, or one of its options, does not exist."""
    with click.Context(command) as context:
        _, rest, _ = command.make_parser(context).parse_args(list(words))
        if isinstance(command, click.Group) and rest:
            _, chosen, rest = command.resolve_command(context, rest)
            check_command(chosen, rest)


def test_a_command_that_does_not_exist_is_noticed():
    check_command(app, ["fleet", "check"])
    with pytest.raises(click.UsageError):
        check_command(app, ["fleet", "sink"])
    with pytest.raises(click.UsageError):
        check_command(app, ["gate", "a.csv", "b.csv", "--nothing-of-the-kind"])
    assert mentioned("seatrial gate a \\\n  --json  # why\nSEATRIAL_X=1 seatrial eval b\npytest\n") == [
        ["gate", "a", "--json"],
        ["eval", "b"],
    ]


def test_a_session_that_prints_something_else_is_noticed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = "```console\n$ seatrial --version\nnothing of the kind\n```\n"
    with pytest.raises(OtherOutput, match="nothing of the kind"):
        Player().play(blocks(page)[0])


def test_a_step_of_the_prompt_that_prints_something_else_is_noticed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    player = Player()
    for block in blocks("```python\nx = 1\n```\n\n```pycon\n>>> y = x + 1\n>>> y\n2\n```\n\n```pycon\n>>> y\n2\n```\n"):
        player.play(block)
    with pytest.raises(OtherOutput, match="Expected:"):
        player.play(blocks("```pycon\n>>> x + 1\n3\n```\n")[0])


def test_what_a_page_leaves_out_of_an_output_stays_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = "```console\n$ seatrial --help\nUsage: seatrial [OPTIONS] COMMAND [ARGS]...\n...\n```\n"
    assert with_output(page) == page


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("a\n...\nd\n", "a\nb\nc\n", False),
        ("a ...\n", "a b\n", False),
        ("run <id> took <seconds>\n", "run 20261130-191526-desk-0a1b took 1.25 s\n", True),
        ("run <id> took <seconds>\n", "run a b took 1.25 s\n", False),
        ("took <seconds>\n", "took long\n", False),
        ("a.b\n", "axb\n", False),
    ],
)
def test_what_a_pattern_matches(shown, printed, same):
    assert matches(shown, printed) is same


def test_hidden_setup_runs_and_prepares_what_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    setup, shown = blocks("<!-- setup python\nx = 1\n-->\n\n```python\nassert x == 1\ny = x\n```\n")
    assert (setup.hidden, shown.hidden) == (True, False)
    player = Player()
    player.play(setup)
    player.play(shown)
    assert player.names["y"] == 1


def test_a_data_block_is_the_beginning_of_a_shipped_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = (EXAMPLES / "old.csv").read_text(encoding="utf-8")
    first = shipped.partition("\n")[0]
    player = Player()
    player.play(blocks(f'```csv title="old.csv"\n{first}\n...\n```\n')[0])
    assert Path("old.csv").read_text(encoding="utf-8") == shipped
    with pytest.raises(AssertionError, match="does not begin as"):
        player.play(blocks('```csv title="old.csv"\nanother,head\n```\n')[0])


def test_every_policy_a_page_shows_is_one():
    shown = [
        block.text for text in TEXTS.values() for block in blocks(text) if block.kind == "toml" and SCHEMA in block.text
    ]
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
    assert dead_links(page, TEXTS[page]) == []


def dead_links(page: Path, text: str) -> list[str]:
    dead = []
    for link in LINK.findall(text):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists():
            dead.append(link)
        elif anchor and target.suffix == ".md":
            known = anchors(text if target == page else target.read_text(encoding="utf-8"))
            dead += [link] if anchor not in known else []
    return dead


def test_a_link_to_a_heading_that_is_not_there_is_noticed():
    page = ROOT / "README.md"
    assert dead_links(page, "# One two\n[a](#one-two) [b](docs/reference/policy.md)") == []
    assert dead_links(page, "# One two\n[a](#three) [b](docs/reference/policy.md#nothing-of-the-kind)") == [
        "#three",
        "docs/reference/policy.md#nothing-of-the-kind",
    ]


def test_readme_stays_on_one_screen():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 80


def test_the_readme_first_shows_two_files_and_a_verdict():
    page = ROOT / "README.md"
    kind, _, text, _ = blocks(TEXTS[page])[0]
    assert kind == "console"
    assert text.startswith("$ seatrial gate docs/examples/old.csv docs/examples/new.csv\n✕ BLOCKED")
    assert page.read_text(encoding="utf-8").partition(text)[0].count("\n") < 15  # on the first screen


def test_the_examples_in_the_parser_itself_hold():
    assert doctest.testmod(fences).failed == 0
