"""The law of the denominator: every planned example x repetition x key becomes exactly one row of evidence.

The keys of an evaluator are those it returned anywhere in the run, or its own name where it never returned any. A run
that lacks one of them has failed to measure it; a run with nothing to evaluate carries its outcome on every key.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.evidence import SEGMENT_PREFIX
from seatrial.runner.record import Record, Said, Unscored, evaluator_failure
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seatrial.dataset import Example
    from seatrial.evaluator import Bound
    from seatrial.runner.plan import RunPlan

SCORED = Outcome.SCORED.value


class Keys(NamedTuple):
    """The keys of a run: for each evaluator its keys, or the sentence that says why its scores cannot be used."""

    of: tuple[tuple[str, ...], ...]
    clash: tuple[str | None, ...]

    @property
    def width(self) -> int:
        """Rows of evidence per run."""
        return sum(len(keys) for keys in self.of)


def learn_keys(evaluators: Sequence[Bound], records: Sequence[Record]) -> Keys:
    """Which keys the run has; one key belongs to one evaluator, its namesake first."""
    seen: list[dict[str, None]] = [{} for _ in evaluators]
    for record in records:
        for known, result in zip(seen, record.results, strict=False):
            if not isinstance(result, Unscored):
                for said in result:
                    if said[0] not in known:
                        known[said[0]] = None
    owners = {bound.key: bound.key for bound in evaluators}
    of, clash = [], []
    for bound, known in zip(evaluators, seen, strict=True):
        taken = [key for key in known if owners.setdefault(key, bound.key) != bound.key]
        of.append((bound.key,) if taken or not known else tuple(sorted(known)))
        clash.append(
            f"it returned the key {taken[0]!r}, which belongs to {owners[taken[0]]!r}; rename one" if taken else None
        )
    return Keys(tuple(of), tuple(clash))


def cells(keys: Keys, records: Sequence[Record]) -> list[Said | Unscored]:
    """`keys.width` words per record, in the keys' order: a score with a number, or why there is none."""
    words: list[Said | Unscored] = []
    for record in records:
        if not record.results:
            words.extend(repeat(Unscored(record.outcome, record.error_kind, record.error or ""), keys.width))
            continue
        for mine, clash, result in zip(keys.of, keys.clash, record.results, strict=True):
            if isinstance(result, Unscored):
                words.extend(repeat(result, len(mine)))
            elif clash is not None:
                words.extend(repeat(evaluator_failure(clash), len(mine)))
            elif len(mine) == 1:
                words.append(result[0] if result[0][1] is not None else _abstained(result[0]))
            else:
                words.extend(_several(mine, result))
    return words


def _several(keys: Sequence[str], scores: Sequence[Said]) -> Iterator[Said | Unscored]:
    by_key = {said[0]: said for said in scores}
    for key in keys:
        said = by_key.get(key)
        if said is None:
            reason = f"the evaluator returned no {key!r} here, though it did on other runs"
            yield evaluator_failure(reason, ErrorKind.INVALID_OUTPUT)
        else:
            yield said if said[1] is not None else _abstained(said)


def _abstained(said: Said) -> Unscored:
    return Unscored(Outcome.UNPARSED.value, None, said[2] or "the evaluator abstained")


def columns(
    plan: RunPlan,
    *,
    examples: Sequence[Example],
    segments: Mapping[str, Sequence[str]],
    evaluators: Sequence[Bound],
    records: Sequence[Record],
    keys: Keys,
    words: Sequence[Said | Unscored],
) -> dict[str, list[Any]]:
    """All of evidence, format 1, in the order of the plan.

    Args:
        plan: provenance.
        examples: those run, in order; `records` holds `plan.repetitions` for each.
        segments: one column per dimension, one value per example.
        evaluators: in the order of the records' results.
        records: one per planned run, none missing.
        keys: from `learn_keys`.
        words: from `cells`.
    """
    width, per_example = keys.width, keys.width * plan.repetitions
    rows = len(words)
    key_names = [key for mine in keys.of for key in mine]
    versions = [bound.version for bound, mine in zip(evaluators, keys.of, strict=True) for _ in mine]
    prompt = plan.version_config.get("prompt")
    repetitions = [repetition for repetition in range(plan.repetitions) for _ in range(width)]
    ids = _spread([example.id for example in examples], per_example)
    return {
        "example_id": ids,
        "version": [plan.version] * rows,
        "key": key_names * len(records),
        "repetition": repetitions * len(examples),
        "outcome": [word.outcome if isinstance(word, Unscored) else SCORED for word in words],
        "error_kind": [word.error_kind if isinstance(word, Unscored) else None for word in words],
        "score": [None if isinstance(word, Unscored) else word[1] for word in words],
        "reason": [word[2] for word in words],
        "output_hash": _spread([record.output_hash for record in records], width),
        "cluster": ids,
        "latency_ms": _spread([record.latency_ms for record in records], width),
        "input_tokens": _spread([record.input_tokens for record in records], width),
        "output_tokens": _spread([record.output_tokens for record in records], width),
        "model": _spread([record.model for record in records], width),
        "thread_id": _spread([record.thread_id for record in records], width),
        "dataset": [plan.dataset] * rows,
        "dataset_hash": [plan.dataset_hash] * rows,
        "graph": [plan.graph] * rows,
        "evaluator_version": versions * len(records),
        "prompt_version": [prompt if isinstance(prompt, str) else None] * rows,
        "judge": [None] * rows,
        **{f"{SEGMENT_PREFIX}{name}": _spread(values, per_example) for name, values in segments.items()},
    }


def _spread(values: Sequence[Any], times: int) -> list[Any]:
    return list(chain.from_iterable(zip(*repeat(values, times), strict=True)))


def count(words: Sequence[Said | Unscored]) -> dict[str, int]:
    """Rows of evidence by outcome word, every word named."""
    counted = Counter(word.outcome for word in words if isinstance(word, Unscored))
    counted[SCORED] = len(words) - counted.total()
    return {outcome.value: counted[outcome.value] for outcome in Outcome}
