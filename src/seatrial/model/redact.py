"""Redact recordings: secrets, and personal data, out of what is committed as a cassette.

A key becomes `<secret>`. Personal data in a reply becomes a stand-in of the same kind that is reserved for examples:
a check for leaks still finds that the reply leaked, and nobody's number is on disk.
"""

from __future__ import annotations

from seatrial.privacy import find_pii
from seatrial.privacy.redact import SECRET, passwords
from seatrial.privacy.redact import Redactor as SecretRedactor

__all__ = ["SECRET", "STAND_INS", "Redactor", "passwords"]

STAND_INS = {
    "email": "redacted@example.com",
    "iban": "DE89370400440532013000",
    "card": "4242424242424242",
    "ssn": "078-05-1120",  # printed on a specimen card and void ever since
    "phone": "202-555-0100",
}
"""By kind of personal data: an entry that is reserved for examples, or known to be nobody's."""


class Redactor(SecretRedactor):
    """Takes out secrets, and replaces personal data by stand-ins."""

    def text(self, text: str) -> str:
        """One text with everything taken out."""
        text = super().text(text)
        # Again until nothing changes: what one find leaves behind may stand clear for the first time.
        while (stripped := _stand_in(text)) != text:
            text = stripped
        return text


def _stand_in(text: str) -> str:
    parts, end = [], 0
    for finding in find_pii(text):
        parts += [text[end : finding.start], STAND_INS[finding.kind]]
        end = finding.end
    return "".join([*parts, text[end:]])
