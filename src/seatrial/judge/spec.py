"""Judge: a versioned judge as its file says: model, pinned prompt, scale, parameters, price.

# judges/helpful.toml, beside its prompt judges/helpful.v3.md
schema = "seatrial/judge/1"
version = 3
model = "openai:gpt-4o-mini"
answer = "acknowledgement"          # which field of a version's output is judged; without it all of it
max_tokens = 1024
[parameters]
temperature = 0
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.canonical import content_hash
from seatrial.errors import ConfigError
from seatrial.judge.prompt import RENDERING, SYSTEM, check_template
from seatrial.model.question import shaping
from seatrial.price import Price, read_price

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = "seatrial/judge/1"
FOLDER = "judges"
PINS, PANELS = "prompts.toml", "panels.toml"
"""Files of that folder that are no judge."""

MAX_TOKENS, MORE_ROOM = 1024, 4
"""Reply tokens of the first call, and how many times as many the call after a reply that was cut short may have."""

KEYS = (
    *("schema", "version", "model", "reported", "prompt", "answer", "inputs", "labels", "scale", "graphs"),
    *("max_tokens", "max_tokens_ceiling", "max_same_answer", "parameters", "price", "example"),
)
EXAMPLE = ("inputs", "a", "b", "reference", "preference", "reason")
RESERVED = ("model", "max_tokens", "max_retries", "timeout", "n", "stream", "response_format", "tools")


@dataclass(frozen=True, slots=True)
class Shown:
    """One few-shot correction: texts, and the verdict that would have been right."""

    inputs: str | None
    a: str
    b: str
    reference: str | None
    preference: float
    reason: str

    def texts(self) -> tuple[str | None, ...]:
        """All of it, as texts."""
        return (self.inputs, self.a, self.b, self.reference, repr(self.preference), self.reason)


@dataclass(frozen=True, slots=True)
class Judge:
    """One version of a judge.

    Attributes:
        name: of its file.
        version: whole number; a prompt has one version, and a version one prompt.
        model: `provider:model`.
        template: the prompt's text.
        prompt_hash: sha256 of that text, 64 hex digits.
        reported: the model name a gateway or a deployment reports in place of the one asked for; empty = the same.
        answer: dotted paths of the judged field in an output, the first that is there counts; none = all of the output.
        inputs: likewise of the example's inputs.
        labels: what the first and the second answer are called.
        scale: the preferences a reply may hold; empty = any number from 0 to 1.
        graphs: the graphs it judges; empty = any.
        max_tokens: reply tokens of the first call.
        max_tokens_ceiling: of the call after a reply that was cut short; equal to `max_tokens` = pinned.
        max_same_answer: a candidate that gives one and the same answer to a larger share of the examples is refused.
        parameters: passed on to the provider.
        price: None = not said here, and then the project's price table says it.
        examples: few-shot corrections.
    """

    name: str
    version: int
    model: str
    template: str
    prompt_hash: str
    reported: str = ""
    answer: tuple[str, ...] = ()
    inputs: str = ""
    labels: tuple[str, str] = ("answer A", "answer B")
    scale: tuple[float, ...] = ()
    graphs: tuple[str, ...] = ()
    max_tokens: int = MAX_TOKENS
    max_tokens_ceiling: int = MAX_TOKENS * MORE_ROOM
    max_same_answer: float = 0.5
    parameters: Mapping[str, Any] = field(default_factory=dict)
    price: Price | None = None
    examples: tuple[Shown, ...] = ()

    @property
    def hash(self) -> str:
        """16 hex digits of everything its verdicts depend on."""
        return content_hash(
            [
                *(RENDERING, SYSTEM, self.name, self.version, self.model, self.prompt_hash, self.reported),
                *(list(self.answer), self.inputs, list(self.labels), list(self.scale)),
                *(self.max_tokens, self.max_tokens_ceiling, shaping(self.parameters)),
                [list(one.texts()) for one in self.examples],
            ]
        )

    @property
    def identity(self) -> str:
        """`name@version#hash`."""
        return f"{self.name}@{self.version}#{self.hash}"

    @property
    def reply_schema(self) -> dict[str, Any]:
        """JSON schema of a verdict; the range of a free number is checked by us, since few providers know `minimum`."""
        preference: dict[str, Any] = {"type": "number", "description": "1: A is better, 0: B is better, 0.5: neither"}
        if self.scale:
            preference["enum"] = list(self.scale)
        return {
            "title": "verdict",
            "description": "which of two answers is better",
            "type": "object",
            "properties": {"reason": {"type": "string", "description": "one sentence"}, "preference": preference},
            "required": ["reason", "preference"],
            "additionalProperties": False,
        }


def judge_names(root: Path) -> tuple[str, ...]:
    """Names of the judges of a project."""
    return tuple(sorted(file.stem for file in (root / FOLDER).glob("*.toml") if file.name not in (PINS, PANELS)))


def read_judge(root: Path, name: str) -> Judge:
    """Read `judges/<name>.toml` and its prompt.

    Raises:
        ConfigError: there is no such judge, a word in its file is unknown or wrong, or its prompt cannot be used.
    """
    file = root / FOLDER / f"{name}.toml"
    if name not in judge_names(root):
        known = ", ".join(judge_names(root)) or f"none yet; write {FOLDER}/{name}.toml"
        raise ConfigError(f"no judge is called {name!r}: {file} does not exist; judges here: {known}")
    raw = toml.read(file, "judge")
    place = str(file)
    toml.only_known(raw, KEYS, place)
    toml.word(SCHEMA)(raw.get("schema", SCHEMA), f"{place}: schema")
    for needed in ("version", "model"):
        if needed not in raw:
            raise ConfigError(f"{place}: {needed} is missing")
    version = toml.integer(raw["version"], f"{place}: version")
    prompt = file.with_name(toml.text(raw.get("prompt", f"{name}.v{version}.md"), f"{place}: prompt"))
    template = _prompt(prompt)
    check_template(template, str(prompt))
    texts = {key: toml.text(raw[key], f"{place}: {key}") for key in ("reported", "inputs") if key in raw}
    max_tokens = toml.integer(raw.get("max_tokens", MAX_TOKENS), f"{place}: max_tokens")
    ceiling = toml.integer(raw.get("max_tokens_ceiling", max_tokens * MORE_ROOM), f"{place}: max_tokens_ceiling")
    if ceiling < max_tokens:
        raise ConfigError(f"{place}: max_tokens_ceiling {ceiling} is below max_tokens {max_tokens}")
    return Judge(
        name,
        version,
        toml.text(raw["model"], f"{place}: model"),
        template,
        hashlib.sha256(template.encode()).hexdigest(),
        answer=_paths(raw.get("answer", []), f"{place}: answer"),
        labels=_labels(raw.get("labels", ["answer A", "answer B"]), place),
        scale=_scale(raw.get("scale", []), place),
        graphs=_texts(raw.get("graphs", []), f"{place}: graphs"),
        max_tokens=max_tokens,
        max_tokens_ceiling=ceiling,
        max_same_answer=_up_to_one(raw.get("max_same_answer", 0.5), f"{place}: max_same_answer"),
        parameters=MappingProxyType(_parameters(raw.get("parameters", {}), f"{place}: [parameters]")),
        price=None if raw.get("price") is None else read_price(raw["price"], f"{place}: [price]"),
        examples=_examples(raw.get("example", []), place),
        **texts,
    )


def _prompt(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise ConfigError(f"prompt {file} does not exist; a judge's prompt stands beside its file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"prompt {file} cannot be read: {error}") from error


def _parameters(raw: Any, place: str) -> dict[str, Any]:
    found = dict(toml.table(raw, place))
    for name in found:
        if name in RESERVED:
            raise ConfigError(f"{place}: {name!r} is set by seatrial; take it out")
        if name.endswith(("api_key", "secret", "password")) or name == "default_headers":
            raise ConfigError(f"{place}: {name!r} holds a secret, which belongs in the environment; take it out")
    try:
        json.dumps(found)
    except TypeError as error:
        raise ConfigError(f"{place}: {error}") from error
    return found


def _examples(raw: Any, place: str) -> tuple[Shown, ...]:
    if not isinstance(raw, list):
        raise ConfigError(f"{place}: example is a list of tables; write [[example]]")
    return tuple(_example(one, f"{place}: [[example]] number {i}") for i, one in enumerate(raw, start=1))


def _example(raw: Any, place: str) -> Shown:
    found = toml.table(raw, place)
    toml.only_known(found, EXAMPLE, place)
    for name in ("a", "b", "preference", "reason"):
        if name not in found:
            raise ConfigError(f"{place}: {name} is missing")
    texts = {
        name: toml.text(found[name], f"{place}: {name}") for name in EXAMPLE if name in found and name != "preference"
    }
    preference = _up_to_one(found["preference"], f"{place}: preference")
    return Shown(texts.get("inputs"), texts["a"], texts["b"], texts.get("reference"), preference, texts["reason"])


def _paths(raw: Any, place: str) -> tuple[str, ...]:
    return _texts([raw] if isinstance(raw, str) else raw, place)


def _labels(raw: Any, place: str) -> tuple[str, str]:
    found = _texts(raw, f"{place}: labels")
    if len(set(found)) != 2 or any("\n" in label or "<" in label or ">" in label for label in found):
        raise ConfigError(f"{place}: labels are two different words, got {raw!r}")
    return found[0], found[1]


def _scale(raw: Any, place: str) -> tuple[float, ...]:
    if not isinstance(raw, list):
        raise ConfigError(f"{place}: scale is a list of numbers, got {raw!r}")
    found = tuple(_up_to_one(one, f"{place}: scale") for one in raw)
    if found and sorted(found) != sorted(1 - one for one in found):
        raise ConfigError(f"{place}: scale {raw!r} is not symmetric about 0.5; what A may get, B may get")
    return found


def _up_to_one(value: Any, place: str) -> float:
    found = toml.number(value, place)
    if not 0 <= found <= 1:
        raise ConfigError(f"{place}: must lie in 0..1, got {value!r}")
    return found


def _texts(raw: Any, place: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(one, str) and one for one in raw):
        raise ConfigError(f"{place}: expected a list of texts, got {raw!r}")
    return tuple(raw)
