"""The law of the denominator: every planned example x repetition x key becomes exactly one row of evidence.

The keys of an evaluator are those it returned anywhere in the run, or its own name where it never returned any. A run
that lacks one of them has failed to measure it; a run with nothing to evaluate carries its outcome on every key.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from seatrial.evidence import SEGMENT_PREFIX
from seatrial.evidence.write import Repeated
from seatrial.runner.record import COUNTED, Record, Result, ScoreCell, Unscored, evaluator_failure
from seatrial.scoring.rubric import rubric_identity
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seatrial.dataset import Example
    from seatrial.runner.plan import RunPlan
    from seatrial.scoring import Bound

SCORED = Outcome.SCORED.value
Thing = TypeVar("Thing")
Answered: TypeAlias = Result | Record
"""What an evaluator made of a run, or the run itself where there was nothing to evaluate."""


class Keys(NamedTuple):
    """The keys of a run: for each evaluator its keys, or the sentence that says why its scores cannot be used."""

    of: tuple[tuple[str, ...], ...]
    clash: tuple[str | None, ...]

    @property
    def width(self) -> int:
        """Rows of evidence per run."""
        return sum(len(keys) for keys in self.of)


class Cell(NamedTuple):
    """What stands in one row of evidence: a score, or why there is none."""

    outcome: str
    error_kind: str | None
    score: float | None
    reason: str


def learn_keys(evaluators: Sequence[Bound], records: Sequence[Record]) -> Keys:
    """Which keys the run has; one key belongs to one evaluator, its namesake first."""
    seen: list[dict[str, None]] = [{} for _ in evaluators]
    for place, known in enumerate(seen):
        for result in _different([record.results[place] for record in records if record.results]):
            if not isinstance(result, Unscored):
                known.update(dict.fromkeys(wording[0] for wording in result))
    owners = {bound.key: bound.key for bound in evaluators}
    of, clash = [], []
    for bound, known in zip(evaluators, seen, strict=True):
        taken = [key for key in known if owners.setdefault(key, bound.key) != bound.key]
        of.append((bound.key,) if taken or not known else tuple(sorted(known)))
        clash.append(
            f"it returned the key {taken[0]!r}, which belongs to {owners[taken[0]]!r}; rename one" if taken else None
        )
    return Keys(tuple(of), tuple(clash))


def cells(keys: Keys, records: Sequence[Record]) -> list[Cell]:
    """`keys.width` cells per record, in the keys' order."""
    found: list[Any] = [None] * (len(records) * keys.width)
    first = 0
    for place, (mine, clash) in enumerate(zip(keys.of, keys.clash, strict=True)):
        # A record without results stands for itself on every evaluator.
        column: list[Answered] = [record.results[place] if record.results else record for record in records]
        made = {id(result): _cells(mine, clash, result) for result in _different(column)}
        for number in range(len(mine)):
            found[first + number :: keys.width] = [made[id(result)][number] for result in column]
        first += len(mine)
    return found


def _different(column: Iterable[Thing]) -> Iterable[Thing]:
    """Each object once: a panel that has heard an answer before keeps the same."""
    return {id(result): result for result in column}.values()


def _cells(keys: Sequence[str], clash: str | None, result: Answered) -> tuple[Cell, ...]:
    if isinstance(result, Record):
        return (Cell(result.outcome, result.error_kind, None, result.error or ""),) * len(keys)
    if isinstance(result, Unscored) or clash is not None:
        failure = result if isinstance(result, Unscored) else evaluator_failure(clash or "")
        return (Cell(failure.outcome, failure.error_kind, None, failure.reason),) * len(keys)
    by_key = {wording[0]: wording for wording in result}
    return tuple([_cell(key, by_key.get(key)) for key in keys])


def _cell(key: str, reported: ScoreCell | None) -> Cell:
    if reported is None:
        reason = f"the evaluator returned no {key!r} here, though it did on other runs"
        return Cell(Outcome.EVALUATOR_ERROR.value, ErrorKind.INVALID_OUTPUT.value, None, reason)
    if reported[1] is None:
        return Cell(Outcome.UNPARSED.value, None, None, reported[2] or "the evaluator abstained")
    return Cell(SCORED, None, reported[1], reported[2])


