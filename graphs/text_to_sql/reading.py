"""Reading: what has been understood of a question so far, and the text that is left."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .periods import Period


@dataclass(slots=True)
class Reading:
    """What has been understood so far; `text` is what is left to understand."""

    text: str
    where: list[str] = field(default_factory=list)
    having: list[str] = field(default_factory=list)
    linked: dict[str, list[str]] = field(default_factory=dict)
    measure: str | None = None
    period: Period | None = None

    def take(self, pattern: str) -> re.Match[str] | None:
        """The first match of `pattern`, cut out of the text."""
        found = re.search(pattern, self.text)
        if found:
            self.text = f" {' '.join((self.text[: found.start()] + ' ' + self.text[found.end() :]).split())} "
        return found
