"""The contract: every example's inputs and reference must validate against its graph's typed models.

Inputs forbid unknown fields and outputs ignore them, at every depth and whatever the models' own configuration says: a
misspelt input would silently test something else, while a graph may always learn to say more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST = "1"
"""Version of a contract that names none, and of a payload that names none."""

VERSION = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class ContractNames:
    """Where a graph's models stand: a module relative to the project's root, and two names in it."""

    module: str
    inputs: str
    outputs: str


def contract_names(text: str, where: str) -> ContractNames:
    """Parse `graphs.x.contract:Input,Output`; the caller imports the module and passes the two models to `load`.

    Args:
        text: the `contract` line of a `dataset.toml`.
        where: the file it stands in, for the error's sentence.

    Raises:
        ConfigError: it has another shape.
    """
    module, colon, names = text.partition(":")
    parts = [part.strip() for part in names.split(",")]
    named = [module.strip(), *parts]
    if not colon or len(parts) != 2 or not all(_dotted(name) for name in named):
        raise ConfigError(f"{where}: contract = {text!r} cannot be read; write it as 'graphs.my_graph:Input,Output'")
    return ContractNames(*named)


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where an example breaks its contract: `field` is dotted, from `inputs` or `outputs`."""

    field: str
    what: str


class Contract:
    """The two models of a graph, ready to hold examples, calls and runs against.

    Args:
        inputs: pydantic model, dataclass or TypedDict.
        outputs: likewise.
        version: `MAJOR` or `MAJOR.MINOR`; a payload of another major is refused, one of a newer minor is taken.

    Raises:
        ConfigError: the models cannot be used, or the version has another shape.
    """

    def __init__(self, inputs: Any, outputs: Any, version: str = FIRST) -> None:
        # heavy, and only a dataset with a contract needs it
        from pydantic import TypeAdapter  # noqa: PLC0415
        from pydantic.errors import PydanticUserError  # noqa: PLC0415

        try:
            self._inputs: TypeAdapter[Any] = TypeAdapter(inputs)
            self._outputs: TypeAdapter[Any] = TypeAdapter(outputs)
        except PydanticUserError as error:
            raise ConfigError(f"the contract's models cannot be used: {str(error).splitlines()[0]}") from error
        if not VERSION.fullmatch(version):
            raise ConfigError(f"the contract's VERSION is {version!r}; write it as '1' or '1.2'")
        self.version = version

    def breaches(
        self, inputs: Mapping[str, Any], outputs: Mapping[str, Any] | None, version: str = FIRST
    ) -> tuple[Breach, ...]:
        """Everything in which this example breaks the contract; an absent reference breaks nothing."""
        found = self._version_breach(version) or _breaches(self._inputs, inputs, "inputs", extra="forbid")
        if outputs is not None:
            found += _breaches(self._outputs, outputs, "outputs", extra="ignore")
        return found

    def check_inputs(self, inputs: Mapping[str, Any], version: str = FIRST) -> None:
        """Raise a ContractError for inputs the graph does not take: unknown, missing or wrong fields, another major."""
        if version == self.version:
            try:
                self._inputs.validate_python(inputs, extra="forbid")
            except ValueError:
                pass  # named below
            else:
                return
        found = self._version_breach(version) or _breaches(self._inputs, inputs, "inputs", extra="forbid")
        if found:
            raise ContractError(f"the call breaks the graph's contract: {_sentence(found)}")

    def refused_outputs(self, outputs: Mapping[str, Any]) -> str | None:
        """What of the contract these outputs break, as one sentence; None when they keep it. Unknown fields are ignored."""
        try:
            self._outputs.validate_python(outputs, extra="ignore")
        except ValueError:
            found = _breaches(self._outputs, outputs, "outputs", extra="ignore")
            return f"the final state breaks the graph's contract: {_sentence(found)}"
        return None

    def _version_breach(self, version: str) -> tuple[Breach, ...]:
        if version.partition(".")[0] == self.version.partition(".")[0] and VERSION.fullmatch(version):
            return ()
        return (Breach("contract", f"is {version!r}, and the graph's contract is {self.version}: another major"),)


def _sentence(found: tuple[Breach, ...]) -> str:
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0].field}: {found[0].what}{more}"


def _breaches(adapter: Any, value: Any, root: str, extra: str) -> tuple[Breach, ...]:
    from pydantic import ValidationError  # noqa: PLC0415 - as above

    try:
        adapter.validate_python(value, extra=extra)
    except ValidationError as error:
        return tuple(
            Breach(".".join([root, *(str(part) for part in one["loc"])]), f"{one['msg']}{_got(one)}")
            for one in error.errors(include_url=False)
        )
    return ()


def _got(error: Any) -> str:
    """What stood there instead, short; a missing or unknown field says enough by its name."""
    if error["type"] in {"missing", "extra_forbidden"}:
        return ""
    text = repr(error["input"])
    return f", got {text if len(text) <= 60 else text[:57] + '...'}"


def _dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
