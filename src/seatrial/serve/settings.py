"""Settings of the server: `[tool.seatrial.serve]` of a project's pyproject.toml, and what the environment says.

[tool.seatrial.serve]
timeout_s = 60
[tool.seatrial.serve.timeouts]      # by graph
text_to_sql = 10
[tool.seatrial.serve.concurrency]   # by pool
default = 8
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.errors import ConfigError
from seatrial.serve.auth import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEYS = "SEATRIAL_API_KEY_SHA256"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Limits of the server.

    Attributes:
        timeout_s: seconds a run may take.
        timeouts: graph -> seconds, instead.
        concurrency: pool -> runs at once.
        tokens: graph -> tokens that one request may use before a further model call is refused.
        default_concurrency: of a pool that is not named.
        waiting: runs that may wait for a place in their pool; further ones are refused.
        max_body: bytes of a request's body.
        body_timeout_s: seconds in which a body must have come.
        snapshot_every_s: seconds between two reads of a rollout's shares.
        shadow_waiting: copied requests that may wait for a candidate; further ones are dropped and counted.
    """

    timeout_s: float = 60.0
    timeouts: Mapping[str, float] = field(default_factory=dict)
    concurrency: Mapping[str, int] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)
    default_concurrency: int = 8
    waiting: int = 64
    max_body: int = 1_000_000
    body_timeout_s: float = 10.0
    snapshot_every_s: float = 10.0
    shadow_waiting: int = 100

    def timeout_of(self, graph: str) -> float:
        """Seconds a run of this graph may take."""
        return self.timeouts.get(graph, self.timeout_s)

    def places_of(self, pool: str) -> int:
        """Runs of this pool at once."""
        return self.concurrency.get(pool, self.default_concurrency)


def read_serve_settings(root: Path, graphs: tuple[str, ...], pools: tuple[str, ...]) -> ServeSettings:
    """Read and check `[tool.seatrial.serve]`.

    Raises:
        ConfigError: a word is unknown, or a value of another kind; the message names the place.
    """
    file = root / "pyproject.toml"
    raw: Mapping[str, Any] = toml.read(file).get("tool", {}).get("seatrial", {}).get("serve", {})
    place = f"{file}: [tool.seatrial.serve]"
    toml.only_known(raw, [*_CHECKS, "timeouts", "concurrency", "tokens"], place)
    values: dict[str, Any] = {
        name: check(raw[name], f"{place}: {name}") for name, check in _CHECKS.items() if name in raw
    }
    for name, known, check in (
        ("timeouts", graphs, _seconds),
        ("concurrency", pools, toml.integer),
        ("tokens", graphs, toml.integer),
    ):
        table = toml.table(raw.get(name, {}), f"{place[:-1]}.{name}]")
        toml.only_known(table, known, f"{place[:-1]}.{name}]")
        values[name] = {key: check(value, f"{place[:-1]}.{name}]: {key}") for key, value in table.items()}
    return ServeSettings(**values)


def api_keys(environ: Mapping[str, str], host: str) -> tuple[str, ...]:
    """SHA-256 digests of the keys that are let in; none = everybody, on loopback only.

    Raises:
        ConfigError: none is set and `host` is reached from elsewhere, or one is no digest.
    """
    digests = tuple(one.strip().lower() for one in environ.get(KEYS, "").split(",") if one.strip())
    if not digests and host not in LOOPBACK:
        raise ConfigError(
            f"the server would listen on {host} without a key: set {KEYS} to the SHA-256 of a key "
            "(printf %s KEY | sha256sum), or bind it to 127.0.0.1"
        )
    if any(not _DIGEST.fullmatch(one) for one in digests):
        raise ConfigError(
            f"{KEYS} is one or more SHA-256 digests of 64 hex digits, joined by commas; it holds something else"
        )
    return digests


def _seconds(value: Any, place: str) -> float:
    found = toml.number(value, place)
    if found <= 0:
        raise ConfigError(f"{place}: must be more than 0 seconds, got {value!r}")
    return float(found)


_CHECKS = {
    "timeout_s": _seconds,
    "default_concurrency": toml.integer,
    "waiting": toml.integer,
    "max_body": toml.integer,
    "body_timeout_s": _seconds,
    "snapshot_every_s": _seconds,
    "shadow_waiting": toml.integer,
}
