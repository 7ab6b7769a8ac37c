"""What people hit in the field, as small inputs with the right answer."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat

import pytest

NOW = datetime(2026, 6, 30, tzinfo=UTC)
AT_NOW = ("--now", NOW.isoformat())
HORIZON = """
[metric.replied]
source = "outcome:reply"
horizon = "14d"
default = "negative"
"""
RULES = """
[labels]
reply_positive = "positive"
opt_out = "negative"
[classifier.email_classify.verdict.unsubscribe]
opt_out = "positive"
"""


def ago(days):
    return (NOW - timedelta(days=days)).isoformat()


def joined(confidence, labels):
    return [{"confidence": confidence, "label": label} for label in labels]


def times(*pairs):
    return chain.from_iterable(repeat(label, n) for label, n in pairs)


def test_spelled_booleans_are_read_and_an_unknown_word_is_named(gate, write):
    labels = times(("True", 60), ("False", 40), ("FALSE", 10), ("0.0", 10), ("", 4), ("nan", 4), ("no", 5))
    answer = gate("--one-shot", "--outcomes", write("joined.csv", joined(0.9, labels)))
    row = answer.row()
    assert (answer.code, row["n"], row["candidate"]) == (1, 120, 0.5)
    assert row["outcomes"]["observed"] == {"positive": 60, "negative": 60, "neutral": 5, "missing": 8, "immature": 0}
    assert answer.data["details"]["toml"] == (
        '[labels]  # positive, negative or neutral\nno = "neutral"  # 5 outcomes\n'
    )


def test_two_decisions_in_a_thread_each_have_the_outcomes_up_to_the_next(gate, write):
    decisions, outcomes = [], []
    for i in range(100):
        for day, verdict, confidence in ((30, "interested", 0.9), (21, "unsubscribe", 0.95)):
            decisions.append({"decision_id": f"{i}-{verdict}", "thread_id": f"t{i}", "classifier": "email_classify",
                              "verdict": verdict, "confidence": confidence, "decided_at": ago(day)})  # fmt: skip
        for day, outcome in ((29, "reply_positive"), (20, "opt_out")):
            outcomes.append({"event_id": f"{i}-{outcome}", "thread_id": f"t{i}", "outcome": outcome, "label": outcome,
                             "observed_at": ago(day)})  # fmt: skip
    write("gates/feedback.toml", RULES)
    files = ("--decisions", write("d.csv", decisions), "--outcomes", write("o.csv", outcomes))
    for how in ((), ("--one-shot",)):
        answer = gate(*files, *AT_NOW, *how)
        row = answer.row()
        assert (answer.code, row["n"], row["candidate"], row["baseline"]) == (0, 100, 1.0, pytest.approx(0.95))
        assert answer.data["details"]["sources"]["o.csv"]["ledger"]["before"] == 0
    write("gates/feedback.toml", 'pick = "first"\n' + RULES)
    first = gate(*files, *AT_NOW).row()
    assert (first["n"], first["candidate"], first["baseline"]) == (100, 1.0, pytest.approx(0.9))


def test_immature_decisions_stay_out_and_are_estimated(gate, write):
    decisions, outcomes = [], []
    for i in range(300):
        days = 20 if i < 150 else 2
        decisions.append({"decision_id": f"d{i}", "thread_id": f"t{i}", "classifier": "c", "verdict": "yes",
                          "confidence": 0.6, "decided_at": ago(days)})  # fmt: skip
        if i < 90 or 150 <= i < 162:
            outcomes.append({"event_id": f"e{i}", "thread_id": f"t{i}", "outcome": "reply", "label": "positive",
                             "observed_at": ago(days - 1)})  # fmt: skip
    write("gates/metrics.toml", HORIZON)
    answer = gate("--decisions", write("d.csv", decisions), "--outcomes", write("o.csv", outcomes), *AT_NOW)
    row = answer.row()
    assert (answer.code, row["n"], row["candidate"]) == (0, 150, 0.6)
    assert row["outcomes"]["observed"]["immature"] == 150
    assert "150 immature, of which 60.0 % positive are expected from stated confidence" in row["reason"]


@pytest.mark.parametrize(
    ("confidence", "positive", "code"), [(1.0, 100, 1), (1.0, 200, 0), (0.0, 100, 0), (1.0, 199, 0), (1.0, 190, 1)]
)
def test_confidence_of_exactly_one_or_zero_has_an_answer(gate, write, confidence, positive, code):
    # A certainty is tested as .999: one failure of 200 does not refute it (chance .18), ten do.
    labels = times(("1", positive), ("0", 200 - positive))
    answer = gate("--one-shot", "--outcomes", write("joined.csv", joined(confidence, labels)))
    assert (answer.code, answer.row()["n"]) == (code, 200)
    assert "nan" not in answer.out.lower()
    if confidence == 1.0:
        assert answer.row(key="classifier .9–1")["n"] == 200
    else:
        assert answer.row()["state"] == "better"


@pytest.mark.parametrize("what", ["classifier", "header", "window"])
def test_nothing_that_matches_is_no_pass(gate, write, what):
    decisions = [{"decision_id": f"d{i}", "thread_id": f"t{i}", "classifier": "email_classify", "verdict": "yes",
                  "confidence": 0.6, "decided_at": ago(40)} for i in range(40)]  # fmt: skip
    outcomes = [{"event_id": f"e{i}", "thread_id": f"t{i}", "outcome": "reply", "label": "1", "observed_at": ago(39)}
                for i in range(40)]  # fmt: skip
    files = ["--decisions", write("d.csv", decisions), "--outcomes", write("o.csv", outcomes), *AT_NOW]
    assert gate(*files).code == 0
    more, reported = {
        "classifier": (["--classifier", "emial_classify"], "choose one of: email_classify"),
        "header": ([], "holds no rows"),
        "window": (["--from", "2026-06-20"], "the window holds none of its 40 decisions"),
    }[what]
    if what == "header":
        write("d.csv", "decision_id,thread_id,classifier,verdict,confidence,decided_at\n")
    answer = gate(*files, *more)
    assert answer.code == 2
    assert reported in answer.kinds


def test_times_without_a_zone_are_refused_until_one_is_declared(gate, write):
    def table(zone):
        return [{"decision_id": f"d{i}", "thread_id": f"t{i}", "classifier": "c", "verdict": "yes", "confidence": 0.6,
                 "decided_at": "2026-03-01T00:30:00" + ("" if i < 40 and not zone else "+00:00")}
                for i in range(100)]  # fmt: skip

    outcomes = [{"event_id": f"e{i}", "thread_id": f"t{i}", "outcome": "reply", "label": str(int(i < 65)),
                 "observed_at": "2026-03-01T01:00:00+00:00"} for i in range(100)]  # fmt: skip
    files = ["--decisions", write("d.csv", table(zone=False)), "--outcomes", write("o.csv", outcomes), *AT_NOW]
    refused = gate(*files)
    assert refused.code == 2
    assert "40 values of decided_at name no time zone, e.g. '2026-03-01T00:30:00'" in refused.kinds
    assert "--timezone" in refused.kinds
    declared = gate(*files, "--timezone", "UTC")
    write("d.csv", table(zone=True))
    assert declared.data == gate(*files).data
    assert declared.code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 1),
        (("--warn-only",), 0),
        (("--outcomes", "absent.csv"), 2),
        (("--outcomes", "absent.csv", "--warn-only"), 2),
    ],
)
def test_exit_codes_of_the_console_script(project, write, arguments, code):
    write("joined.csv", joined(0.9, times(("1", 60), ("0", 60))))
    done = subprocess.run(
        [sys.executable, "-c", "from seatrial.cli import feedback_gate; feedback_gate()", "--one-shot", "--outcomes",
         "joined.csv", *arguments],
        cwd=project, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
