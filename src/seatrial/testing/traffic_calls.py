"""Traffic calls: the model calls of a seeded year as a server would have recorded them, for `seatrial spend`.

made = traffic(seed=1)
made.fill_outcomes(store)
fill_calls(made, store, project.graphs, "gpt-x")     # what each decision's call used
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from seatrial.store.calls import ModelCallRow, write_calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.graph.spec import GraphSpec
    from seatrial.store.engine import Store
    from seatrial.testing.traffic import Traffic


def fill_calls(made: Traffic, store: Store, graphs: Sequence[GraphSpec], model: str) -> int:
    """Write one call for each decision; returns how many.

    Args:
        made: from `traffic`.
        store: where.
        graphs: of the registry: whose feature and owner a call is.
        model: that answered.
    """
    specs = {spec.assistant_id: spec for spec in graphs}
    names = [name for name in made.decisions if name.startswith("segment.")]
    dimensions = [name.removeprefix("segment.") for name in names]
    values = zip(*(made.decisions[name].tolist() for name in names), strict=True)
    columns = ("thread_id", "graph", "version", "node", "input_tokens", "output_tokens", "called_at")
    calls = zip(*(made.tokens[name].tolist() for name in columns), strict=True)
    rows = [
        ModelCallRow(
            f"call-{thread}",
            f"run-{thread}",
            thread,
            graph,
            version,
            specs[graph].feature,
            specs[graph].owner,
            node,
            model,
            json.dumps({name: value for name, value in zip(dimensions, segment, strict=True) if value}),
            read,
            written,
            0,
            0,
            0,
            at,
        )
        for (thread, graph, version, node, read, written, at), segment in zip(calls, values, strict=True)
    ]
    write_calls(store, rows)
    return len(rows)
