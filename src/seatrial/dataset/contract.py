"""The contract: every example's inputs and reference must validate against its graph's typed models.

Inputs forbid unknown fields and outputs ignore them, at every depth and whatever the models' own configuration says: a
misspelt input would silently test something else, while a graph may always learn to say more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """The two models of a graph, ready to hold examples against."""

    def __init__(self, inputs: Any, outputs: Any) -> None:
        # heavy, and only a dataset with a contract needs it
        from pydantic import TypeAdapter  # noqa: PLC0415
        from pydantic.errors import PydanticUserError  # noqa: PLC0415

        try:
            self._inputs: TypeAdapter[Any] = TypeAdapter(inputs)
            self._outputs: TypeAdapter[Any] = TypeAdapter(outputs)
        except PydanticUserError as error:
            raise ConfigError(f"the contract's models cannot be used: {str(error).splitlines()[0]}") from error

    def breaches(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any] | None) -> tuple[Breach, ...]:
        """Everything in which this example breaks the contract; an absent reference breaks nothing."""
        found = _breaches(self._inputs, inputs, "inputs", extra="forbid")
        if outputs is not None:
            found += _breaches(self._outputs, outputs, "outputs", extra="ignore")
        return found


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
