"""One reader of TOML: every error names the file, the place and the nearest known key."""

import ast
from pathlib import Path

import pytest

from seatrial import toml
from seatrial.errors import ConfigError
from seatrial.gate.policy import load_policy
from seatrial.gate.quarantine_file import load_quarantine
from seatrial.model.settings import read_model_settings
from seatrial.project.settings import read_settings
from seatrial.segment import load as load_segments

SRC = Path(toml.__file__).parent
ELSEWHERE = {"pytest_plugin/__init__.py", "store/current.py"}
"""They ask whether somebody's pyproject.toml is a project of ours, and go on where it cannot be read."""


def test_no_other_module_reads_toml():
    found = set()
    for file in SRC.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text if "tomllib" in text else "")
        names = [one for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]
        if any(one.name == "tomllib" for one in names):
            found.add(file.relative_to(SRC).as_posix())
    assert found - ELSEWHERE == {"toml.py"}


@pytest.mark.parametrize(
    ("name", "text", "read", "near"),
    [
        ("segments.toml", '[dimension.t]\ntag = "t"\ncritcal = ["a"]', load_segments, "critical"),
        ("policy.toml", 'schema = "seatrial/policy/1"\nmust_detec = 0.1', load_policy, "must_detect"),
        (
            "q.toml",
            'schema = "seatrial/quarantine/1"\nexampel = []',
            lambda path: load_quarantine(path, None),
            "example",
        ),
        ("pyproject.toml", '[tool.seatrial]\nregistri = "x"', lambda path: read_settings(path.parent), "registry"),
        (
            "m.toml",
            'casettes = "x"',
            lambda path: read_model_settings(toml.read(path), f"{path}: [tool.seatrial.model]"),
            "cassettes",
        ),
    ],
)
def test_a_misspelt_key_names_its_file_and_the_nearest_known_one(tmp_path, name, text, read, near):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"did you mean '{near}'") as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"a = \n", b"\xff = 1", b"a = " + b"[" * 100_000])
def test_a_file_that_is_no_toml_is_one_sentence_with_its_path(tmp_path, content):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"x\.toml cannot be read"):
        toml.read(path)
    assert toml.read_optional(tmp_path / "absent.toml") == {}
    with pytest.raises(ConfigError, match=r"policy .*absent\.toml does not exist; write one"):
        toml.read(tmp_path / "absent.toml", "policy", absent="write one")
