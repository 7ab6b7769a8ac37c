"""The corrected win rate against hand-computed means, and a judge whose verdicts changed under its name."""

import json
import time

import numpy as np
import pytest

from seatrial.cli.app import run
from seatrial.judge.agreement import Measured
from seatrial.judge.drift import drift_of
from seatrial.judge.licence import DAY, Licence, licence_data, read_licence, standing_of
from seatrial.judge.rates import rates_of
from seatrial.judge.verdicts import VERDICT_COLUMNS
from seatrial.judge.votes import LABEL_COLUMNS
from seatrial.stats.ppi import ppi_mean
from seatrial.table import read_table
from seatrial.testing import OpenAIServer
from seatrial.verdict import Verdict
from seatrial.vote import Level, LicenceSuspended

from .asking import prefers

BASE = {"version": "v2", "baseline": "v1", "judge": "helpful@1#ab"}


def _table(tmp_path, name, rows, columns):
    file = tmp_path / name
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_table(file, columns)


def _verdicts(tmp_path, scores, name="verdicts.jsonl"):
    rows = [
        {"example_id": f"e{i}", **BASE, "order": order, "preference": score, "segment.tier": "ab"[i % 2]}
        for i, score in enumerate(scores)
        for order in ("AB", "BA")
    ]
    return _table(tmp_path, name, rows, VERDICT_COLUMNS)


def test_the_corrected_rate_is_that_of_prediction_powered_inference(tmp_path):
    rng = np.random.default_rng(1)
    truth = (rng.random(200) < 0.6).astype(float)
    judged = np.where(rng.random(200) < 0.85, truth, 1.0)  # a judge that is too kind to the candidate
    labels = [{"example_id": f"e{i}", "annotator": "ann", "preference": truth[i]} for i in range(60)]
    labels += [{"example_id": "e0", "annotator": "ann", "preference": None}]  # a blank takes the vote back
    found = rates_of(_table(tmp_path, "l.jsonl", labels, LABEL_COLUMNS), _verdicts(tmp_path, judged.tolist()))
    overall = found[0]
    expected = ppi_mean(truth[1:60], judged[1:60], np.append(judged[60:], judged[0]))
    assert (overall.judged, overall.labelled) == (200, 59)
    assert overall.judge.rate == pytest.approx(judged.mean())
    assert overall.people.rate == pytest.approx(truth[1:60].mean())
    assert overall.both.rate == pytest.approx(expected.estimate)
    assert overall.both.high - overall.both.low < overall.people.high - overall.people.low
    assert [one.segment for one in found] == ["overall", "tier=a", "tier=b"]


def test_a_rate_without_labels_enough_cannot_be_told(tmp_path, capsys):
    _verdicts(tmp_path, [1.0, 0.0] * 20)
    (tmp_path / "l.jsonl").write_text('{"example_id": "e0", "preference": 1}\n')
    command = ["judge", "rate", str(tmp_path / "verdicts.jsonl"), "--labels", str(tmp_path / "l.jsonl")]
    assert run(command) == 2
    assert "needs at least two labelled items" in capsys.readouterr().out


@pytest.mark.parametrize(("flips", "verdict"), [(0, Verdict.PASS), (3, Verdict.INCONCLUSIVE), (20, Verdict.FAIL)])
def test_drift_is_told_from_the_exact_bounds_of_the_share_of_flips(tmp_path, flips, verdict):
    before = _verdicts(tmp_path, [1.0] * 50)
    found = drift_of(before, _verdicts(tmp_path, [0.0] * flips + [1.0] * (50 - flips), "now.jsonl"))
    assert (found.flips, found.of, found.verdict) == (flips, 50, verdict)


def test_a_judge_that_changed_under_its_name_is_suspended(project, judges, capsys):
    root = project("v1", "v2")
    with OpenAIServer(prefers("good")) as server:
        judge = judges(server.url, answer="answer")
        command = ["desk@v1", "desk@v2", "--judge", "helpful"]
        assert run(["judge", "drift", *command]) == 3  # nothing was judged before
        run(["judge", "pairwise", *command])
        share, now = Measured(0.9, 0.8, 0.95), time.time()
        fields = (judge.identity, judge.prompt_hash, ("gpt-4o-mini",), ("openai",), 120, 40, share, share, share)
        file = root / "judges" / "helpful.licence.json"
        file.write_text(json.dumps(licence_data(Licence(*fields, now, now + 90 * DAY))))
        drift = ["judge", "drift", *command, "--most", "0.2"]
        assert run([*drift, "--now", "2026-03-01"]) == 0
        assert len(server.requests) == 80  # each control item is asked anew
        assert run([*drift, "--now", "2026-03-01"]) == 0
        assert len(server.requests) == 80  # and once a day
    with OpenAIServer(prefers("bad")) as server:
        judges(server.url, answer="answer")
        assert run([*drift, "--now", "2026-03-02", "--keep-licence"]) == 1
        assert read_licence(file).suspended is None
        assert run([*drift, "--now", "2026-03-02"]) == 1
    found = standing_of(read_licence(file), judge.identity, now=now + DAY)
    assert (found.level, found.bars) == (Level.NONE, (LicenceSuspended(20, 20),))
