"""Standing: what each judge's win rate may do in a gate, from its licence and from what the verdicts say of themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError
from seatrial.evidence.schema import POINTWISE, WINRATE
from seatrial.judge.families import reported_families
from seatrial.judge.licence import FLOORS, read_licence, standing_of
from seatrial.judge.pairs import FEW
from seatrial.judge.spec import FOLDER
from seatrial.vote import ConstantAnswers, Level, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from seatrial.evidence import Evidence
    from seatrial.judge.licence import Floors
    from seatrial.judge.scores import Scores

MOST_SAME = 0.5
"""Largest share of a candidate's answers that may be one and the same, where no judge's file says otherwise."""


def licence_file(root: Path, judge: str) -> Path:
    """Where a judge's licence lies; that of a judge of single answers, `judge:NAME`, beside it under a name of its own."""
    name = judge.removeprefix(POINTWISE)
    return root / FOLDER / f"{name}{'.pointwise' if name != judge else ''}.licence.json"


def floors(min_consistency: float) -> Floors:
    """What a licence must show for a policy that asks for so much consistency; never less than any licence."""
    return replace(FLOORS, consistency=max(FLOORS.consistency, min_consistency))


def standings_of_table(
    evidence: Evidence, wanted: Mapping[str, float], root: Path, *, candidate: str, now: float, graph: str = ""
) -> dict[str, Standing]:
    """What the win rates of a table may do: the licences are those of the project at `root`.

    The identity in the judge column pins prompt, settings and the model that was asked, and a reply of another model is no
    verdict; so nothing more is asked of the model. Families are those of the models that the versions' rows name.

    Args:
        evidence: a checked table.
        wanted: judge -> consistency that the policy asks of it.
        root: a folder with judges/.
        candidate: whose win rates.
        now: seconds since 1970.
        graph: which graph is gated; empty = not known.
    """
    families = table_families(evidence) if wanted else None
    constant = constant_answers(evidence, candidate) if wanted else None
    return {
        name: barred(
            constant,
            standing_of(
                read_licence(licence_file(root, name)),
                _identity(evidence, f"{WINRATE}{name}", candidate),
                now=now,
                arm_families=families,
                graph=graph,
                floors=floors(least),
            ),
        )
        for name, least in wanted.items()
    }


def key_standings(
    evidence: Evidence,
    keys: Sequence[str],
    root: Path,
    *,
    versions: tuple[str, str],
    arm_families: frozenset[str] | None,
    now: float,
    graph: str = "",
) -> dict[str, Standing]:
    """What the keys of judges of single answers may do, by their licences and by the identity that the rows carry.

    Args:
        evidence: a checked table.
        keys: `judge:NAME` of a policy.
        root: a folder with judges/.
        versions: the baseline and the candidate.
        arm_families: of both versions' models; None where they are not known.
        now: seconds since 1970.
        graph: which graph is gated; empty = not known.
    """
    candidate, baseline = (constant_answers(evidence, name) if keys else None for name in versions[::-1])
    constant = candidate if baseline is None else None  # a graph that has few answers anyway is no null model
    return {
        key: barred(
            constant,
            standing_of(
                read_licence(licence_file(root, key)),
                _key_identity(evidence, key, *versions),
                now=now,
                arm_families=arm_families,
                graph=graph,
            ),
        )
        for key in keys
    }


def constant_answers(evidence: Evidence, version: str) -> ConstantAnswers | None:
    """Whether a version gives one and the same output to more than half of its examples; None where it does not.

    An answer that pleases a judge whatever the question has won public leaderboards.
    """
    names, hashes = evidence.codes("version"), evidence.codes("output_hash") if evidence.has("output_hash") else None
    if hashes is None or version not in names.values:
        return None
    mine = (names.index == names.values.index(version)) & (hashes.index >= 0)
    first = np.unique(evidence.codes("example_id").index[mine], return_index=True)[1]
    counts = np.bincount(hashes.index[mine][first], minlength=1)
    times, of = int(counts.max()), int(counts.sum())
    return ConstantAnswers(times, of) if of >= FEW and times > MOST_SAME * of else None


def barred(by: ConstantAnswers | None, found: Standing) -> Standing:
    """A standing without a vote where something bars it."""
    return found if by is None else replace(found, level=Level.NONE, bars=(by, *found.bars))


def _key_identity(evidence: Evidence, key: str, baseline: str, candidate: str) -> str:
    """The one identity that the rows of a key carry; empty where they carry none or several.

    An accepted baseline does not name the judge: there the hash of the evaluator, which is kept, must be the candidate's, and
    the gate refuses another.
    """
    if not evidence.has("judge"):
        return ""
    keys, names, judge = evidence.codes("key"), evidence.codes("version"), evidence.codes("judge")
    of_key = keys.index == (keys.values.index(key) if key in keys.values else -2)
    arms = [
        of_key & (names.index == (names.values.index(one) if one in names.values else -2))
        for one in (baseline, candidate)
    ]
    unnamed = [bool((judge.index[mine] < 0).any()) for mine in arms]
    if unnamed[1] or (unnamed[0] and not evidence.has("evaluator_hash")):
        return ""
    found = set(judge.values_in(arms[0])) | set(judge.values_in(arms[1]))
    return found.pop() if len(found) == 1 else ""


def measured_consistency(scores: Scores) -> tuple[float, float, float] | None:
    """Consistency of these verdicts over both orders, with its interval; None where no pair has both."""
    from seatrial.judge.position import position_of  # noqa: PLC0415 - numbers, where there are verdicts

    found = position_of(scores)
    return None if found is None else (found.consistency, *found.consistency_ci)


def _identity(evidence: Evidence, key: str, candidate: str) -> str:
    """The identity that the rows of a judge's key carry; empty where they carry none, or several."""
    if not evidence.has("judge"):
        return ""
    keys, versions = evidence.codes("key"), evidence.codes("version")
    mine = np.ones(len(evidence), dtype=bool)
    for codes, word in ((keys, key), (versions, candidate)):
        mine &= codes.index == (codes.values.index(word) if word in codes.values else -2)
    found = set(evidence.codes("judge").values_in(mine))
    return found.pop() if len(found) == 1 else ""


def table_families(evidence: Evidence) -> frozenset[str] | None:
    """Families of the models that answered in the versions' own runs; None where that is not recorded, or not known."""
    if not evidence.has("model"):
        return None
    named = evidence.codes("model").values_in(np.ones(len(evidence), dtype=bool))
    return families_of_models(name for one in named for name in one.split("+"))


def families_of_models(models: Iterable[str]) -> frozenset[str] | None:
    """Families of models as they name themselves; None where one is unknown, or none is named."""
    found = frozenset[str]()
    for name in filter(None, models):
        try:
            found |= reported_families(name, {})
        except ConfigError:
            return None
    return found or None