def columns(
    plan: RunPlan,
    *,
    examples: Sequence[Example],
    example_hashes: Sequence[str],
    segments: Mapping[str, Sequence[str]],
    evaluators: Sequence[Bound],
    records: Sequence[Record],
    keys: Keys,
    found: Sequence[Cell],
) -> dict[str, Sequence[Any] | Repeated]:
    """All of evidence, format 1, in the order of the plan.

    Args:
        plan: provenance.
        examples: those run, in order; `records` holds `plan.repetitions` for each.
        example_hashes: what each of the examples is.
        segments: one column per dimension, one value per example.
        evaluators: in the order of the records' results.
        records: one per planned run, none missing.
        keys: from `learn_keys`.
        found: from `cells`.
    """
    width, per_example = keys.width, keys.width * plan.repetitions
    key_names = [key for mine in keys.of for key in mine]
    versions = [bound.version for bound, mine in zip(evaluators, keys.of, strict=True) for _ in mine]
    hashes = [bound.hash for bound, mine in zip(evaluators, keys.of, strict=True) for _ in mine]
    judges = [rubric_identity(bound) for bound, mine in zip(evaluators, keys.of, strict=True) for _ in mine]
    prompt = plan.version_config.get("prompt")
    repetitions = [repetition for repetition in range(plan.repetitions) for _ in range(width)]
    ids = Repeated([example.id for example in examples], per_example)
    # One list after the other: `zip(*found)` would make an iterator of every cell.
    outcomes, kinds, scores, reasons = ([cell[place] for cell in found] for place in range(len(Cell._fields)))

    def always(value: str | None) -> Repeated:
        return Repeated([value], len(found))

    def of_run(name: str) -> Repeated:
        place = Record._fields.index(name)
        return Repeated([record[place] for record in records], width)

    return {
        "example_id": ids,
        "version": always(plan.version),
        "key": Repeated(key_names, times=len(records)),
        "repetition": Repeated(repetitions, times=len(examples)),
        "outcome": outcomes,
        "error_kind": kinds,
        "score": scores,
        "reason": reasons,
        "output_hash": of_run("output_hash"),
        "cluster": ids,
        "latency_ms": of_run("latency_ms"),
        "input_tokens": of_run("input_tokens"),
        "output_tokens": of_run("output_tokens"),
        **_counted(records, width),
        "model": of_run("model"),
        "thread_id": of_run("thread_id"),
        "dataset": always(plan.dataset),
        "dataset_hash": always(plan.dataset_hash),
        "example_hash": Repeated(example_hashes, per_example),
        "graph": always(plan.graph),
        "evaluator_version": Repeated(versions, times=len(records)),
        "evaluator_hash": Repeated(hashes, times=len(records)),
        "prompt_version": always(prompt if isinstance(prompt, str) else None),
        "prompt_hash": always(plan.prompt_hash or None),
        "segments_version": always(plan.segments_version or None),
        "segments_hash": always(plan.segments_hash or None),
        "judge": Repeated(judges, times=len(records)),
        **{f"{SEGMENT_PREFIX}{name}": Repeated(values, per_example) for name, values in segments.items()},
    }


def _counted(records: Sequence[Record], width: int) -> dict[str, Repeated]:
    """Calls and parts of their tokens, one column each; of a run without a known call nothing."""
    if not any(record.counts for record in records):
        return {name: Repeated([None], len(records) * width) for name in COUNTED}
    nothing = (None,) * len(COUNTED)
    found = zip(*(record.counts or nothing for record in records), strict=True)
    return {name: Repeated(list(values), width) for name, values in zip(COUNTED, found, strict=True)}


def count(found: Sequence[Cell]) -> dict[str, int]:
    """Rows of evidence by outcome word, every word named."""
    counted = Counter([cell[0] for cell in found])
    return {outcome.value: counted[outcome.value] for outcome in Outcome}
