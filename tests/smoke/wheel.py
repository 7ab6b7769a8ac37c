"""Smoke test of a wheel: run by the Python of an environment that holds the wheel and what it needs, and nothing else.

python tests/smoke/wheel.py
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SEATRIAL = Path(sys.executable).with_name("seatrial")


def seatrial(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of one command line, run where no checkout is."""
    done = subprocess.run([SEATRIAL, *arguments], capture_output=True, text=True, cwd="/", check=False)
    return done.returncode, done.stdout, done.stderr


def main() -> None:
    """Raise an AssertionError where the wheel does not do what a bare install should."""
    for package in ("scipy", "pyarrow", "pandas", "langgraph"):
        assert importlib.util.find_spec(package) is None, f"{package} is installed: the environment is not bare"
    code, out, _ = seatrial("--version")
    assert (code, out[:9]) == (0, "seatrial "), out
    files = [str(EXAMPLES / "old.csv"), str(EXAMPLES / "new.csv")]
    code, out, err = seatrial("gate", *files, "--critical", "tier=enterprise", "--json")
    assert (code, json.loads(out)["verdict"], err) == (1, "fail", ""), (code, out, err)
    code, out, err = seatrial("gate", files[0], files[0])
    assert (code, "same file" in err) == (3, True), (code, err)
    code, out, err = seatrial("certify", "policy.toml", "--evidence", files[0])
    assert code == 3, (code, err)
    print("the wheel gates two files in an environment without scipy and pyarrow")


if __name__ == "__main__":
    main()
