"""Secrets are found by value, by shape and by place; ordinary text, names and short values are left alone."""

import base64
import importlib
import json
import pkgutil
import random
import re
import string
from io import BytesIO, TextIOWrapper
from re import _parser

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from seatrial.adapters.langsmith.push import refuse_pii
from seatrial.dataset import Example
from seatrial.errors import DataError
from seatrial.model.hub import Hub
from seatrial.privacy.key_shapes import PLACES, SHAPES
from seatrial.privacy.redact import _LEAST, Redactor, secrets_of
from seatrial.privacy.streams import RedactedStream

from .planted import ENVIRONMENT, PLACED, SHAPED, TEXTS, needles

VALUE = "zebra-" + "4711-quilt"


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "GITHUB_TOKEN", "SECRET_KEY_BASE", "DB_PASSWORD", "MYSQL_PASSWD", "REDIS_PWD", "AWS_CREDENTIALS",
     "SENTRY_DSN", "BASIC_AUTH", "SMTP_PASS", "db_password_prod", "APIKEY", "GITHUB_PAT", "ACCESS_TOKENS"],
)  # fmt: skip
def test_an_entry_named_like_a_key_is_a_secret(name):
    assert Redactor({name: VALUE})(f"it was {VALUE}.") == "it was <secret>."


@pytest.mark.parametrize(
    ("name", "value"),
    [("USE_AUTH", "true"), ("API_KEY", "1"), ("TOKEN", "none"), ("MAX_TOKENS", "128000"), ("PWD", "/srv/house-4711"),
     ("OLDPWD", "/srv/house-4711"), ("AUTH", "enabled"), ("PRIMARY_KEY", "customer"), ("PASSWORD", "abc"),
     ("HOME", "/srv/house-4711"), ("KEYBOARD", "qwertz-105"), ("AUTHOR", "Jane Doe 4711"),
     ("PATH", "/usr/bin:/bin-4711"), ("TOKENIZERS_PARALLELISM", "false-4711")],
)  # fmt: skip
def test_an_entry_that_holds_no_secret_masks_no_text(name, value):
    assert list(secrets_of({name: value})) == []


@pytest.mark.parametrize("text", [*SHAPED, *(around.format(secret) for around, secret in PLACED)])
def test_a_key_is_known_without_its_value(text):
    redacted = Redactor()(f"said {text} then")
    assert "<secret>" in redacted
    assert redacted.endswith(" then")
    assert not any(needle in redacted for needle in needles())


@pytest.mark.parametrize(
    "text",
    ["The key to a token economy: basic authentication, secret sauce, passwords are bad.", "pk_orders_customer_address",
     "task-management-tool and risk-assessment-2024", "sk-learn-contrib-extras", "hf_transformers_model_card",
     "SELECT token, api_key FROM sessions WHERE password IS NULL", "max_tokens=4096, token: 17, key=label",
     "550e8400-e29b-41d4-a716-446655440000", "sha256:" + "ab12" * 16, "https://example.com/a/b?page=2&sort=key",
     "2024-01-15T10:30:00.123456+00:00 [INFO] seatrial.runner: done", "postgres://db.example.com:5432/orders",
     "src/seatrial/privacy/redact.py:123: AssertionError", "cache_key = label", "the author's keynote at 10:30", "a@b.example"],
)  # fmt: skip
def test_ordinary_text_is_left_alone(text):
    redact = Redactor(ENVIRONMENT)
    assert redact(text) is text
    assert redact.json(json.dumps({"a": text})) == json.dumps({"a": text})


LENIENT = {
    "IPPublicDetector": "an address is no secret",
    "PrivateKeyDetector": "finds the first line; the key is what follows (in SHAPED)",
    "ArtifactoryDetector": "matches any word of eleven letters that begins with AP; ours are as long as theirs are",
    "JwtTokenDetector": "matches eyJ0.0; ours have a head and a body",
}


def maintained():
    """(detector, pattern) of detect-secrets."""
    plugins = importlib.import_module("detect_secrets.plugins")
    base = importlib.import_module("detect_secrets.plugins.base").RegexBasedDetector
    for module in pkgutil.iter_modules(plugins.__path__):
        for name, one in vars(importlib.import_module(f"detect_secrets.plugins.{module.name}")).items():
            if isinstance(one, type) and issubclass(one, base) and one is not base and name not in LENIENT:
                for n, regex in enumerate(one().denylist):
                    yield pytest.param(regex, id=f"{name}-{n}")


