"""A refusal because of crashes names the exception, its count and the file, and does not lead with allowing them."""

import pytest

from seatrial.errors import InvalidComparison
from seatrial.gate.merge import check
from seatrial.gate.policy import Policy


def rows(reasons, n=60):
    """Examples of two segments; the baseline crashes on one example per reason."""
    made = []
    for i in range(n):
        where = {"segment.t": "even" if i % 2 == 0 else "odd"}
        failed = (
            {"score": None, "outcome": "target_error", "reason": reasons[i]} if i < len(reasons) else {"score": 1.0}
        )
        made += [
            {"example_id": f"e{i:02d}", "version": "a", **failed, **where},
            {"example_id": f"e{i:02d}", "version": "b", "score": 1.0, **where},
        ]
    return made


def refused(build, reasons, critical=(), n=60):
    with pytest.raises(InvalidComparison) as error:
        check(build(rows(reasons, n)), Policy(), baseline="a", candidate="b", critical=critical)
    return str(error.value)


def test_a_crashed_baseline_names_its_exception_its_count_and_the_file(build):
    reported = refused(build, ["KeyError: 'API_URL'"] * 5 + ["TimeoutError"])
    assert reported.startswith(
        "memory: baseline a failed on 6 of 60 runs (10.0 %) on key score: KeyError: 'API_URL' (5 of 6), TimeoutError (1 of 6). "
    )
    fix, allow = reported.index("correct what made it fail"), reported.index("baseline_system_failures")
    assert fix < allow


def test_messages_beyond_two_are_counted(build):
    reported = refused(build, ["one", "one", "two", "two", "three", "four"])
    assert "one (2 of 6), two (2 of 6) and 2 other messages. " in reported


def test_a_crashed_segment_names_the_messages_of_its_own_examples(build):
    # 3 of 160 runs are within two points of no record at all, 2 of the 80 of t=even are not
    reported = refused(build, ["even one", "odd one", "even two"], critical=("t=even",), n=160)
    assert "failed on 2 of 80 runs of t=even (2.5 %) on key score: even one (1 of 2), even two (1 of 2). " in reported


def test_a_crash_without_a_message_says_so(build):
    assert "no row says why" in refused(build, [None] * 6)


def test_personal_data_and_line_breaks_stay_out_of_the_refusal(build):
    reported = refused(build, ["ValueError: jane.doe@acme.com\nis not known"] * 6)
    assert "jane.doe" not in reported
    assert "\n" not in reported
