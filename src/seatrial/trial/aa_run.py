"""Twice: a version of a graph run two times as it is, and what a gate says of a change that changed nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError
from seatrial.evidence.combine import combine
from seatrial.evidence.table import Evidence
from seatrial.gate.merge import check
from seatrial.runner.stored import stored_evidence
from seatrial.segment import critical_segments, for_graph
from seatrial.trial.evaluate import evaluate
from seatrial.trial.flaky import churn_by_key
from seatrial.trial.policies import row_policy
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.gate.churn import Churn
    from seatrial.gate.report import Report
    from seatrial.project import Project, TrialRow


@dataclass(frozen=True, slots=True)
class AARun:
    """Two runs of one version.

    Attributes:
        churn: per tested key, how often the two runs disagree.
        scores: key -> mean score of both runs together, a system failure counted as 0; None where nothing was scored.
        failures: runs that crashed, hung or stopped.
        planned: runs there were to be.
        report: what the gate says of the second run against the first.
    """

    churn: tuple[Churn, ...]
    scores: dict[str, float | None]
    failures: int
    planned: int
    report: Report


def run_aa(project: Project, row: TrialRow, *, progress: Callable[[str, int, int], None] | None = None) -> AARun:
    """Run the row's baseline two times over its dataset, as two runs.

    Raises:
        DataError: nothing was scored, or a run was stopped.
        InvalidComparison: no example was measured twice.
    """
    policy = row_policy(project, row)
    critical = critical_segments(for_graph(project.dimensions, row.graph))
    parts, failures, planned = [], 0, 0
    for _ in range(2):
        result = evaluate(project, row.graph, row.baseline, kind=row.dataset, progress=progress)
        run_id = result.run_dir.name
        if not result.complete:
            raise DataError(
                f"stopped after {result.done} of {count(result.planned, 'run')}; go on with seatrial eval {row.graph} --resume {run_id}"
            )
        parts.append(stored_evidence(result.run_dir))
        if not result.rows.get("scored"):
            raise DataError(
                f"none of {count(result.planned, 'example')} was answered and scored{_cause(parts[-1])}; .seatrial/runs/{run_id}/rows.jsonl has them all"
            )
        failures += result.system_failures // max(1, len(parts[-1].keys))
        planned += result.planned
    names = [f"{row.baseline} (first run)", f"{row.baseline} (second run)"]
    arms = combine([part.named(name) for part, name in zip(parts, names, strict=True)], f"two runs of {row.graph}")
    same = combine([parts[0], parts[1].later(1)], f"two runs of {row.graph}")
    churn = churn_by_key(same, row.baseline, policy, critical)
    # The gate is asked with the churn it will be given: the measured one, where that is more.
    policy = replace(policy, churn=max(policy.churn, *(min(one.proposed, 0.99) for one in churn)))
    report = check(
        arms,
        policy,
        baseline=names[0],
        candidate=names[1],
        critical=critical,
        prices=project.settings.model.prices,
    )
    return AARun(churn, _scores(same), failures, planned, report)


def _cause(evidence: Evidence) -> str:
    """What most rows that were not scored say, as the end of a clause."""
    wording = Counter(text for text in evidence.values("reason") if text)
    return f": {wording.most_common(1)[0][0].rstrip('.')}" if wording else ""


def _scores(evidence: Evidence) -> dict[str, float | None]:
    keys, score = evidence.codes("key"), evidence.numbers("score")
    found: dict[str, float | None] = {}
    for i, key in enumerate(keys.values):
        mine = score[(keys.index == i) & ~np.isnan(score)]
        found[key] = float(mine.mean()) if mine.size else None
    return found
