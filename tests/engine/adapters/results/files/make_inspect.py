"""Made with inspect_ai 0.3.285: two versions of a task that asks no model, one as .eval, one as .json.

python make_inspect.py FOLDER
"""

import sys

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import exact, includes
from inspect_ai.solver import solver

SAMPLES = [
    Sample(id=f"q{i}", input=f"What is {i} + 1?", target=str(i + 1), metadata={"tier": "pro" if i % 2 else "free"})
    for i in range(6)
]


@solver
def answer(wrong):
    async def solve(state, generate):
        if state.sample_id == "q4" and wrong == (1, 3):
            raise RuntimeError("the tool is down")
        text = "no idea" if int(state.sample_id[1:]) in wrong else str(int(state.sample_id[1:]) + 1)
        state.output = ModelOutput.from_content("none", text)
        return state

    return solve


for name, wrong, form in (("old", (5,), "eval"), ("new", (1, 3), "json")):
    task = Task(dataset=SAMPLES, solver=answer(wrong), scorer=[exact(), includes()], epochs=2, name="sums")
    eval(task, model="none", log_dir=f"{sys.argv[1]}/{name}", log_format=form, display="none", fail_on_error=False)
