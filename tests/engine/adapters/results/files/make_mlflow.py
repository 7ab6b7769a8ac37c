"""Made with mlflow 3.17.2: mlflow.genai.evaluate with scorers that ask no model, as the CSV of its result table.

python make_mlflow.py FOLDER
"""

import sys

import mlflow
from mlflow.genai import scorer

mlflow.set_tracking_uri(f"sqlite:///{sys.argv[2]}")
data = [
    {
        "inputs": {"question": f"What is {i} + 1?"},
        "expectations": {"expected_response": str(i + 1)},
        "tags": {"tier": "pro" if i % 2 else "free"},
    }
    for i in range(6)
]


@scorer
def right(outputs, expectations):
    return outputs == expectations["expected_response"]


@scorer
def close(outputs, expectations):
    if outputs == "4":
        raise ValueError("cannot say")
    return 1.0 if outputs == expectations["expected_response"] else 0.25


for name, wrong in (("old", (5,)), ("new", (1, 3))):

    def answer(question):
        i = int(question.split()[2])
        if i == 4 and name == "new":
            raise RuntimeError("the tool is down")
        return "no idea" if i in wrong else str(i + 1)

    with mlflow.start_run(run_name=name):
        found = mlflow.genai.evaluate(data=data, predict_fn=answer, scorers=[right, close])
    found.result_df.to_csv(f"{sys.argv[1]}-{name}.csv", index=False)
