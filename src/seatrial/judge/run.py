"""Run: every question to a judge, many at once, each reply on disk as it comes, so that a kill loses only what was under way.

    <folder>/rows.jsonl       one line per question that was answered or failed; the question's key names it
    <folder>/judge.json       which judge and runs, counts, spend

A question with a verdict on disk is never asked again; one without (an outage, the cap, no verdict) is asked by the next run.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial import pool
from seatrial.canonical import canonical_json
from seatrial.errors import ConfigError, DataError, UsageError
from seatrial.judge.ask import REFUSED_CALL, Answered, ask
from seatrial.judge.spend import Spend
from seatrial.pool.lock import run_lock
from seatrial.pool.row_log import EACH, RowLog, read_lines
from seatrial.verdict import ErrorKind, Outcome
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from seatrial.judge.pairs import Question
    from seatrial.judge.spec import Judge
    from seatrial.judge.spend import Purse
    from seatrial.model.hub import Hub
    from seatrial.price import Price

ROWS = "rows.jsonl"
NOT_REQUESTED = "not_asked"
"""Kind of a planned row that nobody got to."""

PROBE = 8
"""Questions asked before the rest: where every one of them is refused for good, so would be all the others."""

IN_A_ROW = 8
"""Outages in a row after which nobody else is asked: the provider is down."""


@dataclass(slots=True)
class Judged:
    """What a run of questions came to.

    Attributes:
        answers: key -> what came of the question; questions that nobody got to are not in it.
        asked: questions put to the judge by this run.
        known: questions that had a verdict before.
        ended: why no more were asked; empty where all were.
        fatal: whether that was the provider's refusal of every call.
        unasked: kind of the rows that nobody got to.
        usd: booked by this run; None where no price is known.
        uncounted: calls whose tokens nobody counted, booked at their reserve.
        warnings: sentences.
    """

    answers: dict[str, Answered]
    requested: int = 0
    known: int = 0
    ended: str = ""
    fatal: bool = False
    unasked: str = NOT_REQUESTED
    usd: float | None = None
    uncounted: int = 0
    warnings: list[str] = field(default_factory=list)


def run(
    judge: Judge,
    questions: Sequence[Question],
    hub: Hub,
    folder: Path,
    *,
    concurrency: int = 8,
    price: Price | None = None,
    purse: Purse | None = None,
    resume: bool = False,
    progress: Callable[[int, int, float | None], None] | None = None,
    stop: threading.Event | None = None,
) -> Judged:
    """Ask every question that has no verdict in `folder` yet.

    A KeyboardInterrupt, or `stop` being set, ends it early; what was answered is kept.

    Args:
        judge: who is asked.
        questions: what; questions with one key are one question.
        hub: the way to the model.
        folder: made when it is not there.
        concurrency: calls at once.
        price: of the judge's model; its file's own goes before it.
        purse: the cap on what is spent, which other judges may share; never exceeded.
        resume: refuse a folder in which nothing was judged yet.
        progress: told (done, planned, USD), after each answer.
        stop: set it to stop after the calls under way.

    Raises:
        UsageError: an option is out of range, or another process writes this folder.
        ConfigError: there is a cap and no price.
        DataError: rows on disk that cannot be read.
    """
    price = judge.price or price
    if purse is not None and purse.capped and price is None:
        raise ConfigError(
            f"--max-usd needs the price of {judge.model}, which is unknown; write input and output (USD per million tokens) "
            f'into judges/{judge.name}.toml as [price], or into pyproject.toml as [tool.seatrial.model.prices."{judge.model}"]'
        )
    if resume and not (folder / ROWS).exists():
        raise UsageError(f"{folder} holds no judged rows to resume; leave out --resume to start")
    folder.mkdir(parents=True, exist_ok=True)
    with run_lock(folder) as stale:
        answers = read_rows(folder / ROWS)
        spend = Spend(price, purse)
        wanted = {question.request.key: question for question in questions}
        todo = [question for key, question in wanted.items() if not _final(answers.get(key))]
        work = _Work(judge, hub, spend, answers, len(wanted), len(wanted) - len(todo), progress, stop)
        for question in todo:
            answers.pop(question.request.key, None)  # an error of an earlier run says nothing about this one
        if todo:
            work.through(todo, folder / ROWS, concurrency)
    unasked = NOT_REQUESTED if not work.ended else REFUSED_CALL if work.fatal else ErrorKind.OUTAGE
    done = Judged(
        answers, work.requested, len(wanted) - len(todo), work.ended, work.fatal, unasked, spend.usd, spend.uncounted
    )
    done.warnings += [stale] if stale else []
    done.warnings += _warnings(answers, wanted, spend)
    return done


class _Work:
    """The questions of one run, as the pool works through them."""

    def __init__(
        self,
        judge: Judge,
        hub: Hub,
        spend: Spend,
        answers: dict[str, Answered],
        planned: int,
        known: int,
        progress: Callable[[int, int, float | None], None] | None,
        stop: threading.Event | None,
    ) -> None:
        self._judge, self._hub, self._spend, self._answers = judge, hub, spend, answers
        self._planned, self._done, self._progress = planned, known, progress
        self._stop = stop or threading.Event()
        self._replied = 0
        self._outages = self._refusals = 0
        self._log: RowLog | None = None
        self.requested, self.ended, self.fatal = 0, "", False

    def through(self, todo: Sequence[Question], path: Path, concurrency: int) -> None:
        probe, rest = todo[:PROBE], todo[PROBE:]
        with RowLog(path, patience=EACH) as self._log, suppress(KeyboardInterrupt):
            for part in (probe, rest):
                if part and not self._stop.is_set():
                    pool.run(part, self._ask, self._keep, concurrency=concurrency, stop=self._stop)
                if part is probe and not self._replied and self._all_refused(probe):
                    self._end(self._first_refusal(probe), fatal=True)

    def _ask(self, question: Question) -> Answered:
        return ask(self._judge, question.request, self._hub, self._spend, question.repetition)

    def _keep(self, question: Question, value: Answered | None, error: BaseException | None) -> None:
        if value is None:
            if not isinstance(error, Exception):
                raise error or AssertionError("the pool hands on a value or an error")
            sentence = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            value = Answered(Outcome.EVALUATOR_ERROR, ErrorKind.EXCEPTION, None, sentence)
        assert self._log is not None  # noqa: S101 - open as long as the pool runs
        self._log.append(row(question, value))
        self._answers[question.request.key] = value
        self.requested += value.calls > 0
        self._done += 1
        self._replied += value.calls > 0
        outage = value.error_kind == ErrorKind.OUTAGE
        self._outages = self._outages + 1 if outage else 0
        self._refusals += value.error_kind == REFUSED_CALL
        if value.fatal or (self._refusals >= PROBE and not self._replied):
            self._end(value.reason, fatal=True)
        elif self._outages >= IN_A_ROW:
            self._end(f"{IN_A_ROW} outages in a row: {value.reason}", fatal=False)
        if self._progress is not None:
            self._progress(self._done, self._planned, self._spend.usd)

    def _end(self, why: str, *, fatal: bool) -> None:
        if not self.ended:
            self.ended, self.fatal = why, fatal
        self._stop.set()

    def _all_refused(self, probe: Sequence[Question]) -> bool:
        found = [self._answers.get(question.request.key) for question in probe]
        return all(one is not None and one.error_kind == REFUSED_CALL for one in found)

    def _first_refusal(self, probe: Sequence[Question]) -> str:
        return self._answers[probe[0].request.key].reason


def row(question: Question, value: Answered) -> bytes:
    """One line of rows.jsonl."""
    named = {"key": question.request.key, "example_id": question.pair.example_id, "order": question.order}
    return f"{canonical_json({**named, 'repetition': question.repetition, **value._asdict()})}\n".encode()


def read_rows(path: Path) -> dict[str, Answered]:
    """Key -> what came of the question; a verdict is never replaced by a later failure.

    Raises:
        DataError: a line cannot be read.
    """
    found: dict[str, Answered] = {}
    for number, line in enumerate(read_lines(path), start=1):
        try:
            raw: dict[str, Any] = json.loads(line)
            value = Answered(**{name: raw[name] for name in Answered._fields})
            Outcome(value.outcome)
            key = raw["key"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path} line {number} cannot be read ({type(error).__name__}); move it away and judge again"
            ) from error
        if not _final(found.get(key)):
            found[key] = value
    return found


def _final(value: Answered | None) -> bool:
    return value is not None and value.outcome == Outcome.SCORED


def _warnings(answers: Mapping[str, Answered], wanted: Mapping[str, Question], spend: Spend) -> list[str]:
    """One sentence for each kind of row without a verdict, and for replies that quoted a fence."""
    found = [answers[key] for key in wanted if key in answers]
    kinds = Counter((one.outcome, one.error_kind) for one in found if one.outcome != Outcome.SCORED)
    first = {(one.outcome, one.error_kind): one.reason for one in reversed(found)}
    given = [f"{times} × {kind[1] or kind[0]}: {first[kind]}" for kind, times in kinds.most_common()]
    fences = sum(one.fence for one in found)
    if fences:
        given.append(f"{fences} {'reply quotes' if fences == 1 else 'replies quote'} a fence of the prompt: read them")
    if spend.uncounted:
        given.append(f"{count(spend.uncounted, 'call')} came without token counts and are booked at their worst case")
    return given
