"""Families: a judge of a candidate's or a baseline's family is refused, and so is one whose family nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from seatrial.errors import ConfigError, InvalidComparison
from seatrial.model.family import RULES, families_declared, families_of
from seatrial.model.outcome import UnknownFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seatrial.judge.spec import Judge


class Arm(NamedTuple):
    """One version that is judged.

    Attributes:
        name: `graph@version`.
        family: as the registry declares it.
        models: as its runs report them.
    """

    name: str
    family: str
    models: tuple[str, ...] = ()


def judge_families(judge: Judge, declared: Mapping[str, str]) -> frozenset[str]:
    """Every family of the judge's model, as asked for and, where it reports under another name, as reported.

    Raises:
        UnknownFamily: nobody can say which.
    """
    found = families_of(judge.model, declared)
    return found | reported_families(judge.reported, declared) if judge.reported else found


def reported_families(model: str, declared: Mapping[str, str]) -> frozenset[str]:
    """Families of a model id as a provider reports it, without a provider before it.

    Raises:
        UnknownFamily: nobody can say which.
    """
    return families_of(model, declared) if model in declared else families_of(f"reported:{model}")


def check_families(judge: Judge, arms: Iterable[Arm], declared: Mapping[str, str]) -> frozenset[str]:
    """The judge's families, where it shares none with either arm.

    Raises:
        InvalidComparison: it shares one, or a family is unknown: it might be the same.
    """
    try:
        own = judge_families(judge, declared)
        families = [(arm, arm_families(arm, declared)) for arm in arms]
    except UnknownFamily as error:
        raise InvalidComparison(f"judge {judge.name!r} asked nobody: {error}") from error
    for arm, found in families:
        shared = own & found
        if shared:
            raise InvalidComparison(
                f"judge {judge.name!r} ({judge.model}) and {arm.name} are both of family {', '.join(sorted(shared))}; a judge "
                "favours its own family, so nobody was asked. Choose a judge of another family"
            )
    return own


def arm_families(arm: Arm, declared: Mapping[str, str]) -> frozenset[str]:
    """Every family that answers inside a version: declared, and of every model that its runs report.

    Raises:
        UnknownFamily: one of them is unknown.
    """
    try:
        found = families_declared(arm.name, arm.family)
    except UnknownFamily as error:
        raise UnknownFamily(
            f"the family of {arm.name} is unknown ({arm.family!r}): a judge might be of the same; declare family= in the "
            f"registry's GraphSpec or Version ({RULES!r} for code without a model)"
        ) from error
    for model in arm.models:
        try:
            found |= families_of(model) if model == "builtin" else reported_families(model, declared)
        except ConfigError as error:
            raise UnknownFamily(f"{arm.name} was answered by {model!r}: {error}") from error
    return found
