"""Personal data: find it, mask it, and prove that no fixture holds any that is real.

    find_pii("write to jane@acme.internal")      -> (Finding("email", 9, 27, "j***l"),)
    strip_pii({"to": "jane@acme.internal"})      -> {"to": "<email>"}

What is reserved for examples is not real and stays: mail at example.com/.org/.net, *.example, *.test, *.invalid and
localhost, telephone numbers 555-0100 to 555-0199, the card networks' published test numbers.
"""

from __future__ import annotations

from seatrial.privacy.find import Finding, find_pii, strip_pii, strip_text
from seatrial.privacy.fixture import FixtureFinding, fixture_findings
from seatrial.privacy.pattern import KINDS, PATTERNS, Pattern

__all__ = [
    "KINDS",
    "PATTERNS",
    "Finding",
    "FixtureFinding",
    "Pattern",
    "find_pii",
    "fixture_findings",
    "strip_pii",
    "strip_text",
]
