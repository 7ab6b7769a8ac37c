"""Recognize: which columns of somebody's results are the example, the score and the rest, by the names people use."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seatrial.errors import DataError, UsageError
from seatrial.evidence.schema import NAMES
from seatrial.evidence.scores import readable, scored
from seatrial.table.codes import joined
from seatrial.table.typed import number_of
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.evidence.reading import Reading
    from seatrial.evidence.scores import ScoreRules
    from seatrial.table.raw import Raw


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


EXAMPLE = _names(
    "id example_id case_id test_id question_id item_id sample_id prompt_id task_id query_id qid uid uuid doc_id document_id "
    "record_id row_id instance_id problem_id example case case_name test test_case testcase test_name item sample task name"
)
"""Names of the example, likeliest first; a text that is asked is the next best."""
REQUESTED = _names("question input inputs prompt query text message user_input")
SCORE = _names(
    "score passed pass correct is_correct success successful is_success result accuracy acc exact_match grade rating "
    "verdict status ok valid outcome"
)
"""Names of a score of which higher is better; `failed` or `error` would turn the verdict round, and are never guessed."""
OTHERS = {
    "key": _names("metric metric_name evaluator evaluator_name scorer criterion check check_name"),
    "repetition": _names("repeat attempt trial epoch iteration replicate repeat_index"),
    "latency_ms": _names("duration_ms elapsed_ms response_time_ms"),
    "input_tokens": _names("prompt_tokens tokens_in"),
    "output_tokens": _names("completion_tokens tokens_out"),
}
"""Names of what need not be there."""
WORSE = _names(
    "fail fails failed failure failures is_failed error errors is_error has_error error_rate failure_rate loss toxicity toxic "
    "bias hallucination hallucinated hallucination_rate perplexity wer cer distance latency cost refused refusal violation unsafe"
)
"""Names of what is worse the higher it is: never offered as a score."""
ANSWERS = _names(
    "output outputs answer answers response responses prediction predicted completion actual generation reply reason "
    "comment explanation rationale error message trace run run_id model version provider date time timestamp created_at "
    "started_at judge evaluator label_source"
)
"""Names of what a version said or did, and of when: never a segment, which comes from the question."""
CHOICES = 3
"""Most columns that are named as a choice of the example."""
LABELS = 12
"""Most different words of a column that people label answers with."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the columns of some files were taken for.

    Attributes:
        mapping: evidence column -> the file's columns, those given included.
        ignore: columns that are not what their name says.
        said: `id as example`, one a column that was recognized.
        unused: other columns that could be scores.
    """

    mapping: Mapping[str, Sequence[str]]
    ignore: tuple[str, ...]
    reported: tuple[str, ...]
    unused: tuple[str, ...] = ()


class _Wanted(NamedTuple):
    """What the columns leave open, and the options that settle it."""

    sentence: str
    options: str


def recognize(files: Sequence[Mapping[str, Raw]], source: str, reading: Reading, *, versioned: bool = True) -> Taken:
    """Take columns of known names for what the evidence lacks; nothing that is given or canonical is taken otherwise.

    Args:
        files: the columns of each file.
        source: what the files are called in a refusal.
        reading: what is known of them.
        versioned: whether each file's version is known without a column of it.

    Raises:
        UsageError: several columns could be it, or none is; names everything that is open and the options that settle it.
    """
    have = [name for name in files[0] if all(name in one for one in files) and name not in reading.ignore]
    ignore = list(reading.ignore)
    if "outcome" in have and "outcome" not in reading.mapping and not _is_outcome(files):
        ignore.append("outcome")
    known = {name for name in have if name in NAMES and name not in ignore} | set(reading.mapping)
    used = (
        {one for names in reading.mapping.values() for one in names} | set(reading.segments) | set(reading.key_columns)
    )
    free = [name for name in have if (name not in NAMES or name in ignore) and name not in used]
    mapping, reported = dict(reading.mapping), list[str]()
    wanted = list[_Wanted]()
    versioned = versioned or "version" in known
    if "example_id" not in known:
        example = _example(files, free)
        if isinstance(example, str):
            mapping["example_id"] = (example,)
            reported.append(f"{example} as example")
        else:
            if example is None:
                _refuse_missing_header(have, source)
            wanted.append(example or _unnamed_example(files, free if versioned else (), have, mapping))
    scores = _scores(files, free, reading)
    unused: tuple[str, ...] = ()
    if not known & {"score", "outcome"} and not reading.key_columns:
        if len(scores) == 1:
            mapping["score"] = tuple(scores)
            reported.append(f"{scores[0]} as score")
        else:
            left = [name for name in free if name not in mapping.get("example_id", ())]
            score = _several_scores(scores) or _unknown_words(files, free) or _unnamed_scores(files, left, reading)
            if score is None and wanted:
                score = _Wanted("no column holds what a score may be", "--map score=COLUMN")
            wanted += [score] if score else []
    elif "score" in have and "score" not in reading.mapping:
        unused = tuple(scores)
    if all(any(map(len, one.values())) for one in files):  # a file without a row is said to be empty
        _refuse(wanted, source, versioned=versioned)
    reported += _take_others(files, free, known, mapping, reading)
    return Taken(mapping, tuple(ignore), tuple(reported), unused)


def _take_others(
    files: Sequence[Mapping[str, Raw]],
    free: Sequence[str],
    known: set[str],
    mapping: dict[str, Sequence[str]],
    reading: Reading,
) -> list[str]:
    """Add to the mapping what need not be there and is, and say it."""
    taken, reported = {one for names in mapping.values() for one in names}, []
    for target, names in OTHERS.items():
        if target in known or (target == "key" and reading.key_columns):
            continue
        found = [name for name in free if plain(name) in names and name not in taken and _fits(files, name, target)]
        if len(found) == 1:
            mapping[target] = (found[0],)
            reported.append(f"{found[0]} as {target}")
    return reported


def plain(name: str) -> str:
    """A column's name as names are compared: `exampleId`, `Example ID` and `example-id` are one."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\s.\-]+", "_", spaced).lower()


