"""Limits: no window holds more than its ceiling, and the rate settles at what a provider lets pass."""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.errors import UsageError
from seatrial.model.bucket import Bucket
from seatrial.model.limits import Limiter, Limits
from seatrial.model.pace import Pace


class Sliding:
    """Answers at most n in any minute."""

    def __init__(self, n: int, *, says: bool) -> None:
        self.n, self.says, self.answered = n, says, deque[float]()

    def wait(self, now: float) -> float | None:
        while self.answered and self.answered[0] <= now - 60:
            self.answered.popleft()
        if len(self.answered) < self.n:
            self.answered.append(now)
            return None
        return self.answered[0] + 60 - now


class Leaky:
    """Lets one pass every 60/n seconds, and n/10 (at least one) at once after a rest."""

    def __init__(self, n: int, *, says: bool) -> None:
        self.n, self.says, self.full_until = n, says, -math.inf

    def wait(self, now: float) -> float | None:
        at = max(self.full_until, now) + 60 / self.n - max(6, 60 / self.n)
        if at <= now + 1e-9:
            self.full_until = max(self.full_until, now) + 60 / self.n
            return None
        return at - now


class Fixed:
    """Answers n in each minute of the clock on its wall."""

    def __init__(self, n: int, *, says: bool) -> None:
        self.n, self.says, self.minute, self.answered = n, says, -1, 0

    def wait(self, now: float) -> float | None:
        if now // 60 != self.minute:
            self.minute, self.answered = now // 60, 0
        if self.answered < self.n:
            self.answered += 1
            return None
        return 60 * (self.minute + 1) - now


def play(limiter: Limiter, server: Sliding | Leaky | Fixed | None, *, minutes: float, begin: float = 0.0):
    """Moments at which calls went, and at which they were answered: callers that ask again at once, an answer takes 1 s."""
    rng, order = random.Random(7), count()
    todo = [(begin, next(order), "book", None) for _ in range(64)]
    went, answered = [], []
    while todo:
        now, _, what, about = heapq.heappop(todo)
        if now > begin + 60 * minutes:
            break
        later = (now, "book", None)
        if what == "book":
            ticket = limiter.book(now, 0.0)
            later = (min(ticket.at, now + 5), "leave", ticket)
        elif what == "leave":
            ticket = limiter.leave(about, now)
            if ticket is None:
                went.append(now)
                later = (now + rng.uniform(0.4, 0.6), "arrive", (now, about))
            else:
                later = (min(max(now, ticket.at), now + 5), "leave", ticket)
        elif what == "arrive":
            later = (now + rng.uniform(0.4, 0.6), "back", (*about, server.wait(now) if server else None))
        else:
            sent_at, ticket, wait = about
            if wait is None:
                limiter.answered(ticket, int(ticket.tokens), 0, now)
                answered.append(now)
            else:
                limiter.refused(sent_at, wait if server.says else None, now)
        heapq.heappush(todo, (later[0], next(order), *later[1:]))
    return went, answered


def most_in_a_minute(moments: list[float]) -> int:
    """The largest number in any half-open minute."""
    found, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - 60 + 1e-9:
            first += 1
        found = max(found, last - first + 1)
    return found


@pytest.mark.parametrize("ceiling", [1, 7, 60, 600])
def test_no_minute_holds_more_requests_than_the_ceiling_and_nearly_all_are_used(ceiling):
    went, _ = play(Limiter(Limits(requests_per_minute=ceiling)), None, minutes=10)
    assert most_in_a_minute(went) <= ceiling
    assert len(went) >= 0.94 * ceiling * 10  # a twentieth stays free, so that a burst fits under the ceiling


@settings(max_examples=40, deadline=None)
@given(
    ceiling=st.integers(1, 200),
    asks=st.lists(st.tuples(st.floats(0, 90), st.floats(0.1, 1)), min_size=1, max_size=300),
)
def test_no_minute_holds_more_than_the_ceiling_however_late_sleepers_wake(ceiling, asks):
    bucket, now, went = Bucket(ceiling, 60.0), 0.0, []
    for late, _ in asks:
        at = bucket.next(now, 1)
        bucket.book(at, 1)
        now = max(now, at) + (late if late > 60 else 0)  # a machine that slept
        now = max(now, bucket.allowed(now, 1))
        bucket.went(now, 1)
        went.append(now)
    assert most_in_a_minute(went) <= ceiling


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 500), min_size=20, max_size=200))
def test_no_minute_holds_more_tokens_than_the_ceiling(sizes):
    bucket, now, went = Bucket(1000, 60.0), 0.0, []
    for size in [500, *sizes]:  # the largest first: how much may go at once is then settled
        now = bucket.allowed(now, size)
        bucket.went(now, size)
        went.append((now, size))
    for begin, _ in went:
        assert sum(size for at, size in went if begin <= at < begin + 60 - 1e-6) <= 1000 + 1e-6


def test_tokens_are_estimated_and_then_corrected_by_what_was_counted():
    limiter = Limiter(Limits(tokens_per_minute=6000))
    first = limiter.book(0.0, 100)
    assert limiter.leave(first, 0.0) is None
    limiter.answered(first, 2900, 100, 0.0)  # 3,000, not 100
    # 100 tokens were booked as the largest so far, so the burst is 300 and the bucket fills with 5,701 a minute. It owes
    # 3,000 and the next 100 fit once 2,800 of them have flowed off: 2,800 / (5,701 / 60) = 29.5 s.
    assert limiter.book(0.0, 100).at == pytest.approx(2800 / (5701 / 60))


