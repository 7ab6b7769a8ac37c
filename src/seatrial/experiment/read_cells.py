"""Read the cells of a rollout plan: what is known of each, and which requests belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial import toml as words
from seatrial.errors import ConfigError
from seatrial.experiment.partition import REST, Match, Part, Partition, check_partition
from seatrial.experiment.plan import ALL_TRAFFIC, Cell
from seatrial.segment import OPS, Dimension, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WORDS = ("share", "rate", "critical", "where")
_CONDITION = ("field", "op", "arg")
_ROOTS = ("inputs.", "metadata.")


def read_cells(
    raw: Any, metrics: Sequence[str], smallest: float, place: str
) -> tuple[tuple[Cell, ...], Mapping[str, str]]:
    """The cells, and for every table of the file the cell its requests count in.

    Args:
        raw: `[cell]` as parsed.
        metrics: names, the primary one first.
        smallest: cells of a smaller share that are not critical are pooled into `rest`, at the mean of their rates.
        place: `FILE: [cell`, for errors.
    """
    if not words.table(raw, f"{place}]"):
        raise ConfigError(
            f"{place}]: names no cell; one that takes all traffic is [cell.all] with share = 1 and its rate"
        )
    if ALL_TRAFFIC in raw:
        raise ConfigError(
            f"{place}.{ALL_TRAFFIC!r}]: this name stands for all cells together on every page; name the cell otherwise, e.g. all"
        )
    found = [_cell(name, rule, metrics, place) for name, rule in raw.items()]
    total = sum(cell.share for cell in found)
    if abs(total - 1) > 1e-6:
        raise ConfigError(
            f"{place}]: the cells' shares sum to {total:g}; cells are a partition of the traffic, so they sum to 1"
        )
    small = [cell for cell in found if cell.share < smallest and not cell.critical and cell.name != REST]
    if not small:
        return tuple(found), {cell.name: cell.name for cell in found}
    pooled = [cell for cell in found if cell in small or cell.name == REST]
    share = sum(cell.share for cell in pooled)
    rates = tuple(sum(cell.share * cell.rates[m] for cell in pooled) / share for m in range(len(metrics)))
    rest = Cell(REST, share, any(cell.critical for cell in pooled), rates)
    names = {cell.name: REST if cell in pooled else cell.name for cell in found}
    return (*(cell for cell in found if cell not in pooled), rest), names


def read_partition(
    raw: Mapping[str, Any], names: Mapping[str, str], dimensions: Sequence[Dimension] | None, place: str
) -> Partition:
    """Which requests belong to which cell, in the order of the file.

    Raises:
        ConfigError: a cell reads an output, names an unknown dimension or value, or can never be reached.
    """
    by_name = {one.name: one for one in dimensions or ()}
    parts = []
    for name, rule in raw.items():
        here = f"{place}.{name}]"
        if "where" in rule:
            when = _conditions(rule["where"], here)
        elif "=" in name and dimensions is not None:
            when = tuple(_match(one, by_name, here) for one in name.split(","))
        else:
            when = ()
        parts.append(Part(names[name], when))
    if (
        dimensions is None
    ):  # the plan is only sized, perhaps outside a project: its conditions were read, and that is all
        return Partition()
    partition = Partition(tuple(parts))
    check_partition(partition, place)
    return partition


def _cell(name: str, rule: Any, metrics: Sequence[str], place: str) -> Cell:
    here = f"{place}.{name}]"
    if not name.isprintable():
        # It would drive a terminal, or start a line of its own in a report.
        raise ConfigError(f"{place}]: {name!r} holds characters that cannot be seen; choose a plain name")
    words.only_known(words.table(rule, here), _WORDS, here)
    for word in ("share", "rate"):
        if word not in rule:
            raise ConfigError(f"{here}: {word} is missing")
    return Cell(
        name,
        part_of_one(rule["share"], f"{here}: share"),
        words.flag(rule.get("critical", False), f"{here}: critical"),
        _rates(rule["rate"], metrics, f"{here}: rate"),
    )


def _rates(raw: Any, names: Sequence[str], place: str) -> tuple[float, ...]:
    if not isinstance(raw, dict):
        if len(names) > 1:
            raise ConfigError(
                f"{place}: {len(names)} metrics need a rate each: rate = {{ {', '.join(f'{n} = …' for n in names)} }}"
            )
        return (part_of_one(raw, place),)
    words.only_known(raw, names, place)
    missing = [name for name in names if name not in raw]
    if missing:
        raise ConfigError(f"{place}: no rate for metric {', '.join(missing)}")
    return tuple(part_of_one(raw[name], f"{place}: {name}") for name in names)


def _match(text: str, dimensions: Mapping[str, Dimension], here: str) -> Match:
    name, _, value = text.strip().partition("=")
    if name not in dimensions:
        raise ConfigError(
            f"{here}: {name!r} is no dimension of segments.toml for this graph; choose one of: "
            f"{', '.join(dimensions) or 'none is there'}; or say where = [{{ field = ..., op = ..., arg = ... }}]"
        )
    dimension = dimensions[name]
    if (dimension.tag is None or dimension.values) and value not in dimension.possible:
        raise ConfigError(f"{here}: {value!r} is no value of {name}; choose one of: {', '.join(dimension.possible)}")
    return Match(dimension, value)


def _conditions(raw: Any, here: str) -> tuple[Match, ...]:
    if not isinstance(raw, list) or not raw:
        raise ConfigError(f'{here}: where is a list such as [{{ field = "inputs.region", op = "equals", arg = "DE" }}]')
    return tuple(_condition(one, f"{here}: where {i}") for i, one in enumerate(raw, 1))


def _condition(raw: Any, here: str) -> Match:
    words.only_known(words.table(raw, here), _CONDITION, here)
    for word in _CONDITION:
        if word not in raw:
            raise ConfigError(f"{here}: {word} is missing")
    field, op, arg = words.text(raw["field"], f"{here}: field"), words.word(*OPS)(raw["op"], f"{here}: op"), raw["arg"]
    if not field.startswith(_ROOTS):
        raise ConfigError(
            f"{here}: {field!r} is not part of the request; a cell reads inputs.NAME or metadata.NAME, never an answer"
        )
    if not OPS[op].takes(arg):
        raise ConfigError(f"{here}: {op} takes {OPS[op].wants} as arg, got {arg!r}")
    return Match(Dimension(f"{field} {op}", rules=(Rule("yes", field, op, arg),)), "yes")


def part_of_one(value: Any, place: str) -> float:
    """A number above 0 and not above 1."""
    number = words.number(value, place)
    if not 0 < number <= 1:
        raise ConfigError(f"{place}: must lie above 0 and not above 1, got {value!r}")
    return number
