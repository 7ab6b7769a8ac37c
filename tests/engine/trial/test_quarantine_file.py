"""Quarantine in a project: measured before it is written, listed as a debt, and in every report."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from seatrial.cli.app import run

TODAY = datetime.now(UTC).date()
SOON = str(TODAY + timedelta(days=30))


def put(*ids, graph="oracle", owner="ann", reason="a coin", expires=SOON, more=()):
    names = [word for name in ids for word in ("--quarantine", name)]
    return run(
        ["flaky", graph, *names, "--owner", owner, "--reason", reason, "--expires", expires, "--repeat", "4", *more]
    )


def document(capsys, *words):
    capsys.readouterr()
    run([*words, "--json"])
    return json.loads(capsys.readouterr().out)


def test_an_example_that_contradicts_itself_is_written_with_what_was_measured(project, capsys):
    assert put("q119") == 0
    # right, wrong, right, wrong: 4 of 6 pairs disagree
    assert "two of its 4 runs of oracle@v1 disagree 66.7 % of the time" in capsys.readouterr().out
    text = (project / "gates/quarantine.toml").read_text()
    assert f"expires = {SOON}\nruns = 4\ndisagree = 0.6667\n" in text
    (only,) = (json.loads(file.read_text()) for file in project.glob(".seatrial/runs/*/run.json"))
    assert (only["planned"], only["part"]) == (4, "flaky examples measured")


def test_an_example_that_never_contradicts_itself_is_not_written(project, capsys):
    assert put("q119", "q003") == 3
    assert "q003 gave the same scores in 4 runs of oracle@v1: it is not flaky" in capsys.readouterr().err
    assert not (project / "gates/quarantine.toml").exists()


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"graph": "oracle@worse"}, "oracle@worse is not in service (v1 is)"),
        ({"expires": str(TODAY + timedelta(days=91))}, "a quarantine lasts at most 90"),
        ({"expires": str(TODAY - timedelta(days=1))}, "lies in the past"),
        ({"expires": "soon"}, "--expires 'soon' is no date"),
        ({"owner": "two\nlines"}, "--owner is one line of text"),
        ({"reason": ""}, "--reason is missing"),
        ({"more": ("--limit", "3")}, "--limit does not go with --quarantine"),
    ],
)
def test_a_quarantine_that_cannot_be_is_a_sentence_and_exit_3(project, capsys, change, reported):
    assert put("q119", **change) == 3
    assert reported in capsys.readouterr().err
    assert not (project / "gates/quarantine.toml").exists()


def test_an_unknown_example_is_exit_3(project, capsys):
    assert put("nobody") == 3
    assert "temple:oracle:golden has no example 'nobody'" in capsys.readouterr().err


def test_words_of_a_quarantine_go_with_it_and_the_list_stands_alone(project, capsys):
    assert run(["flaky", "oracle", "--owner", "ann"]) == 3
    assert run(["flaky", "oracle", "--quarantined"]) == 3
    assert run(["flaky"]) == 3
    shown = capsys.readouterr().err
    assert "--owner goes with --quarantine EXAMPLE" in shown
    assert "it stands alone" in shown
    assert "name a graph or a run" in shown


def test_the_debt_is_listed_and_an_expired_one_stands_out(project, capsys):
    assert run(["flaky", "--quarantined"]) == 0
    assert capsys.readouterr().out == "nothing is in quarantine\n"
    put("q119")
    file = project / "gates/quarantine.toml"
    missing_share = TODAY - timedelta(days=3)
    file.write_text(file.read_text().replace(f"expires = {SOON}", f"expires = {missing_share}"))
    capsys.readouterr()
    assert run(["flaky", "--quarantined"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == "1 example in quarantine, 1 expired and gating again"
    assert f"  oracle q119  ann    {missing_share}    expired  a coin" in shown
    (entry,) = document(capsys, "flaky", "--quarantined")["examples"]
    assert (entry["id"], entry["days_left"], entry["expired"]) == ("q119", -3, True)


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ('graph = "oracle"', 'graph = "delphi"', "graph 'delphi' is unknown; the registry has: oracle, rules"),
        ("q119", "q999", "oracle has no example 'q999'"),
    ],
)
def test_a_debt_nobody_can_place_is_exit_2(project, capsys, old, new, reported):
    put("q119")
    file = project / "gates/quarantine.toml"
    file.write_text(file.read_text().replace(old, new))
    capsys.readouterr()
    assert run(["flaky", "--quarantined"]) == 3
    assert reported in capsys.readouterr().err


def test_an_entry_is_renewed_not_doubled(project, capsys):
    assert [put("q119"), put("q119", owner="bob")] == [0, 0]
    (entry,) = document(capsys, "flaky", "--quarantined")["examples"]
    assert entry["owner"] == "bob"


def test_a_run_with_repetitions_is_measured_without_running_again(project, capsys):
    assert run(["eval", "oracle@v1", "--repeat", "4"]) == 0
    (folder,) = project.glob(".seatrial/runs/*")
    assert put("q119", graph=folder.name) == 0
    assert len(list(project.glob(".seatrial/runs/*"))) == 1


def test_every_gate_shows_it_and_no_row_counts_it(project, capsys):
    put("q119")
    # v1 is asked for the fifth time: right; same, in its second run, for the second: wrong. Its first would be pooled as a look.
    run(["eval", "oracle@v1"])
    before = set(project.glob(".seatrial/runs/*"))
    run(["eval", "oracle@same"])
    (first,) = set(project.glob(".seatrial/runs/*")) - before
    shutil.rmtree(first)
    run(["eval", "oracle@same"])
    report = document(capsys, "gate", "oracle@v1", "oracle@same", "--no-confirm")
    assert report["overall"]["n"] == 119
    (kept,) = report["quarantine"]["examples"]
    assert (kept["id"], kept["moved"], kept["owner"], kept["expires"]) == ("q119", "regressed", "ann", SOON)
    capsys.readouterr()
    run(["gate", "oracle@v1", "oracle@same", "--no-confirm"])
    line = f"  quarantine  1 example shown and not judged: 1 broke (q119), 0 fixed; ann until {SOON}; with them: PASS\n"
    assert line in capsys.readouterr().out


def test_an_expired_entry_and_a_changed_example_gate_again(project, capsys):
    put("q119")
    data = project / "datasets/oracle/golden.jsonl"
    data.write_text(data.read_text().replace('"n": 119,', '"n": 1190,'))
    for version in ("v1", "same"):
        run(["eval", f"oracle@{version}"])
    report = document(capsys, "gate", "oracle@v1", "oracle@same")
    assert (report["overall"]["n"], report["quarantine"]) == (120, None)
    assert "q119 is no longer the example that ann put in quarantine" in report["warnings"][0]


def test_an_entry_nobody_can_place_stops_the_gate(project, capsys):
    put("q119")
    file = project / "gates/quarantine.toml"
    file.write_text(file.read_text().replace("q119", "q999"))
    for version in ("v1", "same"):
        run(["eval", f"oracle@{version}"])
    capsys.readouterr()
    assert run(["gate", "oracle@v1", "oracle@same"]) == 3
    assert "oracle has no example 'q999' in its golden dataset" in capsys.readouterr().err
