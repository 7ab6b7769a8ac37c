"""Snapshot: everything a router needs to answer any request, immutable, and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from seatrial.canonical import content_hash
from seatrial.errors import DataError
from seatrial.experiment.assign import ALGORITHM
from seatrial.experiment.partition import Match, Part, Partition
from seatrial.segment import Band, Dimension, Rule

SCHEMA = "seatrial/router-snapshot/1"


@dataclass(frozen=True, slots=True)
class CellRoute:
    """One cell: the candidate's share, whether threads it had begun are paused, and what its exposures are stamped with.

    Attributes:
        share: the candidate's, 0..1.
        paused: threads that the candidate had begun are paused.
        attempt: try of the cell.
        rung: step of the ramp.
        shadow: share of its requests that is copied for the shadow stage; 0 outside it.
    """

    share: float
    paused: bool = False
    attempt: int = 0
    rung: int = 0
    shadow: float = 0.0


@dataclass(frozen=True, slots=True)
class Route:
    """One graph under a rollout.

    Attributes:
        rollout: its id, written into every exposure.
        salt: of who sees the candidate.
        control: version name.
        candidate: version name.
        control_hash: content hash of the control; exposures carry it.
        candidate_hash: of the candidate.
        partition: request -> cell.
        cells: cell -> share; a cell that is not here stays on the control.
        testers: unit -> `control` or `candidate`; kept out of statistics.
    """

    rollout: str
    salt: str
    control: str
    candidate: str
    control_hash: str
    candidate_hash: str
    partition: Partition
    cells: Mapping[str, CellRoute]
    testers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unread:
    """A rollout that could not be read: which graphs may be its, and why."""

    rollout: str
    graphs: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Routes of all graphs at one moment.

    Attributes:
        routes: graph -> route.
        taken: epoch seconds at which it was written.
        algorithm: of the assignment it was written for.
        unread: rollouts that could not be read; no older rollout of their graph takes their place.
    """

    routes: Mapping[str, Route]
    taken: float
    algorithm: str = ALGORITHM
    unread: tuple[Unread, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "routes", MappingProxyType(dict(self.routes)))


def snapshot_data(snapshot: Snapshot) -> dict[str, Any]:
    """Its JSON form, with a hash of its content: half a file is no snapshot."""
    body = {
        "taken": snapshot.taken,
        "algorithm": snapshot.algorithm,
        "routes": {graph: _route_data(route) for graph, route in sorted(snapshot.routes.items())},
    }
    if snapshot.unread:
        body["unread"] = [[one.rollout, list(one.graphs), one.problem] for one in snapshot.unread]
    return {"schema": SCHEMA, "hash": content_hash(body), **body}


def snapshot_of(raw: Any) -> Snapshot:
    """Read `snapshot_data`.

    Raises:
        DataError: it is empty, damaged, of another schema, or was written for another assignment algorithm.
    """
    if not isinstance(raw, Mapping) or raw.get("schema") != SCHEMA:
        raise DataError(f'a router snapshot says schema = "{SCHEMA}"')
    body = {name: value for name, value in raw.items() if name not in ("schema", "hash")}
    try:
        intact = raw.get("hash") == content_hash(body)
    except (TypeError, ValueError):
        intact = False
    if not intact:
        raise DataError("the router snapshot is damaged: its content does not have the hash it names")
    if body.get("algorithm") != ALGORITHM:
        raise DataError(
            f"the router snapshot was written for assignment {body.get('algorithm')!r} and this version assigns by "
            f"{ALGORITHM!r}: units would change versions; end the rollout with the version that began it, or start a new one"
        )
    if not body.get("routes") and not body.get("unread"):
        raise DataError("the router snapshot holds no route; an empty snapshot is no snapshot")
    try:
        routes = {graph: _route_of(one) for graph, one in body["routes"].items()}
        unread = tuple(Unread(rollout, tuple(graphs), text) for rollout, graphs, text in body.get("unread", ()))
        return Snapshot(routes, float(body["taken"]), unread=unread)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"the router snapshot cannot be read: {type(error).__name__} {error}") from error


def _route_data(route: Route) -> dict[str, Any]:
    names = ("rollout", "salt", "control", "candidate", "control_hash", "candidate_hash")
    return {
        **{name: getattr(route, name) for name in names},
        "parts": partition_data(route.partition),
        "cells": {
            name: {
                "share": cell.share,
                "paused": cell.paused,
                "attempt": cell.attempt,
                "rung": cell.rung,
                "shadow": cell.shadow,
            }
            for name, cell in route.cells.items()
        },
        "testers": dict(route.testers),
    }


def _route_of(raw: Mapping[str, Any]) -> Route:
    names = ("rollout", "salt", "control", "candidate", "control_hash", "candidate_hash")
    cells = {
        name: CellRoute(
            float(one["share"]), bool(one["paused"]), int(one["attempt"]), int(one["rung"]), float(one["shadow"])
        )
        for name, one in raw["cells"].items()
    }
    if not all(0 <= cell.share <= 1 and 0 <= cell.shadow <= 1 for cell in cells.values()):
        raise ValueError("a share lies outside 0..1")
    return Route(
        **{name: str(raw[name]) for name in names},
        partition=partition_of(raw["parts"]),
        cells=MappingProxyType(cells),
        testers=MappingProxyType(dict(raw["testers"])),
    )


def partition_data(partition: Partition) -> list[dict[str, Any]]:
    """A partition as plain data."""
    return [
        {"cell": part.cell, "when": [{**_dimension_data(one.dimension), "is": one.value} for one in part.when]}
        for part in partition.parts
    ]


def partition_of(raw: list[dict[str, Any]]) -> Partition:
    """Read `partition_data`."""
    return Partition(
        tuple(Part(part["cell"], tuple(Match(_dimension_of(one), one["is"]) for one in part["when"])) for part in raw)
    )


def _dimension_data(one: Dimension) -> dict[str, Any]:
    return {
        "name": one.name,
        "tag": one.tag,
        "field": one.field,
        "values": list(one.values),
        "bands": [[band.value, band.low, band.high] for band in one.bands],
        "rules": [[rule.value, rule.field, rule.op, rule.arg] for rule in one.rules],
    }


def _dimension_of(raw: Mapping[str, Any]) -> Dimension:
    return Dimension(
        raw["name"],
        tag=raw["tag"],
        field=raw["field"],
        values=tuple(raw["values"]),
        bands=tuple(Band(*band) for band in raw["bands"]),
        rules=tuple(Rule(*rule) for rule in raw["rules"]),
    )
