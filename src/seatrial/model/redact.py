"""Redact: secrets and personal data out of what is written to disk.

A key becomes `<secret>`. Personal data in a reply becomes a stand-in of the same kind that is reserved for examples:
a check for leaks still finds that the reply leaked, and nobody's number is on disk.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from seatrial.model.encodings import SHORTEST, pattern, pieces
from seatrial.privacy import find_pii

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECRET = "<secret>"  # noqa: S105 - what stands where one stood
STAND_INS = {
    "email": "redacted@example.com",
    "iban": "DE89370400440532013000",
    "card": "4242424242424242",
    "ssn": "078-05-1120",  # printed on a specimen card and void ever since
    "phone": "202-555-0100",
}
"""By kind of personal data: an entry that is reserved for examples, or known to be nobody's."""

_NAMES = re.compile(
    r"(?:^|_)(?:API|ACCESS|PRIVATE|SECRET)?(?:KEY(?:_ID)?|TOKENS?|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|PAT)$"
)
_FIELDS = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|passphrase|client[_-]?secret|authorization|(?:set-)?cookie|credentials?"
    r"|(?:api|access|private|secret|auth)[_-]?(?:key|token)|(?:refresh|session|bearer)[_-]?token|secret)$"
)
"""Keys of JSON whose text is a secret, whatever it looks like; `token` alone is a model's."""

_LOGIN = re.compile(r"([a-z][a-z0-9+.-]{1,30}://[^\s/:@\"'\\]{0,100}:)([^\s/@\"'\\]{1,200})(?=@)")
"""A password in an address."""

_SHAPES = re.compile(
    r"\b(?:sk|pk|rk|xai|gsk|hf|r8|lsv2_pt|lsv2_sk|nvapi|pplx|tgp_v1)[-_][A-Za-z0-9_-]{12,200}"  # model services
    r"|\bAIza[A-Za-z0-9_-]{30,60}"  # Google
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS
    r"|\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[A-Za-z0-9_-]{16,64})"
    r"|\bxox[a-z]-[A-Za-z0-9-]{10,200}"  # Slack
    r"|\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{4,1000}"  # signed tokens
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?s:(?:(?!-----).){0,8000})"  # its head may hold hyphens
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"
)
_QUOTE = r"\\{0,8}[\"']?"
_IS = rf"{_QUOTE}[ \t]{{0,4}}[:=][ \t]{{0,4}}{_QUOTE}"
_WORDS = r"(?:password|passwd|passphrase|client[-_ ]?secret)"
_ASSIGNED = re.compile(
    r"(?i)(\b(?:bearer|basic)[ \t]{1,4}(?=[^\s]{0,100}\d|[^\s]{20})"  # not "basic authentication"
    rf"|\b(?:x-)?(?:api|access|secret|auth|refresh|session)[-_ ]?(?:key|token){_IS}"
    rf"|\bauthorization{_IS}(?:bearer[ \t]|basic[ \t]|token[ \t])?"
    r"|[?&](?:key|sig|signature|token|code|x-amz-signature|x-goog-signature)="
    r"|\b(?:set-)?cookie\\{0,8}[\"']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,8}[\"']?[^\s=;,\"'\\]{1,100}="
    rf"|\b{_WORDS}{_IS})"
    r"([A-Za-z0-9+/_.~=%-]{8,4000})"
)
_QUOTED = re.compile(
    rf"(?i)(\b(?:{_WORDS}|(?:api|access|secret|auth)[-_ ]?(?:key|token))\\{{0,8}}[\"'][ \t]{{0,4}}:[ \t]{{0,4}}"
    r"\\{0,8}[\"'])([^\"'\\\n]{4,400})(?=\\{0,8}[\"'])"
)
"""In JSON a password may hold anything."""


class Redactor:
    """Takes out secrets known by value, secrets known by shape, and personal data.

    Args:
        environ: values of entries named like keys (`*_API_KEY`, `*_TOKEN` ...) are secrets.
        secrets: further secrets, by value.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, secrets: Iterable[str] = ()) -> None:
        self._values: frozenset[str] = frozenset()
        self._patterns: tuple[re.Pattern[str], ...] = ()
        given = dict(environ or {})
        named = (value for name, value in given.items() if _NAMES.search(name.upper()))
        logins = (login for value in given.values() for login in passwords(value))
        self.learn(*named, *logins, *secrets)

    def learn(self, *secrets: str) -> None:
        """Take these out from now on, line by line, too, and in every form that `disguise` knows."""
        found = {piece for secret in secrets for piece in pieces(secret)}
        if found <= self._values:
            return
        self._values |= found
        self._patterns = tuple(pattern(one) for one in sorted(self._values, key=lambda one: (-len(one), one)))

    def holds_secret(self, text: str) -> bool:
        """Whether a secret known by value is in it."""
        return any(one.search(text) for one in self._patterns)

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
            return {self._text(str(name)): self._field(str(name), one) for name, one in value.items()}
        return [self(one) for one in value]

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and len(value) >= SHORTEST and _FIELDS.search(name):
            return SECRET
        return self(value)

    def _text(self, text: str) -> str:
        for one in self._patterns:
            text = one.sub(SECRET, text)
        text = _SHAPES.sub(SECRET, text)
        for one in (_LOGIN, _QUOTED, _ASSIGNED):
            text = one.sub(lambda match: match[1] + SECRET, text)
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


def passwords(address: str) -> list[str]:
    """Passwords that stand in addresses, as written and as meant."""
    return [form for match in _LOGIN.finditer(address) for form in (match[2], unquote(match[2]))]
