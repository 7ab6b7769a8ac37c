"""Family: which rows share alpha, and how much of it each one gets, fixed before anything is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.gate.row import OVERALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seatrial.gate.policy import KeyRule, Policy
    from seatrial.gate.row import Row

PRIMARY_SHARE = 0.6


def key_weights(rules: Sequence[KeyRule]) -> dict[str, float]:
    """Each tested key's share: the primary takes .6 and the others split .4; without a primary all share equally."""
    tested = [rule for rule in rules if not rule.zero_tolerance]
    primary = [rule for rule in tested if rule.primary]
    if len(tested) == 1 or not primary:
        return {rule.name: 1 / len(tested) for rule in tested}
    rest = (1 - PRIMARY_SHARE) / (len(tested) - 1)
    return {rule.name: PRIMARY_SHARE if rule.primary else rest for rule in tested}


def is_thin(row: Row, policy: Policy) -> bool:
    """A non-critical segment row under its least number of clusters leaves the family before looking."""
    return row.segment != OVERALL and not row.critical and row.n < policy.least(row.segment)


def row_weights(rows: Sequence[Row], rules: Sequence[KeyRule], policy: Policy) -> list[float]:
    """Shares of the family's alpha, one per row, summing to 1; 0 for a row that left the family."""
    keys = key_weights(rules)
    shares = {"overall": policy.weights.overall, "critical": policy.weights.critical, "rest": policy.weights.rest}
    weights = [0.0] * len(rows)
    for key, share in keys.items():
        mine = [(i, row) for i, row in enumerate(rows) if row.key == key and not is_thin(row, policy)]
        members = {
            "overall": [i for i, row in mine if row.segment == OVERALL],
            "critical": [i for i, row in mine if row.segment != OVERALL and row.critical],
            "rest": [i for i, row in mine if row.segment != OVERALL and not row.critical],
        }
        for name, class_share in class_shares(shares, (name for name, rows_ in members.items() if rows_)).items():
            for i in members[name]:
                weights[i] = share * class_share / len(members[name])
    return weights


def class_shares(shares: Mapping[str, float], present: Iterable[str]) -> dict[str, float]:
    """Shares of alpha of the classes that have rows; without any segments `overall` takes all.

    A class of segments without rows leaves its share to the other one.

    Args:
        shares: of `overall`, `critical` and `rest`, summing to 1.
        present: classes with rows.
    """
    have = set(present)
    if have <= {"overall"}:
        return dict.fromkeys(have, 1.0)
    free = sum(share for name, share in shares.items() if name not in have)
    heirs = [name for name in ("critical", "rest") if name in have]
    return {
        name: share + (free / len(heirs) if name in heirs else 0.0) for name, share in shares.items() if name in have
    }
