"""The merge gate as it is called: a comparison is built, judged, and judged once more where something may hide.

Two wrappers around `Comparison -> Report`: identical outputs with other scores may not decide a verdict, and examples in
quarantine are shown with the verdict they would have made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.errors import InvalidComparison
from seatrial.gate.check import check as judge
from seatrial.gate.common import common
from seatrial.gate.comparison import NO_QUARANTINE, Comparison
from seatrial.gate.unchanged import rescored
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy
    from seatrial.gate.quarantine_file import Quarantine
    from seatrial.gate.report import Report
    from seatrial.price import Prices
    from seatrial.vote import Standing


def check(
    evidence: Evidence,
    policy: Policy,
    *,
    baseline: str,
    candidate: str,
    critical: Collection[str] = (),
    quarantine: Quarantine = NO_QUARANTINE,
    standings: Mapping[str, Standing] | None = None,
    prices: Prices | None = None,
) -> Report:
    """Judge `candidate` against `baseline`.

    >>> report = check(evidence, Policy(), baseline="old", candidate="new")
    >>> report.verdict
    <Verdict.PASS: 'pass'>

    Args:
        evidence: a checked table that holds both versions.
        policy: what was fixed before looking.
        baseline: version compared with.
        candidate: version judged.
        critical: segments that must be shown not worse: `NAME=value`, or `NAME` for every value of a dimension.
        quarantine: examples that are counted and shown, and out of every tested row before it is looked at.
        prices: what tokens cost, where a cost gates.
        standings: judge -> what its win rate may do (`judge.licence.standing_of`); one that is not in it has no vote.

    Raises:
        UsageError: a version or a critical dimension is not in the evidence; lists what is.
        ConfigError: the policy names a key the evidence does not hold.
        InvalidComparison: the two arms cannot be compared (dataset hashes differ, the baseline crashed, one example).
    """
    return gate(
        Comparison.of(
            evidence,
            policy,
            baseline=baseline,
            candidate=candidate,
            critical=critical,
            quarantine=quarantine,
            standings=standings,
            prices=prices,
        )
    )


def gate(c: Comparison) -> Report:
    """Judge a comparison; the errors are those of `check`."""
    report = judge(c)
    _refuse_rescored(c, report)
    return with_quarantine(report, lambda: judge(replace(c, quarantine=NO_QUARANTINE)))


def with_quarantine(report: Report, unquarantined: Callable[[], Report]) -> Report:
    """The report, and the verdict it would have with the examples in quarantine."""
    if report.quarantine is None:
        return report
    try:
        found = unquarantined()
        verdict, reason = found.verdict, found.reason
    except InvalidComparison as error:
        verdict, reason = Verdict.INCONCLUSIVE, str(error)
    known = replace(report.quarantine, with_them=verdict, with_them_reason=reason)
    return replace(report, reason=known.beside(report.verdict, report.reason), quarantine=known)


def _refuse_rescored(c: Comparison, report: Report) -> None:
    """Raise an InvalidComparison where identical outputs with other scores decide the verdict: then the evaluator changed.

    Found by judging once more with the baseline's scores there. Where the evidence says that both versions were scored by
    the same code, the evaluator did not change, and the difference is the candidate's.
    """
    evidence = common(c.evidence, c.policy, c.baseline, c.candidate).compared
    gating = list(dict.fromkeys(f.key for f in report.findings if f.key in evidence.keys))
    found = [one for one in rescored(evidence, gating, c.baseline, c.candidate) if not one.known]
    if not found or report.verdict is Verdict.INCONCLUSIVE:
        return
    scores = evidence.numbers("score").copy()
    for one in found:
        scores[one.rows] = one.before
    try:
        once_more = judge(replace(c, evidence=evidence.rescored(scores)))
    except InvalidComparison:
        once_more = None
    if once_more is None or once_more.verdict is not report.verdict:
        raise InvalidComparison(
            f"{evidence.source}: the evaluator changed, so nothing can be told of {report.candidate}. {'; '.join(one.sentence for one in found)}. Without these rows the verdict would be another. Score both versions with the same evaluator"
        )
