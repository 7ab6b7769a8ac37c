"""Take secrets out of what leaves the process: known by value, by well-known shape, or by where they stand.

    redact = Redactor({"DB_PASSWORD": "..."})
    redact("cannot reach postgres://me:hunter2@db/x")     -> "cannot reach postgres://me:<secret>@db/x"

A value is known from an entry of the environment that is named like a key; it is found in every form of `encodings`.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from seatrial.canonical import canonical_json
from seatrial.privacy.encodings import SHORTEST, decoded, literals, pattern, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SECRET = "<secret>"  # noqa: S105 - what stands where one stood
REMEMBERED = 10_000
"""Different short texts whose redaction is remembered: reasons and answers repeat."""

_RUN = 13
"""Characters of the shortest run that any of the SHAPES has, apart from white space and quotes."""
_IN_RUN = bytes(
    code if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "_+/=.:-") else 32 for code in range(256)
)
_LEAST = 5
"""Characters of the shortest match of any shape or place: `://:x`. A field called `key` has fewer."""
_LONG_RUN = re.compile(rf"[A-Za-z0-9_+/=.:-]{{{_RUN}}}")
_SHORT = 500
"""Texts of fewer characters are searched at once; longer ones are translated first, which takes less a character."""
_NUMBER = b"0123456789.+-:"
_HINTS = ("://", "pass", "pw", "secret", "key", "ok", "authorization", "bearer", "basic", "softlayer", "=", "aws")
"""What every text holds, in lower case, that has one of the PLACES; fewer and shorter than theirs, each of which holds one."""
_MORE = {"ok": ("token", "cookie"), "=": ("code=", "sig=", "signature=")}
"""What else it holds, where one of these was found."""

_NAME = re.compile(
    r"(?:^|_)(?:[A-Z0-9]*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|APIKEY|PASSCODE)S?"
    r"|PASS|PWD|DSN|AUTH|CREDS?|PAT)(?:_|$)"
)
_STRONG = re.compile(r"SECRET|PASS|PWD")
"""Names whose value is a secret though it looks like a word."""
_NO_SECRETS = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK"})
"""A folder and a socket, on every machine."""
_WORDS = frozenset(
    "true false none null enabled disabled default required optional undefined unknown changeme".split()  # noqa: SIM905 - one line
)


class Redactor:
    """Takes out secrets known by value, by shape and by place.

    Args:
        environ: values of entries named like keys are secrets, and passwords in the addresses of all; see `watch`.
        secrets: further secrets, by value.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, secrets: Iterable[str] = ()) -> None:
        self._values: frozenset[str] = frozenset()
        self._patterns: tuple[re.Pattern[str], ...] = ()
        self._written: tuple[str, ...] = ()
        self._encoded: tuple[str, ...] = ()
        self._escaped_values = False
        self._known: dict[str, str] = {}
        self._known_json: dict[str, str] = {}
        self._environ: Mapping[str, str] = {}
        self.learn(*secrets)
        self.watch(environ or {})

    def watch(self, environ: Mapping[str, str]) -> None:
        """Learn from this environment, now and at each `refresh`."""
        self._environ = environ
        self.refresh()

    def refresh(self) -> None:
        """Learn what has come into the environment since: a graph's module may load a `.env` file."""
        self.learn(*secrets_of(self._environ))

    def learn(self, *secrets: str) -> None:
        """Take these out from now on, line by line, too, and in every form of `encodings`."""
        found = {piece for secret in secrets for piece in pieces(secret)}
        if found <= self._values:
            return
        self._values |= found
        longest_first = sorted(self._values, key=lambda one: (-len(one), one))
        forms = [literals(one) for one in longest_first]
        # An encoded form is a run; one that is too short to be noticed as such is looked for like the others.
        noticed = {form for _, encoded in forms for form in encoded if _has_run(form)}
        self._encoded = tuple(sorted(noticed))
        self._written = tuple(sorted({form for both in forms for some in both for form in some} - noticed))
        self._patterns = tuple(pattern(one) for one in longest_first)
        self._escaped_values = any(sign in one for one in longest_first for sign in "\\%&")
        self._known, self._known_json = {}, {}

    def holds_secret(self, text: str) -> bool:
        """Whether a secret known by value is in it."""
        return any(one.search(text) for one in self._patterns)

    def __call__(self, value: Any) -> Any:
        """The same JSON with everything taken out, from keys of mappings too."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, int):
            text = self.text(str(value))
            return value if text == str(value) else text
        if isinstance(value, dict):
            return {self.text(str(name)): self._field(str(name), one) for name, one in value.items()}
        return [self(one) for one in value] if isinstance(value, (list, tuple)) else value

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and len(value) >= SHORTEST and _names_secret(name):
            return SECRET
        return self(value)

    def text(self, text: str) -> str:
        """One text with everything taken out; the same object where there is nothing."""
        known = self._known.get(text)
        if known is not None:
            return known
        found = self._searched(text) if self.suspects(text) else text
        if len(text) < 1_000 and len(self._known) < REMEMBERED:
            self._known[text] = found
        return found

    def json(self, text: str) -> str:
        """JSON text with everything taken out; the same object where there is nothing."""
        known = self._known_json.get(text)
        if known is not None:
            return known
        found = text
        if self.suspects(text):
            value: Any = json.loads(text)
            clean = self(value)
            found = text if clean == value else canonical_json(clean)
        if len(text) < 1_000 and len(self._known_json) < REMEMBERED:
            self._known_json[text] = found
        return found

    def suspects(self, text: str) -> bool:
        """Whether `text` has to be searched: quick, and never no where there is something."""
        return may_hold_key(text) or self._may_hold_known(text, runs=False)

    def _may_hold_known(self, text: str, *, runs: bool = True) -> bool:
        """The same of known values; what is encoded is one long run, so where there is none it need not be looked for."""
        if not self._written:
            return False
        # A value that has white space of its own is compared without it, too.
        packed = "".join(text.split())
        if self._is_in(packed, self._written) or (runs and self._is_in(packed, self._encoded)):
            return True
        if text.isascii() and not ("\\" in text or "%" in text or "&" in text):
            return False
        if self._escaped_values:
            return True
        packed = decoded(text)
        return self._is_in(packed, self._written) or self._is_in(packed, self._encoded)

    @staticmethod
    def _is_in(packed: str, forms: tuple[str, ...]) -> bool:
        for form in forms:  # noqa: SIM110 - this loop is on the path of every row, and takes half of what any() does
            if form in packed:
                return True
        return False

    def _searched(self, text: str) -> str:
        if self._may_hold_known(text):
            for one in self._patterns:
                text = one.sub(SECRET, text)
        if may_hold_key(text):
            text = _without_keys(text)
        return text


@lru_cache(maxsize=4096)
def _names_secret(name: str) -> bool:
    from seatrial.privacy.key_shapes import FIELDS  # noqa: PLC0415 - as below

    return FIELDS.search(name) is not None


def _without_keys(text: str) -> str:
    from seatrial.privacy.key_shapes import PLACES, SHAPES  # noqa: PLC0415 - most texts need none

    if len(text) < _LEAST:
        return text
    if _has_run(text):
        for shape in SHAPES:
            if any(hint in text for hint in shape.hints):
                text = shape.regex.sub(SECRET, text)
    lower = text.lower()
    for place in PLACES:
        if any(hint in lower for hint in place.hints):
            text = place.regex.sub(lambda match: match[1] + SECRET, text)
    return text


def secrets_of(environ: Mapping[str, str]) -> Iterator[str]:
    """Values of entries named like keys, unless they are no secrets, and passwords in the addresses of every entry.

    A value named like a key is none if it is shorter than 6 characters, a number of less than 12 digits, or a plain word:
    `true` or `enabled` would be masked in every sentence. What a PASSWORD or SECRET holds is one, be it a plain word.
    """
    for name, value in environ.items():
        upper = name.upper()
        if _NAME.search(upper) and upper not in _NO_SECRETS and _is_secret(value.strip(), upper):
            yield value
        if "://" in value:
            yield from passwords(value)


def _is_secret(value: str, name: str) -> bool:
    if len(value) < SHORTEST or value.lower() in _WORDS:
        return False
    if _STRONG.search(name):
        return True
    number = value.isdigit() and len(value) < 12
    word = (
        len(value) < 12
        and value.isascii()
        and value.isalpha()
        and (value.islower() or value.istitle() or value.isupper())
    )
    return not number and not word


def passwords(address: str) -> list[str]:
    """Passwords that stand in addresses, as written and as meant."""
    from seatrial.privacy.key_shapes import LOGIN  # noqa: PLC0415 - as above

    return [form for match in LOGIN.finditer(address) for form in (match[2], unquote(match[2]))]


def may_hold_key(text: str) -> bool:
    """Whether a shape or a place of `key_shapes` can match: a quick look, never no where one does."""
    if _has_run(text):
        return True
    lower = text.lower()
    for hint in _HINTS:  # noqa: SIM110 - as above
        if hint in lower and (hint not in _MORE or any(one in lower for one in _MORE[hint])):
            return True
    return False


def _has_run(text: str) -> bool:
    """Whether a run of letters and digits is long enough for a key; a number is none."""
    if len(text) < _SHORT and _LONG_RUN.search(text) is None:
        return "PRIVATE" in text or "PuTTY" in text
    for run in text.encode("ascii", "replace").translate(_IN_RUN).split():
        if len(run) >= _RUN and run.strip(_NUMBER):
            return True
    return "PRIVATE" in text or "PuTTY" in text
