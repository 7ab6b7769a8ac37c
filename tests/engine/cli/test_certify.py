"""`seatrial certify` as it is called."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from seatrial.cli.app import run

ROOT = Path(__file__).parents[3]
POLICY = 'schema = "seatrial/policy/1"\n[key.score]\nprimary = true\n'


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ["example_id,version,score,tier"]
    rows += [f"{i},v1,1,{'enterprise' if i < 80 else 'free'}" for i in range(300)]
    (tmp_path / "results.csv").write_text("\n".join(rows))
    (tmp_path / "merge.toml").write_text(POLICY)
    return tmp_path


def certify(*more):
    return run(["certify", "merge.toml", "--evidence", "results.csv", "--segment", "tier", "--gates", "400", *more])


def test_the_reference_fleet_keeps_its_promise(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert run(["certify", "gates/merge.toml", "--json", "--gates", "1000"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["schema"] == "seatrial/certify/1"
    assert said["false_block_rate"] <= said["alpha"] == 0.05
    assert [graph["graph"] for graph in said["graphs"]] == ["text_to_sql", "email_classify", "support_router"]
    at_20 = [p for graph in said["graphs"] for p in graph["power"] if p["critical"] and p["drop"] == 0.2]
    assert len(at_20) == 4
    assert min(p["blocked"] for p in at_20) > 0.9


def test_sizes_from_evidence(here, capsys):
    assert certify("--critical", "tier=enterprise") == 0
    out = capsys.readouterr().out
    assert out.startswith("✓ results.csv: false block ")
    assert "tier=enterprise*" in out


def test_a_policy_that_cannot_judge_a_critical_segment_is_exit_2_with_advice(here, capsys):
    (here / "results.csv").write_text("\n".join((here / "results.csv").read_text().splitlines()[61:]))
    (here / "results.csv").write_text("example_id,version,score,tier\n" + (here / "results.csv").read_text())
    assert certify("--critical", "tier=enterprise") == 2
    out = capsys.readouterr().out
    assert "cannot tell, always: tier=enterprise too small" in out
    assert "more examples of tier=enterprise would show a drop of 20 points" in out


def test_the_picture_is_svg_that_needs_nothing_else(here):
    assert certify("-o", "power.svg") == 0
    text = (here / "power.svg").read_text()
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert text.count("http") == 1, "the namespace and nothing else"
    assert len(root.findall("{*}polyline")) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["certify", "absent.toml", "--evidence", "results.csv"], "absent.toml does not exist"),
        (["certify", "merge.toml", "--evidence", "absent.csv"], "absent.csv does not exist"),
        (["certify", "merge.toml", "--evidence", "results.csv", "-o", "x.png"], "choose FILE.json or FILE.svg"),
        (
            ["certify", "merge.toml", "--evidence", "results.csv", "--critical", "plan"],
            "the evidence has no dimension 'plan'",
        ),
        (["certify", "merge.toml", "--evidence", "results.csv", "--churn", "7"], "7.0 is not in the range 0<=x<=1"),
        (
            ["certify", "merge.toml", "--evidence", "results.csv", "--graph", "a", "--graph", "b"],
            "name at most one --graph",
        ),
    ],
)
def test_a_users_mistake_is_a_sentence_and_exit_2(here, capsys, arguments, said):
    assert run(arguments) == 2
    assert said in capsys.readouterr().err
