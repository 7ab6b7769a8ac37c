"""Which examples two versions share: the same example, with the same inputs and reference, is compared; the rest is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import InvalidComparison
from seatrial.evidence.schema import SEGMENT_PREFIX
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy

SHOWN = 5
"""Examples a sentence names."""


@dataclass(frozen=True, slots=True)
class Common:
    """What of two versions is compared.

    Attributes:
        compared: the evidence of the common examples.
        answered: the same, and what the candidate answered to the others: zero tolerance looks at every answer.
        new: ids that only the candidate has.
        changed: ids whose inputs or reference are others now.
        removed: ids that the candidate's dataset no longer has.
        examples: examples the candidate has.
    """

    compared: Evidence
    answered: Evidence
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    examples: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many examples are not compared, by why; empty where all are."""
        found = {"new": len(self.new), "changed": len(self.changed), "removed": len(self.removed)}
        return found if any(found.values()) else {}

    def sentences(self) -> Iterator[str]:
        """One sentence per group of examples that is not compared."""
        for ids, what in ((self.new, "new"), (self.changed, "changed since the baseline")):
            if ids:
                yield f"{len(ids)} of {count(self.examples, 'example')} {what}, not compared: {_named(ids)}"
        if self.removed:
            yield f"{count(len(self.removed), 'example')} of the baseline no longer in the dataset, not compared: {_named(self.removed)}"


def common(evidence: Evidence, policy: Policy, baseline: str, candidate: str) -> Common:
    """The examples both versions have, by id and, where both sides give an `example_hash`, by content.

    An example that only the candidate has is new. One that only the baseline has was removed where the two datasets are
    known to differ; elsewhere the candidate failed to answer it, and it stays planned.

    Raises:
        InvalidComparison: fewer of the baseline's examples are unchanged than the policy's `common`.
    """
    versions, examples = evidence.codes("version"), evidence.codes("example_id")
    rows = [versions.index == versions.values.index(version) for version in (baseline, candidate)]
    base, cand = (_present(examples.index[mine], len(examples.values)) for mine in rows)
    hashes = [_only(evidence, "dataset_hash", mine) for mine in rows]
    same_dataset = hashes[0] is not None and hashes[0] == hashes[1]
    if not (base & cand).any() or same_dataset:
        # Of one dataset a row that only one version has is missing in the other; without common examples nothing is.
        return Common(evidence, evidence, examples=int(cand.sum()))
    changed = _changed(evidence, rows) & base & cand
    new = cand & ~base
    removed = base & ~cand if None not in hashes else np.zeros(base.size, dtype=bool)
    kept = int((base & ~changed & ~removed).sum())
    if kept < policy.common * int(base.sum()):
        raise InvalidComparison(
            f"{evidence.source}: {kept} of {count(int(base.sum()), 'example')} of {baseline} ({percent(kept / int(base.sum()))}) are unchanged in {candidate}, the policy asks for {percent(policy.common)} (common): "
            f"{int(changed.sum())} changed, {int(removed.sum())} removed. Run both versions on one dataset; an accepted baseline is renewed with pytest --seatrial-update-baseline"
        )
    out = new | changed | removed
    if not out.any():
        return Common(evidence, evidence, examples=int(cand.sum()))
    apart = out[examples.index]
    names = np.array(examples.values, dtype=object)
    return Common(
        evidence.where(~(apart & (rows[0] | rows[1]))),
        evidence.where(~(apart & rows[0])),
        new=tuple(sorted(names[new])),
        changed=tuple(sorted(names[changed])),
        removed=tuple(sorted(names[removed])),
        examples=int(cand.sum()),
    )


def critical_covered(
    evidence: Evidence, shared: Common, policy: Policy, versions: tuple[str, str], critical: Collection[str]
) -> None:
    """The policy's `common` holds of every critical segment: a few edits may be most of a small one.

    Raises:
        InvalidComparison: fewer of a critical segment's examples are unchanged than that.
    """
    apart = {*shared.changed, *shared.removed}
    if not apart:
        return
    examples, version = evidence.codes("example_id"), evidence.codes("version")
    baseline, candidate = versions
    mine = version.index == version.values.index(baseline)
    base = _present(examples.index[mine], len(examples.values))
    kept = base & np.array([name not in apart for name in examples.values])
    for dimension in evidence.dimensions:
        column = f"{SEGMENT_PREFIX}{dimension}"
        codes = evidence.codes(column)
        of_example = np.full(base.size, -1, dtype=np.int64)
        of_example[examples.index[mine]] = codes.index[mine]  # a changed one may be elsewhere in the candidate
        for code, value in enumerate(codes.values):
            name, members = f"{dimension}={value}", base & (of_example == code)
            n, same = int(members.sum()), int((members & kept).sum())
            # One example is no share of any; of identical answers to the others nothing follows for these.
            if (dimension in critical or name in critical) and n - same > max(1.0, (1 - policy.common) * n):
                raise InvalidComparison(
                    f"{evidence.source}: {same} of {count(n, 'example')} of {name} ({percent(same / n)}) are unchanged in {candidate}, the policy asks for {percent(policy.common)} (common) of every critical segment, too. "
                    "Run both versions on one dataset; an accepted baseline is renewed with pytest --seatrial-update-baseline"
                )


def hashed(evidence: Evidence, baseline: str, candidate: str) -> bool:
    """Whether every row of both versions says which example it is by content."""
    if not evidence.has("example_hash"):
        return False
    versions, known = evidence.codes("version"), evidence.codes("example_hash").index >= 0
    return all(bool(known[versions.index == versions.values.index(one)].all()) for one in (baseline, candidate))


def _changed(evidence: Evidence, rows: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    examples = evidence.codes("example_id")
    if not evidence.has("example_hash"):
        return np.zeros(len(examples.values), dtype=bool)
    content = evidence.codes("example_hash").index
    sides = []
    for mine in rows:
        found = np.full(len(examples.values), -1, dtype=np.int64)
        found[examples.index[mine]] = content[mine]
        sides.append(found)
    changed: NDArray[np.bool_] = (sides[0] >= 0) & (sides[1] >= 0) & (sides[0] != sides[1])
    return changed


def _present(index: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    found = np.zeros(size, dtype=bool)
    found[index] = True
    return found


def _only(evidence: Evidence, name: str, mine: NDArray[np.bool_]) -> str | None:
    """The one value a column has on these rows; None where it has none, or several."""
    wording = list(evidence.codes(name).reported(mine)) if evidence.has(name) else []
    return wording[0] if len(wording) == 1 else None


def _named(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")
