"""The quarantine file: which flaky examples decide nothing for a while; whose, why, until when.

schema = "seatrial/quarantine/1"
[[example]]
graph = "support_router"
id = "t017"
owner = "desk"
expires = 2026-12-20
reason = "the ticket can be read both ways"
content = "5d41..."      # hash of its inputs and reference: another example under the same id gates
version = "v1"           # what was measured: this version contradicted itself
runs = 5
disagree = 0.6
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.errors import ConfigError
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SCHEMA = "seatrial/quarantine/1"
LONGEST_DAYS = 90
_TEXTS = ("graph", "id", "owner", "reason", "content", "version", "dataset")
_WORDS = (*_TEXTS, "expires", "runs", "disagree")


@dataclass(frozen=True, slots=True)
class Entry:
    """One example in quarantine.

    Attributes:
        graph: assistant id.
        example: id of the example.
        owner: who fixes it.
        reason: one sentence.
        expires: last day it is report-only.
        content: hash of its inputs and reference when it was measured.
        version: version that contradicted itself.
        runs: how often that version was run on it.
        disagree: chance that two of these runs disagree.
        dataset: kind of examples it belongs to.
    """

    graph: str
    example: str
    owner: str
    reason: str
    expires: date
    content: str
    version: str
    runs: int
    disagree: float
    dataset: str = "golden"

    def days_left(self, today: date) -> int:
        """Days it still has; negative when it has expired."""
        return (self.expires - today).days


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What is in force for one decision, and what a reader must know about the rest."""

    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()


def load_quarantine(path: Path, today: date) -> tuple[Entry, ...]:
    """Read a quarantine file; none where there is no file.

    Raises:
        ConfigError: a word, a type or a date is wrong, or an entry lasts longer than LONGEST_DAYS from `today`.
    """
    if not path.is_file():
        return ()
    return parse_quarantine(toml.read(path), str(path), today)


def parse_quarantine(raw: Mapping[str, Any], source: str, today: date) -> tuple[Entry, ...]:
    """The same from a mapping already parsed."""
    if raw.get("schema") != SCHEMA:
        raise ConfigError(f'{source}: schema is {raw.get("schema")!r}; this version reads schema = "{SCHEMA}"')
    toml.only_known(raw, ("schema", "example"), source)
    rows = toml.tables(raw.get("example", []), f"{source}: example", "[[example]]")
    entries = tuple(_entry(row, f"{source}: [[example]] number {i}", today) for i, row in enumerate(rows, start=1))
    places = [(e.graph, e.dataset, e.example) for e in entries]
    for place in places:
        if places.count(place) > 1:
            raise ConfigError(f"{source}: {place[2]!r} of {place[0]} stands there twice; keep one")
    return entries


def quarantine_text(entries: Sequence[Entry]) -> str:
    """The file that `parse_quarantine` reads, sorted, so that a change of it is read as one."""
    lines = [
        "# Examples that are run and shown and decide nothing until they expire; written by seatrial flaky --quarantine.",
        f'schema = "{SCHEMA}"',
    ]
    for e in sorted(entries, key=lambda e: (e.graph, e.dataset, e.example)):
        texts = {name: getattr(e, "example" if name == "id" else name) for name in _TEXTS}
        lines += ["", "[[example]]", *(f"{name} = {_quoted(text)}" for name, text in texts.items())]
        lines += [f"expires = {e.expires.isoformat()}", f"runs = {e.runs}", f"disagree = {float(round(e.disagree, 4))}"]
    return "\n".join(lines) + "\n"


def longest(expires: date, today: date, place: str) -> None:
    """Refuse a quarantine that lasts longer than anybody remembers it."""
    if expires > today + timedelta(days=LONGEST_DAYS):
        raise ConfigError(
            f"{place}: expires {expires} is {count((expires - today).days, 'day')} away; a quarantine lasts at most {LONGEST_DAYS} (until {today + timedelta(days=LONGEST_DAYS)})"
        )


def in_force(
    entries: Sequence[Entry], graph: str, dataset: str, contents: Mapping[str, str], today: date, source: str
) -> Quarantine:
    """What holds for one graph and one kind of examples.

    An expired entry gates again, and so does one whose example is no longer what was measured; both are said.

    Args:
        entries: all there are.
        graph: assistant id.
        dataset: kind of examples.
        contents: example id -> hash of its inputs and reference, of the whole dataset.
        today: the day of the decision.
        source: file the entries came from.

    Raises:
        ConfigError: an id that the dataset does not hold.
    """
    mine = [e for e in entries if (e.graph, e.dataset) == (graph, dataset)]
    holds, warnings = [], []
    for e in mine:
        if e.example not in contents:
            raise ConfigError(
                f"{source}: {graph} has no example {e.example!r} in its {dataset} dataset; take the entry out or fix its id"
            )
        if e.days_left(today) < 0:
            warnings.append(f"the quarantine of {e.example} ({e.owner}) expired on {e.expires}: it gates again")
        elif contents[e.example] != e.content:
            warnings.append(
                f"{e.example} is no longer the example that {e.owner} put in quarantine (its inputs or reference changed): it gates again"
            )
        else:
            holds.append(e)
    return Quarantine(tuple(holds), tuple(warnings))


def _entry(raw: Mapping[str, Any], place: str, today: date) -> Entry:
    toml.only_known(raw, _WORDS, place)
    for name in _WORDS:
        if name not in raw and name != "dataset":
            raise ConfigError(f"{place}: {name} is missing; seatrial flaky GRAPH --quarantine ID writes a whole entry")
    texts = {name: raw[name] for name in _TEXTS if name in raw}
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{place}: {name} is a text that is not empty, got {value!r}")
    expires, runs, disagree = raw["expires"], raw["runs"], raw["disagree"]
    if not isinstance(expires, date) or isinstance(expires, datetime):
        raise ConfigError(f"{place}: expires is a date without quotes, e.g. {today.isoformat()}, got {expires!r}")
    longest(expires, today, place)
    if isinstance(runs, bool) or not isinstance(runs, int) or runs < 2:
        raise ConfigError(f"{place}: runs is a whole number of 2 or more, got {runs!r}")
    if isinstance(disagree, bool) or not isinstance(disagree, (int, float)) or not 0 < disagree <= 1:
        raise ConfigError(
            f"{place}: disagree is more than 0 and at most 1, got {disagree!r}; an example that never contradicts itself is not flaky"
        )
    texts["example"] = texts.pop("id")
    return Entry(**texts, expires=expires, runs=runs, disagree=float(disagree))


def _quoted(text: str) -> str:
    """A TOML basic string."""
    escapes = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(escapes.get(c, c if c.isprintable() else f"\\U{ord(c):08x}") for c in text) + '"'
