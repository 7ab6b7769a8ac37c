"""Purity: whether an evaluator is a function of its run and its example and of nothing else, and which line says no.

    audit(bound, pairs(dataset.examples), rng=random.Random(0)).impurities

The audit calls an evaluator twice on copies of the same pairs, in two orders, while it watches what is called, opened and
changed. It sees what the evaluator does on those pairs and nothing else: a branch that no pair takes is not audited.
"""

from seatrial.purity.audit import Audit, audit
from seatrial.purity.impurity import Impurity, Kind
from seatrial.purity.pairs import Pair, pairs

__all__ = ["Audit", "Impurity", "Kind", "Pair", "audit", "pairs"]
