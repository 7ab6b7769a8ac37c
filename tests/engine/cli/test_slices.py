"""`seatrial slices` as it is called."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from seatrial.cli.app import run

ROOT = Path(__file__).parents[3]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """120 examples; version v2 fails every long question it is asked in French."""
    monkeypatch.chdir(tmp_path)
    results, features = ["example_id,version,score"], ["example_id,language,words"]
    for i in range(120):
        language, words = ("fr", "en", "de")[i % 3], 5 + i % 7
        features.append(f"{i},{language},{words}")
        results += [f"{i},v1,1", f"{i},v2,{int(not (language == 'fr' and words >= 8))}"]
    (tmp_path / "results.csv").write_text("\n".join(results))
    (tmp_path / "features.csv").write_text("\n".join(features))
    return tmp_path


def slices(*more):
    command = ["slices", "--evidence", "results.csv", "--baseline", "v1", "--candidate", "v2"]
    return run([*command, "--features", "features.csv", *more])


def test_what_broke_is_found_and_the_exit_code_stays_0(here, capsys):
    assert slices() == 0
    out = capsys.readouterr().out
    assert out.startswith("✕ 1 slice lost beyond chance, of ")
    assert "✕ language=fr and words ≥ 8: 100.0 → 0.0 on 23 examples, −100.0 points" in out
    assert "23 of the 23 examples that broke are in it" in out
    assert "[dimension.language_fr_and_words_at_least_8]" in out


def test_json_is_one_document_and_the_same_each_time(here, capsys):
    assert slices("--json", "-o", "out.json") == 0
    first = capsys.readouterr().out
    assert (here / "out.json").read_text() == first
    rows = (here / "results.csv").read_text().splitlines()
    (here / "results.csv").write_text("\n".join([rows[0], *reversed(rows[1:])]))
    assert slices("--json") == 0
    assert capsys.readouterr().out == first
    reported = json.loads(first)
    assert (reported["schema"], reported["exit_code"], reported["alpha"], reported["n"]) == (
        "seatrial/slices/1",
        0,
        0.1,
        120,
    )
    assert reported["found"][0]["features"] == ["language=fr", "words ≥ 8"]


def test_the_picture_is_svg_that_needs_nothing_else(here):
    assert slices("-o", "slices.svg") == 0
    text = (here / "slices.svg").read_text()
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert text.count("http") == 1, "the namespace and nothing else"
    assert len(root.findall("{*}g")) == 1


def test_the_picture_of_nothing_says_so(here):
    (here / "results.csv").write_text((here / "results.csv").read_text().replace(",0", ",1"))
    assert slices("-o", "slices.svg") == 0
    assert "nothing to show" in (here / "slices.svg").read_text()


def test_declared_segments_are_features_without_a_file(here, capsys):
    joined = ["example_id,version,score,language"]
    joined += [
        f"{row},{('fr', 'en', 'de')[int(row.split(',')[0]) % 3]}"
        for row in (here / "results.csv").read_text().split()[1:]
    ]
    (here / "results.csv").write_text("\n".join(joined))
    command = ["slices", "--evidence", "results.csv", "--baseline", "v1", "--candidate", "v2", "--segment", "language"]
    assert run(command) == 0
    out = capsys.readouterr().out
    assert "✕ language=fr: " in out
    assert "no entry: it is a segment already: language=fr" in out


def test_a_name_from_outside_cannot_drive_the_terminal(here, capsys):
    (here / "features.csv").write_text((here / "features.csv").read_text().replace("fr", "f\x1b[31m"))
    assert slices("-o", "slices.svg") == 0
    assert "\x1b" not in capsys.readouterr().out
    assert ET.fromstring((here / "slices.svg").read_text()).tag.endswith("svg")


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["slices"], "give two versions (seatrial slices text_to_sql@v1 text_to_sql@v2)"),
        (["slices", "a", "b", "--evidence", "results.csv"], "not both"),
        (["slices", "a", "b", "--map", "score=x"], "--map goes with --evidence"),
        (["slices", "--evidence", "results.csv", "--baseline", "v1"], "--candidate is missing"),
        (
            ["slices", "--evidence", "results.csv", "--baseline", "v1", "--candidate", "v2"],
            "say what is known of its examples with --features FILE",
        ),
        (
            ["slices", "results.csv", "b.csv"],
            "--evidence results.csv --evidence b.csv --baseline results --candidate b",
        ),
        (["slices", "a", "b", "-o", "x.png"], "choose FILE.json or FILE.svg"),
    ],
)
def test_a_users_mistake_is_a_sentence_and_exit_3(here, capsys, arguments, reported):
    assert run(arguments) == 3
    assert reported in capsys.readouterr().err


def test_features_of_other_examples_are_refused(here, capsys):
    (here / "features.csv").write_text("example_id,words\nq1,3\nq2,4\n")
    assert slices() == 2
    assert "it has 'q1', the evidence '0'; map ids with --feature-id and --map" in capsys.readouterr().err


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    for name in ("pyproject.toml", "graphs", "datasets", "evaluators", "gates"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_runs_of_the_reference_fleet(fleet, capsys):
    for version in ("v1", "v2"):
        assert run(["eval", f"handbook_answer@{version}", "--no-mlflow"]) == 0
    capsys.readouterr()
    assert run(["slices", "handbook_answer@v1", "handbook_answer@v2", "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert (reported["baseline"], reported["candidate"], reported["found"]) == ("v1", "v2", [])
    assert reported["slices"] > 40
    assert run(["slices", "handbook_answer@v1", "handbook_answer@v1"]) == 3
    assert "the same run" in capsys.readouterr().err
