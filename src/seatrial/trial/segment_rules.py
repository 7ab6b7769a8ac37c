"""Segment rules: whether segments.toml puts an example where the evidence has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import InvalidComparison
from seatrial.evidence.schema import SEGMENT_PREFIX
from seatrial.segment import assign, for_graph
from seatrial.trial.baselines import ANCHOR, renewal
from seatrial.trial.runs import summary
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.evidence import Evidence
    from seatrial.gate.baseline import Baseline
    from seatrial.project import Project

Moved = tuple[str, str, str, str]
"""Example, dimension, the value it had and the one it has; `unknown` where a side has no such dimension."""


def refuse_edited_rules(project: Project, accepted: Baseline, now: Evidence, pointer: str) -> None:
    """A baseline whose segments other rules made is compared with nothing: a row of both would mix two segments.

    Args:
        project: the mounted project.
        accepted: the baseline, or the anchor.
        now: evidence of the run beside it.
        pointer: `current` or `anchor`.

    Raises:
        InvalidComparison: an example of the same content is in another segment; names the dimensions and one example.
    """
    before, after = places(accepted.evidence), places(now)
    moved = [
        (name, dimension, old.get(dimension, "unknown"), new.get(dimension, "unknown"))
        for (name, content), old in before.items()
        if (new := after.get((name, content))) is not None
        for dimension in sorted({*old, *new})
        if old.get(dimension) != new.get(dimension)
    ]
    if moved:
        header = accepted.header
        since = f"the {'anchor' if pointer == ANCHOR else 'baseline'} of {header.graph} ({header.version}, {header.date}) was accepted"
        raise InvalidComparison(f"{_sentence(moved, since)}. Renew it with {renewal(project, header.graph, pointer)}")


def refuse_rules_edited_since(project: Project, graph: str, run_id: str, evidence: Evidence) -> None:
    """Raise an InvalidComparison where segments.toml puts an example elsewhere now than the runs did.

    Nothing is said of runs on a dataset that has changed since: its examples are no longer the ones that were put.
    """
    wording = summary(project, run_id)["dataset"]
    dataset = project.dataset(graph, str(wording["name"]).rpartition(":")[2])
    if dataset.hash != wording["hash"]:
        return
    dimensions = for_graph(project.dimensions, graph)
    now: dict[str, Mapping[str, str]] = {example.id: assign(dimensions, example.row()) for example in dataset.examples}
    moved = [
        (name, dimension, old.get(dimension, "unknown"), value)
        for (name, _), old in places(evidence).items()
        for dimension, value in now.get(name, {}).items()
        if old.get(dimension, "unknown") != value
    ]
    if moved:
        since = f"the runs {evidence.source.removeprefix('runs ')}"
        raise InvalidComparison(f"{_sentence(moved, since)}; run both again")


def _sentence(moved: Sequence[Moved], since: str) -> str:
    dimensions = ", ".join(dict.fromkeys(one[1] for one in moved))
    name, dimension, old, new = moved[0]
    n = len({one[0] for one in moved})
    return f"the rules of segments.toml were edited since {since}: {count(n, 'example')} moved in {dimensions}, such as {name} from {dimension}={old} to {dimension}={new}"


def places(evidence: Evidence) -> dict[tuple[str, str], dict[str, str]]:
    """(Example, content) -> dimension -> value; an example whose content changed may move by right."""
    examples = evidence.codes("example_id")
    content = evidence.codes("example_hash") if evidence.has("example_hash") else None
    columns = {name: evidence.codes(SEGMENT_PREFIX + name) for name in evidence.dimensions}
    wide = examples.index.astype(np.int64) * (len(content.values) + 1 if content else 1)
    _, rows = np.unique(wide + (content.index + 1 if content else 0), return_index=True)
    found = {}
    for row in rows.tolist():
        known = content.values[content.index[row]] if content is not None and content.index[row] >= 0 else ""
        found[examples.values[examples.index[row]], known] = {
            name: codes.values[codes.index[row]] for name, codes in columns.items() if codes.index[row] >= 0
        }
    return found
