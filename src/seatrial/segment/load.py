"""Read `segments.toml`: rules are data, nothing is evaluated, and every mistake names the file and the dimension.

    version = 1
    [dimension.tier]                       # from a tag "tier:enterprise"
    tag = "tier"
    values = ["free", "pro", "enterprise"]
    critical = ["enterprise"]
    [dimension.band]                       # from a number, half-open
    field = "outputs.score"
    bands = { cold = [0, 40], warm = [40, 70], hot = [70, 101] }
    [dimension.country]                    # from a value
    field = "outputs.country"
    values = ["DE", "FR"]
    graphs = ["country_classify"]          # absent: every graph
    min_n = 30                             # no segment of it is decided on fewer; absent: the policy's
    [dimension.length]                     # the first rule that matches wins
    rules = [ { value = "long", field = "inputs.body", op = "longer_than", arg = 2000 }, { value = "short" } ]

Fields begin with `inputs`, `outputs` (the reference) or `metadata`: an example, never what a version answered.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.errors import ConfigError
from seatrial.segment.dimension import Band, Dimension, Rule, text_of
from seatrial.segment.guard import THIN
from seatrial.segment.op import OPS, number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ROOTS = ("inputs", "outputs", "metadata")
KEYS = ("tag", "field", "values", "bands", "rules", "critical", "graphs", "min_n", "thin")
RULE_KEYS = ("value", "field", "op", "arg")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def load(path: Path) -> tuple[Dimension, ...]:
    """The dimensions of a `segments.toml`.

    Raises:
        ConfigError: the file is missing or wrong; the message names the file and the dimension.
    """
    if not path.is_file():
        raise ConfigError(f"there is no segments file at {path}; write one, or take 'segments' out of [tool.seatrial]")
    return _dimensions(toml.read(path), str(path))


def parse(text: str, where: str = "segments.toml") -> tuple[Dimension, ...]:
    """The dimensions that the TOML `text` defines, in its order; `where` names the file in errors."""
    return _dimensions(toml.parse(text, where), where)


def _dimensions(table: Mapping[str, Any], where: str) -> tuple[Dimension, ...]:
    toml.only_known(table, ("version", "dimension"), where)
    version, dimensions = table.get("version", 1), table.get("dimension", {})
    if isinstance(version, bool) or not isinstance(version, (int, str)):
        raise ConfigError(f"{where}: version = {version!r} must be a whole number or a text")
    if not isinstance(dimensions, dict) or not all(isinstance(one, dict) for one in dimensions.values()):
        raise ConfigError(f"{where}: dimensions are tables; write [dimension.NAME]")
    return tuple(
        _dimension(name, one, str(version), f"{where}, [dimension.{name}]") for name, one in dimensions.items()
    )


def _dimension(name: str, table: dict[str, Any], version: str, where: str) -> Dimension:
    toml.only_known(table, KEYS, where)
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{where}: a dimension's name is letters, digits, '-' and '_', since segments are written NAME=value"
        )
    _one_source(table, where)
    dimension = Dimension(
        name,
        tag=toml.some_text(table["tag"], f"{where}: tag") if "tag" in table else None,
        field=_path(table["field"], where) if "field" in table else None,
        values=_names(table.get("values", []), "values", where),
        bands=_bands(table["bands"], where) if "bands" in table else (),
        rules=_rules(table["rules"], where) if "rules" in table else (),
        critical=frozenset(_names(table.get("critical", []), "critical", where)),
        graphs=_names(table["graphs"], "graphs", where) if "graphs" in table else None,
        min_n=toml.integer(table["min_n"], f"{where}: min_n") if "min_n" in table else None,
        thin=toml.word(*THIN)(table.get("thin", THIN[0]), f"{where}: thin"),
        version=version,
    )
    _check_critical(dimension, where)
    return dimension


def _one_source(table: dict[str, Any], where: str) -> None:
    """A dimension reads a tag, a field or rules; a field needs bands or a list of values."""
    sources = [key for key in ("tag", "field", "rules") if key in table]
    if len(sources) != 1:
        has = f"it has {' and '.join(sources)}" if sources else "it has none"
        raise ConfigError(f"{where}: give exactly one of tag, field, rules; {has}")
    source = sources[0]
    ways = [key for key in ("values", "bands") if key in table]
    if source == "field" and len(ways) != 1:
        raise ConfigError(f"{where}: a field needs either bands = {{ low = [0, 40] }} or values = [...]")
    if (source == "tag" and "bands" in table) or (source == "rules" and ways):
        raise ConfigError(f"{where}: {' and '.join(ways)} cannot stand beside {source}")


def _check_critical(dimension: Dimension, where: str) -> None:
    if dimension.critical and dimension.tag and not dimension.values:
        raise ConfigError(f"{where}: critical needs values = [...] beside a tag, or a misspelt tag would go unguarded")
    if dimension.thin != THIN[0] and not dimension.critical:
        raise ConfigError(
            f"{where}: thin is about critical segments, and it has none; add critical = [...] or take thin out"
        )
    strange = sorted(dimension.critical.difference(dimension.possible))
    if strange:
        choices = ", ".join(dimension.possible)
        raise ConfigError(f"{where}: critical value {strange[0]!r} is none of its values; choose among: {choices}")


def _bands(table: Any, where: str) -> tuple[Band, ...]:
    if not isinstance(table, dict) or not table:
        raise ConfigError(f"{where}: bands = {table!r} must be a table such as {{ cold = [0, 40], hot = [40, 101] }}")
    bands = []
    for value, edges in table.items():
        pair = edges if isinstance(edges, list) else []
        if len(pair) != 2 or any(number(edge) is None for edge in pair) or not pair[0] < pair[1]:
            raise ConfigError(
                f"{where}: band {value} = {edges!r} must be [low, high] with low < high; high is left out"
            )
        bands.append(Band(toml.some_text(value, f"{where}: band"), float(pair[0]), float(pair[1])))
    bands.sort(key=lambda band: band.low)
    for first, second in pairwise(bands):
        if second.low < first.high:
            raise ConfigError(f"{where}: bands {first.value} and {second.value} overlap at {second.low:g}")
    return tuple(bands)


def _rules(rules: Any, where: str) -> tuple[Rule, ...]:
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        raise ConfigError(
            f'{where}: rules must be a list such as [{{ value = "long", field = ..., op = ..., arg = ... }}]'
        )
    return tuple(_rule(rule, f"{where}, rule {n}", last=n == len(rules)) for n, rule in enumerate(rules, start=1))


def _rule(rule: dict[str, Any], where: str, *, last: bool) -> Rule:
    toml.only_known(rule, RULE_KEYS, where)
    value = toml.some_text(rule.get("value"), f"{where}: value")
    if "field" not in rule:
        if "op" in rule or "arg" in rule:
            raise ConfigError(f"{where}: op and arg need a field to look at")
        if not last:
            raise ConfigError(f"{where}: a rule without a field matches everything, so it must be the last")
        return Rule(value)
    op = str(rule.get("op"))
    if op not in OPS:
        raise ConfigError(f"{where}: op {op!r} is unknown; choose one of: {', '.join(OPS)}")
    if "arg" not in rule or not OPS[op].takes(rule["arg"]):
        raise ConfigError(f"{where}: {op} takes {OPS[op].wants} as arg, got {rule.get('arg')!r}")
    return Rule(value, _path(rule["field"], where), op, rule["arg"])


def _path(value: Any, where: str) -> str:
    path = toml.some_text(value, f"{where}: field")
    root, _, rest = path.partition(".")
    if root not in ROOTS or not rest or ".." in f".{rest}.":
        roots = ", ".join(f"{root}.NAME" for root in ROOTS)
        raise ConfigError(f"{where}: field {path!r} cannot be read from an example; choose one of: {roots}")
    return path


def _names(value: Any, key: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, (str, int)) and one != "" for one in value):
        raise ConfigError(f"{where}: {key} = {value!r} must be a list of texts")
    names = tuple(text_of(one) for one in value)
    if len(set(names)) != len(names):
        raise ConfigError(f"{where}: {key} names a value twice: {', '.join(names)}")
    return names
