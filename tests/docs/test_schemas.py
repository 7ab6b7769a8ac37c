"""docs/schemas: what the commands print is what the schemas allow, and a changed field is not."""

import json
from pathlib import Path

import jsonschema
import pytest

from seatrial.cli.app import run
from seatrial.report.decision_data import decision_data
from seatrial.verdict import Decision, Finding, ReasonClass, Sequential, Verdict

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


def schema(name):
    return jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "schemas" / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["old.csv", "new.csv"], 1),
        (["old.csv", "new.csv", "--segment", "tier", "--critical", "tier=enterprise"], 1),
        (["old.csv", "old.csv", "--nothing-of-the-kind"], 3),
    ],
)
def test_what_gate_prints_is_what_the_schema_allows(arguments, code, capsys):
    words = [str(EXAMPLES / one) if one.endswith(".csv") else one for one in arguments]
    assert run(["gate", *words, "--json"]) == code
    data = json.loads(capsys.readouterr().out)
    gate = schema("gate-1.json")
    gate.validate(data)
    assert not gate.is_valid(data | {"verdict": "maybe"})
    assert not gate.is_valid({name: value for name, value in data.items() if name != "reason"})


def test_a_decision_is_what_the_schema_allows():
    row = Finding("overall", "accepted", n=40, ci=(-0.1, 0.2), sequential=Sequential(1.0, 3.0))
    made = Decision("ab", "reply v1 → v2", Verdict.INCONCLUSIVE, "too early", ReasonClass.UNDERPOWERED, (row,))
    data = json.loads(json.dumps(decision_data(made)))
    decision = schema("decision-1.json")
    decision.validate(data)
    assert not decision.is_valid(data | {"findings": [{"segment": "overall"}]})
