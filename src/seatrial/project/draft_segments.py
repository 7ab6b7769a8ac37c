"""Draft of segments: dimensions proposed from tags, metadata and inputs with few values, each with its sizes.

A proposal is a guess about the data, not about the business: nothing is critical until a person says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.privacy import find_pii, strip_pii
from seatrial.segment.dimension import text_of
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seatrial.dataset import Example

FEWEST, MOST = 2, 12
"""Values a dimension may have: one says nothing, and many are no segments."""
LABEL = 60
"""Characters; what is longer is a text, not a label."""
NOT_SEGMENTS = ("metadata.resume", "metadata.dataset_split")
"""A script of interrupts, and what LangSmith's export says about itself."""

HEAD = """# How examples fall into segments, proposed from what their tags, metadata and inputs hold. Rules are data; a segment
# comes from the input or the expected answer, never from what a version answered.
# FINISH: keep those that mean something to your business, and say which values are critical.
version = 1
"""
NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Proposed:
    """One dimension, or one that was left out.

    Attributes:
        graph: whose examples it slices.
        name: of the dimension; empty where it was left out.
        source: `tag` or `field`.
        at: the tag, or the dotted path.
        sizes: (value, examples), largest first.
        unknown: examples that do not say.
        left_out: why it is only shown; empty where it is proposed.
    """

    graph: str
    name: str
    source: str
    at: str
    sizes: tuple[tuple[str, int], ...]
    unknown: int = 0
    left_out: str = ""


def propose(
    graph: str, examples: Sequence[Example], *, min_n: int, taken: dict[str, tuple[str, str]]
) -> tuple[Proposed, ...]:
    """Dimensions with 2 to 12 values of which two or more have `min_n` examples; those that are too thin come after.

    Args:
        graph: whose examples they are.
        examples: the dataset.
        min_n: smallest sample the gate decides a segment on.
        taken: name -> (source, where) of other graphs' dimensions; this one's are added, and one of the same source shared.
    """
    found, thin = [], []
    partitions: set[tuple[int, ...]] = set()
    for source, at, values in _sources(examples):
        sizes = Counter(value for value in values if value)
        if not FEWEST <= len(sizes) <= MOST:
            continue
        unknown = len(examples) - sum(sizes.values())
        ranked = _ranked(sizes)
        if any(find_pii(value) for value in sizes):
            masked: Counter[str] = Counter()
            for value, n in sizes.items():
                masked[strip_pii(value)] += n
            thin.append(Proposed(graph, "", source, at, _ranked(masked), unknown, "its values are personal data"))
            continue
        if sum(n >= min_n for n in sizes.values()) < FEWEST:
            # A text that nearly always differs is no label that happens to be thin.
            if 2 * len(sizes) <= sum(sizes.values()):
                why = f"fewer than two values have {count(min_n, 'example')}"
                thin.append(Proposed(graph, "", source, at, ranked, unknown, why))
            continue
        first: dict[str | None, int] = {}
        partition = tuple(first.setdefault(value, len(first)) for value in values)
        if partition in partitions:
            continue  # the same slices under another name would cost the gate alpha twice
        partitions.add(partition)
        found.append(Proposed(graph, _named(source, at, graph, taken), source, at, ranked, unknown))
    return (*found, *thin)


def _ranked(sizes: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def segments_text(proposed: Sequence[Proposed]) -> str:
    """`datasets/segments.toml`."""
    parts = [HEAD]
    named = dict.fromkeys(one.name for one in proposed if one.name)
    parts += [_dimension(name, [one for one in proposed if one.name == name]) for name in named]
    parts += [
        f"# {one.graph}, {one.source} {one.at}: left out, {one.left_out} ({sizes_text(one)})\n"
        for one in proposed
        if one.left_out
    ]
    return "\n".join(parts)


def sizes_text(one: Proposed) -> str:
    """`pro 60, free 40, unknown 3`, on one line."""
    sizes = [*one.sizes, *([("unknown", one.unknown)] if one.unknown else [])]
    return " ".join(", ".join(f"{value} {n}" for value, n in sizes).split())


def _dimension(name: str, of: Sequence[Proposed]) -> str:
    """One table: graphs whose examples say the same thing in the same place share it."""
    values = list(dict.fromkeys(value for one in of for value, _ in one.sizes))
    return (
        f"[dimension.{name}]\n"
        + "".join(f"# {one.graph}: {sizes_text(one)}\n" for one in of)
        + f"{of[0].source} = {toml_text(of[0].at)}\n"
        f"values = [{', '.join(toml_text(value) for value in values)}]\n"
        f"graphs = [{', '.join(toml_text(one.graph) for one in of)}]\n"
        f"# critical = [{toml_text(values[0])}]    FINISH: a drop there alone blocks, and must be visible\n"
    )


def toml_text(text: str) -> str:
    """A basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    safe = CONTROL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", escaped)
    return f'"{safe}"'


def _sources(examples: Sequence[Example]) -> Iterator[tuple[str, str, list[str | None]]]:
    """(source, where, value of every example) of all that could be a label, tags first."""
    tags = [_tags(example.tags) for example in examples]
    for name in dict.fromkeys(name for own in tags for name in own):
        if all(len(own.get(name, ())) < 2 for own in tags):
            yield "tag", name, [own[name][0] if name in own else None for own in tags]
    for root in ("metadata", "inputs"):
        rows = [dict(_leaves(getattr(example, root), root)) for example in examples]
        for path in dict.fromkeys(path for row in rows for path in row):
            if path not in NOT_SEGMENTS and all(_is_label(row.get(path)) for row in rows):
                yield "field", path, [None if row.get(path) is None else text_of(row[path]) for row in rows]


def _tags(tags: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in tags:
        name, colon, value = tag.partition(":")
        if name and colon and value:
            found.setdefault(name, []).append(value)
    return found


def _leaves(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, one in value.items():
        if name and "." not in name:
            if isinstance(one, Mapping):
                yield from _leaves(one, f"{path}.{name}")
            else:
                yield f"{path}.{name}", one


def _is_label(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LABEL and value.isprintable()
    return value is None or isinstance(value, (bool, int))


def _named(source: str, at: str, graph: str, taken: dict[str, tuple[str, str]]) -> str:
    """The last part of where it stands; with the graph's name before it where another dimension is called so."""
    last = NO_NAME.sub("_", at.rpartition(".")[2]).strip("_-") or "segment"
    long = NO_NAME.sub("_", f"{graph}_{at}")
    names = (last, f"{NO_NAME.sub('_', graph)}_{last}", long, *(f"{long}_{i}" for i in range(2, 1000)))
    for name in (name if re.match(r"[A-Za-z_]", name) else f"by_{name}" for name in names):
        if taken.setdefault(name, (source, at)) == (source, at):
            return name
    raise AssertionError(f"a thousand dimensions are called {last}")  # no dataset has so many fields
