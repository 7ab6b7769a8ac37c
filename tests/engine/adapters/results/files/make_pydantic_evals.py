"""Made with pydantic_evals 2.62.0: the reports of two versions, as JSON.

python make_pydantic_evals.py FOLDER
"""

import sys
from pathlib import Path

from pydantic import TypeAdapter
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected, Evaluator
from pydantic_evals.reporting import EvaluationReport


class Closeness(Evaluator):
    def evaluate(self, ctx):
        if ctx.inputs == 2:
            raise ValueError("cannot say")
        return {"closeness": 1.0 if ctx.output == ctx.expected_output else 0.25, "shape": "digit"}


cases = [
    Case(name=f"q{i}", inputs=i, expected_output=i + 1, metadata={"tier": "pro" if i % 2 else "free"}) for i in range(6)
]
dataset = Dataset(name="sums", cases=cases, evaluators=[EqualsExpected(), Closeness()])
for name, wrong in (("old", (5,)), ("new", (1, 3))):

    def answer(i: int) -> int:
        if i == 4 and name == "new":
            raise RuntimeError("the tool is down")
        return 0 if i in wrong else i + 1

    report = dataset.evaluate_sync(answer, progress=False, repeat=2)
    Path(f"{sys.argv[1]}-{name}.json").write_bytes(TypeAdapter(EvaluationReport).dump_json(report, indent=1))
