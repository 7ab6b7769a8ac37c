"""No fixture of the reference fleet holds an address or a number that is not from a reserved range."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.privacy import fixture_findings

REPO_ROOT = Path(__file__).resolve().parents[2]
FIXTURES = sorted((REPO_ROOT / "datasets").rglob("*.jsonl"))


def test_there_are_fixtures_to_look_at() -> None:
    assert FIXTURES


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: str(path.relative_to(REPO_ROOT)))
def test_a_fixture_holds_no_personal_data(path: Path) -> None:
    assert fixture_findings(path) == ()


def test_an_address_planted_in_a_copy_of_a_fixture_is_found(tmp_path: Path) -> None:
    copy = tmp_path / "golden.jsonl"
    planted = '{"inputs": {"from": "jane@' + 'acme.internal"}}\n'
    copy.write_text(FIXTURES[0].read_text(encoding="utf-8") + planted, encoding="utf-8")
    assert [finding.kind for finding in fixture_findings(copy)] == ["email"]
