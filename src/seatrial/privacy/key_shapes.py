"""The shapes of well-known keys, and the places where a text holds a key whatever it looks like.

The tests hold SHAPES and PLACES to the patterns of detect-secrets, a maintained list.
"""

from __future__ import annotations

import re
from typing import NamedTuple

FIELDS = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|pwd|passphrase|client[_-]?secret|authorization|(?:set-)?cookie|credentials?"
    r"|(?:api|access|private|secret|auth|account)[_-]?(?:key|token)|(?:refresh|session|bearer)[_-]?token|secret)$"
)
"""Keys of JSON whose text is a secret, whatever it looks like; `token` alone is a model's."""

LOGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@\"'\\]{0,100}:)([^\s/@\"'\\]{1,200})(?=@)")
"""A password in an address."""


class Shape(NamedTuple):
    """One pattern, and what every text holds that it matches: a search for those costs a fiftieth.

    Attributes:
        hints: one of these is in it (`Place`s: in its lower case).
        regex: the pattern.
    """

    hints: tuple[str, ...]
    regex: re.Pattern[str]


def _shape(hints: str, regex: str) -> Shape:
    return Shape(tuple(hints.split()), re.compile(regex))


SHAPES = (
    # model services, Stripe, Hugging Face, LangSmith
    _shape(
        "sk- sk_ pk- pk_ rk- rk_ xai- xai_ gsk- gsk_ hf- hf_ r8- r8_ v2_pt v2_sk nvapi pplx tgp_v1",
        r"\b(?:sk|pk|rk|xai|gsk|hf|r8|lsv2_pt|lsv2_sk|nvapi|pplx|tgp_v1)[-_][A-Za-z0-9_-]{12,200}",
    ),
    _shape("AIza", r"\bAIza[A-Za-z0-9_-]{30,60}"),  # Google
    _shape(
        "A3T ABIA ACCA AKIA ASIA", r"(?<![A-Za-z0-9])(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    ),  # AWS
    _shape("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{20,255}"),
    _shape(
        "glpat- gldt- glft- glsoat- glrt- glcbt- glimt- glptt- glagent- gloas- GR1348941",
        r"\b(?:gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas)-[A-Za-z0-9_-]{16,1024}|GR1348941[A-Za-z0-9_-]{20,50})",
    ),
    _shape("xox", r"\bxox[a-z]-[A-Za-z0-9-]{10,200}"),  # Slack
    _shape("hooks.slack.com", r"hooks\.slack\.com/services/T[A-Za-z0-9_]{1,40}/B[A-Za-z0-9_]{1,40}/[A-Za-z0-9_]{8,60}"),
    _shape(
        "eyJ",
        r"\beyJ[A-Za-z0-9_=-]{8,2000}\.[A-Za-z0-9_=-]{8,4000}(?:\.[A-Za-z0-9_.+/=-]{4,1000})?",  # signed tokens
    ),
    _shape("SG.", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),  # SendGrid
    _shape("pypi-Ag", r"\bpypi-Ag[A-Za-z0-9_-]{70,300}"),
    _shape("npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    _shape("sq0csp-", r"\bsq0csp-[0-9A-Za-z\\_-]{43}"),  # Square
    _shape("-us", r"\b[0-9a-z]{32}-us\d{1,2}\b"),  # Mailchimp
    _shape("M N O", r"\b[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27}"),  # Discord
    _shape(":", r"(?<![A-Za-z0-9])\d{8,10}:[0-9A-Za-z_-]{35}(?![\w-])"),  # Telegram
    _shape("AC SK", r"\b(?:AC|SK)[a-f0-9]{32}\b"),  # Twilio
    _shape("AKC AP", r"(?<![A-Za-z0-9])(?:AKC|AP[\dA-F])[A-Za-z0-9]{60,80}(?![A-Za-z0-9])"),  # Artifactory
    _shape(
        "PRIVATE",
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?s:(?:(?!-----).){0,8000})"  # its head may hold hyphens
        r"(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?",
    ),
    _shape("PuTTY", r"PuTTY-User-Key-File-\d(?s:.){0,8000}?Private-MAC: ?[0-9a-f]{32,64}"),
)
"""Keys that are known by how they look."""

_QUOTE = r"\\{0,8}[\"']?"
_IS = rf"{_QUOTE}[ \t]{{0,4}}(?::=|=>|[:=])[ \t]{{0,4}}{_QUOTE}"
_WORDS = r"(?:password|passwd|pwd|passphrase|client[-_ ]?secret)"
_ASSIGNED = re.compile(
    r"(?i)(\b(?:bearer|basic)[ \t]{1,4}(?=[^\s]{0,100}\d|[^\s]{20})"  # not "basic authentication"
    rf"|(?:\b|_)(?:x-)?(?:api|access|secret|auth|refresh|session|account|cloudant|iam|softlayer)[-_ ]?(?:key|token|password|pwd){_IS}"
    rf"|(?:\b|_)secret[-_]access[-_]key{_IS}"
    rf"|\bauthorization{_IS}(?:bearer[ \t]|basic[ \t]|token[ \t])?"
    r"|[?&](?:key|sig|signature|token|code|x-amz-signature|x-goog-signature)="
    rf"|_authtoken{_IS}"
    r"|api\.softlayer\.com/soap/v3(?:\.1)?/"
    r"|\b(?:set-)?cookie\\{0,8}[\"']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,8}[\"']?[^\s=;,\"'\\]{1,100}="
    rf"|(?:\b|_){_WORDS}{_IS})"
    r"([A-Za-z0-9+/_.=~%-]{8,4000})"
)
_AWS = re.compile(r"(?i)(aws.{0,20}?(?:key|pwd|pw|password|pass|token).{0,20}?['\"])([0-9a-zA-Z/+]{40})(?=['\"])")
_QUOTED = re.compile(
    rf"(?i)((?:\b|_)(?:{_WORDS}|(?:api|access|secret|auth)[-_ ]?(?:key|token))\\{{0,8}}[\"'][ \t]{{0,4}}:[ \t]{{0,4}}"
    r"\\{0,8}[\"'])([^\"'\\\n]{4,400})(?=\\{0,8}[\"'])"
)
"""In JSON a password may hold anything."""

PLACES = (
    Shape(("://",), LOGIN),
    Shape(("aws",), _AWS),
    Shape(("passw", "pwd", "passphrase", "secret", "key", "token"), _QUOTED),
    Shape(
        (
            "passw", "pwd", "passphrase", "secret", "key", "token", "bearer", "basic", "authorization", "sig=",
            "signature=", "code=", "softlayer", "cookie",
        ),
        _ASSIGNED,
    ),
)  # fmt: skip
"""Each has two groups: what stays, and the secret."""
