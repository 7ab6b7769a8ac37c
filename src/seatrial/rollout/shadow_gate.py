"""Shadow gate: whether a cell leaves the shadow stage, by the merge gate on its first so many threads.

The number of threads is fixed by the plan and judged once: looking again at a growing sample until it passes would let a
worse candidate in. Nothing of it is multiplied into the evidence of the stages that follow.

The rate at which requests were copied is recorded, and the comparison is not stratified by it. Both versions answer the same
request, so a pair is in the sample or it is not, whatever the rate: with pairs i, differences d_i and rates r_i the mean
difference has the expectation sum(r_i d_i) / sum(r_i), which is 0 where every d_i is 0 and above the margin where every d_i is.
A rate that falls confounds nothing; it only weighs. Of 100 requests at rate 1 without a difference and 100 at .25 that lose .10
the mean is (100 x 0 - 25 x .10) / 125 = -.02, where the traffic's is -.05: what is lost only while the live side is short of
capacity is the canary's to find.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seatrial.errors import InvalidComparison, SeatrialError
from seatrial.evidence.check import check as check_evidence
from seatrial.evidence.frame import listed
from seatrial.evidence.schema import WINRATE
from seatrial.gate.merge import check
from seatrial.gate.policy import JudgeRule, KeyRule, Policy
from seatrial.outcome.metric import SourceKind
from seatrial.rollout.evidence import Shadowed
from seatrial.rollout.shadow_score import ANSWERED
from seatrial.verdict import Verdict
from seatrial.vote import Level, NoLicence, OtherVersion, SameFamily, Standing, bar_sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seatrial.evidence import Evidence
    from seatrial.gate.report import Report
    from seatrial.rollout.rules import Rules
    from seatrial.store.shadow import ShadowAnswer

_COPIED = ("key", "outcome", "error_kind", "score", "reason", "output_hash", "latency_ms", "input_tokens", "output_tokens")  # fmt: skip


Standings = Callable[["Evidence"], "Mapping[str, Standing]"]
"""What each judge's win rate may do, from the evidence that holds its verdicts."""


def judge_shadow(
    rules: Rules, cell: str, rows: Sequence[ShadowAnswer], standings: Standings = lambda _: {}
) -> Shadowed:
    """What the shadow stage says of one cell.

    Args:
        rules: of the rollout.
        cell: its name.
        rows: of this cell and try, in the order in which threads were recorded.
        standings: what the plan's judge may do.
    """
    threads = list(dict.fromkeys(row.thread_id for row in rows))
    wanted = rules.shadow.units
    if len(threads) < wanted:
        return Shadowed(cell, len(threads), False)
    first = set(threads[:wanted])
    counted = [row for row in rows if row.thread_id in first]
    try:
        evidence = shadow_evidence(rules, cell, counted)
        votes = standings(evidence) if rules.shadow.judge else {}
        report = gate_report(rules, cell, evidence, votes)
    except InvalidComparison as error:
        return Shadowed(cell, wanted, False, Verdict.INCONCLUSIVE.value, str(error))
    except SeatrialError as error:
        return Shadowed(cell, wanted, False, Verdict.INCONCLUSIVE.value, f"{type(error).__name__}: {error}")
    silent = _without_vote(rules, cell, votes)
    if silent and report.verdict is Verdict.PASS and not report.unchanged:
        return Shadowed(cell, wanted, False, Verdict.INCONCLUSIVE.value, silent)
    return Shadowed(cell, wanted, report.verdict is Verdict.PASS, report.verdict.value, report.reason)


def _without_vote(rules: Rules, cell: str, votes: Mapping[str, Standing]) -> str:
    """Why the plan's judge does not count in a critical cell: the gate then reports its win rate only, and that is no pass."""
    name = rules.shadow.judge
    if not name or not rules.cell(cell).critical:
        return ""
    found = votes.get(name) or Standing(Level.NONE, (NoLicence(name),))
    counts = found.level is not Level.NONE and not any(isinstance(bar, SameFamily | OtherVersion) for bar in found.bars)
    return "" if counts else f"judge {name} has no vote: {'; '.join(map(bar_sentence, found.bars))}"


def gate_report(rules: Rules, cell: str, evidence: Evidence, votes: Mapping[str, Standing] | None = None) -> Report:
    """The merge gate on shadow evidence, with the cell as its critical segment.

    Raises:
        InvalidComparison: the two versions cannot be compared, e.g. the control crashed.
        ConfigError: a key of the plan is not in the rows.
    """
    return check(
        evidence,
        shadow_policy(rules, evidence.keys, cell),
        baseline=rules.control,
        candidate=rules.candidate,
        critical=("cell",),
        standings=votes,
    )


def shadow_policy(rules: Rules, keys: Iterable[str], cell: str) -> Policy:
    """The gate's policy: the plan's keys (or `answered`), margin and judge, and its alpha shared by the cells."""
    known = set(keys)
    tested = rules.shadow.keys or (ANSWERED,)
    zero = [one.source.name for one in rules.zero_tolerance if one.source.kind is SourceKind.KEY]
    margin = rules.shadow.margin
    return Policy(
        owner=rules.owner,
        alpha=rules.alpha / len(rules.cells),
        must_detect=margin,
        must_detect_overall=margin,  # the cell is all that is compared
        keys=(
            *(KeyRule(key, primary=i == 0, promote_margin=margin) for i, key in enumerate(tested)),
            *(KeyRule(key, zero_tolerance=True) for key in zero if key in known and key not in tested),
        ),
        judges=(JudgeRule(rules.shadow.judge),) if rules.shadow.judge and rules.cell(cell).critical else (),
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
        "evaluator_hash": [None if row.key.startswith(WINRATE) else row.evaluator_hash or None for row in rows],
        "judge": [row.evaluator_hash if row.key.startswith(WINRATE) else None for row in rows],
        "segment.cell": [cell] * len(rows),
        **{name: [getattr(row, name) for row in rows] for name in _COPIED},
    }
    found = listed(columns, f"shadow of {rules.rollout}, cell {cell}")
    check_evidence(found)
    return found
