"""Panel: several judges whose verdicts are one; an example on which most of the planned judges said nothing is missing.

# judges/panels.toml
[trio]
version = 1
judges = ["helpful", "strict", "kind"]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.canonical import content_hash
from seatrial.errors import ConfigError
from seatrial.judge.evidence import evidence_rows
from seatrial.judge.spec import FOLDER, PANELS, read_judge
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.judge.spec import Judge
    from seatrial.judge.table import Rows

LEAST = 2


@dataclass(frozen=True, slots=True)
class Panel:
    """One version of a panel.

    Attributes:
        name: of its table in judges/panels.toml.
        version: whole number.
        members: its judges, in the file's order.
    """

    name: str
    version: int
    members: tuple[Judge, ...]

    @property
    def identity(self) -> str:
        """`name@version#hash`, the hash of every member's identity."""
        return f"{self.name}@{self.version}#{content_hash([one.identity for one in self.members])}"

    @property
    def prompt_hash(self) -> str:
        """Hash of the members' prompts."""
        return content_hash([one.prompt_hash for one in self.members])


def panel_names(root: Path) -> tuple[str, ...]:
    """Names of the panels of a project."""
    file = root / FOLDER / PANELS
    return tuple(sorted(toml.read(file, "panels"))) if file.is_file() else ()


def read_panel(root: Path, name: str) -> Panel:
    """Read one panel of `judges/panels.toml`, and its judges.

    Raises:
        ConfigError: there is no such panel, a word of it is wrong, or one of its judges cannot be used.
    """
    file = root / FOLDER / PANELS
    place = f"{file}: [{name}]"
    raw = toml.table(toml.read(file, "panels").get(name), place)
    toml.only_known(raw, ("version", "judges"), place)
    judges = raw.get("judges")
    if not isinstance(judges, list) or not all(isinstance(one, str) for one in judges):
        raise ConfigError(f'{place}: judges is a list of judges of {FOLDER}/, e.g. judges = ["helpful", "strict"]')
    if len(set(judges)) < max(LEAST, len(judges)):
        raise ConfigError(f"{place}: a panel has {LEAST} different judges or more, got {', '.join(judges) or 'none'}")
    version = toml.integer(raw.get("version", 1), f"{place}: version")
    return Panel(name, version, tuple(read_judge(root, one) for one in judges))


def panel_evidence(rows: Rows, panel: Panel) -> list[dict[str, Any]]:
    """One evidence row per example: the mean of the judges that have it, where more than half of the planned ones do."""
    of: dict[str, list[dict[str, Any]]] = {}
    for member in panel.members:
        for row in evidence_rows([one for one in rows if one["judge"] == member.identity]):
            of.setdefault(row["example_id"], []).append(row)
    return [_row(found, panel) for found in of.values()]


def _row(found: list[dict[str, Any]], panel: Panel) -> dict[str, Any]:
    have = [one for one in found if one["outcome"] == Outcome.SCORED]
    if 2 * len(have) > len(panel.members):
        score = sum(one["score"] for one in have) / len(have)
        return {**have[0], "judge": panel.identity, "score": score}
    lacking = next((one for one in found if one["outcome"] != Outcome.SCORED), found[0])
    reason = f"{len(have)} of {len(panel.members)} judges have a verdict: {lacking['reason']}"
    outcome = Outcome.SKIPPED.value if lacking["outcome"] == Outcome.SCORED else lacking["outcome"]
    kind = lacking.get("error_kind")
    return {**lacking, "judge": panel.identity, "score": None, "outcome": outcome, "error_kind": kind, "reason": reason}
