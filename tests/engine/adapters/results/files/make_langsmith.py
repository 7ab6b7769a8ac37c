"""Made with langsmith 0.14.17: evaluate() of local examples, nothing uploaded, as the CSV of its to_pandas().

python make_langsmith.py FOLDER
"""

import sys
import uuid
from datetime import UTC, datetime

from langsmith import Client
from langsmith.schemas import Example

client = Client(api_key="none", api_url="http://127.0.0.1:9", auto_batch_tracing=False)
examples = [
    Example(
        id=uuid.UUID(int=i),
        dataset_id=uuid.UUID(int=99),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        inputs={"question": f"What is {i} + 1?"},
        outputs={"answer": str(i + 1)},
        metadata={"tier": "pro" if i % 2 else "free"},
    )
    for i in range(6)
]


def right(outputs: dict, reference_outputs: dict) -> bool:
    return outputs["answer"] == reference_outputs["answer"]


def close(outputs: dict, reference_outputs: dict) -> dict:
    return {"key": "close", "score": 1.0 if outputs["answer"] == reference_outputs["answer"] else 0.25}


for name, wrong in (("old", (5,)), ("new", (1, 3))):

    def answer(inputs: dict) -> dict:
        i = int(inputs["question"].split()[2])
        if i == 4 and name == "new":
            raise RuntimeError("the tool is down")
        return {"answer": "no idea" if i in wrong else str(i + 1)}

    found = client.evaluate(answer, data=examples, evaluators=[right, close], upload_results=False)
    found.to_pandas().to_csv(f"{sys.argv[1]}-{name}.csv", index=False)
