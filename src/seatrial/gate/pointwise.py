"""Pointwise: keys of judges that score one answer; each gates as far as its judge's licence goes, and says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.errors import ConfigError, InvalidComparison
from seatrial.evidence.schema import POINTWISE
from seatrial.verdict import State, Verdict
from seatrial.vote import Level, NoLicence, Standing, bar_sentence
from seatrial.win_rate import MayOnlyHold, NoVote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.gate.policy import KeyRule, Policy
    from seatrial.verdict import Finding


def is_pointwise(key: str) -> bool:
    """Whether a key is a judge's word on one answer."""
    return key.startswith(POINTWISE)


def pointwise_keys(policy: Policy) -> tuple[str, ...]:
    """Keys of the policy that a judge gives."""
    return tuple(rule.name for rule in policy.keys if is_pointwise(rule.name))


def key_standing(key: str, standings: Mapping[str, Standing]) -> Standing:
    """What a judge's key may do; one that is not in `standings` has no vote."""
    return standings.get(key) or Standing(Level.NONE, (NoLicence(key),))


def licensed(policy: Policy, standings: Mapping[str, Standing]) -> tuple[KeyRule, ...]:
    """The policy's keys without those of judges that have no vote.

    A judge that may only hold is tested as well, and is never all that gates.

    Raises:
        ConfigError: a judge's key has zero tolerance, which is for checks that always say the same.
        InvalidComparison: every tested key, or the primary one, is a judge's without a full licence.
    """
    judged = [rule for rule in policy.keys if is_pointwise(rule.name)]
    for rule in judged:
        if rule.zero_tolerance:
            raise ConfigError(
                f"{policy.source}: key {rule.name!r} is a judge's and zero_tolerance, and one wrong word of a judge would fail; take "
                "zero_tolerance out"
            )
    weak = {rule.name for rule in judged if key_standing(rule.name, standings).level is not Level.FULL}
    primary = next((rule.name for rule in judged if rule.name in weak and rule.primary), "")
    if weak and (primary or all(rule.zero_tolerance or rule.name in weak for rule in policy.keys)):
        first = primary or min(weak)
        found = key_standing(first, standings)
        what = "the primary key" if primary else "the only tested key"
        vote = "has no vote" if found.level is Level.NONE else "may hold a verdict and not decide it"
        raise InvalidComparison(
            f"{policy.source}: {what} {first!r} {vote}: {'; '.join(map(bar_sentence, found.bars))}. Measure the judge against "
            "people's labels (seatrial judge agreement --licence), or name a key that is no judge's"
        )
    barred = {rule.name for rule in judged if key_standing(rule.name, standings).level is Level.NONE}
    return tuple(rule for rule in policy.keys if rule.name not in barred)


def counted(found: Finding, standings: Mapping[str, Standing]) -> Finding:
    """A tested row of a judge's key as far as its licence goes; any other row as it is.

    A judge that may only hold fails nothing; and what the candidate's answers take from it is a pass, never a fail.
    """
    if not is_pointwise(found.key) or found.verdict is None:
        return found
    by = key_standing(found.key, standings)
    only_holds = (MayOnlyHold(), *by.bars) if by.level is not Level.FULL else ()
    if found.verdict is Verdict.PASS and by.no_win is not None:
        reasons = (by.no_win, *found.reasons, *(one for one in only_holds if one != by.no_win))
        return replace(found, verdict=Verdict.INCONCLUSIVE, state=State.CANNOT_TELL, promotable=False, reasons=reasons)
    if not only_holds:
        return found
    held = replace(found, reasons=(*found.reasons, *only_holds))
    if found.verdict is not Verdict.FAIL:
        return held
    return replace(held, verdict=Verdict.INCONCLUSIVE, state=State.CANNOT_TELL)


def withheld_keys(policy: Policy, standings: Mapping[str, Standing]) -> Iterator[str]:
    """One sentence per judge's key of the policy that does not gate, or not fully, and why."""
    for key in pointwise_keys(policy):
        found = key_standing(key, standings)
        why = "; ".join(map(bar_sentence, found.bars))
        if found.level is Level.NONE:
            yield f"key {key} has no vote, it is reported only: {why}"
        elif found.level is Level.PROVISIONAL:
            yield f"key {key} may hold this verdict and not decide it: {why}"
        elif found.no_win is not None:
            yield f"a pass of key {key} is none: {why}"


def without_vote(found: Finding, policy: Policy, standings: Mapping[str, Standing]) -> Finding:
    """A reported row of a judge's key with the reason why it does not gate."""
    if found.key not in pointwise_keys(policy):
        return found
    return replace(found, reasons=(NoVote(), *key_standing(found.key, standings).bars, *found.reasons))
