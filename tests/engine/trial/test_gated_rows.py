"""A policy is certified and planned for the graphs that it gates, and for no other."""

import pytest

from seatrial.errors import UsageError
from seatrial.project import Project
from seatrial.project.settings import Settings, TrialRow
from seatrial.trial.policies import rows_gated_by


@pytest.fixture
def project(tmp_path):
    rows = (
        TrialRow("desk", "v1", "v2", policy="gates/strict.toml"),
        TrialRow("desk", "v1", "v2", dataset="night", policy="gates/./merge.toml"),
        TrialRow("router", "v1", "v2", policy="gates/merge.toml"),
        TrialRow("free", "v1", "v2"),
    )
    return Project(tmp_path, Settings(trial=rows))


def test_it_is_the_graphs_whose_row_names_it_on_the_dataset_of_that_row(project):
    found = rows_gated_by(project, project.root / "gates/merge.toml")
    assert [(row.graph, row.dataset) for row in found] == [("desk", "night"), ("router", "golden")]


def test_a_policy_may_be_tried_on_a_graph_before_a_row_names_it(project):
    found = rows_gated_by(project, project.root / "draft.toml", ["free", "desk"])
    assert [(row.graph, row.dataset) for row in found] == [("free", "golden"), ("desk", "golden")]


def test_a_policy_that_gates_nothing_says_which_policies_do(project):
    with pytest.raises(
        UsageError, match=r"no trial row names the policy .*draft.toml; the rows name: .*gates/strict.toml.*--graph"
    ):
        rows_gated_by(project, project.root / "draft.toml")


def test_a_project_without_rows_says_what_needs_none(tmp_path):
    with pytest.raises(UsageError, match="the project has no trial row"):
        rows_gated_by(Project(tmp_path, Settings()), tmp_path / "gates/merge.toml")
