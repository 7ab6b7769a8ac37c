"""Certified: the simulated error rate of a gate's rules, said beside its verdict and never part of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from seatrial.canonical import content_hash
from seatrial.certify.design import rows_hash
from seatrial.gate.must_pass import is_contract
from seatrial.report.console import Line
from seatrial.wording import percent

if TYPE_CHECKING:
    from seatrial.certify.certificate import Certificate
    from seatrial.gate.report import Report

SCHEMA = "seatrial/certified/1"


@dataclass(frozen=True, slots=True)
class Certified:
    """What a certificate says of every gate with its rules and sizes.

    Attributes:
        policy: hash of the rules.
        sizes: hash of segments, sizes, keys and what is critical.
        alpha: nominal false-block rate.
        false_block_rate: the simulated one.
        gates: simulated gates of unchanged candidates.
        assumed: what the simulated world was like, in words.
    """

    policy: str
    sizes: str
    alpha: float
    false_block_rate: float
    gates: int
    assumed: str

    @property
    def name(self) -> str:
        """What it is stored under."""
        return name_of(self.policy, self.sizes)


def name_of(policy: str, sizes: str) -> str:
    """One name per rules and sizes."""
    return content_hash({"policy": policy, "sizes": sizes})


def certified(c: Certificate) -> Certified:
    """The part of a certificate that stands beside a verdict."""
    wording = ", ".join(f"{fact.name} {fact.value} ({fact.source})" for fact in c.facts)
    return Certified(c.policy_hash, c.shape_hash, c.alpha, c.false_block, c.null.gates, wording)


def certified_name(report: Report) -> str:
    """Under which name the certificate of a report's rules and sizes is stored, if there is one."""
    rows = [(f.key, f.segment, f.n, f.critical) for f in report.findings if not is_contract(f)]
    planned = report.counts["planned"]
    return name_of(report.policy["hash"], rows_hash(rows, planned=planned if isinstance(planned, int) else 0))


def certified_line(c: Certified) -> Line:
    """The one line beside the verdict."""
    kept = c.false_block_rate <= c.alpha
    return Line(
        f"  certified: blocks an unchanged candidate {percent(c.false_block_rate)} of the time ({c.gates:,} simulated gates), promised ≤ {100 * c.alpha:g} %",
        "dim" if kept else "unsure",
    )


def certified_data(c: Certified) -> dict[str, Any]:
    """Plain data: what is stored, and what stands in JSON beside a report."""
    return {"schema": SCHEMA, **asdict(c)}


def read_certified(data: Any) -> Certified | None:
    """What was stored; None when it is something else."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        return None
    texts = {name: data.get(name) for name in ("policy", "sizes", "assumed")}
    numbers = {name: data.get(name) for name in ("alpha", "false_block_rate", "gates")}
    if not all(isinstance(text, str) for text in texts.values()):
        return None
    if any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in numbers.values()):
        return None
    return Certified(
        policy=str(texts["policy"]),
        sizes=str(texts["sizes"]),
        alpha=float(data["alpha"]),
        false_block_rate=float(data["false_block_rate"]),
        gates=int(data["gates"]),
        assumed=str(texts["assumed"]),
    )
