"""Panel: the evaluators, each asked once a run; what one has said before is not worked out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from seatrial.graph.target import by_user, one_line
from seatrial.pool import OnTheLoop, on_the_loop, restart_clock
from seatrial.privacy.exits import redacted
from seatrial.runner.record import Result, as_text, evaluator_failure, worded
from seatrial.runner.shared_copy import changed, shared_copy
from seatrial.scoring import Score
from seatrial.verdict import ErrorKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.dataset.example import Example
    from seatrial.graph.run import Run
    from seatrial.model.clock import Clock
    from seatrial.scoring import Bound

REMEMBERED = 1_000
"""Different answers of one evaluator that are remembered: most say one of a few sentences."""


Answer: TypeAlias = tuple[Result, str]
"""What one evaluator said of one run, to keep and as it stands in the line."""


Answers: TypeAlias = tuple[tuple[Result, ...], str, tuple[str, ...]]
"""The same of all evaluators, and the keys of those that changed the run or the example."""

NO_ANSWERS: Answers = ((), "", ())


class Panel:
    """All evaluators of a run, in order."""

    def __init__(self, evaluators: Sequence[Bound], *, clock: Clock | None = None) -> None:
        self._clock = clock
        known: list[dict[Any, Answer]] = [{} for _ in evaluators]
        self._members = tuple((bound, bound.call, answers) for bound, answers in zip(evaluators, known, strict=True))

    def ask(self, run: Run, example: Example) -> Answers:
        """One answer each; whatever an evaluator raises is its failure, whatever it changes no other one is given."""
        results, texts, changers = [], [], []
        given = shared_copy(run, example)
        for bound, call, known in self._members:
            try:
                wording = call(given[0], given[1])
                try:
                    answer = known[wording]
                except Exception:  # noqa: BLE001 - not known yet, or nothing that can be looked up
                    answer = _answer(bound, wording, known)
            except OnTheLoop:
                raise
            except BaseException as error:  # a crash is an outcome, never a score; pytest.fail() is one, too
                if by_user(error):
                    raise
                answer = self._after_failure(bound, error, known, run, example)
            results.append(answer[0])
            texts.append(answer[1])
            if changed(given):
                if given[2] is not None:
                    changers.append(bound.key)
                given = shared_copy(run, example)
        return tuple(results), ",".join(texts), tuple(changers)

    def _after_failure(
        self, bound: Bound, error: BaseException, known: dict[Any, Answer], run: Run, example: Example
    ) -> Answer:
        """The answer to a further try where one is worth it, else the failure; each try has its timeout and its copies."""
        from seatrial.model.clock import Clock  # noqa: PLC0415 - for evaluators that failed
        from seatrial.runner.retry import pause_before  # noqa: PLC0415 - as above

        clock, done = self._clock or Clock(), 0
        while (pause := pause_before(bound, error, done, clock.date())) is not None:
            if on_the_loop():
                raise OnTheLoop(
                    "an evaluator is asked again after a pause: in a thread, not on the event loop"
                ) from error
            clock.sleep(pause)
            restart_clock()
            given, done = shared_copy(run, example), done + 1
            try:
                return _answer(bound, bound.call(given[0], given[1]), known)
            except BaseException as later:  # as in `ask`
                if isinstance(later, OnTheLoop) or by_user(later):
                    raise
                error = later
        return _failed(bound, one_line(error) + (f" ({done + 1} tries)" if done else ""))

    def timed_out(self, reason: str) -> Answers:
        """The answers of evaluators of whom one hangs: nobody knows which."""
        answers = [_failed(bound, reason, ErrorKind.TIMEOUT) for bound, _, _ in self._members]
        return tuple([result for result, _ in answers]), ",".join([text for _, text in answers]), ()


def _answer(bound: Bound, result: Any, known: dict[Any, Answer]) -> Answer:
    """What an evaluator returned, to keep; raises what reading it as scores raises, somebody else's `__float__` included."""
    scores = bound.scores(result)
    wording = tuple([(score.key, score.score, redacted(score.reason)) for score in scores])
    try:
        text = worded(bound.key, wording)
        text.encode()
    except (TypeError, UnicodeEncodeError):
        wording = tuple([(as_text(key), score, as_text(reason)) for key, score, reason in wording])
        text = worded(bound.key, wording)
    answer = (wording, text)
    if len(known) < REMEMBERED and _lasts(result):
        known[result] = answer
    return answer


def _lasts(result: Any) -> bool:
    """Whether an equal answer will always mean the same; a tensor's number may change under our hands."""
    if type(result) is Score:
        return type(result.key) is str and type(result.reason) is str and _lasts(result.score)
    return result is None or type(result) in (bool, float)


def _failed(bound: Bound, reason: str, kind: ErrorKind = ErrorKind.EXCEPTION) -> Answer:
    failure = evaluator_failure(redacted(reason), kind)
    return failure, worded(bound.key, failure)
