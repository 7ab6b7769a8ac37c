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
    """A gate item of a graph whose report is of seven labels, in one of which five of 60 answers may have regressed."""

    def make(kind, regressed, **more):
        lost = [3, 3, 3, 4, 4, 4] if regressed else [3] * 6
        counts = {"billing": (60 - regressed, regressed, 0, 0)}
        counts |= {f"l{i}": (54, n, 6 - n, 0) for i, n in enumerate(lost)}
        report = check(table(pair_rows(counts, dimension="label")), Policy(), baseline="a", candidate="b")
        assert report.verdict is Verdict.PASS
        session = SimpleNamespace(updating=False, report=lambda *_: report)
        monkeypatch.setattr(gate, "session_of", lambda _config: session)
        policy = tmp_path / "merge.toml"
        policy.write_text("[key.score]")
        return kind.from_parent(request.session, path=policy, row=TrialRow("desk", "v1", "v2"), **more)

    return make


def test_the_verdict_item_warns_with_the_sentence_and_the_command(item):
    made = item(gate.VerdictItem, 5, name="desk")
    with pytest.warns(
        gate.LooksWorse, match="desk: PASS, but 2 rows look worse: label=billing −8.3 points"
    ) as reported:
        made.runtest()
    assert str(reported[0].message).endswith(COMMAND)
    assert dict(made.user_properties)[REPORTED_KEY] == str(reported[0].message)


def test_the_rows_own_item_warns_too(item):
    with pytest.warns(gate.LooksWorse, match=COMMAND):
        item(gate.RowItem, 5, name="score", segment="label=billing").runtest()


def test_a_pass_without_such_rows_warns_of_nothing(item, recwarn):
    made = item(gate.VerdictItem, 0, name="desk")
    made.runtest()
    assert not recwarn.list
    assert REPORTED_KEY not in dict(made.user_properties)
