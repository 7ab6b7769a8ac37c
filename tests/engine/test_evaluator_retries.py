"""An evaluator that a service failed is asked again before its score is missing; one that fails by itself is not."""

from types import SimpleNamespace

import pytest

from seatrial.dataset import Example
from seatrial.errors import ConfigError
from seatrial.graph.run import Run
from seatrial.model.clock import Clock
from seatrial.model.outcome import Outage
from seatrial.runner.evaluators import Panel
from seatrial.runner.record import Unscored
from seatrial.scoring import bind, evaluator

EXAMPLE, RUN = Example("e1", {"q": "hi"}, {"a": "HI"}), Run("e1#0", {"q": "hi"}, outputs={"a": "HI"})


class Status(Exception):
    def __init__(self, status, retry_after=None):
        super().__init__(f"HTTP {status}")
        self.status_code = status
        self.response = SimpleNamespace(headers={} if retry_after is None else {"retry-after": str(retry_after)})


class OwnFailure(Outage):
    """What our own model calls raise of a service's failure: it was tried again already."""

    status_code = 503


def asked(failures, *, retries=None):
    """Result, number of tries and pauses of an evaluator that raises, or returns, each of `failures` before it says True."""
    left, pauses, tries = list(failures), [], 0

    @evaluator(retries=retries)
    def judged(run, example):
        nonlocal tries
        tries += 1
        if not left:
            return True
        failure = left.pop(0)
        if isinstance(failure, BaseException):
            raise failure
        return failure

    panel = Panel((bind(judged),), clock=Clock(sleep=pauses.append, date=lambda: 0.0))
    ((result,), _, _) = panel.ask(RUN, EXAMPLE)
    return result, tries, pauses


@pytest.mark.parametrize(
    "failure",
    [TimeoutError(), ConnectionResetError("reset"), Status(429), Status(500), Status(503), Status(529)],
    ids=repr,
)
def test_a_failure_of_a_service_is_tried_again_twice(failure):
    result, tries, pauses = asked([failure, failure])
    assert (result, tries, pauses) == ((("judged", 1.0, ""),), 3, [0.5, 1.0])
    result, tries, _ = asked([failure] * 3)
    assert isinstance(result, Unscored)
    assert tries == 3
    assert result.reason.endswith("(3 tries)")


@pytest.mark.parametrize(
    "failure",
    [
        KeyError("a"),
        ValueError("no JSON"),
        AssertionError(),
        Status(400),
        Status(401),
        Outage("x"),
        OwnFailure("HTTP 503"),
        SystemExit(1),
        "yes",
    ],
    ids=repr,
)
def test_code_that_fails_by_itself_is_asked_once(failure):
    result, tries, pauses = asked([failure])
    assert isinstance(result, Unscored)
    assert (tries, pauses) == (1, [])
    assert "tries" not in result.reason


@pytest.mark.parametrize("failure", [ValueError("no JSON"), "no score"], ids=repr)
def test_an_evaluator_that_fails_at_random_says_how_often_it_is_asked_again(failure):
    result, tries, pauses = asked([failure] * 3, retries=3)
    assert (result[0][1], tries, pauses) == (1.0, 4, [0.0] * 3)
    assert asked([TimeoutError()], retries=0)[1:] == (1, [])


def test_a_service_that_says_when_is_asked_then_and_not_after_the_ceiling():
    assert asked([Status(429, 3)])[2] == [3.0]
    assert asked([Status(429, 3600)])[2] == [10.0]


def test_every_further_try_has_the_whole_timeout(monkeypatch):
    events = []
    monkeypatch.setattr("seatrial.runner.evaluators.restart_clock", lambda: events.append("clock"))

    def busy(run, example):
        events.append("asked")
        raise TimeoutError

    Panel((bind(busy),), clock=Clock(sleep=lambda _: events.append("pause"), date=lambda: 0.0)).ask(RUN, EXAMPLE)
    assert events == ["asked", *["pause", "clock", "asked"] * 2]


@pytest.mark.parametrize("retries", [-1, 11, True])
def test_a_number_of_retries_that_is_none_is_a_sentence(retries):
    with pytest.raises(ConfigError, match="choose 0 to 10 further tries"):
        evaluator(retries=retries)


def test_each_try_gets_what_the_first_got():
    given = []

    @evaluator(retries=1)
    def greedy(inputs, outputs):
        given.append(dict(outputs))
        outputs.clear()
        if len(given) == 1:
            raise ValueError
        return True

    Panel((bind(greedy),), clock=Clock(sleep=lambda s: None)).ask(RUN, EXAMPLE)
    assert given == [{"a": "HI"}] * 2


def test_a_pause_on_the_event_loop_is_made_in_a_thread():
    from seatrial.pool import OnTheLoop, as_if_no_loop, wait_for  # noqa: PLC0415

    def busy(run, example):
        raise TimeoutError

    async def on_loop():
        with as_if_no_loop():
            return Panel((bind(busy),)).ask(RUN, EXAMPLE)

    with pytest.raises(OnTheLoop, match="asked again after a pause"):
        wait_for(on_loop())
