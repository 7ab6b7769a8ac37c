"""Tables of docs/reference/pytest.md: the plugin's options and markers."""

from __future__ import annotations

from typing import Any

from written.tables import table

from seatrial import pytest_plugin


class _Options(list[tuple[str, str]]):
    """A parser of pytest that only remembers what it is given."""

    def getgroup(self, *_: str) -> _Options:
        """The options are its own."""
        return self

    def addoption(self, name: str, *, help: str, metavar: str = "", **_: Any) -> None:  # noqa: A002 - as pytest has it
        """Remember one option."""
        self.append((f"{name} {metavar}".strip(), help))


def options() -> str:
    """The options of the plugin with their help."""
    found = _Options()
    pytest_plugin.pytest_addoption(found)  # type: ignore[arg-type]
    return table(("option", "does"), ((f"`{name}`", text) for name, text in found))


def markers() -> str:
    """The markers of the plugin with their meaning."""
    rows = (one.split(": ", 1) for one in pytest_plugin.MARKERS)
    return table(("marker", "meaning"), ((f"`{name}`", text) for name, text in rows))
