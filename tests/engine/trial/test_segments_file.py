"""What a project's segments.toml asks of a gate, end to end: sizes of its segments."""

import json
from datetime import UTC, datetime

import pytest

from seatrial.cli.app import run
from seatrial.project import open_project
from seatrial.segment import definition_of
from seatrial.trial.against_baseline import gate_against_baseline
from seatrial.trial.baselines import accept

TODAY = datetime.now(UTC).date()
DIMENSION = '[dimension.tier]\nfield = "inputs.tier"\nvalues = ["free", "enterprise"]\ncritical = ["enterprise"]\n'


@pytest.fixture
def small(project):
    """The project with 18 enterprise examples, of which the candidate loses two."""
    rows = [
        {"id": f"q{n:03}", "inputs": {"n": n, "tier": "enterprise" if n >= 101 else "free"}} for n in range(10, 119)
    ]
    (project / "datasets/rules/golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = (project / "pyproject.toml").read_text().replace('graph = "oracle"', 'graph = "rules"')
    (project / "pyproject.toml").write_text(settings.replace('"unlucky"', '"worse"'))
    return project


def segments(project, more=""):
    (project / "datasets/segments.toml").write_text(f"version = 1\n{DIMENSION}{more}\n")


@pytest.mark.parametrize(
    ("more", "code", "reported"),
    [
        ("", 0, "Every critical segment is shown not worse"),
        ("min_n = 30", 2, "18 examples, and 30 are needed"),
        ('min_n = 30\nthin = "report"', 0, "tier=enterprise (18 of 30 examples)"),
    ],
)
def test_the_gate_of_two_runs_heeds_the_sizes_that_the_segments_file_asks_for(small, capsys, more, code, reported):
    segments(small, more)
    for version in ("v1", "worse"):
        assert run(["eval", f"rules@{version}"]) == 0
    capsys.readouterr()
    assert run(["gate", "rules@v1", "rules@worse", "--no-confirm", "--all"]) == code
    assert reported in " ".join(capsys.readouterr().out.split())


def test_fleet_check_and_plan_name_a_segment_under_its_number(small, capsys):
    segments(small, "min_n = 30")
    assert run(["fleet", "check"]) == 0
    line = "rules: tier=enterprise has 18 examples in golden and is decided on 30 at least: no change"
    assert line in capsys.readouterr().out
    segments(small, 'min_n = 30\nthin = "report"')
    assert run(["plan", "paired", "gates/merge.toml"]) == 0
    assert 'only reported (thin = "report") under 30 examples' in capsys.readouterr().out


def test_two_runs_made_under_two_definitions_are_refused_by_the_dimension_that_changed(small, capsys):
    segments(small)
    assert run(["eval", "rules@v1"]) == 0
    # No example moves, and which rules put them there is another all the same.
    (small / "datasets/segments.toml").write_text("version = 2\n" + DIMENSION.replace('"free",', '"free", "trial",'))
    assert run(["eval", "rules@worse"]) == 0
    capsys.readouterr()
    assert run(["gate", "rules@v1", "rules@worse", "--json"]) == 2
    reported = json.loads(capsys.readouterr().out)
    assert reported["reason_class"] == "invalid"
    assert "the dimension tier is defined otherwise" in reported["reason"]
    assert run(["eval", "rules@v1"]) == 0
    capsys.readouterr()
    run(["gate", "rules@v1", "rules@worse", "--json"])
    reported = json.loads(capsys.readouterr().out)
    assert reported["segments_file"] == {"version": "2", "hash": definition_of(open_project(small).dimensions)}


def test_what_is_critical_may_change_without_new_runs(small, capsys):
    segments(small)
    for version in ("v1", "worse"):
        assert run(["eval", f"rules@{version}"]) == 0
    segments(small, "min_n = 19")
    capsys.readouterr()
    assert run(["gate", "rules@v1", "rules@worse"]) == 2, "the runs are the same, and the gate asks for more"
    assert "19 are needed" in capsys.readouterr().out


def test_a_segment_that_is_critical_no_more_is_named_by_every_gate_that_knew_it(small, capsys):
    segments(small)
    for version in ("v1", "worse"):
        assert run(["eval", f"rules@{version}"]) == 0
    project = open_project(small)
    kept, _ = accept(project, "rules@v1", "current", reason="first", author="ada", today=TODAY)
    assert kept.header.critical == ("tier=enterprise",)
    file = small / "datasets/segments.toml"
    file.write_text(file.read_text().replace('critical = ["enterprise"]\n', ""))
    capsys.readouterr()
    assert run(["gate", "rules@v1", "rules@worse", "--json"]) == 0
    named = "tier=enterprise was critical when {} and is not any more"
    assert named.format("the runs were made") in " ".join(json.loads(capsys.readouterr().out)["warnings"])
    project = open_project(small)
    row = project.settings.trial[0]
    report = gate_against_baseline(project, row, against="current", into=small / "s", today=TODAY, models=False)
    assert named.format("the baseline was accepted") in " ".join(report.warnings)
