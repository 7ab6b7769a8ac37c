"""What importing costs: the bare package loads nothing heavy, and a project's folders are never ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO_ROOT = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
HEAVY = ("numpy", "scipy", "pyarrow", "click", "pydantic", "langgraph", "langchain_core", "jinja2", "sqlglot", "duckdb")


def python(code, cwd=None):
    env = {**os.environ, "PYTHONPATH": str(REPO_ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=cwd, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    "module", ["seatrial", "seatrial.errors", "seatrial.verdict", "seatrial.cli", "seatrial.scoring"]
)
def test_the_bare_package_and_its_contracts_load_nothing_heavy(module):
    assert python(f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])") == "[]"


def test_the_gate_alone_needs_neither_langgraph_nor_pandas():
    unwanted = ("langgraph", "langchain_core", "pandas", "statsmodels", "scipy.stats", "sqlglot", "duckdb", "click")
    code = (
        f"import sys, seatrial.gate.merge, seatrial.evidence.read; print([m for m in {unwanted!r} if m in sys.modules])"
    )
    assert python(code) == "[]"


def test_a_project_opens_where_only_the_light_core_is_installed():
    code = """
import sys
for name in ("langchain_core", "langgraph", "langchain", "mlflow", "pandas", "sqlglot"):
    sys.modules[name] = None
import seatrial.cli.init, seatrial.project, seatrial.trial
from contextlib import redirect_stderr
from io import StringIO
from seatrial.cli.app import run
with redirect_stderr(StringIO()) as told:
    code = run(["eval", "text_to_sql@v1"])
print(code, told.getvalue())
"""
    reported = python(code, cwd=REPO_ROOT)
    assert reported.startswith("3 seatrial: running a graph needs langgraph")
    assert reported.endswith("pip install 'seatrial[fleet]'")


def test_a_projects_folders_are_never_importable_by_our_doing(tmp_path):
    code = """
import importlib.util, sys
import seatrial, seatrial.project
from pathlib import Path
for name in ("datasets", "gates", "graphs", "evaluators", "judges", "experiments", "reports"):
    spec = importlib.util.find_spec(name)
    places = [*(spec.submodule_search_locations or ()), spec.origin or ""] if spec else []
    assert not any(place.startswith(ROOT) for place in places), (name, places)
print("never ours")
"""
    assert python(f"ROOT = {str(REPO_ROOT)!r}\n" + code, cwd=tmp_path) == "never ours"


def test_every_room_imports_on_its_own():
    rooms = ["stats.paired", "stats.power", "evidence", "gate.policy", "gate.merge", "report.view", "report.markdown"]
    assert python("; ".join(f"import seatrial.{room}" for room in rooms) + "; print('yes')") == "yes"
