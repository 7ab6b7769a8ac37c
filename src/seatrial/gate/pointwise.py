"""Pointwise: keys of judges that score one answer; each gates only under a full licence, and else is reported with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.errors import ConfigError, InvalidComparison
from seatrial.evidence.schema import POINTWISE
from seatrial.vote import Level, NoLicence, Standing, bar_sentence
from seatrial.win_rate import NoVote

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
    """The policy's keys without those of judges that have no full licence.

    Raises:
        ConfigError: a judge's key has zero tolerance, which is for checks that always say the same.
        InvalidComparison: no key is left that is tested, or the primary one is a judge's without a vote.
    """
    judged = [rule for rule in policy.keys if is_pointwise(rule.name)]
    for rule in judged:
        if rule.zero_tolerance:
            raise ConfigError(
                f"{policy.source}: key {rule.name!r} is a judge's and zero_tolerance, and one wrong word of a judge would fail; take "
                "zero_tolerance out"
            )
    barred = {rule.name for rule in judged if key_standing(rule.name, standings).level is not Level.FULL}
    kept = tuple(rule for rule in policy.keys if rule.name not in barred)
    primary = next((rule.name for rule in judged if rule.name in barred and rule.primary), "")
    if barred and (primary or not any(not rule.zero_tolerance for rule in kept)):
        first = primary or min(barred)
        why = "; ".join(map(bar_sentence, key_standing(first, standings).bars))
        what = "the primary key" if primary else "the only tested key"
        raise InvalidComparison(
            f"{policy.source}: {what} {first!r} has no vote: {why}. Measure the judge against people's labels (seatrial judge "
            "agreement --licence), or name a key that is no judge's"
        )
    return kept


def withheld_keys(policy: Policy, standings: Mapping[str, Standing]) -> Iterator[str]:
    """One sentence per judge's key of the policy that does not gate, and why."""
    for key in pointwise_keys(policy):
        found = key_standing(key, standings)
        if found.level is not Level.FULL:
            yield f"key {key} has no vote, it is reported only: {'; '.join(map(bar_sentence, found.bars))}"


def without_vote(found: Finding, policy: Policy, standings: Mapping[str, Standing]) -> Finding:
    """A reported row of a judge's key with the reason why it does not gate."""
    if found.key not in pointwise_keys(policy):
        return found
    return replace(found, reasons=(NoVote(), *key_standing(found.key, standings).bars, *found.reasons))
