"""The report as data: canonical, complete, and a refusal has the same shape."""

import json

from seatrial.report.data import gate_data, gate_json, refusal_data
from seatrial.verdict import Verdict


def test_it_says_what_the_report_says(states):
    report = states["blocked"]
    data = json.loads(gate_json(gate_data(report)))
    assert data["schema"] == "seatrial/gate/1"
    assert (data["verdict"], data["exit_code"], data["mode"]) == ("fail", 1, "block")
    rows = [data["overall"], *data["segments"]]
    assert [(r["segment"], r["state"], r["n"]) for r in rows] == [
        (f.segment, f.state.value, f.n) for f in report.findings
    ]
    assert data["causes"] == [{"reason": "decoder_failed", "regressed": 25}]


def test_the_verdict_is_untouched_by_the_mode(states):
    blocked, observed = (json.loads(gate_json(gate_data(states[name]))) for name in ("blocked", "observed"))
    assert (observed["verdict"], observed["exit_code"]) == ("fail", 0)
    differing = {name for name in blocked if blocked[name] != observed[name]}
    assert differing == {"mode", "exit_code"}


def test_it_is_the_same_bytes_twice_and_sorted(states):
    for report in states.values():
        text = gate_json(gate_data(report))
        assert text == gate_json(gate_data(report))
        assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def test_noise_beyond_twelve_digits_is_not_written(report, finding):
    texts = {
        gate_json(gate_data(report(Verdict.PASS, finding("overall", difference=value))))
        for value in (0.1, 0.1 + 1e-16, sum([0.01] * 10))
    }
    assert len(texts) == 1


def test_other_names_in_the_same_order_change_only_the_names(report, finding):
    def text(*names):
        rows = [finding(f"t={name}", reason="same") for name in names]
        return gate_json(gate_data(report(Verdict.PASS, finding(), *rows)))

    assert text("b", "d").replace("t=b", "t=c").replace("t=d", "t=e") == text("c", "e")


def test_what_is_not_known_is_null_and_never_nan(report, finding):
    empty = dict.fromkeys(("baseline", "candidate", "difference", "ci", "ci_row", "p", "p_adjusted", "promotable"))
    data = json.loads(gate_json(gate_data(report(Verdict.PASS, finding("overall", **empty)))))
    assert all(data["overall"][name] is None for name in empty)


def test_a_refusal_is_inconclusive_and_exit_2():
    assert json.loads(gate_json(refusal_data("no such file", "invalid"))) == {
        "schema": "seatrial/gate/1",
        "verdict": "inconclusive",
        "exit_code": 2,
        "reason_class": "invalid",
        "reason": "no such file",
    }