def _is_outcome(files: Sequence[Mapping[str, Raw]]) -> bool:
    words = {word for one in files if "outcome" in one for word in one["outcome"].texts().values}
    return words <= {*Outcome} or bool(words & {*Outcome})


def _refuse(wanted: Sequence[_Wanted], source: str, *, versioned: bool) -> None:
    """Raise one UsageError of everything that is open."""
    if not wanted:
        return
    if not versioned:
        which = _Wanted(
            "no column is called version: --map version=COLUMN, or a file per version", "--map version=COLUMN"
        )
        wanted = [*wanted, which]
    sentences = ". Also, ".join(one.sentence for one in wanted)
    together = f". Together: {' '.join(one.options for one in wanted)}" if len(wanted) > 1 else ""
    raise UsageError(f"{source}: {sentences}{together}")


def _map(target: str, name: str) -> str:
    return f"--map {shlex.quote(f'{target}={name}')}"


def _unnamed_example(
    files: Sequence[Mapping[str, Raw]], free: Sequence[str], have: Sequence[str], mapping: Mapping[str, Sequence[str]]
) -> _Wanted:
    """Ask which column is the example, and name those that could be: another value in every row of a version."""
    versions = mapping.get("version", ("version",))
    could = [name for name in free if plain(name) not in ANSWERS and _could_be_example(files, name, versions)]
    if could == [""]:
        place = f"column {have.index('') + 1}"
        return _Wanted(
            f"{place} holds another value in every row and has no name; write one above it, such as id",
            "--map example_id=id",
        )
    could = [name for name in could if name]
    could.sort(key=lambda name: _numbers(files[0][name]) is not None)
    if not could:
        option = "--map example_id=COLUMN"
        return _Wanted(
            f"no column example_id (which example); map it with {option}. Columns: {', '.join(have)}", option
        )
    option = _map("example_id", could[0])
    hold = "hold" if len(could) > 1 else "holds"
    return _Wanted(
        f"no column is called an example's id, and {_or(could[:CHOICES])} {hold} another value in every row: {option} takes {'the first' if len(could) > 1 else 'it'}",
        option,
    )


def _could_be_example(files: Sequence[Mapping[str, Raw]], name: str, versions: Sequence[str]) -> bool:
    """Whether a column has another value in every row of a version, no fractions, and values that all files share."""
    if name in versions or any(one[name].nested for one in files):
        return False
    columns = [_numbers(one[name]) for one in files]
    if any(column is not None and not (column % 1 == 0).all() for column in columns):
        return False
    return _in_common(files, name) and all(_unique_within(one, name, versions) for one in files)


def _unique_within(file: Mapping[str, Raw], name: str, versions: Sequence[str]) -> bool:
    codes = file[name].texts()
    if len(versions) != 1 or versions[0] not in file:
        return _unique(file[name])
    pairs = np.stack([codes.index, file[versions[0]].texts().index])
    return not (codes.index < 0).any() and len(np.unique(pairs, axis=1).T) == len(codes)


def _example(files: Sequence[Mapping[str, Raw]], free: Sequence[str]) -> str | _Wanted | None:
    for names in (EXAMPLE, REQUESTED):
        found = sorted((name for name in free if plain(name) in names), key=lambda name: names.index(plain(name)))
        found = [name for name in found if not any(one[name].nested for one in files)]
        if len(found) > 1:
            met = [name for name in found if _in_common(files, name)]
            found = met or found[:1]
        if len(found) > 1:
            found = [name for name in found if all(_unique(one[name]) for one in files)] or found
        if len(found) > 1 and not all(_alike(files, found[0], other) for other in found[1:]):
            option = _map("example_id", found[0])
            return _Wanted(
                f"{_or(found)} could be the example; say which with {option} (several columns joined by a comma are one id)",
                option,
            )
        if found:
            return found[0]
    return None


