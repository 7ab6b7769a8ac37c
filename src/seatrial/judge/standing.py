"""Standing: what each judge's win rate may do in a gate, from its licence and from what the verdicts say of themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError
from seatrial.evidence.schema import POINTWISE, WINRATE
from seatrial.judge.families import reported_families
from seatrial.judge.licence import FLOORS, read_licence, standing_of
from seatrial.judge.null_model import MOST_SAME, null_model
from seatrial.judge.panel import panel_names, read_panel
from seatrial.judge.spec import FOLDER, judge_names, read_judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.judge.licence import Floors
    from seatrial.judge.scores import Scores
    from seatrial.vote import NoWin, Standing


def licence_file(root: Path, judge: str) -> Path:
    """Where a judge's licence lies; that of a judge of single answers, `judge:NAME`, beside it under a name of its own."""
    name = judge.removeprefix(POINTWISE)
    return root / FOLDER / f"{name}{'.pointwise' if name != judge else ''}.licence.json"


def floors(min_consistency: float) -> Floors:
    """What a licence must show for a policy that asks for so much consistency; never less than any licence."""
    return replace(FLOORS, consistency=max(FLOORS.consistency, min_consistency))


def standings_of_table(
    evidence: Evidence,
    wanted: Mapping[str, float],
    root: Path,
    *,
    versions: tuple[str, str],
    now: float,
    graph: str = "",
) -> dict[str, Standing]:
    """What the win rates of a table may do: the licences are those of the project at `root`.

    The identity in the judge column pins prompt, settings and the model that was asked, and a reply of another model is no
    verdict; so nothing more is asked of the model. Families are those of the models that the versions' rows name.

    Args:
        evidence: a checked table.
        wanted: judge -> consistency that the policy asks of it.
        root: a folder with judges/.
        versions: the baseline and the candidate, whose win rates they are.
        now: seconds since 1970.
        graph: which graph is gated; empty = not known.
    """
    candidate = versions[1]
    families = table_families(evidence, versions) if wanted else None
    return {
        name: without_win(
            null_model(evidence, candidate, most_same(root, name)),
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

    An answer that the baseline gives as well shows no null model: some graphs have few answers.

    Args:
        evidence: a checked table.
        keys: `judge:NAME` of a policy.
        root: a folder with judges/.
        versions: the baseline and the candidate.
        arm_families: of both versions' models; None where they are not known.
        now: seconds since 1970.
        graph: which graph is gated; empty = not known.
    """
    constant = null_model(evidence, versions[1], beside=versions[0]) if keys else None
    return {
        key: without_win(
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


def most_same(root: Path, name: str) -> float:
    """Largest share of the answers that may be one and the same: as the judge's file says, of a panel the strictest one's."""
    if name in panel_names(root):
        return min(one.max_same_answer for one in read_panel(root, name).members)
    return read_judge(root, name).max_same_answer if name in judge_names(root) else MOST_SAME


def without_win(by: NoWin | None, found: Standing) -> Standing:
    """A standing in which something takes the candidate's win away; a loss counts as before."""
    return found if by is None else replace(found, bars=(by, *found.bars))


def _key_identity(evidence: Evidence, key: str, baseline: str, candidate: str) -> str:
    """The one identity that the rows of a key carry; empty where they carry none or several.

    An accepted baseline does not name the judge: there the hash of the evaluator, which is kept, must be the candidate's.
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
    if unnamed[1] or (unnamed[0] and not _one_hash(evidence, arms[0] | arms[1])):
        return ""
    found = set(judge.values_in(arms[0])) | set(judge.values_in(arms[1]))
    return found.pop() if len(found) == 1 else ""


def _one_hash(evidence: Evidence, rows: NDArray[np.bool_]) -> bool:
    """Whether rows were scored by one evaluator, as the hash that each of them carries says."""
    if not evidence.has("evaluator_hash"):
        return False
    found = np.unique(evidence.codes("evaluator_hash").index[rows])
    return found.size == 1 and bool(found[0] >= 0)


def measured_consistency(scores: Scores) -> tuple[float, float, float] | None:
    """Consistency of these verdicts over both orders, with its interval; None where no pair has both."""
    from seatrial.judge.position import position_of  # noqa: PLC0415 - numbers, where there are verdicts

    found = position_of(scores)
    return None if found is None else (found.consistency, *found.consistency_ci)


def _identity(evidence: Evidence, key: str, candidate: str) -> str:
    """The identity that all rows of a judge's key carry; empty where some carry none, or they carry several."""
    if not evidence.has("judge"):
        return ""
    keys, versions = evidence.codes("key"), evidence.codes("version")
    mine = np.ones(len(evidence), dtype=bool)
    for codes, word in ((keys, key), (versions, candidate)):
        mine &= codes.index == (codes.values.index(word) if word in codes.values else -2)
    judge = evidence.codes("judge")
    found = set(judge.values_in(mine))
    return found.pop() if len(found) == 1 and not (judge.index[mine] < 0).any() else ""


def table_families(evidence: Evidence, versions: Iterable[str]) -> frozenset[str] | None:
    """Families of the models that answered in the versions' own runs; None where one's are not recorded, or not known."""
    if not evidence.has("model"):
        return None
    names, models = evidence.codes("version"), evidence.codes("model")
    found = frozenset[str]()
    for version in versions:
        mine = names.index == (names.values.index(version) if version in names.values else -2)
        families = families_of_models(name for one in models.values_in(mine) for name in one.split("+"))
        if families is None:
            return None
        found |= families
    return found


def families_of_models(models: Iterable[str]) -> frozenset[str] | None:
    """Families of models as they name themselves; None where one is unknown, or none is named."""
    found = frozenset[str]()
    for name in filter(None, models):
        try:
            found |= reported_families(name, {})
        except ConfigError:
            return None
    return found or None
