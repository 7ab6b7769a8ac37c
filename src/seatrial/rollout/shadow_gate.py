"""Shadow gate: whether a cell leaves the shadow stage, by the merge gate on its first so many threads.

The number of threads is fixed by the plan and judged once: looking again at a growing sample until it passes would let a
worse candidate in. Nothing of it is multiplied into the evidence of the stages that follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.errors import InvalidComparison, SeatrialError
from seatrial.evidence.check import check as check_evidence
from seatrial.evidence.frame import listed
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.outcome.metric import SourceKind
from seatrial.rollout.evidence import Shadowed
from seatrial.rollout.shadow_score import ANSWERED
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seatrial.evidence import Evidence
    from seatrial.gate.report import Report
    from seatrial.rollout.rules import Rules
    from seatrial.store.shadow import ShadowAnswer

_COPIED = ("key", "outcome", "error_kind", "score", "reason", "output_hash", "latency_ms", "input_tokens", "output_tokens")  # fmt: skip


def judge_shadow(rules: Rules, cell: str, rows: Sequence[ShadowAnswer]) -> Shadowed:
    """What the shadow stage says of one cell.

    Args:
        rules: of the rollout.
        cell: its name.
        rows: of this cell and try, in the order in which threads were recorded.
    """
    threads = list(dict.fromkeys(row.thread_id for row in rows))
    wanted = rules.shadow.units
    if len(threads) < wanted:
        return Shadowed(cell, len(threads), False)
    first = set(threads[:wanted])
    counted = [row for row in rows if row.thread_id in first]
    try:
        report = gate_report(rules, cell, counted)
    except InvalidComparison as error:
        return Shadowed(cell, wanted, False, Verdict.INCONCLUSIVE.value, str(error))
    except SeatrialError as error:
        return Shadowed(cell, wanted, False, Verdict.INCONCLUSIVE.value, f"{type(error).__name__}: {error}")
    return Shadowed(cell, wanted, report.verdict is Verdict.PASS, report.verdict.value, report.reason)


def gate_report(rules: Rules, cell: str, rows: Sequence[ShadowAnswer], alpha: float | None = None) -> Report:
    """The merge gate on shadow rows, with the cell as its critical segment.

    Raises:
        InvalidComparison: the two versions cannot be compared, e.g. the control crashed.
        ConfigError: a key of the plan is not in the rows.
    """
    policy = shadow_policy(rules, {row.key for row in rows}, alpha)
    return check(
        shadow_evidence(rules, cell, rows),
        policy,
        baseline=rules.control,
        candidate=rules.candidate,
        critical=("cell",),
    )


def shadow_policy(rules: Rules, keys: Iterable[str], alpha: float | None = None) -> Policy:
    """The gate's policy: the plan's keys (or `answered`), its margin, its alpha shared by the cells."""
    known = set(keys)
    tested = rules.shadow.keys or (ANSWERED,)
    zero = [one.source.name for one in rules.zero_tolerance if one.source.kind is SourceKind.KEY]
    margin = rules.shadow.margin
    return Policy(
        owner=rules.owner,
        alpha=rules.alpha / len(rules.cells) if alpha is None else alpha,
        must_detect=margin,
        keys=(
            *(KeyRule(key, primary=i == 0, promote_margin=margin) for i, key in enumerate(tested)),
            *(KeyRule(key, zero_tolerance=True) for key in zero if key in known and key not in tested),
        ),
        source=f"the shadow stage of {rules.rollout}",
    )


def shadow_evidence(rules: Rules, cell: str, rows: Sequence[ShadowAnswer]) -> Evidence:
    """The rows as evidence: an example is a thread, the cell is a segment.

    Raises:
        DataError: they contradict each other.
    """
    versions = {"control": rules.control, "candidate": rules.candidate}
    columns: dict[str, Sequence[Any]] = {
        "example_id": [row.thread_id for row in rows],
        "version": [versions[row.arm] for row in rows],
        "graph": [rules.graph] * len(rows),
        "evaluator_hash": [row.evaluator_hash or None for row in rows],
        "segment.cell": [cell] * len(rows),
        **{name: [getattr(row, name) for row in rows] for name in _COPIED},
    }
    found = listed(columns, f"shadow of {rules.rollout}, cell {cell}")
    check_evidence(found)
    return found
