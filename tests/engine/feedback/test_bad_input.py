"""What is wrong with a table is a sentence and exit 2, and nothing is lost."""

from __future__ import annotations

import pytest

AT_NOW = ("--now", "2026-06-30")


def tables(write, decisions=(), outcomes=(), n=60):
    """Sixty plain decisions and outcomes, changed by one function each."""
    rows = [{"decision_id": f"d{i}", "thread_id": f"t{i}", "classifier": "c", "verdict": "yes", "confidence": 0.6,
             "decided_at": f"2026-03-01T00:{i:02}:00+00:00"} for i in range(n)]  # fmt: skip
    events = [{"event_id": f"e{i}", "thread_id": f"t{i}", "outcome": "reply", "label": "1",
               "observed_at": "2026-03-02T00:00:00+00:00"} for i in range(n)]  # fmt: skip
    for change in decisions:
        change(rows)
    for change in outcomes:
        change(events)
    return ("--decisions", write("d.csv", rows), "--outcomes", write("o.csv", events), *AT_NOW)


def set_all(name, value):
    return lambda rows: [row.update({name: value}) for row in rows]


def set_one(name, value):
    return lambda rows: rows[3].update({name: value})


@pytest.mark.parametrize(
    ("decisions", "outcomes", "reported"),
    [
        ([set_all("confidence", 92)], [], "confidence looks like percent (60 of 60 values are over 1, the largest 92)"),
        ([set_one("confidence", 1.2)], [], "row 4: confidence is 1.2, outside 0..1"),
        ([set_one("confidence", -0.2)], [], "row 4: confidence is -0.2, outside 0..1"),
        ([set_one("classifier", "")], [], "classifier is empty in 1 of 60 rows, the first is row 4"),
        ([set_one("decided_at", "")], [], "decided_at is empty in 1 of 60 rows"),
        ([], [set_one("observed_at", "2026-02-01T00:00:00+00:00")], "1 of 60 outcomes were observed before every decision"),
        ([], [lambda rows: rows.append(dict(rows[3], label="0"))], "event_id 'e3' stands for two contents, label '1' and '0'"),
        ([lambda rows: rows.append(dict(rows[3], confidence=0.9))], [], "decision_id 'd3' stands for two contents"),
        ([], [set_all("label", "Positive")], "60 outcomes with a label that no table names ('Positive')"),
        ([], [set_one("label", "positiv")], "1 outcome with a label that no table names ('positiv')"),
        ([], [set_all("thread_id", "other")], "none of 60 decisions past their horizon has an answer (60 outcomes read)"),
        ([set_all("confidence", "")], [], "no decision states a confidence (60 do not)"),
        ([lambda rows: [row.pop("confidence") for row in rows]], [], "d.csv has no column confidence"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_named(gate, write, decisions, outcomes, reported):
    answer = gate(*tables(write, decisions, outcomes))
    assert answer.code == 2
    assert reported in answer.kinds
    assert answer.data["reason_class"] in {"missing", "invalid"}


def test_plain_tables_pass_and_repeated_rows_count_once(gate, write):
    answer = gate(*tables(write, [lambda rows: rows.extend(rows[:9])], [lambda rows: rows.extend(rows[:9])]))
    assert (answer.code, answer.row()["n"], answer.row()["outcomes"]["observed"]["positive"]) == (0, 60, 60)


def test_a_flagged_source_is_exit_1_although_another_failed(gate, write):
    write(
        "bad.csv", [{"confidence": 0.9, "label": int(i < 60), "decided_at": "2026-03-01T00:00:00Z"} for i in range(120)]
    )
    write("gates/feedback.toml", '[source.crm]\noutcomes = "bad.csv"\n[source.shop]\noutcomes = "absent.csv"\n')
    answer = gate(*AT_NOW)
    assert answer.code == 1
    assert "shop: " in answer.kinds
    assert "absent.csv does not exist" in answer.kinds
    assert gate(*AT_NOW, "--source", "shop").code == 2


def test_a_dead_feed_does_not_turn_silence_into_success(gate, write):
    write("gates/metrics.toml", '[metric.kept]\nsource = "outcome:refund"\nhorizon = "30d"\ndefault = "positive"\n')
    write("gates/feedback.toml", '[classifier.c]\nmetrics = ["kept"]\n')
    alive = [lambda rows: [row.update(outcome="refund", label="0") for row in rows[:20]],
             lambda rows: rows.__delitem__(slice(20, None)),
             lambda rows: rows[0].update(observed_at="2026-03-25T00:00:00+00:00")]  # fmt: skip
    passed = gate(*tables(write, outcomes=alive))
    assert (passed.code, passed.row()["candidate"]) == (0, pytest.approx(40 / 60))
    dead = gate(*tables(write, outcomes=alive[:2]))
    assert dead.code == 2
    assert "outcome 'refund' showed no life for 60 decisions, which have no answer" in dead.kinds
    assert "its last event was observed on 2026-03-02T00:00:00+00:00" in dead.kinds


def test_opens_within_seconds_are_machines(gate, write):
    write(
        "gates/metrics.toml",
        '[metric.opened]\nsource = "outcome:reply"\nhorizon = "1d"\ndefault = "negative"\nmin_delay = "5s"\n',
    )
    machine = [
        lambda rows: [row.update(observed_at=f"2026-03-01T00:{i:02}:02+00:00") for i, row in enumerate(rows[:30])]
    ]
    answer = gate(*tables(write, outcomes=machine))
    assert answer.row()["outcomes"]["observed"] == {
        "positive": 30,
        "negative": 0,
        "neutral": 30,
        "missing": 0,
        "immature": 0,
    }
    assert answer.data["details"]["sources"]["o.csv"]["ledger"]["machine"] == 30


def test_a_moved_share_without_an_answer_is_exit_2(gate, write):
    assert gate(*tables(write), "-o", "last.json").code == 0
    same = gate(*tables(write), "--since", "last.json")
    assert (same.code, same.data["details"]["trend"][0]["now"]) == (0, 1.0)
    moved = gate(
        *tables(write, outcomes=[lambda rows: [row.update(label="neutral") for row in rows[:6]]]),
        "--since",
        "last.json",
    )
    assert moved.code == 2
    assert "moved from 0.0 % to 10.0 % since the last report" in moved.kinds


def test_a_classifier_with_rules_and_no_decisions_is_no_pass(gate, write):
    write("gates/feedback.toml", "[classifier.gone]\nbands = [0, 0.5, 1]\n")
    answer = gate(*tables(write))
    assert answer.code == 2
    assert "classifier 'gone' has rules and no decision in any source" in answer.kinds


def test_a_critical_segment_that_is_thin_or_absent_is_no_pass(gate, write):
    write("gates/feedback.toml", 'critical = ["tier=enterprise"]\n')
    tier = [lambda rows: [row.update(tier="enterprise" if i < 5 else "pro") for i, row in enumerate(rows)]]
    thin = gate(*tables(write, tier), "--segment", "tier")
    assert thin.code == 2
    assert "c on tier=enterprise has 5 answered decisions and needs 10" in thin.kinds
    absent = gate(*tables(write))
    assert absent.code == 2
    assert "tier=enterprise has 0 answered decisions and needs 10" in absent.kinds


@pytest.mark.parametrize(
    ("rules", "reported"),
    [
        ('[source.crm]\noutcomes = "o.csv"\none_shot = true\n', "'one_shot' is unknown"),
        ("bands = [0, 0.9, 0.5, 1]\n", "edges rise from 0 to 1"),
        ('[labels]\nyes = "good"\n', "choose one of: positive, negative, neutral"),
        ('year = "13-40"\n', "is no day"),
        ('[classifier.c]\nmetrics = ["absent"]\n', "metrics names 'absent'"),
    ],
)
def test_a_rule_that_is_not_known_is_refused(gate, write, rules, reported):
    write("gates/feedback.toml", rules)
    answer = gate(*tables(write))
    assert answer.code == 3
    assert reported in answer.data["reason"]
