"""Tables of the project's files: each key with its default and its meaning, from the types that read them."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from written.tables import meanings, table

from seatrial.dataset import Example
from seatrial.dataset.load import Settings as DatasetSettings
from seatrial.graph.spec import GraphSpec, Version
from seatrial.model.limits import Limits
from seatrial.price import Price
from seatrial.project import Settings, TrialRow
from seatrial.segment.dimension import Dimension
from seatrial.segment.load import KEYS as DIMENSION_KEYS
from seatrial.serve.settings import ServeSettings
from seatrial.spend.budget import WORDS as BUDGET_KEYS
from seatrial.spend.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def default(shape: type[Any], name: str) -> str:
    """A field's default as a project file or a registry writes it; empty where there is none to write."""
    value = _default(shape, name)
    if value is MISSING:
        return "required"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value is None or value in ("", ()) or not isinstance(value, (str, int, float)):
        return ""
    return f'`"{value}"`' if isinstance(value, str) else f"`{value:.12g}`"


def _default(shape: type[Any], name: str) -> Any:
    if not is_dataclass(shape):
        return shape._field_defaults.get(name, MISSING)
    (field,) = (one for one in fields(shape) if one.name == name)
    return field.default if field.default_factory is MISSING else field.default_factory()


def keys(shape: type[Any], first: str, names: Iterable[str] = (), **defaults: str) -> Callable[[], str]:
    """A table of a type's fields: name, default (or what `defaults` says of it), meaning.

    Args:
        shape: a dataclass or a NamedTuple whose docstring has `Attributes:`.
        first: head of the first column.
        names: the fields that are shown; all where none is given.
        defaults: field -> what its default is called.
    """

    def written() -> str:
        reported = meanings(shape)
        shown = names or [one.name for one in fields(shape)]
        rows = ((f"`{name}`", defaults.get(name, default(shape, name)), reported[name]) for name in shown)
        return table((first, "default", "meaning"), rows)

    return written


TABLES: dict[str, Callable[[], str]] = {
    "settings": keys(Settings, "key of `[tool.seatrial]`"),
    "trial row": keys(TrialRow, "key of `[[tool.seatrial.trial]]`"),
    "limits": keys(
        Limits, "key of `[tool.seatrial.model]`", [one.name for one in fields(Limits) if one.name != "window_s"]
    ),
    "price": keys(Price, "key of a price", Price._fields),
    "serve": keys(ServeSettings, "key of `[tool.seatrial.serve]`"),
    "budget": keys(Budget, "key of `[tool.seatrial.budget.GRAPH]`", BUDGET_KEYS),
    "graph spec": keys(GraphSpec, "field of `GraphSpec`", versions='`(Version("0"),)`', current="the last version"),
    "version": keys(Version, "field of `Version`"),
    "example": keys(Example, "field of a row", id="made of inputs and reference"),
    "dataset": keys(DatasetSettings, "key of `dataset.toml`"),
    "dimension": keys(Dimension, "key of `[dimension.NAME]`", DIMENSION_KEYS),
}
"""Name of a table between its marks -> what writes it."""