def test_a_reply_is_taken_to_be_as_long_as_replies_were_so_far():
    limiter = Limiter(Limits())
    assert limiter.guess(400) == 300  # 400 characters are 100 tokens, and 200 for a reply nobody has seen
    limiter.answered(limiter.book(0.0, 0.0), 10, 400, 0.0)
    assert limiter.guess(400) == 400  # (200 + 400) / 2


kinds = pytest.mark.parametrize("kind", [Sliding, Leaky, Fixed])
says_or_not = pytest.mark.parametrize("says", [True, False], ids=["Retry-After", "silent"])


@kinds
@says_or_not
@pytest.mark.parametrize("allowed", [60, 600])
def test_the_rate_settles_within_a_tenth_of_what_the_provider_allows(kind, says, allowed):
    _, answered = play(Limiter(Limits()), kind(allowed, says=says), minutes=16)
    resolved = [moment for moment in answered if moment > 8 * 60]
    assert 0.9 * allowed <= len(resolved) / 8 <= 1.01 * allowed


@kinds
@says_or_not
def test_at_six_a_minute_too_the_rate_settles_within_a_tenth_of_what_the_provider_allows(kind, says):
    went, answered = play(Limiter(Limits()), kind(6, says=says), minutes=40)
    resolved = [moment for moment in answered if moment > 10 * 60]
    assert 0.9 * 6 <= len(resolved) / 30 <= 1.01 * 6
    # Each refusal is followed by a few tries, 1, 2 and 4 s later: none of them a storm.
    assert most_in_a_minute([moment for moment in went if moment > 10 * 60]) <= 2 * 6


@kinds
def test_a_ceiling_of_six_a_minute_is_kept_while_the_provider_allows_four(kind):
    went, answered = play(Limiter(Limits(requests_per_minute=6)), kind(4, says=False), minutes=40)
    assert most_in_a_minute(went) <= 6
    assert len(answered) >= 0.85 * 4 * 40  # it is refused to learn the rate, and refusals count under a ceiling


def test_a_refused_call_leaves_its_place_to_the_next():
    limiter = Limiter(Limits(requests_per_minute=6))
    assert limiter.leave(limiter.book(0.0, 0), 0.0) is None
    limiter.refused(0.0, 2.0, 1.0)
    assert limiter.book(1.0, 0).at == 10.0  # the ceiling's own rhythm: nobody's refusal gives a place under it back
    limiter = Limiter(Limits())
    for moment in (0.0, 20.0):
        assert limiter.leave(limiter.book(moment, 0), moment) is None
        limiter.refused(moment, 2.0, moment + 1)
    assert limiter.book(21.0, 0).at == 23.0


def test_the_ceiling_holds_while_the_provider_allows_more_and_while_it_allows_less():
    for allowed in (100, 1000):
        went, _ = play(Limiter(Limits(requests_per_minute=300)), Sliding(allowed, says=True), minutes=8)
        assert most_in_a_minute(went) <= 300


def test_nothing_goes_before_the_provider_said_it_may():
    limiter = Limiter(Limits())
    sent = limiter.book(10.0, 0)
    assert limiter.leave(sent, 10.0) is None
    waiting = limiter.book(10.0, 0)
    limiter.refused(10.0, 30.0, 11.0)
    second_stage = limiter.leave(waiting, 11.0)
    assert second_stage is not None
    assert second_stage.at == 41.0
    assert limiter.leave(second_stage, 41.0) is None


def test_one_refusal_cuts_once_however_many_calls_were_under_way():
    limiter = Limiter(Limits(requests_per_minute=600))
    for _ in range(5):
        limiter.leave(limiter.book(0.0, 0), 0.0)
    limiter.refused(0.0, 1.0, 1.0)
    once = limiter.rate
    limiter.refused(0.0, 1.0, 1.1)
    assert limiter.rate == once
    limiter.refused(2.5, 1.0, 3.0)  # sent after the cut, but nothing got through since: the same news
    assert limiter.rate == once
    limiter.answered(limiter.book(4.0, 0), 0, 0, 5.0)
    limiter.refused(5.5, 1.0, 6.0)
    assert limiter.rate < once
    once = limiter.rate
    limiter.refused(30.0, 1.0, 31.0)  # a quarter of a minute later, still nothing: an outage
    assert limiter.rate < once


def test_refusals_in_a_row_add_a_step_each_to_the_wait_and_never_more_than_a_window():
    pace, waits = Pace(60.0), []
    now = 0.0
    for _ in range(70):
        pace.refused(now, None, now + 1, math.inf)
        waits.append(round(pace.hold_until - (now + 1), 6))
        now = pace.hold_until + 1
    assert waits == [float(min(n, 60)) for n in range(1, 71)]


def test_after_a_long_outage_the_rate_comes_back_within_minutes():
    limiter = Limiter(Limits(requests_per_minute=600))
    for moment in range(0, 600, 10):
        limiter.refused(moment, None, moment + 1)
    assert limiter.rate == pytest.approx(1 / 60)  # one call a minute is always tried
    went, _ = play(limiter, None, minutes=20, begin=660.0)
    # 0.1 x (1 + 2 + 4 + ...) calls a minute more each minute: 400 after 12 minutes, so the last five are at the ceiling.
    assert sum(moment > 660 + 15 * 60 for moment in went) >= 0.94 * 5 * 600


@pytest.mark.parametrize(
    ("name", "value"), [("concurrency", 0), ("attempts", 0), ("requests_per_minute", 0.5), ("timeout_s", math.inf)]
)
def test_a_limit_out_of_range_is_refused(name, value):
    with pytest.raises(UsageError, match=f"limit {name} {value} is out of range"):
        Limits(**{name: value})
