"""Webhooks of a rollout: messages that follow the ledger, and the two questions that Flagger's webhooks ask.

[hook.pager]                               # experiments/webhooks.toml
url = "https://pager.example/hook"         # or url_env = "PAGER_URL", for addresses that hold a secret
type = "event"                             # event, confirm-promotion, rollback
timeout = "10s"

`event` is told of every move, of every reason that calls a person and of a budget that is spent, once. `confirm-promotion` is asked before a cell gets
all of its traffic: anything but 2xx, silence too, holds it. `rollback` is asked at every step: 2xx takes the cells to 0 %.
"""

from __future__ import annotations

import os
import threading
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.adapters.post import is_web_address, post_json
from seatrial.canonical import canonical_json
from seatrial.errors import ConfigError
from seatrial.outcome.metric import duration
from seatrial.store import ledger as kept

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from seatrial.rollout.ledger import Decided
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import State
    from seatrial.store.engine import Store


class HookType(StrEnum):
    """What a webhook is for, named as in Flagger."""

    EVENT = "event"
    CONFIRM_PROMOTION = "confirm-promotion"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook.

    Attributes:
        name: its name in the file.
        url: where it is posted to.
        type: what it is for.
        timeout: seconds until it is given up.
        fault: why it cannot be called; empty where it can. Its messages wait, and its promotion is not confirmed.
    """

    name: str
    url: str
    type: HookType = HookType.EVENT
    timeout: float = 10.0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class BudgetSpent:
    """A budget that is spent.

    Attributes:
        graph: whose calls are refused.
        period: `day` or `month`.
        began: the day or the month, `2026-03-02` or `2026-03`.
        limit_usd: the limit.
        spent_usd: what was spent when the first call was refused.
    """

    graph: str
    period: str
    began: str
    limit_usd: float
    spent_usd: float


def load_hooks(path: Path) -> tuple[Hook, ...]:
    """Read `experiments/webhooks.toml`; no file, no hooks.

    Raises:
        ConfigError: a word or a value is wrong, or `url_env` names an entry that is not set.
    """
    hooks = read_hooks(path)
    for hook in hooks:
        if hook.fault:
            raise ConfigError(hook.fault)
    return hooks


def read_hooks(path: Path) -> tuple[Hook, ...]:
    """`load_hooks` for a decision that may not wait for its messages: what is wrong with a hook is its `fault`.

    A file that cannot be read, and a hook of no known type, may have meant a confirmation: they stand for one.
    """
    if not path.is_file():
        return ()
    try:
        raw = toml.read(path, "webhooks")
        toml.only_known(raw, ("hook",), str(path))
        rules = toml.table(raw.get("hook", {}), f"{path}: [hook]")
    except ConfigError as error:
        return (Hook(path.name, "", HookType.CONFIRM_PROMOTION, fault=str(error)),)
    return tuple(_read_hook(name, rule, f"{path}: [hook.{name}]") for name, rule in rules.items())


def messages(hooks: Sequence[Hook], rules: Rules, decided: Decided, texts: Sequence[str]) -> tuple[kept.Message, ...]:
    """What every `event` hook is told of a row: one message per cell with news; `texts` are its sentences."""
    found = []
    for hook in hooks:
        if hook.type is not HookType.EVENT:
            continue
        for one, text in zip(decided.reported, texts, strict=True):
            place = f"{rules.rollout}/{decided.row.sequence}/{one.cell}/{hook.name}"
            body = _payload(
                rules, decided.state, one.cell, "Failed" if one.move.value in ("back", "off") else "Progressing"
            )
            body["metadata"] |= {"id": place, "move": one.move.value, "why": one.reason.why.value, "text": text}
            found.append(kept.Message(place, hook.name, canonical_json(body)))
    return tuple(found)


def budget_messages(hooks: Sequence[Hook], spent: BudgetSpent) -> tuple[kept.Message, ...]:
    """What every `event` hook is told of a spent budget; the id is the same for one graph, period and limit."""
    found = []
    for hook in hooks:
        place = f"budget/{spent.graph}/{spent.began}/{spent.limit_usd:g}/{hook.name}"
        text = f"graph {spent.graph!r} has spent ${spent.spent_usd:,.2f} of ${spent.limit_usd:,.2f} this {spent.period}; its model calls are refused"
        metadata = {"id": place, "why": "budget_spent", "text": text, **asdict(spent)}
        body = {"name": spent.graph, "namespace": "budget", "phase": "Failed", "checksum": "", "metadata": metadata}
        found.append(kept.Message(place, hook.name, canonical_json(body)))
    return tuple(found)


def ask(hooks: Sequence[Hook], rules: Rules, state: State) -> tuple[tuple[str, str, bool], ...]:
    """(cell, type, answer) of every question: `confirm-promotion` of cells on the last stage, `rollback` of cells with traffic."""
    requested: list[tuple[str, Hook, str]] = []
    for cell in state.cells:
        for hook in hooks:
            last = hook.type is HookType.CONFIRM_PROMOTION and cell.rung == rules.top - 1
            if last or (hook.type is HookType.ROLLBACK and cell.rung):
                requested.append((cell.cell, hook, canonical_json(_payload(rules, state, cell.cell, "Progressing"))))
    answers = _post([(hook, body) for _, hook, body in requested])
    return tuple(
        (cell, hook.type.value, error == "") for (cell, hook, _), error in zip(requested, answers, strict=True)
    )


def deliver(store: Store, rollout: str, hooks: Sequence[Hook], now: float) -> tuple[str, ...]:
    """Send what has not arrived yet, each message under its own id; returns a sentence for each that failed."""
    by_name = {hook.name: hook for hook in hooks if hook.type is HookType.EVENT and not hook.fault}
    waiting = [one for one in kept.undelivered(store, rollout) if one.hook in by_name]
    errors = _post([(by_name[one.hook], one.body) for one in waiting])
    for one, error in zip(waiting, errors, strict=True):
        kept.tried(store, one.message_id, now, error)
    return tuple(
        f"webhook {one.hook} did not take {one.message_id}: {error}; the next step tries again"
        for one, error in zip(waiting, errors, strict=True)
        if error
    )


def _read_hook(name: str, rule: Any, place: str) -> Hook:
    try:
        return _hook(name, rule, place)
    except ConfigError as error:
        kind = rule.get("type", "event") if isinstance(rule, dict) else ""
        known = HookType(kind) if kind in tuple(HookType) else HookType.CONFIRM_PROMOTION
        return Hook(name, "", known, fault=str(error))


def _hook(name: str, rule: Any, place: str) -> Hook:
    toml.only_known(toml.table(rule, place), ("url", "url_env", "type", "timeout"), place)
    if ("url" in rule) == ("url_env" in rule):
        raise ConfigError(f"{place}: say where it is posted once, as url or as url_env")
    url = rule.get("url") or os.environ.get(toml.text(rule["url_env"], f"{place}: url_env"), "")
    if not is_web_address(str(url)):
        raise ConfigError(f"{place}: the address is empty or does not begin with http:// or https://")
    kind = HookType(toml.word(*HookType)(rule.get("type", "event"), f"{place}: type"))
    return Hook(name, str(url), kind, duration(rule.get("timeout", "10s"), f"{place}: timeout"))


def _payload(rules: Rules, state: State, cell: str, phase: str) -> dict[str, Any]:
    here = state.cell(cell)
    return {
        "name": rules.rollout,
        "namespace": rules.graph,
        "phase": phase,
        "checksum": state.candidate_hash,
        "metadata": {
            "cell": cell,
            "share": rules.share(here.rung),
            "candidate": rules.candidate,
            "control": rules.control,
        },
    }


def _post(posts: Sequence[tuple[Hook, str]]) -> list[str]:
    """Post all at once, each with its own timeout; "" where it was taken, else what went wrong."""
    errors = [hook.fault or f"no answer within {hook.timeout:g} s" for hook, _ in posts]

    def send(i: int, hook: Hook, body: str) -> None:
        errors[i] = post_json(hook.url, body, hook.timeout)

    threads = [
        (threading.Thread(target=send, args=(i, hook, body), daemon=True), hook.timeout + 0.5)
        for i, (hook, body) in enumerate(posts)
        if not hook.fault
    ]
    for thread, _ in threads:
        thread.start()
    for thread, seconds in threads:
        # All began together: waiting for one uses up the others' time as well. A server that trickles is given up here.
        thread.join(seconds)
    return list(errors)
