"""Prices of files of results: a file of prices, those of the project the folder is in, or the listed ones."""

import json

import pytest

from seatrial.cli.app import run
from seatrial.model.price import LISTED, read_prices
from seatrial.price import Price

POLICY = """schema = "seatrial/policy/1"
[key.score]
primary = true
[measure.cost_usd]
statistic = "mean"
max_increase = "5%"
"""
OWN = "input = 1\noutput = 1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    lines = ["example_id,version,score,model,input_tokens,output_tokens"]
    for n in range(40):
        lines += [f"e{n},old,1,gpt-4o-mini,1000,100", f"e{n},new,1,gpt-4o,1000,100"]
    (tmp_path / "results.csv").write_text("\n".join(lines))
    (tmp_path / "merge.toml").write_text(POLICY)
    (tmp_path / "prices.toml").write_text("".join(f'[prices."{one}"]\n{OWN}' for one in ("gpt-4o", "gpt-4o-mini")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def gate(capsys, *more):
    args = ["gate", "--evidence", "results.csv", "--baseline", "old", "--candidate", "new", "--policy", "merge.toml"]
    code = run([*args, "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_without_a_project_the_listed_prices_hold_and_the_report_names_the_table(folder, capsys):
    code, data = gate(capsys)
    assert (code, data["prices"]) == (1, LISTED.hash)


def test_a_file_of_prices_holds_before_the_listed_ones(folder, capsys):
    code, data = gate(capsys, "--prices", "prices.toml")
    assert (code, data["prices"]) == (0, read_prices(folder / "prices.toml").hash)
    assert read_prices(folder / "prices.toml").of("openai:gpt-4o") == Price(1.0, 1.0)


def test_in_a_project_its_own_prices_hold(folder, capsys):
    own = "".join(f'[tool.seatrial.model.prices."{one}"]\n{OWN}' for one in ("gpt-4o", "gpt-4o-mini"))
    (folder / "pyproject.toml").write_text(f'[tool.seatrial]\nfleet = "t"\n{own}')
    code, data = gate(capsys)
    assert (code, data["prices"]) == (0, read_prices(folder / "prices.toml").hash)
    (folder / "pyproject.toml").write_text("[tool.seatrial]\nfleet = 3\n")
    code, data = gate(capsys)
    assert code == 3, "a project that cannot be read is no project without prices"


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("", "names no price; write"),
        ("[prices.x]\ninput = 1\n", "output is missing"),
        ("[price.x]\ninput = 1\n", "'price' is unknown"),
        (None, "does not exist; a project's own are"),
    ],
)
def test_a_file_of_prices_that_says_nothing_is_refused(folder, capsys, text, reported):
    if text is not None:
        (folder / "own.toml").write_text(text)
    code, data = gate(capsys, "--prices", "own.toml")
    assert code == 3
    assert reported in data["reason"]


def test_prices_without_a_cost_that_gates_are_refused(folder, capsys):
    (folder / "merge.toml").write_text(POLICY.partition("[measure")[0])
    code, data = gate(capsys, "--prices", "prices.toml")
    assert (code, "no cost gates" in data["reason"]) == (3, True)


def test_two_versions_of_a_project_are_gated_at_its_own_prices_only(folder, capsys):
    assert run(["gate", "desk@v1", "desk@v2", "--prices", "prices.toml"]) == 3
    assert "--prices goes with files of results" in capsys.readouterr().err
