"""Shadow spend: what candidates used is on record among the model calls of their graph, and counts in its budget.

Nobody waits for a copy, so none is made once the graph's budget is used up to its `warn`: the rest belongs to live requests.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from seatrial.errors import SeatrialError
from seatrial.graph.run import Run
from seatrial.rollout.shadow import switched_off
from seatrial.serve.meter import ModelCall
from seatrial.store.calls import ModelCallRow, write_calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.graph.spec import GraphSpec
    from seatrial.rollout.shadow_request import Compared
    from seatrial.serve.allowance import Allowance
    from seatrial.store.engine import Store


class ShadowSpend:
    """Of one graph and its candidate.

    Args:
        spec: the graph.
        version: the candidate's.
        store: where calls are on record.
        allowance: the budgets of the server.
        clock: seconds since 1970.
        count: told of `rows_failed`.
    """

    def __init__(
        self,
        spec: GraphSpec,
        version: str,
        store: Store,
        allowance: Allowance,
        clock: Callable[[], float],
        count: Callable[[str], None],
    ) -> None:
        self._spec, self._version, self._store = spec, version, store
        self._allowance, self._clock, self._count = allowance, clock, count

    def killed(self) -> bool:
        """Whether nothing is copied now."""
        return switched_off() or not self._allowance.leaves_room(self._spec.assistant_id)

    def __call__(self, pair: Compared) -> None:
        """Put what the candidate used on record: one row, since a copy is one run and its nodes are nobody's feature."""
        run = pair.candidate
        if not isinstance(run, Run) or not (run.model or run.extra.get("uncounted_calls")):
            return
        graph, counts = self._spec.assistant_id, run.counts
        parts = counts[1:] if counts is not None else (None, None, None)
        call = ModelCall("", "", run.model or "", run.input_tokens, run.output_tokens, *parts)
        name = f"shadow-{uuid.uuid4()}"
        place = (graph, self._version, self._spec.feature, self._spec.owner)
        row = ModelCallRow(name, name, pair.request.thread_id, *place, "", call.model, "{}", *call[3:], self._clock())
        try:
            write_calls(self._store, [row])
        except SeatrialError:
            self._count("rows_failed")
        self._allowance.spend(graph, call)
