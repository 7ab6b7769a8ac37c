"""What the gate says of five hundred generated cases stays what it is, number by number."""

import json
from collections import Counter

import pytest

from .cases import CASES, KINDS, line, stored

STEP = 5
"""Every fifth case is compared in the default suite, which takes seconds and reaches every kind; -m slow compares all."""


def differences(seeds):
    """Case -> its first field that is not what is stored."""
    lines = stored()
    found = {}
    for seed in seeds:
        made = line(seed)
        if made != lines[seed]:
            was, now = json.loads(lines[seed]), json.loads(made)
            name = next(name for name in sorted({*was, *now}) if was.get(name) != now.get(name))
            found[f"{seed} ({now['kind']})"] = f"{name}: {was.get(name)} became {now.get(name)}"
    return found


def test_stored_reports_are_what_the_gate_says():
    assert differences(range(0, CASES, STEP)) == {}


@pytest.mark.slow
def test_every_stored_report_is_what_the_gate_says():
    assert differences(seed for seed in range(CASES) if seed % STEP) == {}


def test_the_stored_cases_reach_every_rule():
    cases = [json.loads(text) for text in stored()]
    assert len(cases) == CASES
    assert {one["kind"] for one in cases[::STEP]} == set(KINDS)
    judged = [one for one in cases if "verdict" in one]
    rows = [row for one in judged for row in (one["overall"], *one["segments"])]
    seen = {
        "refused": Counter(one["refused"] for one in cases if "refused" in one),
        "verdict": Counter(one["verdict"] for one in judged),
        "exit": Counter(one["exit_code"] for one in judged),
        "class": Counter(one["reason_class"] for one in judged),
        "state": Counter(row["state"] for row in rows),
        "reason": Counter(reason["kind"] for row in rows for reason in row["reasons"]),
        "confirm": Counter(one["confirm"]["how"] for one in judged if one["confirm"]),
        "anchor": Counter(one["anchor"]["verdict"] for one in judged if one["anchor"]),
        "quarantine": Counter(one["quarantine"]["with_them"] for one in judged if one["quarantine"]),
        "overridden": Counter(one["overridden"] for one in judged if one["overrides"]),
        "unchanged": Counter(one["unchanged"] for one in judged),
    }
    assert seen["refused"].keys() >= {"InvalidComparison", "DataError"}
    assert seen["verdict"].keys() == {"pass", "fail", "inconclusive"}
    assert seen["exit"].keys() == {0, 1, 2}
    assert seen["class"].keys() == {None, "missing", "underpowered", "outage"}
    assert seen["state"].keys() == {"blocks", "cannot_tell", "watch", "no_drop", "better", "reported"}
    assert seen["reason"].keys() >= {
        "unchanged",
        "thin",
        "dropped",
        "underpowered",
        "unmeasured",
        "not_proven",
        "better",
    }
    assert seen["reason"].keys() >= {"new_hit", "unclear_hit", "grew", "contract_unsteady", "tipping_point", "fresh"}
    assert seen["confirm"].keys() >= {"fresh", "nothing_suspicious"}
    assert seen["anchor"].keys() >= {"pass", "fail"}
    assert seen["quarantine"].keys() == {"pass", "fail", "inconclusive"}
    assert seen["overridden"].keys() == {True, False}
    assert seen["unchanged"].keys() == {True, False}
