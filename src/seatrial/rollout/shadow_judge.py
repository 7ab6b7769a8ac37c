"""Shadow judge: a judge's preference between both versions' answers to one copied request, asked in both orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.evidence.schema import WINRATE
from seatrial.judge.answer_text import as_text, field_text
from seatrial.judge.ask import ask
from seatrial.judge.evidence import evidence_rows
from seatrial.judge.pairs import Answer, Pair, questions
from seatrial.judge.run import NOT_REQUESTED
from seatrial.judge.spend import Purse, Spend
from seatrial.judge.table import verdict_rows

if TYPE_CHECKING:
    from seatrial.graph.run import Run
    from seatrial.judge.spec import Judge
    from seatrial.model.hub import Hub
    from seatrial.price import Price


class ShadowJudge:
    """Asks a judge about pairs of answers; safe to call from several threads.

    Args:
        judge: who is asked.
        hub: the way to the model, within the project's limits and under its kill switch.
        price: of the judge's model.
        max_usd: never exceeded; pairs beyond it are missing.
    """

    def __init__(self, judge: Judge, hub: Hub, *, price: Price | None = None, max_usd: float | None = None) -> None:
        self._judge, self._hub = judge, hub
        self._spend = Spend(judge.price or price, Purse(max_usd))

    @property
    def key(self) -> str:
        """Evidence key of its win rate."""
        return f"{WINRATE}{self._judge.name}"

    @property
    def identity(self) -> str:
        """Which version of the judge gives the verdicts."""
        return self._judge.identity

    def row(
        self, thread_id: str, inputs: Any, live: Run, candidate: Run, hashes: tuple[str | None, str | None]
    ) -> dict[str, Any]:
        """The pair's evidence: outcome, error_kind, score (1: the candidate's answer is better) and reason."""
        judge = self._judge
        text = field_text(inputs, (judge.inputs,) if judge.inputs else ()) or as_text(inputs)
        pair = Pair(thread_id, 0, text, None, self._answer(candidate, hashes[1]), self._answer(live, hashes[0]))
        answers = {
            one.request.key: ask(judge, one.request, self._hub, self._spend, one.repetition)
            for one in questions(judge, (pair,))
        }
        rows = verdict_rows(
            judge, (pair,), answers, candidate="candidate", baseline="control", family="", unasked=NOT_REQUESTED
        )
        return evidence_rows(rows)[0]

    def _answer(self, run: Run, hashed: str | None) -> Answer:
        if run.outputs is None:
            return Answer(str(run.outcome), error=run.error)
        text = field_text(run.outputs, self._judge.answer)
        missing = f"its output has no field {' or '.join(self._judge.answer)}" if text is None else None
        return Answer(str(run.outcome), text, hashed, run.error or missing)
