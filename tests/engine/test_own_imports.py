"""A project's files may import their own package absolutely, in every verb, and no other package of that name is touched."""

import subprocess
import sys
import textwrap

import pytest

from seatrial.project import mount
from seatrial.project.mount import module


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose graph imports its own package by its absolute name; what it imports is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    for name, text in {
        "graphs_own/__init__.py": "",
        "graphs_own/common.py": "class Label: pass\n",
        "graphs_own/desk.py": "from graphs_own.common import Label\nimport graphs_own.common as c\nassert c.Label is Label\n",
        "evaluators/__init__.py": "from graphs_own.common import Label\n",
    }.items():
        file = tmp_path / "app" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    yield tmp_path / "app"
    mount(tmp_path)  # an empty folder
    assert "graphs_own" not in sys.modules


def test_an_absolute_import_of_its_own_package_is_the_module_that_relative_imports_get(project):
    mount(project)
    assert module("graphs_own.desk").Label is module("graphs_own.common").Label is module("evaluators").Label
    common = sys.modules["graphs_own.common"]
    assert common is module("graphs_own.common")
    assert (common.__name__, common.__spec__.name) == ("seatrial_project.graphs_own.common",) * 2


def test_other_code_does_not_find_the_projects_folders(project):
    mount(project)
    with pytest.raises(ModuleNotFoundError):
        __import__("graphs_own")


def test_an_installed_package_of_that_name_wins_and_stays(project, tmp_path, monkeypatch):
    (tmp_path / "lib" / "graphs_own").mkdir(parents=True)
    (tmp_path / "lib" / "graphs_own" / "__init__.py").write_text("ANOTHER = True\n")
    (project / "graphs_own" / "asks.py").write_text("import graphs_own\nfound = graphs_own\n")
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    mount(project)
    assert module("graphs_own.asks").found.ANOTHER
    del sys.modules["graphs_own"]


def test_pytest_and_the_command_line_load_one_and_the_same_module(project):
    code = textwrap.dedent("""
        import sys
        from pathlib import Path
        from seatrial.project import mount
        from seatrial.project.mount import module
        mount(Path.cwd())
        print(module("graphs_own.desk").Label.__module__)
    """)
    for path in ([], [""]):  # as a script has it, and as `python -m pytest` has it
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{code}"],
            cwd=project,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "seatrial_project.graphs_own.common\n"
