"""docs/how-to/mlflow.md: every example on it runs, against a database that holds a baseline and a candidate that was stopped."""

from pathlib import Path

from fences import Player, blocks

from seatrial.adapters.mlflow import Entry, log_runs
from seatrial.adapters.mlflow.comparison import _numbers

DOCS = Path(__file__).parents[4] / "docs"
PAGE = (DOCS / "how-to" / "mlflow.md").read_text(encoding="utf-8")
REFERENCE = (DOCS / "reference" / "mlflow.md").read_text(encoding="utf-8")


def test_the_examples_of_the_page_run(client, where, two_runs, tmp_path, monkeypatch, cache):
    baseline, candidate, report = two_runs
    log_runs(client, where, "fleet", [Entry(baseline), Entry(candidate, report, baseline)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    player = Player({"client": client})
    for block in blocks(PAGE):
        player.play(block)


def test_the_reference_names_every_parameter_tag_and_metric(client, where, two_runs):
    baseline, candidate, report = two_runs
    logged = log_runs(client, where, "fleet", [Entry(baseline), Entry(candidate, report, baseline)])
    data = client.get_run(logged.runs["run-b"]).data
    named = [name for name in data.params if "/" not in name]
    named += [name for name in data.tags if name.startswith("seatrial.") and name not in UNNAMED]
    named += [*_numbers(report.overall)]
    assert [name for name in named if f"`{name}`" not in REFERENCE] == []
    kinds = {name.partition("/")[0] if name.startswith("run/") else "KEY" for name in data.metrics}
    assert kinds == {"run", "KEY"}


UNNAMED = ("seatrial.graph", "seatrial.graph_version", "seatrial.logged")
"""Said by a parameter already, or ours to know."""
