"""Find personal data in a text, and strip it from anything made of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import UsageError
from seatrial.privacy.normalize import normalize
from seatrial.privacy.pattern import FIRST, NEEDS, PATTERNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.privacy.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Finding:
    """One find: its kind, where it stands in the text, and an excerpt that gives nothing away."""

    kind: str
    start: int
    end: int
    excerpt: str


def find_pii(text: str, *, reserved: bool = False) -> tuple[Finding, ...]:
    """Personal data in `text`, in order of position; of two finds that overlap, the kind that stands first in PATTERNS.

    It is looked for in plain spelling (`normalize`); positions are those of `text` as given.

    Args:
        text: any text.
        reserved: report what stands in reserved ranges too; in fixtures everything does, and it leaks all the same.
    """
    plain = normalize(text)
    present = {name: NEEDS[name].search(plain.text) is not None for name in FIRST}
    if not any(present.values()):
        return ()
    found: list[tuple[int, int, Finding, bool]] = []
    for rank, pattern in enumerate(PATTERNS):
        if not _may_hold(pattern, plain.text, present):
            continue
        for start, part in _candidates(pattern, plain.text):
            begin, end = plain.span(start, start + len(part))
            finding = Finding(pattern.kind, begin, end, f"{part[0]}***{part[-1]}")
            found.append((begin, rank, finding, pattern.reserved(part)))
    kept: list[tuple[int, int, Finding, bool]] = []
    for one in sorted(found, key=lambda one: one[:2]):
        if not kept or one[2].start >= kept[-1][2].end:
            kept.append(one)
        elif one[1] < kept[-1][1]:
            kept[-1] = one
    # Only now: a reserved IBAN must hide the telephone number that its digits look like.
    return tuple(finding for _, _, finding, is_reserved in kept if reserved or not is_reserved)


def _may_hold(pattern: Pattern, text: str, present: dict[str, bool]) -> bool:
    for name in pattern.needs:
        if name not in present:
            present[name] = NEEDS[name].search(text) is not None
        if not present[name]:
            return False
    return True


def _candidates(pattern: Pattern, text: str) -> Iterator[tuple[int, str]]:
    """Where each accepted part begins, and the part; one that is not accepted hides none that begins inside of it."""
    group = "part" if "part" in pattern.regex.groupindex else 0
    place = 0
    while match := pattern.regex.search(text, place):
        part = pattern.accept(match[group])
        place = match.start() + 1
        if part:
            yield match.start(group), part
            place = match.start(group) + len(part)


def strip_pii(value: Any) -> Any:
    """`value` with everything real replaced by `<kind>`; keys are scrubbed too. Stripping twice changes nothing.

    Raises:
        UsageError: it holds something that is not JSON, which cannot be looked into.
    """
    if isinstance(value, str):
        return strip_text(value)
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        stripped = strip_text(str(value))
        return value if stripped == str(value) else stripped
    if isinstance(value, Mapping):
        return _strip_mapping(value)
    if isinstance(value, (list, tuple)):
        return [strip_pii(one) for one in value]
    raise UsageError(
        f"strip_pii cannot look into a {type(value).__name__}; turn it into JSON (text, numbers, lists) first"
    )


def strip_text(text: str) -> str:
    """The same of one text."""
    # Again until nothing is found: what one find leaves behind may stand clear for the first time.
    while found := find_pii(text):
        parts, end = [], 0
        for finding in found:
            parts += [text[end : finding.start], f"<{finding.kind}>"]
            end = finding.end
        text = "".join([*parts, text[end:]])
    return text


def _strip_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Keys that become equal by stripping are numbered: `<email>`, `<email>#2`; no value is lost."""
    stripped: dict[str, Any] = {}
    for key, one in value.items():
        name = base = strip_text(str(key))
        while name in stripped:
            name = f"{base}#{sum(1 for other in stripped if other.partition('#')[0] == base) + 1}"
        stripped[name] = strip_pii(one)
    return stripped
