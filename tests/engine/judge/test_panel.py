"""A panel of judges: most of the planned ones have a verdict, or the example is missing; a cap is the panel's."""

import json

import pytest

from seatrial.cli.app import run
from seatrial.errors import ConfigError
from seatrial.judge.panel import Panel, panel_evidence, read_panel
from seatrial.testing import OpenAIServer

from .asking import TEMPLATE, shown, verdict

NAMES = ("helpful", "strict", "kind")


def _rows(judge, example, preference):
    known = {"outcome": "scored"} if preference is not None else {"outcome": "unparsed", "error_kind": None}
    common = {"example_id": example, "version": "v2", "judge": judge.identity, "repetition": 0, "reason": "r"}
    return [{**common, **known, "order": order, "preference": preference} for order in ("AB", "BA")]


@pytest.mark.parametrize(
    ("preferences", "score"),
    [((1, 1, 0), 2 / 3), ((1, None, 0), 0.5), ((1, None, None), None), ((None, None, None), None)],
)
def test_a_panel_scores_what_most_of_its_planned_judges_have_judged(judges, preferences, score):
    panel = Panel("trio", 1, tuple(judges(name=name) for name in NAMES))
    rows = [row for judge, one in zip(panel.members, preferences, strict=True) for row in _rows(judge, "e1", one)]
    (found,) = panel_evidence(rows, panel)
    assert found["score"] == pytest.approx(score)
    assert (found["judge"], found["outcome"] == "scored") == (panel.identity, score is not None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[trio]\njudges = ["helpful"]\n', "2 different judges or more, got helpful"),
        ('[trio]\njudges = ["helpful", "helpful"]\n', "2 different judges or more"),
        ('[trio]\njudges = "helpful"\n', "judges is a list of judges"),
        ('[trio]\njudges = ["helpful", "nobody"]\n', "no judge is called 'nobody'"),
        ('[trio]\nmembers = ["helpful"]\n', "'members' is unknown"),
    ],
)
def test_a_panel_that_is_none_is_refused_with_the_place(judges, tmp_path, text, sentence):
    judges()
    (tmp_path / "judges" / "panels.toml").write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        read_panel(tmp_path, "trio")


def test_a_panel_is_asked_as_a_judge_is_and_one_that_is_down_leaves_the_majority(project, judges, capsys):
    root = project("v1", "v2")

    def reply(messages):
        if "KIND" in messages[1]["content"]:
            return "no verdict at all"
        texts = shown(messages)
        return verdict(float("good" in texts["answer A"]))

    with OpenAIServer(reply) as server:
        for name in NAMES:
            judges(server.url, template=f"{name.upper()}\n{TEMPLATE}", name=name, answer="answer")
        (root / "judges" / "panels.toml").write_text(f"[trio]\njudges = {json.dumps(NAMES)}\n")
        capsys.readouterr()
        command = ["judge", "pairwise", "desk@v1", "desk@v2", "--judge", "trio", "--json"]
        assert run([*command, "--dry-run"]) == 0
        assert json.loads(capsys.readouterr().out)["plan"]["calls"] == 120
        assert run([*command, "--max-usd", "0.000001"]) == 2  # the cap is the panel's, and admits no call
        assert not server.requests
        capsys.readouterr()
        assert run(command) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["judged"], said["pairs"], len(said["winrate"]["details"]["judges"])) == (20, 20, 3)
    (table,) = (root / ".seatrial" / "runs").glob("*/judged/trio--*/verdicts.parquet")
    labels = "".join(f'{{"example_id": "e{i:02}", "preference": 1}}\n' for i in range(20))
    (root / "labels.jsonl").write_text(labels)
    run(["judge", "agreement", str(table), "--labels", "labels.jsonl", "--licence", "trio"])
    licence = json.loads((root / "judges" / "trio.licence.json").read_text())
    assert (licence["judge"], licence["labels"]) == (said["judge"], 20)
    (root / "own.jsonl").write_text(labels.replace("}", f', "annotator": "{NAMES[0]}"}}'))
    capsys.readouterr()
    assert run(["judge", "agreement", str(table), "--labels", "own.jsonl"]) == 2
    assert "are the judge's own" in capsys.readouterr().err  # a member's labels are the panel's
    (root / "p.toml").write_text(
        'schema = "seatrial/policy/1"\nmust_detect = 0.5\nmust_detect_overall = 0.5\n[key.answered]\n[judge.trio]\n'
    )
    capsys.readouterr()
    assert run(["gate", "desk@v1", "desk@v2", "--policy", "p.toml", "--json"]) == 0
    rows = [one for one in json.loads(capsys.readouterr().out)["segments"] if one["key"] == "winrate:trio"]
    assert rows[0]["candidate"] == 1.0
    assert {row["reasons"][1]["kind"] for row in rows} == {"short_of_licence"}
