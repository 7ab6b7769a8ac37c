"""Suite: every evaluator of a graph audited on its dataset, and what was found, in sentences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.purity.audit import Audit, audit
from seatrial.purity.pairs import EXAMPLES, pairs

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from seatrial.dataset.example import Example
    from seatrial.scoring import Bound


def audit_suite(
    suite: Sequence[Bound], examples: Sequence[Example], rng: random.Random, most: int | None = None
) -> tuple[Audit, ...]:
    """Audit each evaluator of a suite on at most `most` examples (None: 25)."""
    given = pairs(examples, most or EXAMPLES)
    return tuple(audit(bound, given, rng) for bound in suite)


def sentences(found: Audit, root: Path) -> list[str]:
    """What to tell the author: the line, what it does and what to do instead."""
    wording = [f"{shown(one.file, root)}:{one.line} {one.act}; {one.advice}" for one in found.impurities]
    return wording + ([found.unseen] if found.unseen else [])


def shown(file: str, root: Path) -> str:
    """A path as a reader of the project knows it."""
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file
