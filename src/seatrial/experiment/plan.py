"""Rollout plan: everything that is fixed before a candidate sees traffic."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum

from seatrial.canonical import content_hash
from seatrial.experiment.partition import Partition

SCHEMA = "seatrial/rollout-plan/1"
ALL_TRAFFIC = "all traffic"
"""What the cells are called together; no cell has this name."""


class Unit(StrEnum):
    """What is assigned to a version, and counted once."""

    THREAD = "thread"
    USER = "user"


class OnRollback(StrEnum):
    """What happens to threads that the candidate had begun when its cell is rolled back."""

    DRAIN = "drain"
    PAUSE = "pause"


class OnMismatch(StrEnum):
    """What a sample ratio that is not the planned one does, beside being reported."""

    HOLD = "hold"
    ROLLBACK = "rollback"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Metric:
    """A rate of good outcomes that is watched, named as in `gates/metrics.toml`; exactly one is `primary`."""

    name: str
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One part of the traffic.

    Attributes:
        name: `NAME=value`, or any name.
        share: of all traffic.
        critical: its primary metric shares the largest part of alpha, and no stage may be blind to it.
        rates: per metric, the control's rate of good outcomes, in the order of the plan's metrics.
    """

    name: str
    share: float
    critical: bool
    rates: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PlanStage:
    """One step of the ramp.

    Attributes:
        share: the candidate's share of every cell's traffic.
        margin: drop of the primary metric that must be ruled out before a cell leaves this stage.
        units: of all traffic; after them the stage holds and a person is called.
        hours: the same dwell as hours, where the plan said it so; None: only units count.
    """

    share: float
    margin: float
    units: int
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of alpha: critical cells on the primary metric, every other row, the traffic as a whole."""

    critical: float = 0.8
    other: float = 0.1
    overall: float = 0.1


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """The check that units fall to the versions as planned.

    Attributes:
        alpha: its level.
        action: what a mismatch does: `hold`, `rollback` or `warn`.
    """

    alpha: float = 0.001
    action: OnMismatch = OnMismatch.HOLD


@dataclass(frozen=True, slots=True)
class Shadow:
    """The stage before the first share: the candidate answers copies of requests, nobody sees its answers.

    Attributes:
        units: threads per cell that are compared, and then judged once; 0: there is no shadow stage.
        sample: share of the requests that are copied.
        keys: evaluators that need no reference, the primary one first; empty: only whether the candidate answers.
        margin: drop of the primary key that must be ruled out before the first share.
        judge: a judge of `judges/` with a licence, which must find the candidate better in every critical cell.
    """

    units: int = 0
    sample: float = 0.1
    keys: tuple[str, ...] = ()
    margin: float = 0.10
    judge: str = ""


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """Everything fixed before the ramp starts.

    Attributes:
        metrics: rates that are watched, the primary one first.
        cells: the cells of the traffic and what is known of them.
        stages: the ramp; what follows the last is the whole traffic.
        owner: whom a report names.
        alpha: chance, over all tries, to roll anything back when nothing changed.
        must_stop: drop (share) of the primary metric that every stage must stop with chance .8 within its dwell.
        units_per_day: traffic of all cells; None = days are not said.
        weights: how alpha is shared.
        name: of the rollout: the file's name without `.toml`.
        graph: whose versions are compared; "" in a plan that is only sized.
        control: the version that answers today.
        candidate: the version that may come.
        unit: what is assigned and counted once: `thread` or `user`.
        watch: metrics without a planned rate: zero tolerance acts at once, a mean is shown and may hold.
        min_units: candidate units of a cell before it may leave a stage.
        bake: time a cell stays in a stage at least, in seconds; a file writes `"2h"`.
        heaviest_unit: share of a cell that one unit may be before it is named and holds ("anonymous").
        sample_ratio: the check of the shares.
        shadow: the stage before the first share.
        on_rollback: what happens to threads the candidate had begun: `drain` or `pause`.
        salt: of the assignment; "": made from name and hash, so that a changed plan draws anew.
        testers: (unit, `control` or `candidate`): they always get that version and count in no rate, so they are not hashed.
        partition: how a request is given its cell; empty in a plan that is only sized.
        source: file it was read from.
    """

    metrics: tuple[Metric, ...]
    cells: tuple[Cell, ...]
    stages: tuple[PlanStage, ...]
    owner: str = ""
    alpha: float = 0.05
    must_stop: float = 0.10
    units_per_day: float | None = None
    weights: Split = field(default_factory=Split)
    name: str = "rollout"
    graph: str = ""
    control: str = ""
    candidate: str = ""
    unit: Unit = Unit.THREAD
    watch: tuple[str, ...] = ()
    min_units: int = 100
    bake: float = 3600.0
    heaviest_unit: float = 0.01
    sample_ratio: SampleRatio = field(default_factory=SampleRatio)
    shadow: Shadow = field(default_factory=Shadow)
    on_rollback: OnRollback = OnRollback.DRAIN
    salt: str = ""
    testers: tuple[tuple[str, str], ...] = ()
    partition: Partition = field(default_factory=Partition)
    source: str = "built-in defaults"

    @property
    def hash(self) -> str:
        """Hash of every rule, not of the file's bytes or place."""
        rules = asdict(self)
        for place in ("source", "name", "partition", "testers"):
            del rules[place]
        for word in ("keys", "margin", "judge"):
            if getattr(self.shadow, word) == getattr(Shadow(), word):
                del rules["shadow"][word]  # a plan that does not say it is the plan it was before there was the word
        rules["partition"] = [(part.cell, sorted(one.rule for one in part.when)) for part in self.partition.parts]
        return content_hash(rules)

    @property
    def exposure_salt(self) -> str:
        """Salt of who sees the candidate."""
        return self.salt or f"{self.name}/{self.hash}"

    @property
    def primary(self) -> Metric:
        """The metric that decides an advance."""
        return self.metrics[0]

    def cell(self, name: str) -> Cell | None:
        """The cell of that name; None for `rest` where the plan has no such cell: it stays on the control."""
        return next((cell for cell in self.cells if cell.name == name), None)
