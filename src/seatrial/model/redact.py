"""Redact: secrets and personal data out of what is written to disk.

A key becomes `<secret>`. Personal data in a reply becomes a stand-in of the same kind that is reserved for examples:
a check for leaks still finds that the reply leaked, and nobody's number is on disk.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from seatrial.privacy import find_pii

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECRET = "<secret>"  # noqa: S105 - what stands where one stood
SHORTEST = 6
"""Characters below which a value is a placeholder, not a key; replacing `test` everywhere would hide what was said."""

STAND_INS = {
    "email": "redacted@example.com",
    "iban": "DE89370400440532013000",
    "card": "4242424242424242",
    "ssn": "078-05-1120",  # printed on a specimen card and void ever since
    "phone": "202-555-0100",
}
"""By kind of personal data: an entry that is reserved for examples, or known to be nobody's."""

_NAMES = re.compile(r"(?:^|_)(?:API_?KEY|TOKEN|SECRET|PASSWORD|ACCESS_KEY(?:_ID)?|CREDENTIALS?)$")
_SHAPES = re.compile(
    r"\b(?:sk|pk|rk|xai|gsk|hf|r8|lsv2_pt|lsv2_sk|nvapi|pplx|tgp_v1)[-_][A-Za-z0-9_-]{12,200}"  # model services
    r"|\bAIza[A-Za-z0-9_-]{30,60}"  # Google
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS
    r"|\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[A-Za-z0-9_-]{16,64})"
    r"|\bxox[a-z]-[A-Za-z0-9-]{10,200}"  # Slack
    r"|\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{4,1000}"  # signed tokens
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,8000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
_ASSIGNED = re.compile(
    r"(?i)(\b(?:bearer|basic)[ \t]{1,4}(?=[^\s]{0,100}\d|[^\s]{20})"  # not "basic authentication"
    r"|\b(?:x-)?(?:api|access|secret|auth)[-_ ]?(?:key|token)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?"
    r"|\bauthorization[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?:bearer[ \t]|basic[ \t]|token[ \t])?"
    r"|\b(?:password|passwd|client[-_ ]?secret)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?)"
    r"([A-Za-z0-9+/_.~=-]{8,4000})"
)


class Redactor:
    """Takes out secrets known by value, secrets known by shape, and personal data.

    Args:
        environ: values of entries named like keys (`*_API_KEY`, `*_TOKEN` ...) are secrets.
        secrets: further secrets, by value.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, secrets: Iterable[str] = ()) -> None:
        self._values: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        named = (value for name, value in (environ or {}).items() if _NAMES.search(name.upper()))
        self.learn(*named, *secrets)

    def learn(self, *secrets: str) -> None:
        """Take these out from now on, also as they look in an address, in JSON and in base64."""
        found = {secret.strip() for secret in secrets if len(secret.strip()) >= SHORTEST}
        if found <= self._values:
            return
        self._values |= found
        forms = {form for secret in self._values for form in _forms(secret)}
        self._pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=lambda f: (-len(f), f))))

    def holds_secret(self, text: str) -> bool:
        """Whether a secret known by value is in it."""
        return self._pattern is not None and self._pattern.search(text) is not None

    def __call__(self, value: Any) -> Any:
        """The same JSON with everything taken out, from keys of mappings too."""
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, int):
            text = self._text(str(value))
            return value if text == str(value) else text
        if isinstance(value, dict):
            return {self._text(str(name)): self(one) for name, one in value.items()}
        return [self(one) for one in value]

    def _text(self, text: str) -> str:
        if self._pattern is not None:
            text = self._pattern.sub(SECRET, text)
        text = _SHAPES.sub(SECRET, text)
        text = _ASSIGNED.sub(lambda match: match[1] + SECRET, text)
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


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], encoded}
