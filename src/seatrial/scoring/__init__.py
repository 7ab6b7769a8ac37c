"""The evaluator contract: `(run, example) -> Score`, a pure function of what it is given.

    @evaluator(version="2")
    def cites_a_source(run, example):
        found = "http" in run.outputs["answer"]
        return Score("cites_a_source", found, "a link stands in the answer" if found else "no link in the answer")

It may also name `inputs`, `outputs`, `reference_outputs` (any subset), and return a Score, a dict
`{"key", "score", "reason"}`, a bool, a number, or a list of these. `bind` normalises all of it once, at the boundary;
behind that boundary a score is a float in 0..1 and nothing else.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from seatrial.canonical import content_hash
from seatrial.errors import ConfigError, ExitCode, SeatrialError
from seatrial.verdict import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

RUN_EXAMPLE = ("run", "example")
MOST_RETRIES = 10
BY_NAME = ("inputs", "outputs", "reference_outputs")


class NotAScore(SeatrialError):
    """An evaluator returned something that is no score; the message says what."""

    exit_code = ExitCode.COULD_NOT_TELL


class Score(NamedTuple):
    """One evaluator's word on one run.

    >>> Score("label", 0.0, "'normal', expected 'urgent'").score
    0.0

    Attributes:
        key: what was judged; the column a policy names.
        score: 0..1, higher is better; a bool is accepted and becomes 0.0 or 1.0. None is an abstention: it becomes
            the outcome `unparsed`, never a number.
        reason: one sentence.
    """

    key: str
    score: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """An evaluator bound to the one calling convention: `bound(run, example) -> tuple[Score, ...]`.

    Attributes:
        key: key its scores carry when they name none.
        version: a label, written into the evidence; another version is another evaluator, whatever its code.
        call: what is called.
        given: the evaluator as it was given, which says what it is by content; None where `call` itself is that.
        retries: further tries after a failure of any kind; None: two, after a failure of a service only.
    """

    key: str
    version: str
    call: Callable[[Any, Any], Any]
    given: Any = None
    retries: int | None = None

    @property
    def hash(self) -> str:
        """What the evaluator is by content: its code, its helpers, its arguments and its version; 16 hex digits."""
        from seatrial.scoring.identity import identity  # noqa: PLC0415 - syntax trees, for runs and baselines only

        return content_hash({"content": identity(self.given or self.call), "version": self.version})

    def __call__(self, run: Any, example: Any) -> tuple[Score, ...]:
        """Evaluate; whatever the evaluator raises passes through (the runner makes it an outcome)."""
        return self.scores(self.call(run, example))

    def scores(self, result: Any) -> tuple[Score, ...]:
        """What the evaluator returned, as scores.

        Raises:
            NotAScore: it is none.
        """
        if isinstance(result, Score):  # before lists: a Score is a tuple itself
            return (_checked(result),)
        if result is True or result is False:
            return (Score(self.key, 1.0 if result else 0.0),)
        if isinstance(result, (list, tuple)):
            if not result:
                raise NotAScore(
                    f"evaluator {self.key!r} returned an empty list; return at least one score, or None to abstain"
                )
            scores = tuple(self._one(item) for item in result)
            keys = [score.key for score in scores]
            if len(set(keys)) != len(keys):
                raise NotAScore(
                    f"evaluator {self.key!r} returned the same key twice: {', '.join(keys)}; name each score"
                )
            return scores
        return (self._one(result),)

    def _one(self, result: Any) -> Score:
        if isinstance(result, Score):
            return _checked(result)
        if isinstance(result, Mapping):
            reason = result.get("reason") or result.get("comment") or ""
            return _checked(Score(str(result.get("key") or self.key), result.get("score"), str(reason)))
        return _checked(Score(self.key, result))


def _checked(score: Score) -> Score:
    """The same score with a float in 0..1; NaN, infinities and anything that is no number are refused."""
    value: Any = score.score
    if not score.key or not isinstance(score.key, str):
        raise NotAScore(f"evaluator returned a score whose key is {score.key!r}; a key is a name")
    if type(value) is float:
        if 0.0 <= value <= 1.0:
            return score
    elif value is None:
        return score
    elif value is True or value is False:
        return Score(score.key, 1.0 if value else 0.0, score.reason)
    elif hasattr(value, "__float__") and not isinstance(value, str):
        number = float(value)
        if 0.0 <= number <= 1.0:
            return Score(score.key, number, score.reason)
        value = number
    else:
        raise NotAScore(
            f"evaluator {score.key!r} returned {value!r} ({type(value).__name__}), which is no score: a number in 0..1, a bool or None"
        )
    if -ROUNDING <= value <= 1 + ROUNDING:
        return Score(score.key, min(1.0, max(0.0, float(value))), score.reason)
    what = "is not a number" if not math.isfinite(value) else "is outside 0..1"
    raise NotAScore(f"evaluator {score.key!r} returned {value!r}, which {what}; scores are 0..1, higher is better")


def evaluator(*, version: str = "1", key: str | None = None, retries: int | None = None) -> Callable[[F], F]:
    """Give a function its version (and, if its name is not it, its key).

    >>> @evaluator(version="2")
    ... def polite(outputs):
    ...     return "please" in outputs["text"].lower()
    >>> polite.__seatrial__[:2]
    ('polite', '2')

    Args:
        version: bump it when the same input may score differently.
        key: of scores that name none.
        retries: further tries after a failure of any kind, for one that fails at random (it asks a model); left out, it is
            asked again twice where a service failed, and code that fails by itself is not.

    Raises:
        ConfigError: `retries` is no number of tries.
    """
    if retries is not None and (isinstance(retries, bool) or not 0 <= retries <= MOST_RETRIES):
        raise ConfigError(f"evaluator retries {retries!r}: choose 0 to {MOST_RETRIES} further tries")

    def mark(function: F) -> F:
        function.__seatrial__ = (key or function.__name__, version, retries)  # type: ignore[attr-defined]
        return function

    return mark


def bind(function: Callable[..., Any]) -> Bound:
    """Read an evaluator's signature once and return it bound to `(run, example)`.

    Raises:
        ConfigError: its parameters are neither `(run, example)` nor by-name ones; the message lists both forms.
    """
    if isinstance(function, Bound):
        return function
    name = getattr(function, "__name__", type(function).__name__)
    key, version, retries = getattr(function, "__seatrial__", (name, "1", None))
    if inspect.iscoroutinefunction(function):
        raise ConfigError(
            f"evaluator {name!r} is async; a pure function has nothing to wait for, so make it a plain def"
        )
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise ConfigError(f"evaluator {name!r} has no readable signature; wrap it in a def (run, example)") from error
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    required = [p.name for p in positional if p.default is p.empty]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    wanted = tuple(p.name for p in positional if p.name in BY_NAME)
    unknown = [n for n in required if n not in BY_NAME]
    if wanted and not unknown:
        return Bound(key, version, _by_name(function, BY_NAME if takes_any else wanted), function, retries)
    if len(required) == 2 or tuple(p.name for p in positional[:2]) == RUN_EXAMPLE:
        return Bound(key, version, function, function, retries)
    raise ConfigError(
        f"evaluator {name!r} takes ({', '.join(p.name for p in positional)}); "
        "an evaluator takes (run, example), or any of inputs, outputs, reference_outputs by name"
    )


def _by_name(function: Callable[..., Any], names: tuple[str, ...]) -> Callable[[Any, Any], Any]:
    def call(run: Any, example: Any) -> Any:
        values = {"inputs": example.inputs, "outputs": run.outputs, "reference_outputs": example.outputs}
        return function(**{name: values[name] for name in names})

    return call
