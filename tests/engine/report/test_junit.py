"""JUnit: rows show, the last case decides, and it is XML whatever the names say."""

import xml.etree.ElementTree as ET

import pytest

from seatrial.report.junit import junit
from seatrial.report.sanitize import plain
from seatrial.report.view import view
from seatrial.verdict import State, Verdict


def parsed(report):
    return ET.fromstring(junit(view(report)).encode())


@pytest.mark.parametrize(
    ("name", "decides", "failures", "errors", "skipped"),
    [
        ("blocked", "failure", 2, 0, 1),
        ("pass", None, 0, 0, 0),
        ("unchanged", None, 0, 0, 0),
        ("cannot tell", "error", 0, 1, 1),
    ],
)
def test_the_last_case_decides_and_the_counts_add_up(states, name, decides, failures, errors, skipped):
    suite = parsed(states[name])
    cases = suite.findall("testcase")
    assert suite.get("tests") == str(len(cases)) == str(len(states[name].findings) + 1)
    assert [suite.get(word) for word in ("failures", "errors", "skipped")] == [str(failures), str(errors), str(skipped)]
    assert cases[-1].get("name") == "gate"
    assert [child.tag for child in cases[-1]] == ([decides] if decides else [])


def test_every_rows_result_is_its_tests_state(states):
    for report in states.values():
        for case, finding in zip(parsed(report).findall("testcase"), report.findings, strict=False):
            expected = {State.BLOCKS: ["failure"], State.CANNOT_TELL: ["skipped"]}.get(finding.state, [])
            assert [child.tag for child in case] == expected
            if expected:
                assert case[0].get("message") == finding.reason


def test_hostile_text_is_text_in_xml(report, finding, hostile):
    evil = report(
        Verdict.FAIL,
        finding(),
        finding(f"t={hostile}", State.BLOCKS, reason=hostile),
        warnings=(hostile,),
        candidate=hostile,
    )
    suite = parsed(evil)
    assert [child.tag for child in suite] == ["testcase", "testcase", "testcase", "system-out"]
    assert suite.findall("testcase")[1].get("name") == plain(hostile)
    assert suite.findall("testcase")[1][0].get("message") == plain(hostile)


def test_what_is_observed_and_not_acted_on_is_marked(states):
    # the verdict stands in the file as everywhere, and whoever reads JUnit alone must not act on it either
    assert parsed(states["observed"]).findall("testcase")[-1][0].tag == "skipped"
