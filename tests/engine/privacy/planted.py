"""Forty secrets, put together from parts so that no scanner of repositories sees one."""

import random

DRAW = random.Random(20)
ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"


def drawn(n, signs=ALNUM):
    return "".join(DRAW.choice(signs) for _ in range(n))


ENVIRONMENT = {
    "OPENAI_API_KEY": "house-" + drawn(30),
    "DB_PASSWORD": "correct horse " + drawn(6),
    "REDIS_PWD": "hunter" + "hunter",
    "SENTRY_DSN": "https://" + drawn(32, HEX) + "@sentry.invalid/4",
    "DATABASE_URL": "postgres://me:" + drawn(14) + "@db/x",
    "STAGING_AUTH": "user:" + drawn(12),
    "GOOGLE_CREDENTIALS_JSON": '{"private": "' + drawn(24) + '"}',
    "SECRET_KEY_BASE": drawn(40, HEX),
    "SLACK_TOKEN_BOT": drawn(24),
    "MY_PASSWD": 'qu"ote/' + drawn(8),
    "HOUSE_PASSPHRASE": "caf\u00e9-" + drawn(10),
    "SIGNING_SECRETS": drawn(20) + "," + drawn(20),
    "VENDOR_APIKEY": drawn(18),
    "SMTP_PASS": drawn(9),
}
"""Known by the name of their entry; they look like nothing."""

SHAPED = [
    "AK" + "IA" + drawn(16, ALNUM[:26]),
    "AS" + "IA" + drawn(16, ALNUM[:26]),
    "s" + "k-" + drawn(20) + "T3Blbk" + "FJ" + drawn(20),
    "s" + "k-ant-api03-" + drawn(40),
    "s" + "k_live_" + drawn(24),
    "r" + "k_live_" + drawn(24),
    "gh" + "p_" + drawn(36),
    "gh" + "s_" + drawn(36),
    "github" + "_pat_" + drawn(40),
    "gl" + "pat-" + drawn(20),
    "gl" + "rt-" + drawn(24),
    "xo" + "xb-" + "-".join((drawn(12, HEX[:10]), drawn(12, HEX[:10]), drawn(24, ALNUM[26:]))),
    "https://hooks.slack" + ".com/services/T" + drawn(8) + "/B" + drawn(8) + "/" + drawn(24),
    "AI" + "za" + drawn(35),
    "h" + "f_" + drawn(34),
    "ls" + "v2_pt_" + drawn(32, HEX) + "_" + drawn(10, HEX),
    "ey" + "J" + drawn(20) + "." + drawn(40) + "." + drawn(43),
    "S" + "G." + drawn(22) + "." + drawn(43),
    "py" + "pi-AgEIcHlwaS5vcmc" + drawn(80),
    "np" + "m_" + drawn(36),
    "sq0" + "csp-" + drawn(43),
    drawn(32, HEX) + "-us" + "12",
    "M" + drawn(23) + "." + drawn(6) + "." + drawn(27),
    drawn(9, "123456789") + ":" + drawn(35),
    "A" + "C" + drawn(32, HEX),
    "-----BEGIN RSA " + "PRIVATE KEY-----\n" + drawn(64) + "\n" + drawn(64) + "\n-----END RSA " + "PRIVATE KEY-----",
]
"""Known by their shape."""

PLACED = [
    ("mysql://root:{}@db:3306/x", drawn(11)),
    ("Authorization: Bearer {}", drawn(24)),
    ("https://api.invalid/v1?key={}", drawn(16)),
    ('{{"password": "{}"}}', drawn(10)),
    ("Set-Cookie: session={}", drawn(20)),
]
"""Known by where they stand: what stands around it, and the secret."""

TEXTS = [*ENVIRONMENT.values(), *SHAPED, *(around.format(secret) for around, secret in PLACED)]
"""As they are written into answers, reasons and exceptions."""


def needles():
    """What must be nowhere: each secret, of an address only its password, of several lines each."""
    found = []
    for name, value in ENVIRONMENT.items():
        secret = value.split(":")[2].split("@")[0] if name == "DATABASE_URL" else value
        found += secret.split(",") if name == "SIGNING_SECRETS" else [secret]
    for value in SHAPED:
        found += value.splitlines()[1:3] if "\n" in value else [value.removeprefix("https://hooks.slack" + ".com/")]
    return [*found, *(secret for _, secret in PLACED)]
