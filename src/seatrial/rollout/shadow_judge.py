"""Shadow judge: a judge's preference between both versions' answers to one copied request, asked in both orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json
from seatrial.evidence.schema import WINRATE
from seatrial.judge.ask import ask
from seatrial.judge.evidence import evidence_rows
from seatrial.judge.pairs import Answer, Pair, questions
from seatrial.judge.run import NOT_REQUESTED
from seatrial.judge.spend import Purse, Spend
from seatrial.judge.table import verdict_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        text = selected(inputs, (judge.inputs,) if judge.inputs else ()) or canonical_json(inputs)
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
        text = selected(run.outputs, self._judge.answer)
        missing = f"its output has no field {' or '.join(self._judge.answer)}" if text is None else None
        return Answer(str(run.outcome), text, hashed, run.error or missing)


def selected(value: Any, paths: Sequence[str]) -> str | None:
    """The field at the first dotted path that is there, as text; all of it without a path; None where none is there."""
    for path in paths or ("",):
        found = value
        for name in path.split(".") if path else ():
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is not None:
            return found if isinstance(found, str) else canonical_json(found)
    return None
