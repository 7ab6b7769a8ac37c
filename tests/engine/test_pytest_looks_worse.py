"""In pytest a pass with rows that look worse is a warning on its items, with the command that decides them."""

from types import SimpleNamespace

import pytest

from seatrial.gate.merge import check
from seatrial.gate.policy import Policy
from seatrial.project import TrialRow
from seatrial.pytest_plugin import REPORTED_KEY, gate
from seatrial.verdict import Verdict

from .gate.conftest import pair_rows, table

COMMAND = "seatrial gate desk@v1 desk@v2 --confirm repeats them"


@pytest.fixture
def item(monkeypatch, request, tmp_path):
    """A gate item of a graph whose report is of seven labels, in one of which six of 28 answers may have regressed."""

    def make(kind, regressed, **more):
        counts = {"billing": (28 - regressed, regressed, 0, 0), **{f"l{i}": (28, 0, 0, 0) for i in range(6)}}
        report = check(table(pair_rows(counts, dimension="label")), Policy(), baseline="a", candidate="b")
        assert report.verdict is Verdict.PASS
        session = SimpleNamespace(updating=False, report=lambda *_: report)
        monkeypatch.setattr(gate, "session_of", lambda _config: session)
        policy = tmp_path / "merge.toml"
        policy.write_text("[key.score]")
        return kind.from_parent(request.session, path=policy, row=TrialRow("desk", "v1", "v2"), **more)

    return make


def test_the_verdict_item_warns_with_the_sentence_and_the_command(item):
    made = item(gate.VerdictItem, 6, name="desk")
    with pytest.warns(
        gate.LooksWorse, match="desk: PASS, but 2 rows look worse: label=billing −21.4 points"
    ) as reported:
        made.runtest()
    assert str(reported[0].message).endswith(COMMAND)
    assert dict(made.user_properties)[REPORTED_KEY] == str(reported[0].message)


def test_the_rows_own_item_warns_too(item):
    with pytest.warns(gate.LooksWorse, match=COMMAND):
        item(gate.RowItem, 6, name="score", segment="label=billing").runtest()


def test_a_pass_without_such_rows_warns_of_nothing(item, recwarn):
    made = item(gate.VerdictItem, 0, name="desk")
    made.runtest()
    assert not recwarn.list
    assert REPORTED_KEY not in dict(made.user_properties)
