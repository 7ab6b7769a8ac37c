"""Trace headers: good ones are passed on as they are, malformed ones are left out."""

import pytest

from seatrial.trace.headers import forward, trace_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
RUN = "20260301T120000000000Z0f8fad5b-d9cb-469f-a165-70867728950e"


def test_good_headers_are_passed_on_to_the_letter():
    given = {"traceparent": PARENT, "tracestate": "a=1,b=2", "baggage": "user=ada", "langsmith-trace": f"{RUN}.{RUN}"}
    assert dict(forward({**given, "x-other": "1"})) == given
    assert trace_id(given) == TRACE


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": PARENT.upper(), "tracestate": "a=1"},  # a state without a parent means nothing
        {"traceparent": f"ff-{TRACE}-00f067aa0ba902b7-01"},
        {"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"},
        {"traceparent": f"00-{TRACE}-{'0' * 16}-01"},
        {"traceparent": "00-abc"},
        {"baggage": "no list"},
        {"baggage": "a=" + "x" * 9_000},
        {"langsmith-trace": "not a run"},
        {},
    ],
)
def test_malformed_headers_are_left_out(headers):
    assert forward(headers) == []
    assert trace_id(headers) == ""