def _in_common(files: Sequence[Mapping[str, Raw]], name: str) -> bool:
    values = [set(one[name].texts().values) for one in files]
    return bool(set.intersection(*values))


def _unique(raw: Raw) -> bool:
    codes = raw.texts()
    return len(codes.values) == len(codes) and not (codes.index < 0).any()


def _alike(files: Sequence[Mapping[str, Raw]], one: str, other: str) -> bool:
    """Whether two columns tell the same examples apart."""
    a, b = (joined([file[name].texts() for file in files]) for name in (one, other))
    pairs = len(np.unique(np.stack([a.index, b.index]), axis=1).T)
    return pairs == len(a.values) == len(b.values)


def _scores(files: Sequence[Mapping[str, Raw]], free: Sequence[str], reading: Reading) -> list[str]:
    named = sorted((name for name in free if plain(name) in SCORE), key=lambda name: SCORE.index(plain(name)))
    return [name for name in named if all(readable(one[name], reading.scores) for one in files)]


def _several_scores(scores: Sequence[str]) -> _Wanted | None:
    if not scores:
        return None
    option = _map("score", scores[0])
    return _Wanted(
        f"{_or(scores)} could be the score; say which with {option}, or judge each as a key of its own with --key-columns {shlex.quote(','.join(scores))}",
        option,
    )


def _unknown_words(files: Sequence[Mapping[str, Raw]], free: Sequence[str]) -> _Wanted | None:
    """Ask where a column is called a score and holds a few words of its own, whose meaning is not known."""
    for name in free:
        if plain(name) not in SCORE or any(one[name].few(LABELS) is None for one in files):
            continue
        words = sorted({word for one in files for word in one[name].texts().values})
        return _Wanted(
            f"{name} could be the score, and holds: {', '.join(words)}; say what they mean with --pass WORD,WORD and --fail WORD,WORD (and --na WORD for no score)",
            "--pass WORD,WORD --fail WORD,WORD",
        )
    return None


def _unnamed_scores(files: Sequence[Mapping[str, Raw]], free: Sequence[str], reading: Reading) -> _Wanted | None:
    """Ask where no column is called a score and some could be, as RAGAS and DeepEval call them by their metric."""
    could = [name for name in free if plain(name) not in ANSWERS and _could_be_score(files, name, reading.scores)]
    worse = [name for name in could if plain(name) in WORSE]
    could = [name for name in could if name not in worse]
    if worse and not could:
        option = f"{_map('score', worse[0])} --pass 0 --fail 1"
        return _Wanted(
            f"no column is called a score; {worse[0]} is worse the higher it is, and a score is better. Where it is 0 or 1: {option}",
            option,
        )
    if not could:
        return None
    option = _map("score", could[0])
    keys = shlex.quote(",".join(could))
    several = f"; --key-columns {keys} judges each as a key of its own" if len(could) > 1 else ""
    hold = "hold" if len(could) > 1 else "holds"
    return _Wanted(
        f"no column is called a score, and {_or(could)} {hold} what one may be. Where higher is better: {option} takes {'the first' if len(could) > 1 else 'it'}{several}",
        option,
    )


def _could_be_score(files: Sequence[Mapping[str, Raw]], name: str, rules: ScoreRules) -> bool:
    if any(one[name].nested or not readable(one[name], rules) for one in files):
        return False
    try:
        scored([one[name] for one in files], [""] * len(files), name, rules)
    except DataError:
        return False
    return True


def _refuse_missing_header(have: Sequence[str], source: str) -> None:
    """Raise where no column is the example and one is called by a number: the first line is no header."""
    numbers = [name for name in have if re.fullmatch(r"\s*[-+]?\d+([.,]\d+)?\s*%?", name)]
    if numbers:
        raise DataError(
            f"{source}: the first line is taken for the header, and {numbers[0]!r} in it is a value; put the names of the columns above it, such as id,score"
        )


def _fits(files: Sequence[Mapping[str, Raw]], name: str, target: str) -> bool:
    """Whether a column holds what the evidence column of that name holds: text for a key, whole numbers for a repetition."""
    if target == "key":
        return all(one[name].numbers() is None and not one[name].nested for one in files)
    columns = [_numbers(one[name]) for one in files]
    if any(column is None for column in columns):
        return False
    present = np.concatenate([column[~np.isnan(column)] for column in columns if column is not None])
    return bool(present.size and (present >= 0).all() and (target == "latency_ms" or (present % 1 == 0).all()))


def _numbers(raw: Raw) -> NDArray[np.float64] | None:
    numbers = raw.numbers()
    if numbers is not None or raw.nested:
        return numbers
    found = [number_of(word, raw.spelling) for word in raw.texts().values]
    return None if None in found else np.array(found, dtype=np.float64)


def _or(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