@pytest.mark.parametrize("regex", list(maintained()))
def test_what_the_maintained_list_finds_is_redacted(regex):
    """Texts drawn from each pattern: whatever it would report as a secret is gone."""
    # Their patterns ignore case here and there; a key of a service has the case that the service gives it.
    drawn = re.compile(
        regex.pattern.replace("api.softlayer.com", r"api\.softlayer\.com").replace("v3.1", r"v3\.1"),
        regex.flags & ~re.IGNORECASE,
    )

    @settings(max_examples=12, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    @given(st.from_regex(drawn, fullmatch=True, alphabet=string.printable[:94] + " "))
    def redacts(text):
        reported = f"say {re.sub(' {9,}', '  ', text)} now"
        secrets = {part for match in drawn.finditer(reported) for part in (match.groups() or (match.group(),)) if part}
        # Shorter ones are words; ones of one kind of sign are numbers or names.
        secrets = {one for one in secrets if len(one) >= 20 and re.search("[a-z]", one) and re.search(r"\d", one)}
        redacted = Redactor()(reported)
        left = [one for one in secrets if one in redacted and not re.search(r"[\s\"'\\@|;<>{}]", one)]
        assert not left, (text, redacted)

    redacts()


FORMS = (
    str,
    json.dumps,
    lambda s: json.dumps(json.dumps([s])),
    lambda s: base64.b64encode(f"u:{s}".encode()).decode(),
    lambda s: s.encode().hex(),
    " ".join,
    "\u200b".join,
    lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    lambda s: "".join(f"%{b:02x}" for b in s.encode()),
    lambda s: "".join(f"&#{ord(c)};" for c in s),
    lambda s: s[:4] + "\n" + s[4:],
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*ENVIRONMENT.values()]), st.sampled_from(FORMS), st.text("ab \n", max_size=5))
def test_the_quick_look_overlooks_nothing(secret, form, around):
    text = around + form(secret) + around
    redact = Redactor({"HOUSE_PASSWORD": secret})
    if redact.holds_secret(text):
        assert redact.suspects(text)
        assert not redact.holds_secret(redact(text))


def test_a_key_that_comes_into_the_environment_later_is_learnt():
    environ = {}
    redact = Redactor(environ)
    redact.watch(environ)
    environ["LATE_API_KEY"] = VALUE
    assert redact(VALUE) == VALUE
    redact.refresh()
    assert redact(f"a {VALUE}") == "a <secret>"


def test_a_stream_redacts_lines_that_come_in_pieces_and_bytes():
    raw = BytesIO()
    stream = RedactedStream(TextIOWrapper(raw, encoding="utf-8", write_through=True))
    from seatrial.privacy import exits  # noqa: PLC0415 - its redactor is the process's

    exits.know({"PIECES_API_KEY": VALUE})
    stream.write(f"it is {VALUE[:7]}")
    stream.write(f"{VALUE[7:]}.\nnext")
    stream.buffer.write(f" {VALUE}\n".encode())
    with pytest.raises(TypeError):
        stream.write(b"")
    stream.flush()
    assert raw.getvalue().decode() == "it is <secret>.\nnext <secret>\n"


def test_a_hub_knows_the_process_s_environment(monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", VALUE)
    assert Hub().redact(f"a {VALUE}") == "a <secret>"
    assert Hub(environ={}).redact(f"a {VALUE}") == f"a {VALUE}"


def test_a_dataset_with_a_secret_is_not_pushed():
    good = Example("e1", {"text": "all is well"})
    bad = Example("e2", {"text": f"my key is {SHAPED[0]}"})
    refuse_pii([good], "not pushed")
    with pytest.raises(DataError, match=r"1 of its examples hold a secret .* the first is 'e2'") as error:
        refuse_pii([good, bad], "not pushed")
    assert SHAPED[0] not in str(error.value)


@pytest.mark.parametrize(
    "unit", ["sk-", "eyJ.", "a.", "://a:", "key=", "-----BEGIN PRIVATE KEY-----", "AP0", "&#1;", "M" * 24 + "."]
)
def test_a_hostile_text_comes_back(unit):
    Redactor(ENVIRONMENT)(unit * (30_000 // len(unit)))  # one that is read in many ways would never


def test_redacting_twice_changes_nothing():
    redact = Redactor(ENVIRONMENT)
    draw = random.Random(3)
    for _ in range(20):
        once = redact(" ".join(draw.choice(TEXTS) for _ in range(3)))
        assert redact(once) == once


@pytest.mark.parametrize("shape", [*SHAPES, *PLACES], ids=lambda shape: shape.hints[0])
def test_no_pattern_matches_a_text_that_is_too_short_to_be_searched(shape):
    assert _parser.parse(shape.regex.pattern).getwidth()[0] >= _LEAST


def test_the_shortest_text_that_holds_a_key_is_searched():
    assert Redactor()("://:x@") == "://:<secret>@"
