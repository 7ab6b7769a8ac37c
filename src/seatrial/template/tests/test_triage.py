"""What must hold of triage whatever the gate says; the gate itself is collected from gates/merge.toml."""

from pathlib import Path

import pytest

from seatrial.project import open_project

PROJECT = open_project(Path(__file__).parents[1])


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_who_wants_the_money_back_is_sent_to_the_refund_desk(version):
    graph = PROJECT.runtime.compiled("triage", version).graph
    assert graph.invoke({"message": "I want my money back, please."})["desk"] == "refund"
