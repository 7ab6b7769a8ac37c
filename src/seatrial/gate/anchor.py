"""Anchor: the last release, compared too, so that many small steps down cannot pass one by one.

Twelve steps of -.7 points on 400 examples pass unseen .81 of the time against the last merge, .03 against the anchor (the
merge gets .8 of alpha, the anchor .2; both together keep it).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.errors import InvalidComparison
from seatrial.evidence.combine import combine
from seatrial.gate.comparison import NO_QUARANTINE, Comparison
from seatrial.gate.merge import gate
from seatrial.gate.must_pass import is_contract
from seatrial.gate.report import Against
from seatrial.gate.verdict import first_cause, held_back, reason_class_of, tolerable, undecided
from seatrial.verdict import ReasonClass, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from seatrial.evidence.table import Evidence
    from seatrial.gate.baseline import Baseline
    from seatrial.gate.policy import Policy
    from seatrial.gate.quarantine_file import Quarantine
    from seatrial.gate.report import Report
    from seatrial.price import Prices
    from seatrial.vote import Standing

_MARK = " (anchor)"


def check_anchored(
    evidence: Evidence,
    policy: Policy,
    *,
    baseline: str,
    candidate: str,
    critical: Collection[str] = (),
    quarantine: Quarantine = NO_QUARANTINE,
    anchor: Baseline | None,
    standings: Mapping[str, Standing] | None = None,
    prices: Prices | None = None,
) -> Report:
    """Judge `candidate` against `baseline`, and against the anchor where there is one.

    The anchor can only stop: by a drop, for its part of alpha, and where nobody can tell of a critical segment whether it is
    worse than the anchor's, which takes no alpha. All else is asked of the baseline. Without an anchor this is `gate.merge.check`.

    Raises:
        Whatever `gate.merge.check` raises, of either comparison.
    """
    c = Comparison.of(
        evidence,
        policy,
        baseline=baseline,
        candidate=candidate,
        critical=critical,
        quarantine=quarantine,
        anchored=anchor is not None,
        standings=standings,
        prices=prices,
    )
    merge = gate(c)
    if anchor is None:
        return merge
    try:
        against = gate(_against(c, anchor))
    except InvalidComparison as error:
        if merge.verdict is not Verdict.FAIL:
            raise
        # What the anchor cannot say takes nothing away from what the baseline has said, and an override of that accepts nothing of it.
        warning = f"the anchor was not asked: {error}"
        return replace(merge, warnings=(*merge.warnings, warning), undecided=merge.undecided + 1, tolerated=False)
    return with_anchor(merge, against)


def with_anchor(merge: Report, against: Report) -> Report:
    """The verdict on the baseline with what the comparison with the anchor adds, and which of the two decided.

    Args:
        merge: the report on the baseline.
        against: the same candidate against the anchor.
    """
    open_ = [f for f in against.findings if held_back(f) or (f.critical and not is_contract(f) and undecided(f))]
    merge = replace(
        merge,
        anchor=against,
        decided_by=Against.BASELINE,
        undecided=merge.undecided + len(open_),
        tolerated=merge.tolerated and tolerable(open_),
    )
    if merge.verdict is Verdict.FAIL:
        return merge
    if against.verdict is Verdict.FAIL:
        return replace(
            merge,
            verdict=Verdict.FAIL,
            reason_class=None,
            reason=f"Worse than the anchor {_release(against)}, though not than {merge.baseline}: {against.reason}",
            decided_by=Against.ANCHOR,
        )
    if merge.verdict is not Verdict.PASS:
        return merge
    if open_:
        first = max(open_, key=first_cause)
        return replace(
            merge,
            verdict=Verdict.INCONCLUSIVE,
            reason_class=ReasonClass.INVALID if any(map(held_back, open_)) else reason_class_of(first),
            reason=f"Not shown not worse than the anchor {_release(against)}: {first.reason}",
            decided_by=Against.ANCHOR,
        )
    kept_back = against.quarantine if merge.quarantine is None or merge.quarantine.with_them is Verdict.PASS else None
    if against.verdict is Verdict.PASS and kept_back is not None:
        return replace(merge, reason=kept_back.beside(Verdict.PASS, merge.reason))
    return merge


def _release(against: Report) -> str:
    return against.baseline.removesuffix(_MARK)


def _against(c: Comparison, anchor: Baseline) -> Comparison:
    """The candidate against the release, for the anchor's part of alpha."""
    name = f"{anchor.header.version} of {anchor.header.date}{_MARK}"
    # Measurements are asked of the baseline: an anchor keeps no latency, and old prices of tokens are no regression.
    # Judges have compared the candidate with the baseline and not with the anchor. What looks worse and is shown not worse
    # holds nothing here, whatever `watch` says.
    record = max(c.policy.baseline_system_failures, anchor.header.system_failures)
    return replace(
        c,
        evidence=combine(
            [anchor.evidence.named(name), _only(c.evidence, c.candidate)], f"{c.evidence.source}, and the anchor"
        ),
        policy=replace(
            c.policy, measures=(), goal="no_regression", watch="pass", judges=(), baseline_system_failures=record
        ),
        baseline=name,
        budget=c.budget.of_anchor,
        winrates=None,
    )


def _only(evidence: Evidence, version: str) -> Evidence:
    codes = evidence.codes("version")
    return evidence.where(codes.index == codes.values.index(version))
