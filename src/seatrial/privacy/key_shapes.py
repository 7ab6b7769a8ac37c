"""The shapes of well-known keys, and the places where a text holds a key whatever it looks like.

The tests hold SHAPES and PLACES to the patterns of detect-secrets, a maintained list.
"""

from __future__ import annotations

import re
from functools import cached_property

FIELDS = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|pwd|passphrase|client[_-]?secret|authorization|(?:set-)?cookie|credentials?"
    r"|(?:api|access|private|secret|auth|account)[_-]?(?:key|token)|(?:refresh|session|bearer)[_-]?token|secret)$"
)
"""Keys of JSON whose text is a secret, whatever it looks like; `token` alone is a model's."""

LOGIN = re.compile(r"(://[^\s/:@\"'\\]{0,100}:)([^\s/@\"'\\]{1,200})(?=@)")
"""A password in an address."""


class Shape:
    """One pattern, and what every text holds that it matches: a search for those costs a fiftieth.

    Attributes:
        hints: one of these is in it (`PLACES`: in its lower case).
    """

    def __init__(self, hints: tuple[str, ...], pattern: str) -> None:
        self.hints, self._pattern = hints, pattern

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The pattern; all of them together take 10 ms to compile, and most texts hint at none."""
        return re.compile(self._pattern)


def _shape(hints: str, pattern: str) -> Shape:
    return Shape(tuple(hints.split()), pattern)


_DRAWN = r"(?:(?=[a-z0-9_-]{0,60}[A-Z])(?=[A-Z0-9_-]{0,60}[a-z])|(?=[A-Za-z0-9_-]{0,60}\d[A-Za-z0-9]{9})|(?=[A-Za-z_-]{0,40}[a-z0-9]{16}))"
"""Upper and lower case, or many letters and digits without a separator: a name such as sk-learn-contrib has neither."""

SHAPES = (
    # model services, Hugging Face, LangSmith
    _shape("sk- pk- rk-", rf"\b[spr]k-{_DRAWN}[A-Za-z0-9_-]{{12,250}}"),
    _shape("T3BlbkFJ", r"sk-[A-Za-z0-9_-]{20,200}T3BlbkFJ[A-Za-z0-9_-]{20,200}"),
    _shape(
        "xai gsk hf- hf_ r8- r8_ v2_pt v2_sk nvapi pplx tgp_v1",
        rf"\b(?:xai|gsk|hf|r8|lsv2_pt|lsv2_sk|nvapi|pplx|tgp_v1)[-_]{_DRAWN}[A-Za-z0-9_-]{{12,250}}",
    ),
    _shape("k_live_ k_test_", r"[spr]k_(?:live|test)_[A-Za-z0-9_]{12,250}"),  # Stripe
    _shape("AIza", r"\bAIza[A-Za-z0-9_-]{30,60}"),  # Google
    _shape("ABIA ACCA AKIA ASIA", r"(?:ABIA|ACCA|AKIA|ASIA)[A-Z0-9]{16,40}"),  # AWS
    _shape("A3T", r"(?<![A-Za-z0-9])A3T[A-Z0-9]{17}(?![A-Za-z0-9])"),
    _shape("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{20,255}"),
    _shape(
        "glpat- gldt- glft- glsoat- glrt- glcbt- glimt- glptt- glagent- gloas-",
        r"gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas)-[A-Za-z0-9_-]{16,1024}",
    ),
    _shape("GR1348941", r"GR1348941[A-Za-z0-9_-]{16,60}"),
    _shape("xox", r"xox[a-z]-[A-Za-z0-9-]{10,200}"),  # Slack
    _shape("slack.com", r"hooks\.slack\.com/services/T[A-Za-z0-9_]{1,40}/B[A-Za-z0-9_]{1,40}/[A-Za-z0-9_]{1,60}"),
    # signed tokens
    _shape("eyJ", r"eyJ[A-Za-z0-9_=-]{8,2000}\.[A-Za-z0-9_=-]{8,4000}(?:\.[A-Za-z0-9_.+/=-]{4,1000})?"),
    _shape("SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),  # SendGrid
    _shape("pypi-Ag", r"pypi-Ag[A-Za-z0-9_-]{70,300}"),
    _shape("npm_", r"npm_[A-Za-z0-9]{36}"),
    _shape("sq0csp-", r"sq0csp-[0-9A-Za-z\\_-]{43}"),  # Square
    _shape("-us", r"[0-9a-z]{32}-us\d{1,2}"),  # Mailchimp
    _shape("M N O", r"[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27}"),  # Discord
    _shape(":", r"\d{8,10}:(?=[0-9]{0,30}[A-Za-z_-])[0-9A-Za-z_-]{35}"),  # Telegram
    _shape("AC SK", r"(?<![A-Za-z0-9])(?:AC|SK)(?=[a-z]{0,30}\d)[a-z0-9]{32}(?![A-Za-z0-9])"),  # Twilio
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
_IS = rf"\]?{_QUOTE}\]?[ \t]{{0,16}}(?::=|=>|::|[:=])[ \t]{{0,16}}{_QUOTE}"
_BESIDE = rf"(?:{_IS}|{_QUOTE}\]?[ \t]{{1,16}}{_QUOTE}(?=[A-Za-z0-9_-]{{24}}))"
_WORDS = r"(?:password|passwd|pwd|passphrase|client[-_ ]?secret)"
_ASSIGNED = (
    r"(?i)(\b(?:bearer|basic)[ \t]{1,4}(?=[^\s]{0,100}\d|[^\s]{20})"  # not "basic authentication"
    rf"|(?:\b|_)(?:x-)?(?:api|access|secret|auth|refresh|session)[-_ ]?(?:key|token){_IS}"
    rf"|secret[-_]?(?:access)?[-_]?key{_BESIDE}|account[-_ ]?key{_IS}"
    # clouds; `cl_token` and `sl-pw` are how theirs are called
    r"|(?:\b|_)(?:cloudant|clou|cl|ibm[-_]?cloud[-_]?iam|cloud[-_]?iam|ibm[-_]?(?:cloud|iam)?|iam|softlayer|sl)"
    rf"[-_]?(?:api)?[-_]?(?:key|pwd|pw|password|pass|token){_BESIDE}"
    rf"|\bauthorization{_IS}(?:bearer[ \t]|basic[ \t]|token[ \t])?"
    r"|[?&](?:key|sig|signature|token|code|x-amz-signature|x-goog-signature)="
    rf"|_authtoken{_IS}"
    r"|api\.softlayer\.com/soap/v3(?:\.1)?/"
    r"|\b(?:set-)?cookie\\{0,8}[\"']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,8}[\"']?[^\s=;,\"'\\]{1,100}="
    rf"|(?:\b|_){_WORDS}{_IS})"
    r"([A-Za-z0-9+/_.=~%-]{8,4000})"
)
_LONG = rf"(?i)((?:\b|_)(?:api)?[-_]?(?:key|pwd|pass(?:word)?|token){_BESIDE})([A-Za-z0-9_-]{{44}})(?![A-Za-z0-9_-])"
"""Forty-four characters are what one IAM service hands out; no hash has so many."""
_AWS = r"(?i)(aws.{0,20}?(?:key|pwd|pw|password|pass|token).{0,20}?['\"])([0-9a-zA-Z/+]{40})(?=['\"])"
_QUOTED = (
    rf"(?i)((?:\b|_)(?:{_WORDS}|(?:api|access|secret|auth)[-_ ]?(?:key|token))\\{{0,8}}[\"'][ \t]{{0,4}}:[ \t]{{0,4}}"
    r"\\{0,8}[\"'])([^\"'\\\n]{4,400})(?=\\{0,8}[\"'])"
)
"""In JSON a password may hold anything."""

PLACES = (
    Shape(("://",), LOGIN.pattern),
    Shape(("aws",), _AWS),
    Shape(("key", "pwd", "pass", "token"), _LONG),
    Shape(("pass", "pwd", "secret", "key", "token"), _QUOTED),
    Shape(
        (
            "pass",
            "pwd",
            "pw",
            "secret",
            "key",
            "token",
            "bearer",
            "basic",
            "authorization",
            "sig=",
            "signature=",
            "code=",
            "softlayer",
            "cookie",
        ),
        _ASSIGNED,
    ),
)
"""Each has two groups: what stays, and the secret. Hints are those of the text in lower case."""
