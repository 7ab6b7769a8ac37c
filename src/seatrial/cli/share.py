"""Share: an option between 0 and 1, which answers a percentage with how it is written as a share."""

from __future__ import annotations

from typing import Any

import click


class Share(click.FloatRange):
    """A number between 0 and 1; of one that is more the refusal says which share it may have meant."""

    def __init__(self, least: float = 0, most: float = 1, *, min_open: bool = False, max_open: bool = False) -> None:
        super().__init__(least, most, min_open=min_open, max_open=max_open)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or a BadParameter that names the share of a percentage."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            percentage = _number(value)
            if percentage is not None and 1 < percentage <= 100:
                self.fail(
                    f"{error.message.rstrip('.')}; it is a share: {percentage:g} % is {percentage / 100:g}", param, ctx
                )
            raise


def _number(value: Any) -> float | None:
    try:
        return float(str(value).strip().removesuffix("%"))
    except ValueError:
        return None
